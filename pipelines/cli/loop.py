"""The command that says how far a dataset is, and what is next."""

import shlex
from dataclasses import replace

import typer

from curator.loop import Loop
from pipelines import loop as standing
from pipelines.cli.options import Dataset
from pipelines.cli.output import answer, lines, settings
from storage.dataset import datasets

_OF_ONE = ("label", "check", "plan", "findings", "review")
"""Commands that take `--dataset`."""


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("next")(next_step)


def next_step(dataset: Dataset = None) -> int:
    """How far a dataset is from a file to a student that ships, and the one step that is next."""
    store = settings().store
    name = datasets.require(store, dataset)
    found = standing.of_dataset(store, name)
    if found.next.command.split()[1] in _OF_ONE:
        found = replace(found, next=replace(found.next, command=f"{found.next.command} --dataset {shlex.quote(name)}"))
    return answer({"dataset": name, **found.as_json()}, text=_text(name, found))


def _text(dataset: str, found: Loop) -> str:
    return lines(
        f"{dataset}:",
        *(f"  {stage.name:8} {stage.state:8} {stage.why}" for stage in found.stages),
        f"next: {found.next.label} ({found.next.why})",
        f"  {found.next.command}",
    )
