"""Choosing rows by their vectors."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from curator.composition import select
from curator.errors import NotEnoughDataError
from storage.dataset import datasets, vectors
from storage.engine.store import Store
from storage.views import current as views
from storage.views.where import rows_where


@dataclass(frozen=True, slots=True)
class SelectConfig:
    """What to select.

    Attributes:
        dataset: Whose rows.
        n: How many.
        method: How.
        encoder: Name of the encoder whose vectors are compared.
        revision: Its revision.
        seed: Of the choice.
        where: `COLUMN=VALUE` of the metadata, which every chosen row has.
    """

    dataset: str
    n: int
    method: Literal["kcenter", "facility", "random"]
    encoder: str
    revision: str
    seed: int = 0
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectReport:
    """The chosen rows, in the order of choice.

    `lacking` counts by column of `where` the rows that do not have it; `notes` say it in sentences.
    """

    dataset: str
    method: str
    selected: int
    external_ids: tuple[str, ...]
    example_ids: tuple[str, ...]
    lacking: dict[str, int]
    notes: tuple[str, ...]


def run(config: SelectConfig, store: Store) -> SelectReport:
    """Choose `n` of the rows that are not excluded; those next to annotate (kcenter) are no row that people reviewed.

    Raises:
        NotEnoughDataError: No rows, none that nobody has reviewed yet, or rows without vectors.
        RequestError: `where` names a column that no row has.
    """
    dataset, n, method, encoder, revision, seed = (
        config.dataset,
        config.n,
        config.method,
        config.encoder,
        config.revision,
        config.seed,
    )
    datasets.require(store, dataset)
    rows = views.current(store, dataset)
    rows = rows.filter(pl.col("out").is_null() | (pl.col("out") != "excluded"))
    rows, narrowed = rows_where(rows, config.where)
    if rows.is_empty():
        asked = f" with {' and '.join(config.where)}" if config.where else ""
        msg = f"dataset {dataset!r} has no rows{asked} to select from"
        raise NotEnoughDataError(msg)
    vectors_ND = vectors.load(store, encoder, revision, rows["content_hash"].to_list())
    labels = rows["value"].to_list() if method == "random" else None
    settled = rows["human_status"].is_not_null().arg_true().to_list() if method == "kcenter" else []
    if len(settled) == rows.height:
        msg = f"people have reviewed every row of {dataset!r}: there is none to annotate next; ingest more rows"
        raise NotEnoughDataError(msg)
    wanted = min(n, rows.height - len(settled))
    chosen = select(vectors_ND, wanted, method, seed, labels=labels, settled=settled).tolist()
    picked = rows[chosen]
    return SelectReport(
        dataset,
        method,
        len(chosen),
        tuple(picked["external_id"].to_list()),
        tuple(picked["example_id"].to_list()),
        narrowed.lacking,
        narrowed.notes,
    )
