"""Choosing rows by their vectors."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from curator import selection
from curator.errors import NotEnoughDataError
from storage import datasets, vectors, views
from storage.store import Store


@dataclass(frozen=True, slots=True)
class SelectReport:
    """The chosen rows, in the order of choice."""

    dataset: str
    method: str
    selected: int
    external_ids: tuple[str, ...]
    example_ids: tuple[str, ...]


def run(
    dataset: str,
    store: Store,
    *,
    n: int,
    method: Literal["kcenter", "facility", "random"],
    encoder: str,
    revision: str,
    seed: int = 0,
) -> SelectReport:
    """Choose `n` of the rows that are not excluded.

    Raises:
        NotEnoughDataError: No rows, or rows without vectors.
    """
    datasets.require(store, dataset)
    rows = views.current(store, dataset)
    rows = rows.filter(pl.col("out").is_null() | (pl.col("out") != "excluded"))
    if rows.is_empty():
        msg = f"dataset {dataset!r} has no rows to select from"
        raise NotEnoughDataError(msg)
    vectors_ND = vectors.load(store, encoder, revision, rows["content_hash"].to_list())
    labels = rows["value"].to_list() if method == "random" else None
    chosen = [int(i) for i in selection.select(vectors_ND, min(n, rows.height), method, seed, labels=labels)]
    picked = rows[chosen]
    return SelectReport(
        dataset, method, len(chosen), tuple(picked["external_id"].to_list()), tuple(picked["example_id"].to_list())
    )
