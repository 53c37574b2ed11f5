"""The catalogue of task files that come with Curator, to begin from."""

from dataclasses import dataclass
from pathlib import Path

from curator.errors import NotFoundError, RequestError
from curator.records import parse_task
from pipelines.runtime.new_place import check_new

_FOLDER = Path(__file__).parent / "task_templates"


@dataclass(frozen=True, slots=True)
class TaskTemplate:
    """One task file of the catalogue.

    Attributes:
        name: By which it is asked for.
        about: What it is for, in a sentence.
        measure: What to look at when it is used.
        kind: Of the task.
        text: The file.
    """

    name: str
    about: str
    measure: str
    kind: str
    text: str


def templates() -> list[TaskTemplate]:
    """The catalogue, by name."""
    return [_read(file) for file in sorted(_FOLDER.glob("*.toml"))]


def _read(file: Path) -> TaskTemplate:
    text = file.read_text(encoding="utf-8")
    about, measure = (line.removeprefix("# ") for line in text.splitlines()[:2])
    task = parse_task(text, lambda named: named)
    return TaskTemplate(file.stem, about, measure.removeprefix("Measure: "), task.kind, text)


def write(name: str, file: Path) -> TaskTemplate:
    """Write a template as a new task file.

    Raises:
        NotFoundError: There is no such template.
        RequestError: The file is there already.
    """
    known = {each.name: each for each in templates()}
    if name not in known:
        msg = f"no template {name!r}; there are {', '.join(known)}"
        raise NotFoundError(msg)
    try:
        with check_new(file, "file").open("x", encoding="utf-8") as out:
            out.write(known[name].text)
    except FileExistsError as error:
        msg = f"{file} is there already and stays as it is; name another file"
        raise RequestError(msg) from error
    return known[name]
