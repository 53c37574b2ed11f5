"""Whether a paid teacher may be asked: what it will take is said first."""

import sys
from collections.abc import Callable

import typer

from pipelines.cli.output import as_json_wanted
from pipelines.intake.estimate import BillEstimate
from pipelines.runtime.progress import paused


def agreement(*, yes: bool) -> Callable[[BillEstimate], bool]:
    """What decides before the first request: a person on a terminal, else `--yes`, `--json` or a script going on.

    Args:
        yes: Ask without a question.
    """

    def decide(found: BillEstimate) -> bool:
        if as_json_wanted() or not (sys.stdin.isatty() and sys.stderr.isatty()):
            sys.stderr.write(f"curator: {found.sentence()}\n")
            return True
        sys.stderr.write(f"{found.sentence()}\n")
        if yes:
            return True
        with paused():
            return typer.confirm("Ask the teacher?", default=True, err=True)

    return decide
