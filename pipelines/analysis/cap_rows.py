"""Which rows a cap leaves out: the one step that a cap on chosen rows and the balance of labels share."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from curator.composition import CapPlan, most_redundant
from storage.dataset import vectors
from storage.engine.store import Store


@dataclass(frozen=True, slots=True)
class Capped:
    """The places of the rows that go, most redundant first, and how many of all rows stay since people reviewed them.

    `by_likeness` is False where rows have no vectors: then the newest go first.
    """

    drop: tuple[int, ...]
    reviewed: int
    by_likeness: bool


def rows_over(store: Store, rows: pl.DataFrame, labels: Sequence[str], plan: CapPlan) -> Capped:
    """Choose the rows that go under a cap plan: the most redundant of each label, never one that a person reviewed.

    Args:
        store: The store.
        rows: Columns content_hash and human_status, oldest row first.
        labels: The label of each row; rows are compared within a label.
        plan: How many rows of each label go.
    """
    hashes = rows["content_hash"].to_list()
    encoder = vectors.complete(store, hashes)
    vectors_ND = vectors.load(store, *encoder, hashes) if encoder is not None and hashes else None
    reviewed = frozenset(rows["human_status"].is_not_null().arg_true().to_list())
    drop = most_redundant(labels, vectors_ND, plan, protected=reviewed)
    return Capped(tuple(drop), len(reviewed), encoder is not None)
