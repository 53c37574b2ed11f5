"""The command line: `curator …`. Thin: it reads the request, calls a pipeline, prints what came of it."""

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from curator import __version__
from curator.errors import CuratorError
from pipelines.cli import agreement, analysis, certify, data, release, review, system, training, users
from pipelines.cli.output import answer, as_json_wanted, configure

app = typer.Typer(
    name="curator",
    help=(
        "Curate, audit and release teacher-labelled datasets, and prove how good they are. "
        "Every command takes --project DIR (else CURATOR_PROJECT, else the nearest curator.toml upwards) and --json "
        "(exactly one JSON object on standard output)."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich prints help on standard output by being asked for its text
)
for part in (data, analysis, review, agreement, certify, release, training, users, system):
    part.register(app)

EXIT_BUG = 70


def _tell_version(wanted: bool) -> None:
    if wanted:
        answer({"curator": __version__}, text=f"curator {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """Options before the command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code (also the console script's entry)."""
    argv = configure(sys.argv[1:] if arguments is None else arguments)
    command = typer.main.get_command(app)
    try:
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
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        return _fail(f"{error}; make room, then run the same command again: it goes on", 4, "OutsideError")
    if error.filename is None:
        traceback.print_exc()
        return _fail(f"{error}. This is a bug of Curator; the lines above say where.", EXIT_BUG, "Bug")
    hint = "name another folder or file, or change its permissions"
    return _fail(f"{error.filename}: {error.strerror}; {hint}", 2, "RequestError")


def _fail(message: str, code: int, kind: str) -> int:
    if as_json_wanted():
        answer({"error": message, "kind": kind, "exit_code": code}, code)
    sys.stderr.write(f"curator: {message}\n")
    return code


def script() -> None:
    """The console script."""
    sys.exit(main())


__all__ = ["app", "main", "script"]
