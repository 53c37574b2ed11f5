"""The command that says how far a dataset is, and what is next."""

import shlex
from dataclasses import replace

import typer

from curator.loop import Loop, LoopFacts, NextStep, loop
from pipelines import loop as standing
from pipelines.cli.options import Dataset
from pipelines.cli.output import answer, lines, settings
from storage.dataset import datasets
from storage.engine.store import Store

_OF_ONE = ("label", "check", "plan", "findings", "review")
"""Commands that take `--dataset`."""


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("next")(next_step)


def next_step(dataset: Dataset = None) -> int:
    """How far a dataset is from a file to a student that ships, and the one step that is next.

    Without a name it tells of every dataset of the project.
    """
    store = settings().store
    named = datasets.names(store) if dataset is None else [datasets.require(store, dataset)]
    if not named:
        start = loop(LoopFacts(rows=0, labelled=0))
        why = "There is no dataset yet: say in a file what its rows are labelled for."
        step = replace(
            start.next, why=why, label="Make a dataset", command="curator dataset create NAME --task FILE.toml"
        )
        return answer({"dataset": None, **replace(start, next=step).as_json()}, text=_told(step))
    found = {name: _standing(store, name) for name in named}
    if len(found) == 1:
        ((name, one),) = found.items()
        return answer({"dataset": name, **one.as_json()}, text=_text(name, one))
    content = [{"dataset": name, **each.as_json()} for name, each in found.items()]
    return answer({"datasets": content}, text="\n".join(_text(name, each) for name, each in found.items()))


def _standing(store: Store, name: str) -> Loop:
    found = standing.of_dataset(store, name)
    if found.next.command.split()[1] in _OF_ONE:
        found = replace(found, next=replace(found.next, command=f"{found.next.command} --dataset {shlex.quote(name)}"))
    return found


def _text(dataset: str, found: Loop) -> str:
    return lines(
        f"{dataset}:",
        *(f"  {stage.name:8} {stage.state:8} {stage.why}" for stage in found.stages),
        _told(found.next),
    )


def _told(step: NextStep) -> str:
    return f"next: {step.label} ({step.why})\n  {step.command}"
