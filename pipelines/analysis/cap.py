"""Which of some rows would go if only so many were kept: the most redundant first, never one that a person reviewed."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from curator.composition import CapPlan
from curator.errors import NotFoundError, RequestError
from pipelines.analysis import cap_rows as capping
from storage.dataset import datasets
from storage.engine.store import Store
from storage.views import current as views

MOST = 20_000
"""Rows that can be compared with each other in a few seconds."""
_ALL = "all"


@dataclass(frozen=True, slots=True)
class CapConfig:
    """Which rows are too many.

    Attributes:
        dataset: Whose rows.
        example_ids: The rows that look alike.
        keep: How many of them stay.
    """

    dataset: str
    example_ids: Sequence[str]
    keep: int


@dataclass(frozen=True, slots=True)
class CapReport:
    """What a cap would do; nothing is decided yet. `drop` are the rows that would go, most redundant first.

    `reviewed`: rows that stay since a person reviewed them; with more of them than `keep`, more rows stay than asked.
    `by_likeness` is False where rows have no vectors: then the newest go first.
    """

    rows: int
    keep: int
    drop: tuple[str, ...]
    reviewed: int
    by_likeness: bool


def run(config: CapConfig, store: Store) -> CapReport:
    """Choose the rows that a cap of `keep` rows would leave out.

    Raises:
        RequestError: `keep` is negative, or there are too many rows to compare.
        NotFoundError: A row is not of this dataset.
    """
    dataset, example_ids, keep = config.dataset, config.example_ids, config.keep
    datasets.require(store, dataset)
    asked = list(dict.fromkeys(example_ids))
    if keep < 0 or len(asked) > MOST:
        msg = f"cannot keep {keep} of {len(asked)} rows: give at least 0 to keep and at most {MOST} rows"
        raise RequestError(msg)
    rows = views.current(store, dataset).filter(pl.col("example_id").is_in(asked))
    if rows.height < len(asked):
        missing = next(iter(set(asked) - set(rows["example_id"])))
        msg = f"no row {missing!r} in dataset {dataset!r} ({len(asked) - rows.height} of {len(asked)} are unknown)"
        raise NotFoundError(msg)
    plan = CapPlan(1.0, {_ALL: keep}, {_ALL: max(0, rows.height - keep)})
    capped = capping.rows_over(store, rows, [_ALL] * rows.height, plan)
    return CapReport(
        rows=rows.height,
        keep=keep,
        drop=tuple(rows["example_id"][row] for row in capped.drop),
        reviewed=capped.reviewed,
        by_likeness=capped.by_likeness,
    )
