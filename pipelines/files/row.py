"""One row as it stands in a file, and what every kind of file can say."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

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


class Reader(Protocol):
    """A file of one kind, as UTF-8 on disk."""

    notes: list[str]
    """What was found out about the file as a whole; complete once the rows were read."""

    def columns(self) -> list[str]:
        """All columns, in the order in which they are met. One that only late rows have is a column too."""
        ...

    def rows(self) -> Iterator[RawRow]:
        """The rows, one after the other; may be asked for again."""
        ...


def shown(raw: bytes) -> str:
    """Bytes as a person may read them, at most 100,000."""
    return raw[:100_000].decode("utf-8", errors="backslashreplace")
