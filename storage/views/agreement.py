"""What reviewers said, compared: disputes to settle, errors where the truth is known, the effect of a shown answer.

Read-only joins that call the pure core.
"""

from collections.abc import Iterable

import polars as pl

from curator.records import ALLOWED, GOLD, OPINION, Task, answer_form
from curator.review import Anchoring, Dispute, Quality, effective_decisions, excludes, reviewer_quality
from curator.review import anchoring as compare
from curator.review import disputes as find_disputes
from storage.access import users
from storage.dataset import datasets
from storage.engine.store import Store
from storage.review import reviews
from storage.views import current as views

REJECTED = "(wrong, and no right label given)"
"""What a rejection is called among the labels."""


def ratings(store: Store, dataset: str, *, as_of: int | None = None) -> list[tuple[str, str, str]]:
    """(row, reviewer, value): the newest word of each person about each row; gold cards and adjudications left out.

    A rejection is an answer of its own, `REJECTED`: left out, people who differ would seem to agree. A skip is none.
    An adjudicator has read what the others said, and a gold card is asked to measure one person: neither tells how far
    people agree. Reviews after the seq `as_of` do not count.
    """
    given = reviews.frame(store, dataset, as_of=as_of)
    given = given.filter((pl.col("stream") != GOLD) & (pl.col("stream") != "adjudication") & ~pl.col("adjudicates"))
    given = given.filter(pl.col("verdict") != "skip")
    newest = given.sort("seq").unique(["example_id", "reviewer"], keep="last", maintain_order=True)
    value = pl.when(pl.col("verdict") == "reject").then(pl.lit(REJECTED)).otherwise("value").alias("value")
    return one_form(datasets.task_of(store, dataset), newest.select("example_id", "reviewer", value).iter_rows())


def one_form(task: Task, given: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """(row, who, value), each value as it was first spelled: the same JSON in another spelling is no other answer."""
    first: dict[str, str] = {}
    return [(row, who, first.setdefault(answer_form(task, value), value)) for row, who, value in given]


def disputes(store: Store, dataset: str) -> tuple[Dispute, ...]:
    """The rows that wait for somebody to settle them, the most worth it first."""
    task = datasets.task_of(store, dataset)
    weights = store.rows(
        "select task, 1 / inclusion_probability from review_task where dataset = ? and stream in ('audit', 'test')",
        [dataset],
    )
    standing = effective_decisions(reviews.decisions(store, dataset))
    out = {example for example, each in standing.items() if excludes(each, example)}
    labels = tuple(task.labels) if task.kind == "classification" else ()
    given = reviews.frame(store, dataset).iter_rows(named=True)
    return find_disputes(given, labels=labels, weights=dict(weights), excluded=frozenset(out))


def people(store: Store, dataset: str) -> frozenset[str]:
    """Everybody who works on the dataset's reviews: who reviewed here, and whom a role lets review."""
    given = reviews.frame(store, dataset).filter(pl.col("stream") != OPINION)
    allowed = {name for name, roles in users.current(store).items() if roles & ALLOWED["review"]}
    return frozenset(given["reviewer"]) | allowed


def quality(store: Store, dataset: str) -> tuple[Quality, ...]:
    """Each reviewer's error rate where the truth is known, by name."""
    rows = views.current(store, dataset).filter((pl.col("human_status") == "settled").fill_null(False))
    truth = dict(rows.select("example_id", "human_value").iter_rows())
    return reviewer_quality(reviews.frame(store, dataset).iter_rows(named=True), truth)


def anchoring(store: Store, dataset: str) -> Anchoring:
    """The effect of showing the teacher's answer on risk rows.

    Raises:
        NotEnoughDataError: No spot-check has reviewed shown and hidden risk rows.
    """
    return compare(reviews.frame(store, dataset).iter_rows(named=True))
