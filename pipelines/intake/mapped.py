"""Which column of an open file is which field: one rule for the ingest and for the first look at a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from curator.records import mapping_words, resolve_mapping
from pipelines.files import Table

LOOK = 100
"""Rows that are looked at to see whether conversations end in an answer."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """All columns of a file, field -> column, and what has to be said of it. Empty where no row can be read."""

    columns: list[str]
    mapping: dict[str, str]
    notes: list[str]


def map_columns(table: Table, given: Mapping[str, str | None]) -> Mapped:
    """Complete what a person said by the columns' names and by the first rows.

    Raises:
        RequestError: A column is not there, or none can be the input.
    """
    columns = table.columns()
    if not columns:  # nothing to map; every line has its own reason
        return Mapped([], {}, [])
    records = [row.record for row in islice(table.rows(), LOOK) if row.record is not None]
    mapping = resolve_mapping(given, columns, records)
    return Mapped(columns, mapping, mapping_words(given, mapping, columns))


def type_word(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """What a value is called."""
    match value:
        case bool():
            return "true/false"
        case str():
            return "text"
        case list():
            return "list"
        case dict():
            return "object"
        case _:
            return "number"
