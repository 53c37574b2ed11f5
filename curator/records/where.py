"""Choosing rows by the columns that were kept with them: `--where COLUMN=VALUE`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from curator.errors import RequestError
from curator.records.json_text import Number, same_json, write_exact


@dataclass(frozen=True, slots=True)
class Where:
    """A column of metadata and the value that a row must have there, as a person typed it."""

    column: str
    value: str


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The places of the rows that have every value, and by asked column how many of all rows lack it."""

    kept: tuple[int, ...]
    lacking: dict[str, int]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of rows that could not answer."""
        return tuple(
            f"{n:,} rows have no column {column!r} and are not among them" for column, n in self.lacking.items() if n
        )


def parse_where(asked: Sequence[str], columns: Iterable[str]) -> tuple[Where, ...]:
    """Read `COLUMN=VALUE`; a column's name may hold an equals sign where such a column is known.

    Raises:
        RequestError: Not of that form, or no row has the column.

    >>> parse_where(["a=b=c"], ["a", "a=b"])
    (Where(column='a=b', value='c'),)
    """
    known = sorted(set(columns))
    return tuple(_one(text, known) for text in asked)


def _one(text: str, known: Sequence[str]) -> Where:
    fitting = [column for column in known if text.startswith(f"{column}=")]
    if fitting:
        column = max(fitting, key=len)
        return Where(column, text[len(column) + 1 :])
    if "=" not in text:
        msg = f"--where {text!r} is not COLUMN=VALUE"
        raise RequestError(msg)
    msg = f"--where {text!r}: {_unknown(text.partition('=')[0], known)}"
    raise RequestError(msg)


def check_column(column: str, columns: Iterable[str]) -> None:
    """Hold a column that somebody named against those that rows have.

    Raises:
        RequestError: No row has it.
    """
    if column not in (known := sorted(set(columns))):
        raise RequestError(_unknown(column, known))


def _unknown(column: str, known: Sequence[str]) -> str:
    there = f"the metadata columns are {', '.join(known[:30])}" if known else "no row has metadata"
    return f"no row has a metadata column {column!r}; {there}"


def narrow(metadata: Sequence[Mapping[str, Any]], wheres: Sequence[Where]) -> Narrowed:
    """The rows whose metadata has each value; a column asked for twice may have either.

    Args:
        metadata: Of each row, as `read_exact` gives it.
        wheres: What is asked.
    """
    wanted: dict[str, list[str]] = {}
    for where in wheres:
        wanted.setdefault(where.column, []).append(where.value)
    kept = tuple(
        place
        for place, row in enumerate(metadata)
        if all(
            column in row and any(_equal(row[column], value) for value in values) for column, values in wanted.items()
        )
    )
    return Narrowed(kept, {column: sum(column not in row for row in metadata) for column in wanted})


def _equal(value: Any, typed: str) -> bool:  # noqa: ANN401 - any JSON value
    """Whether a value is what was typed: texts letter by letter, numbers by value, all else as JSON."""
    if isinstance(value, str):
        return value == typed
    if isinstance(value, list | dict):
        try:
            return same_json(write_exact(value), typed)
        except ValueError:
            return False
    if value is None:
        return typed == "null"
    if isinstance(value, bool):
        return typed == str(value).lower()
    try:
        return Decimal(value.text if isinstance(value, Number) else str(value)) == Decimal(typed)
    except InvalidOperation:
        return False
