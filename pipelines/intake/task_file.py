"""Task files: what `--task FILE` reads, with the rubric, schema or database that it names."""

from pathlib import Path

from curator.errors import DataError, NotFoundError, RequestError
from curator.records import Task, parse_task
from pipelines.files import is_sample_database, tables_as_script

TASK_BYTES = 4_000_000
"""Of a task file, a rubric or a schema."""


def read_task(file: Path) -> Task:
    """The definition in a task file (TOML).

    Raises:
        NotFoundError: The file, or one that it names, is not there.
        RequestError: It is no task, is too long, or names a file outside its folder.
    """
    try:
        return parse_task(read_text(file), lambda named: read_text(_beside(file, named)))
    except DataError as error:
        msg = f"{file}: {error}"
        raise RequestError(msg) from error


def _beside(task: Path, named: str) -> Path:
    """A file that a task file names. Not any file of this machine: what it says becomes part of every release."""
    folder = task.parent.resolve()
    place = (folder / named).resolve()
    if not place.is_relative_to(folder):
        msg = f"{task} names {named!r}, which lies outside its folder; put it beside the task file"
        raise RequestError(msg)
    return place


def read_text(file: Path) -> str:
    """A task file, or a rubric, schema or database beside it; of a SQLite file the script of its tables.

    Raises:
        NotFoundError: It is not there.
        RequestError: It is too long, or no UTF-8.
    """
    if not file.is_file():
        msg = f"no file {file}"
        raise NotFoundError(msg)
    if is_sample_database(file):
        return tables_as_script(file)
    if file.stat().st_size > TASK_BYTES:
        msg = f"{file} has {file.stat().st_size:,} bytes, at most {TASK_BYTES:,} are read as a task, rubric or schema"
        raise RequestError(msg)
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        msg = f"{file} is not UTF-8 (byte {error.start}); save it as UTF-8"
        raise RequestError(msg) from error
