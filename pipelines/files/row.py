"""One row as it stands in a file, and what every kind of file can say."""

from dataclasses import dataclass, field
from typing import Any

BOM = b"\xef\xbb\xbf"
MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line or one item; a longer one is rejected without being parsed."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row: its line (from 1; in Parquet and JSON arrays the row's number), the object or why there is none.

    `part` tells the objects of one line apart, from 0. `notes` say what was done to read the row.
    """

    line: int
    record: dict[str, Any] | None
    reason: str | None = None
    detail: str | None = None
    raw: str | None = None
    notes: tuple[str, ...] = field(default=())
    part: int = 0


RowShape = tuple[int, dict[str, Any]]
"""The line and the object of the first row in which just its keys have a value."""


def filled(record: dict[str, Any]) -> tuple[str, ...]:
    """The keys, and which of them have a value: the same for rows that are alike in both."""
    if None not in record.values() and "" not in record.values():
        return tuple(record)
    return (*record, "", *(key for key, value in record.items() if value is not None and value != ""))


def shown(raw: bytes) -> str:
    """Bytes as a person may read them, at most 100,000."""
    return raw[:100_000].decode("utf-8", errors="backslashreplace")
