"""Any JSON values in Parquet, exactly: a column has a type of its own where one holds all its values, else JSON text.

Which columns are JSON text stands in the file's key-value metadata under `curator.json`, so that they are read again as
values.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from curator.errors import DataError
from curator.records import Number, read_exact, write_exact
from pipelines.files.row import RawRow

_KEY = "curator.json"
_LONG = 10**38
"""Integers below it fit a decimal of 38 digits."""


def write_json_columns(path: Path, records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write records of JSON values, as `read_exact` gives them; a value that is left out is null. No name is empty."""
    made, as_json = [], []
    for column in columns:
        values = [record.get(column) for record in records]
        dtype = _type([value for value in values if value is not None])
        if dtype is None:
            as_json.append(column)
            values = [None if value is None else write_exact(value) for value in values]
        made.append(pl.Series(column, values, dtype=dtype or pl.String))
    pl.DataFrame(made).write_parquet(path, metadata={_KEY: json.dumps(as_json)} if as_json else None)


def _type(values: Sequence[Any]) -> pl.DataType | type[pl.DataType] | None:
    """The column type that gives every value back as it is; None: there is none."""
    kinds = {type(value) for value in values}
    if kinds <= {str}:
        return pl.String
    if kinds == {bool}:
        return pl.Boolean
    if kinds == {int}:
        if all(-(2**63) <= value < 2**63 for value in values):
            return pl.Int64
        return pl.Decimal(38, 0) if all(abs(value) < _LONG for value in values) else None
    if kinds == {Number} and all(float.__repr__(value) == value.text for value in values):
        return pl.Float64
    return None


def json_columns(path: Path) -> frozenset[str]:
    """The columns that hold JSON text, as the file itself says; empty for every other file."""
    try:
        named = json.loads(pl.read_parquet_metadata(path).get(_KEY, "[]"))
    except (ValueError, pl.exceptions.PolarsError):
        return frozenset()
    return frozenset(each for each in named if isinstance(each, str)) if isinstance(named, list) else frozenset()


def parsed(row: RawRow, columns: frozenset[str]) -> RawRow:
    """The row with the values that its JSON texts say."""
    if row.record is None:
        return row
    record = dict(row.record)
    for column in columns & record.keys():
        if isinstance(record[column], str):
            try:
                record[column] = read_exact(record[column])
            except (DataError, ValueError) as error:
                detail = f"column {column!r} is said to be JSON and is not: {error}"
                return RawRow(row.line, None, "malformed_json", detail, str(row.record)[:100_000])
    return replace(row, record=record)
