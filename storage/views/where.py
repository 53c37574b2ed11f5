"""Rows by the columns that were kept with them."""

from collections.abc import Sequence

import polars as pl

from curator.records import Narrowed, narrow, parse_where
from storage.dataset.examples import parse_metadata


def rows_where(rows: pl.DataFrame, asked: Sequence[str]) -> tuple[pl.DataFrame, Narrowed]:
    """The rows of `current` or `examples.frame` that `COLUMN=VALUE, …` asks for, and how many lack a column.

    Raises:
        RequestError: Not of that form, or no row has the column.
    """
    if not asked:
        return rows, Narrowed(tuple(range(rows.height)), {})
    metadata = [parse_metadata(stored) for stored in rows["metadata"]]
    wheres = parse_where(asked, {column for row in metadata for column in row})
    found = narrow(metadata, wheres)
    return rows[list(found.kept)], found
