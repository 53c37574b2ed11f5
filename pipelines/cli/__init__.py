"""The command line: `curator …`. Thin: it reads the request, calls a pipeline, prints what came of it.

A command imports the module that it is in and no other: what a command does not use must not make it wait.
"""

import errno
import importlib
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import typer
from typer.exceptions import TyperException

from curator import __version__
from curator.errors import CuratorError, without_password
from pipelines.cli.output import answer, as_json_wanted, configure
from pipelines.runtime.private import private_process
from storage.engine.faults import is_full, no_room

PARTS: Final[Mapping[str, str]] = {
    "datasets": "init dataset",
    "tasks": "task",
    "rubric": "rubric",
    "loop": "next",
    "data": "ingest label embed",
    "checks": "cluster check findings decide select",
    "analysis": "balance coverage curve figures",
    "review": "plan route pull review",
    "agreement": "agreement consensus review",
    "certify": "certify accept",
    "release": "pairs release versions validate",
    "gate": "gate",
    "export": "export",
    "training": "train runs",
    "evaluation": "evaluate verdict forgetting failures report",
    "economics": "cost breakeven",
    "users": "users audit",
    "system": "app demo doctor backup restore bench",
}
"""The modules of the command line, and the commands that each adds."""

_HELP = (
    "Curate, audit and release teacher-labelled datasets, and prove how good they are. "
    "Every command takes --project DIR (else CURATOR_PROJECT, else the nearest curator.toml upwards) and --json "
    "(exactly one JSON object on standard output)."
)

EXIT_BUG = 70


def _tell_version(wanted: bool) -> None:
    if wanted:
        answer({"curator": __version__}, text=f"curator {__version__}")
        raise typer.Exit


def common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """Options before the command."""


def application(argv: Sequence[str] = ()) -> typer.Typer:
    """The commands that these arguments can mean: those of the first word, else every one.

    Args:
        argv: Arguments without `--project` and `--json`.
    """
    first = argv[0] if argv else ""
    named = [part for part, commands in PARTS.items() if first in commands.split()]
    app = typer.Typer(
        name="curator",
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # rich prints help on standard output by being asked for its text
    )
    app.callback()(common)
    for part in () if first == "--version" else named or PARTS:
        importlib.import_module(f"pipelines.cli.{part}").register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code (also the console script's entry)."""
    with private_process():
        return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    argv = configure(sys.argv[1:] if arguments is None else arguments)
    try:
        command = typer.main.get_command(application(argv))
        code = command.main(args=argv, prog_name="curator", standalone_mode=False)
    except CuratorError as error:
        return _fail(str(error), error.exit_code, type(error).__name__)
    except TyperException as error:
        return _misused(error)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted; what was finished is kept, a rerun goes on from there", 130, "Interrupted")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _path_failed(error)
    except Exception as error:
        if is_full(error):
            return _fail(str(no_room("the disk")), 4, "NoRoomError")
        traceback.print_exc()
        return _fail(
            f"{type(error).__name__}: {error}. This is a bug of Curator; the lines above say where.", EXIT_BUG, "Bug"
        )
    return int(code or 0)


def _misused(error: TyperException) -> int:
    """A command line that cannot be understood, with the usage line; without any command, the help."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError" and context is not None:
        sys.stderr.write(f"{context.get_help()}\n")
        return _fail("name a command; the lines above list them", 2, "UsageError")
    usage = context.get_usage() if context is not None else ""
    return _fail("\n".join(filter(None, [error.format_message(), usage])), 2, type(error).__name__)


def _path_failed(error: OSError) -> int:
    """A folder or file that the system refuses; only one without a path is a bug of ours."""
    if is_full(error):
        return _fail(str(no_room(error.filename or "the disk")), 4, "NoRoomError")
    if error.errno == errno.EIO:
        return _fail(
            f"{error}: the disk cannot be read or written; see to it, then run the same command again: it goes on",
            4,
            "OutsideError",
        )
    if error.filename is None:
        traceback.print_exc()
        return _fail(f"{error}. This is a bug of Curator; the lines above say where.", EXIT_BUG, "Bug")
    hint = "name another folder or file, or change its permissions"
    return _fail(f"{error.filename}: {error.strerror}; {hint}", 2, "RequestError")


def _fail(message: str, code: int, kind: str) -> int:
    message = without_password(message)
    if as_json_wanted():
        answer({"error": message, "kind": kind, "exit_code": code}, code)
    sys.stderr.write(f"curator: {message}\n")
    return code


def script() -> None:
    """The console script."""
    sys.exit(main())


__all__ = ["PARTS", "application", "main", "script"]
