"""`curator gate`: what a pipeline asks before it goes on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from curator.records import GateRules
from curator.release import FORMATS, GateResult, as_junit, as_summary
from pipelines.cli.output import answer, lines, settings_if_any
from pipelines.release import gate as gates


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("gate")(gate)


def gate(
    subjects: Annotated[list[str], typer.Argument(help="Versions (NAME@NUMBER), release folders, training files.")],
    format: Annotated[str | None, typer.Option("--format", help="Of training files: " + ",".join(FORMATS))] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML to this file.")] = None,
    summary: Annotated[Path | None, typer.Option(help="Append a summary in Markdown to this file.")] = None,
) -> int:
    """Tell every gate of versions and training files; end with 1 where one fails.

    What is demanded of a version beside the gates of its release stands in curator.toml under [gate].
    """
    project = settings_if_any()
    config = gates.GateConfig(tuple(subjects), format, project.gate if project else GateRules())
    outcome = gates.run(config, project.store if project else None)
    if junit is not None:
        junit.write_text(as_junit(outcome.subjects), encoding="utf-8")
    if summary is not None:
        with summary.open("a", encoding="utf-8") as handle:
            handle.write(as_summary(outcome.subjects))
    text = lines(*(line for subject, results in outcome.subjects.items() for line in _told(subject, results)))
    return answer(outcome, 1 if outcome.failed else 0, text=text)


def _told(subject: str, results: Sequence[GateResult]) -> list[str]:
    bad = sum(each.standing == "failed" for each in results)
    verdict = f"{bad} of {len(results)} gates failed" if bad else "all gates hold"
    return [f"{subject}: {verdict}", *(f"  {each.standing:<7} {each.name}: {each.why}" for each in results)]
