"""A reviewer's desk: what one page of the queue reads and writes, in one block each.

Twenty people who save every few seconds share one lock, so a save is one short block, and a refresh is another.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from curator.tasks import Task, make_task
from curator.types import GOLD, Review
from storage import audit, plans, reviews
from storage.store import Connection, Store

RECENT = 20
"""Answers that a reviewer can still take back after a reload."""

_SAID = "select task, reviewer, action_id, verdict, value, blind, undoes from review where plan = $plan order by seq"


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies on one reviewer's desk.

    Attributes:
        tasks: Leased tasks in the order of their cards; columns of `storage.plans.tasks`.
        mine: The reviewer's own answers, oldest first, that are `recent` or whose second look is `due`: task,
            action_id, value, blind, look (1 is the first answer to the task), looks (answers to it by anybody),
            first_value, first_blind, and the task's stream, proposed, hidden, why, stratum, overlap, example_id,
            external_id and text. Where several people are asked, theirs is the second look; a gold card has none.
        done: Tasks that as many people have reviewed as they ask for, gold cards aside.
        total: Tasks, gold cards aside.
    """

    tasks: pl.DataFrame
    mine: pl.DataFrame
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What is needed to take answers in: the plan's dataset, its task definition, the tasks by id."""

    dataset: str
    definition: Task
    tasks: dict[str, dict[str, Any]]


def read(store: Store, dataset: str, plan: str, reviewer: str, count: int) -> Desk:
    """Lease the next tasks to the reviewer, and read what they may take back or should look at again.

    While the reviewer holds more than half of `count` for a good while yet, nothing new is leased, and so nothing
    written.
    """
    tasks = plans.kept_tasks(store, plan)
    with store.transaction() as connection:
        standing = _standing(connection.frame(_SAID, {"plan": plan}))
        mine = standing.filter(pl.col("reviewer") == reviewer)
        held = pl.DataFrame({"task": reviews.held_within(connection, reviewer=reviewer)}, {"task": pl.String})
        leased = held.join(mine, on="task", how="anti", maintain_order="left")
        leased = leased.join(tasks, on="task", maintain_order="left").select(tasks.columns)
        if leased.height <= count // 2:
            leased = reviews.claim_within(connection, dataset=dataset, plan=plan, reviewer=reviewer, count=count)
    people = standing.group_by("task").agg(people=pl.col("reviewer").n_unique())
    asked = tasks.filter(pl.col("stream") != GOLD).select("task", "overlap")
    done = asked.join(people, on="task").filter(pl.col("people") >= pl.col("overlap"))
    return Desk(leased, _shown(mine, tasks), done.height, asked.height)


def _standing(said: pl.DataFrame) -> pl.DataFrame:
    """The answers that nobody took back, with their place among those to their task.

    Flat rows come out of the database, since planning the window functions there costs more than computing them here.
    """
    undone = said.filter(pl.col("verdict") == "undo")["undoes"].drop_nulls()
    kept = said.filter(pl.col("verdict") != "undo", ~pl.col("action_id").is_in(undone.implode()))
    return kept.select(
        "task",
        "reviewer",
        "action_id",
        "value",
        "blind",
        look=pl.int_range(1, pl.len() + 1).over("task"),
        looks=pl.len().over("task"),
        first_value=pl.col("value").first().over("task"),
        first_blind=pl.col("blind").first().over("task"),
    )


def _shown(mine: pl.DataFrame, tasks: pl.DataFrame) -> pl.DataFrame:
    """A reviewer's answers, oldest first, that are recent or whose second look is due, with their tasks."""
    turn = pl.int_range(pl.len())
    marked = mine.with_columns(recent=turn >= pl.len().cast(pl.Int64) - RECENT)
    asked = tasks.select("task", "stream", "proposed", pl.col("blind").alias("hidden"), "why", "stratum", "overlap",
                         "example_id", "external_id", "text")  # fmt: skip
    differs = pl.col("blind") & (pl.col("value") != pl.col("proposed")) & (pl.col("looks") == 1)
    due = differs & (pl.col("overlap") == 1) & (pl.col("stream") != GOLD)
    joined = marked.join(asked, on="task", maintain_order="left").with_columns(due=due.fill_null(value=False))
    return joined.filter(pl.col("recent") | pl.col("due"))


def take_in(store: Store, plan: str, task_ids: Sequence[str], make: Callable[[Asked], Sequence[Review]]) -> int:
    """Look tasks up, and append the reviews that `make` makes of them, with the audit event that tells of them.

    Action ids that are there already change nothing. Returns how many reviews went in.

    Args:
        store: The store.
        plan: The plan's id.
        task_ids: Ids that are not of the plan are not among the tasks that `make` is given.
        make: Quick and without a block of its own, since the file is held open meanwhile.

    Raises:
        NotFoundError: There is no such plan.
    """
    tasks = plans.kept_tasks(store, plan).filter(pl.col("task").is_in(list(task_ids)))
    with store.transaction() as connection:
        asked = _asked(connection, plan, tasks)
        given = make(asked)
        if not given:
            return 0
        records = reviews.records(asked.dataset, plan, given)
        added = connection.append("review", records, ignore_existing=True)
        if added:
            counted = Counter(r.reviewer for r in given)
            name = counted.most_common(1)[0][0]
            audit.append(connection, actor=name, action="review", subject=plan, added=added, reviewers=dict(counted))
    return added


def _asked(connection: Connection, plan: str, tasks: pl.DataFrame) -> Asked:
    found = connection.rows(
        "select p.dataset, d.definition from plan p join dataset s on s.dataset = p.dataset "
        "join task_definition d using (task_hash) where p.plan = ? order by s.seq desc limit 1",
        [plan],
    )
    dataset, definition = found[0]
    made = make_task({k: v for k, v in json.loads(definition).items() if v is not None})
    return Asked(dataset, made, {row["task"]: row for row in tasks.iter_rows(named=True)})
