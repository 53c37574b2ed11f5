"""Send a plan's tasks to an outside review board; a rerun sends what is missing and takes out what is done with."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from curator.errors import RequestError
from curator.ports import BoardEntry, RefusedRecord, ReviewBoard
from curator.records import GOLD
from curator.review import Wanted, changes, review_form, wanted
from pipelines.runtime import acting
from pipelines.runtime.progress import stage
from storage.access import audit
from storage.dataset import datasets, labels
from storage.engine.store import Store
from storage.review import plans, reviews
from storage.views import current as views


@dataclass(frozen=True, slots=True)
class RouteConfig:
    """Which spot-check goes to the board.

    Attributes:
        plan: Its id.
        overlap: How many people answer each card; as many as the plan asks unless told.
    """

    plan: str
    overlap: int | None = None


@dataclass(frozen=True, slots=True)
class RouteReport:
    """What is on the board now. `refused` names the records that the board would not take; the others are there.

    `unpulled`: records that should go but hold answers which `curator pull` has not brought back.
    """

    plan: str
    to: str
    board_dataset: str
    created: bool
    tasks: int
    on_board: int
    added: int
    updated: int
    unchanged: int
    replaced: int
    second_looks: int
    disputed: int
    reviewed: int
    removed: int
    removed_why: dict[str, int]
    unpulled: int
    refused: tuple[RefusedRecord, ...]


def run(config: RouteConfig, store: Store, board: ReviewBoard) -> RouteReport:
    """Bring the board to where the store is. What a dying server has acknowledged stays; a rerun sends the rest.

    A board asks equally many people about each record: by default as many as the plan asks about any. Gold cards
    stay in the native queue, which knows who has seen a row.

    Raises:
        NotFoundError: No such plan.
        RequestError: An overlap below 1.
        ReviewBoardError: The board could not be reached or refused.
    """
    plan, overlap = config.plan, config.overlap
    acting.require("plan")
    if overlap is not None and overlap < 1:
        msg = f"--overlap is {overlap}, expected at least 1 reviewer"
        raise RequestError(msg)
    found = plans.get(store, plan)
    tasks = plans.tasks(store, plan).filter(pl.col("stream") != GOLD)
    overlap = overlap or int(tasks["overlap"].to_numpy().max(initial=1))
    task = datasets.task_of(store, found.dataset)
    form = review_form(task, found.dataset, plan, overlap)
    created = board.open(form)
    with stage("read the board") as report:
        entries = board.entries(form.name, report)
    given = list(reviews.frame(store, found.dataset).iter_rows(named=True))
    made = _wanted(store, found.dataset, found.labeler, tasks, given, entries, overlap)
    todo = changes(made, entries, frozenset(str(r["action_id"]) for r in given))
    if todo.push or todo.replace or todo.remove:  # what goes out is told before it goes
        _note(store, plan, board, form.name, {"sending": len(todo.push), "removing": len(todo.remove)}, "route:begin")
    board.remove(form.name, [*todo.replace, *todo.remove])
    with stage("send records") as report:
        refused = board.push(form.name, todo.push, report)
    added = len(todo.push) - todo.updated - len(refused)
    removed_why: Counter[str] = Counter(made.gone[e.id.split(".", 1)[0]] for e in todo.remove)
    if created or added or todo.updated or todo.remove:
        counts = {"added": added, "updated": todo.updated, "removed": len(todo.remove), "refused": len(refused)}
        _note(store, plan, board, form.name, counts)
    return RouteReport(
        plan=plan,
        to=board.name,
        board_dataset=form.name,
        created=created,
        tasks=tasks.height,
        on_board=len(entries) - len(todo.remove) + added,
        added=added,
        updated=todo.updated - len(todo.replace),
        unchanged=todo.unchanged,
        replaced=len(todo.replace),
        second_looks=made.second_looks,
        disputed=made.disputed,
        reviewed=made.reviewed,
        removed=len(todo.remove),
        removed_why=dict(removed_why),
        unpulled=len(todo.unpulled),
        refused=tuple(refused),
    )


def _wanted(
    store: Store,
    dataset: str,
    labeler: str,
    tasks: pl.DataFrame,
    given: list[dict[str, Any]],
    entries: Sequence[BoardEntry],
    overlap: int,
) -> Wanted:
    return wanted(
        tasks.iter_rows(named=True),
        given,
        excluded=_excluded(store, dataset),
        on_board=frozenset(e.id for e in entries),
        confidence=_confidence(store, dataset, labeler),
        agent=labeler,
        overlap=overlap,
    )


def _note(
    store: Store, plan: str, board: ReviewBoard, name: str, counts: dict[str, int], action: str = "route"
) -> None:
    audit.note(store, actor=acting.actor(), action=action, subject=plan, to=board.name, board_dataset=name, **counts)


def routed_to(store: Store, plan: str) -> str | None:
    """The board that a plan was last routed to, if only in part, or None: its tasks are in the native queue alone."""
    events = audit.events(store, 1_000_000, actions=["route", "route:begin"])
    sent = events.filter(pl.col("subject") == plan)
    return str(sent["detail"].str.json_path_match("$.to")[0]) if sent.height else None


def _excluded(store: Store, dataset: str) -> frozenset[str]:
    rows = views.current(store, dataset)
    return frozenset(rows.filter(pl.col("out") == "excluded")["example_id"].to_list())


def _confidence(store: Store, dataset: str, labeler: str) -> dict[str, float]:
    """The labeler's newest confidence for each row that it gave one for."""
    given = labels.frame(store, dataset, labeler=labeler)
    if "confidence" not in given.columns:
        return {}
    sure = given.filter((pl.col("sample") == 0) & pl.col("confidence").is_not_null()).sort("seq")
    return dict(sure.select("example_id", "confidence").iter_rows())
