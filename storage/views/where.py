"""Rows by the columns that were kept with them."""

import json
from collections import Counter
from collections.abc import Sequence

import polars as pl

from curator.records import Narrowed, check_column, narrow, parse_where, write_exact
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


def column_values(rows: pl.DataFrame, column: str) -> list[str | None]:
    """What each row has in a metadata column, as `rows_where` asks for it; None where it has nothing there.

    Raises:
        RequestError: No row has the column.
    """
    metadata = [parse_metadata(stored) for stored in rows["metadata"]]
    check_column(column, {known for row in metadata for known in row})
    return [None if row.get(column) is None else _asked(row[column]) for row in metadata]


def kept_columns(rows: pl.DataFrame) -> list[str]:
    """The metadata columns that any of the rows has, in the order of the alphabet."""
    return sorted({column for stored in rows["metadata"].drop_nulls() for column in json.loads(stored)})


def kept_values(rows: pl.DataFrame, column: str, most: int) -> list[tuple[str, int]]:
    """A metadata column's most frequent values, each as `rows_where` asks for it, with its rows; at most `most`."""
    held = (parse_metadata(stored) for stored in rows["metadata"].drop_nulls())
    values = Counter(_asked(row[column]) for row in held if column in row)
    return sorted(values.items(), key=lambda item: (-item[1], item[0]))[:most]


def _asked(value: object) -> str:
    return value if isinstance(value, str) else write_exact(value)
