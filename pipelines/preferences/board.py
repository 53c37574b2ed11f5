"""Comparisons on an outside review board: sent as A or B, and brought back as preferences. Both are safe to repeat."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from curator.errors import NotFoundError
from curator.ports import RefusedRecord, ReviewBoard
from curator.preferences import Choices, choices, comparisons_wanted, preference_form
from curator.records import short_id
from curator.review import changes, dataset_name
from pipelines.preferences import choose as preferring
from pipelines.runtime import acting
from pipelines.runtime.progress import stage
from storage.access import audit
from storage.dataset import datasets
from storage.engine.store import Store
from storage.review import comparisons
from storage.views import current as views


@dataclass(frozen=True, slots=True)
class SentReport:
    """What is on the board now. `answered`: comparisons that enough people have answered; they need not go there."""

    batch: str
    to: str
    board_dataset: str
    created: bool
    comparisons: int
    on_board: int
    added: int
    unchanged: int
    removed: int
    answered: int
    unpulled: int
    refused: tuple[RefusedRecord, ...]


@dataclass(frozen=True, slots=True)
class FetchedReport:
    """What came back. `left_out` counts answers by why they do not count; `taken_back` those withdrawn since."""

    batch: str
    board_dataset: str
    on_board: int
    pulled: int
    unchanged: int
    taken_back: int
    left_out: dict[str, int]


def is_batch(name: str) -> bool:
    """Whether an id names comparisons, and no spot-check."""
    return name.startswith("batch_")


def route(batch: str, store: Store, board: ReviewBoard, *, overlap: int | None = None) -> SentReport:
    """Bring the board to where the store is; a rerun sends what is missing.

    Raises:
        NotFoundError: No such batch.
        ReviewBoardError: The board could not be reached or refused.
    """
    acting.require("plan")
    rows = _rows(store, batch)
    dataset = str(rows["dataset"][0])
    out = views.current(store, dataset).filter(pl.col("out") == "excluded")["example_id"].to_list()
    done = rows.filter(pl.col("people") >= pl.col("overlap"))["comparison"].to_list()
    form = preference_form(
        datasets.task_of(store, dataset), dataset, batch, overlap or int(rows["overlap"].to_numpy().max())
    )
    created = board.open(form)
    with stage("read the board") as report:
        entries = board.entries(form.name, report)
    there = {entry.id.split(".", 1)[0] for entry in entries}
    answered = frozenset(c for c in done if c not in there)
    made = comparisons_wanted(rows.iter_rows(named=True), excluded=frozenset(out), answered=answered)
    stored = comparisons.answers(store, dataset, batch=batch)["action_id"].to_list()
    todo = changes(made, entries, frozenset(stored))
    if todo.push or todo.remove or todo.replace:  # what goes out is told before it goes
        sending = {"sending": len(todo.push), "removing": len(todo.remove)}
        _note(store, "route:begin", batch, to=board.name, board_dataset=form.name, **sending)
    board.remove(form.name, [*todo.replace, *todo.remove])
    with stage("send comparisons") as report:
        refused = board.push(form.name, todo.push, report)
    added = len(todo.push) - len(refused)
    if created or added or todo.remove:
        _note(store, "route", batch, to=board.name, board_dataset=form.name, added=added)
    return SentReport(
        batch=batch,
        to=board.name,
        board_dataset=form.name,
        created=created,
        comparisons=rows.height,
        on_board=len(entries) - len(todo.remove) - len(todo.replace) + added,
        added=added,
        unchanged=todo.unchanged,
        removed=len(todo.remove),
        answered=made.reviewed,
        unpulled=len(todo.unpulled),
        refused=tuple(refused),
    )


def pull(batch: str, store: Store, board: ReviewBoard, reviewers: Mapping[str, str]) -> FetchedReport:
    """Read every answer, store the new ones, and take back those whose author has withdrawn them.

    Nothing is written before the board was read to its end.

    Raises:
        NotFoundError: No such batch, or it is not on this board.
        ReviewBoardError: The board could not be reached or refused.
    """
    acting.require("review")
    rows = _rows(store, batch)
    dataset = str(rows["dataset"][0])
    name = dataset_name(dataset, batch)
    if not board.find(name):
        msg = f"{board.name} has no dataset {name!r}; send it with `curator route --plan {batch} --to argilla`"
        raise NotFoundError(msg)
    with stage("read the board") as report:
        entries = board.entries(name, report)
    read = choices(entries, list(rows.iter_rows(named=True)), reviewers)
    _note(store, "pull", batch, board_dataset=name, answered=len(read.chosen))  # each answer has its own event too
    pulled = sum(
        preferring.prefer(store, batch, one.comparison, one.reviewer, one.said, action_id=one.action_id, note=one.note)
        for one in read.chosen
    )
    taken_back = _take_back(store, dataset, batch, read)
    return FetchedReport(batch, name, len(entries), pulled, len(read.chosen) - pulled, taken_back, read.left_out)


def _note(store: Store, action: str, batch: str, **detail: str | int) -> None:
    audit.note(store, actor=acting.actor(), action=action, subject=batch, **detail)


def _take_back(store: Store, dataset: str, batch: str, read: Choices) -> int:
    """Undo answers that were submitted once and are discarded or drafts again."""
    current = {one.action_id for one in read.chosen}
    done = 0
    for row in comparisons.answers(store, dataset, batch=batch).iter_rows(named=True):
        action = str(row["action_id"])
        if action.startswith(read.withdrawn) and action not in current:
            undo = short_id("undo", [action])
            done += comparisons.undo(store, action_id=undo, undoes=action, reviewer=row["reviewer"])
    return done


def _rows(store: Store, batch: str) -> pl.DataFrame:
    rows = comparisons.of_batch(store, batch)
    if rows.is_empty():
        msg = f"no comparisons {batch!r}; `curator pairs compare --a SOURCE --b SOURCE` draws some and prints their id"
        raise NotFoundError(msg)
    return rows
