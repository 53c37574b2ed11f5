"""Labelling from nothing: rows without a label go to review, and what people settled becomes their labels."""

from dataclasses import dataclass

import polars as pl

from curator.errors import NotEnoughDataError
from curator.records import OPINION, Label
from curator.review import spread
from pipelines.review import send
from pipelines.runtime import acting
from storage.access import audit
from storage.checks import clusters
from storage.dataset import datasets, labels
from storage.engine.store import Store
from storage.review import plans, reviews
from storage.views import current as views

_WHY = "label by hand"
_VERSION = "by hand"


@dataclass(frozen=True, slots=True)
class ByHandStanding:
    """How far a dataset is labelled by hand. Counts are rows.

    Attributes:
        unlabelled: Without any label, and nobody was asked for one.
        waiting: Without any label, in the review queue.
        to_keep: Settled by people, with a label of nobody: `keep` makes them labels.
    """

    unlabelled: int
    waiting: int
    to_keep: int


def standing(store: Store, dataset: str) -> ByHandStanding:
    """How far a dataset is labelled by hand."""
    rows = _unlabelled(store, dataset)
    open_rows = plans.waiting(store, dataset)
    settled = (pl.col("human_status") == "settled").fill_null(False)
    bare = rows.filter(~settled)
    waiting = bare.filter(pl.col("example_id").is_in(list(open_rows))).height
    return ByHandStanding(bare.height - waiting, waiting, rows.filter(settled).height)


def ask(store: Store, dataset: str, count: int, reviewer: str) -> send.SendReport:
    """Put rows without a label into the review queue, spread over the clusters where there are any.

    Raises:
        NotEnoughDataError: Every row has a label, or waits for one.
    """
    rows = _unlabelled(store, dataset).filter(pl.col("human_status").is_null())
    rows = rows.filter(~pl.col("example_id").is_in(list(plans.waiting(store, dataset))))
    if rows.is_empty():
        msg = f"every row of {dataset!r} has a label, or waits for one in the review queue"
        raise NotEnoughDataError(msg)
    run = clusters.newest(store, dataset)
    of_row = dict(clusters.members(store, run.run).select("example_id", "cluster").iter_rows()) if run else {}
    chosen = spread([(row, of_row.get(row)) for row in rows["example_id"]], count)
    return send.run(send.SendConfig(dataset, chosen, _WHY, reviewer), store)


def keep(store: Store, dataset: str) -> int:
    """Make labels of what people settled about rows that nobody has labelled, each of who said it last.

    So that they are checked, measured by a spot-check and released as any labels are. Returns how many.
    """
    acting.require("decide")
    rows = _unlabelled(store, dataset).filter((pl.col("human_status") == "settled").fill_null(False))
    said = reviews.frame(store, dataset).filter(pl.col("stream") != OPINION)
    who = dict(said.filter(pl.col("value").is_not_null()).sort("seq").select("example_id", "reviewer").iter_rows())
    task = datasets.task_of(store, dataset)
    made = [
        Label(example, who[example], "human", value, task.content_hash, version=_VERSION)
        for example, value in rows.select("example_id", "human_value").iter_rows()
        if example in who
    ]
    told = audit.telling(actor=acting.actor(), action="label", subject=dataset, count=True, labeler=_VERSION)
    return labels.add(store, dataset, made, told=told) if made else 0


def _unlabelled(store: Store, dataset: str) -> pl.DataFrame:
    """The rows that no labeler has labelled and no decision leaves out, as `views.current` gives them."""
    rows = views.current(store, dataset).filter(pl.col("teacher_value").is_null())
    return rows.filter(pl.col("out").is_null() | (pl.col("out") != "excluded"))
