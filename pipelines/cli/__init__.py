"""The command line: `curator …`. Thin: it reads the request, calls a pipeline, prints what came of it."""

import os
import sys
import traceback
from collections.abc import Sequence

import click
import typer

from curator.errors import CuratorError
from pipelines.cli import data, release, review, system, training
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
)
for part in (data, review, release, training, system):
    part.register(app)

EXIT_BUG = 70


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code (also the console script's entry)."""
    argv = configure(sys.argv[1:] if arguments is None else arguments)
    command = typer.main.get_command(app)
    try:
        code = command.main(args=argv, prog_name="curator", standalone_mode=False)
    except CuratorError as error:
        return _fail(str(error), error.exit_code, type(error).__name__)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        return _fail("name a command; the lines above list them", 2, "UsageError")
    except click.ClickException as error:
        usage = error.ctx.get_usage() if isinstance(error, click.UsageError) and error.ctx else ""
        return _fail("\n".join(filter(None, [error.format_message(), usage])), 2, type(error).__name__)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted; what was finished is kept, a rerun goes on from there", 130, "Interrupted")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        traceback.print_exc()
        return _fail(
            f"{type(error).__name__}: {error}. This is a bug of Curator; the lines above say where.", EXIT_BUG, "Bug"
        )
    return int(code or 0)


def _fail(message: str, code: int, kind: str) -> int:
    if as_json_wanted():
        answer({"error": message, "kind": kind, "exit_code": code}, code)
    sys.stderr.write(f"curator: {message}\n")
    return code


def script() -> None:
    """The console script."""
    sys.exit(main())


__all__ = ["app", "main", "script"]
