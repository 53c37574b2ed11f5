"""How far the review of a plan is."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from curator.records import GOLD
from storage.engine.store import Store
from storage.review import plans, reviews


@dataclass(frozen=True, slots=True)
class StreamProgress:
    """Tasks of one stream, and those of them that are done."""

    tasks: int
    done: int


@dataclass(frozen=True, slots=True)
class GoldProgress:
    """Gold cards, and the people who answered them, counted for each card."""

    cards: int
    answers: int


@dataclass(frozen=True, slots=True)
class PlanProgress:
    """How far a plan's review is. Gold cards are counted apart: a plan is complete without them.

    Attributes:
        plan: The plan's id.
        tasks: Tasks.
        done: Tasks that as many people have reviewed as they ask for.
        left: The others.
        by_stream: The same by stream.
        by_reviewer: Reviews in force by reviewer, the busiest first.
        median_seconds: Of a review, or None where nobody measured.
        answers: People who have reviewed, counted for each task, as far as it asks for them.
        answers_wanted: People whom the tasks ask for.
        gold: The gold cards.
        quota: Most tasks for one reviewer, or None.
    """

    plan: str
    tasks: int
    done: int
    left: int
    by_stream: Mapping[str, StreamProgress]
    by_reviewer: Mapping[str, int]
    median_seconds: float | None
    answers: int
    answers_wanted: int
    gold: GoldProgress
    quota: int | None


def of_plan(store: Store, plan: str) -> PlanProgress:
    """How far a plan's review is now.

    Raises:
        NotFoundError: There is no such plan.
    """
    found = plans.get(store, plan)
    tasks = plans.tasks(store, plan)
    given = reviews.frame(store, found.dataset, plan=plan)
    people = given.group_by("task").agg(pl.col("reviewer").n_unique().alias("people"))
    tasks = tasks.join(people, on="task", how="left", maintain_order="left").with_columns(pl.col("people").fill_null(0))
    gold = tasks.filter(pl.col("stream") == GOLD)
    tasks = tasks.filter(pl.col("stream") != GOLD).with_columns(done=pl.col("people") >= pl.col("overlap"))
    done = int(tasks["done"].sum())
    reviewers = given.group_by("reviewer").len().sort("len", "reviewer", descending=[True, False])
    return PlanProgress(
        plan=plan,
        tasks=tasks.height,
        done=done,
        left=tasks.height - done,
        by_stream={
            str(stream): StreamProgress(part.height, int(part["done"].sum()))
            for (stream,), part in tasks.group_by("stream", maintain_order=True)
        },
        by_reviewer=dict(reviewers.iter_rows()),
        median_seconds=_median(given["seconds"]),
        answers=int(tasks.select(pl.min_horizontal("people", "overlap").sum()).item()),
        answers_wanted=int(tasks["overlap"].sum()),
        gold=GoldProgress(gold.height, int(gold["people"].sum())),
        quota=found.settings.quota,
    )


def _median(seconds: pl.Series) -> float | None:
    known = seconds.drop_nulls().to_list()
    return statistics.median(known) if known else None
