"""Rows as the bytes of a file, JSON lines or Parquet, and whether a reader that guesses types changes them."""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet

from curator.errors import DataError
from curator.records import write_exact

_LINE_BREAKS = {text.encode(): f"\\u{ord(text):04x}".encode() for text in "\u0085\u2028\u2029"}
CHUNK = 10 << 20
"""Bytes that `datasets` looks at when it decides what a column holds (its JSON reader's `chunksize`)."""
DATED = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d(?::?\d\d(?::?\d\d(?:\.\d{1,9})?)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
"""A text that may be read as a date."""


class NoTableError(DataError):
    """Rows whose values have no common table."""


def encode(rows: Iterable[dict[str, Any]]) -> bytes:
    """JSON lines: UTF-8, keys in the given order, a line feed after each row, no blank line.

    The separators U+0085, U+2028 and U+2029 are escaped, so that readers which split on Unicode
    line breaks see the same rows.

    Raises:
        DataError: A row holds what JSON or UTF-8 cannot (a lone surrogate, a foreign type).
    """
    lines = []
    for number, row in enumerate(rows, start=1):
        line = _line(number, row)
        for raw, escaped in _LINE_BREAKS.items():
            line = line.replace(raw, escaped)
        lines.append(line + b"\n")
    return b"".join(lines)


def _line(number: int, row: dict[str, Any]) -> bytes:
    """The row as JSON: quickly, and where it holds numbers that `orjson` does not know, exactly."""
    try:
        return orjson.dumps(row)
    except orjson.JSONEncodeError:
        try:
            return write_exact(row).encode()
        except (TypeError, ValueError) as error:
            msg = f"row {number} cannot be written as JSON in UTF-8 ({error}); clean its text"
            raise DataError(msg) from error


def encode_parquet(rows: Sequence[dict[str, Any]]) -> bytes:
    """A Parquet table of the rows with the types that they have; the same rows give the same bytes.

    A key that a row does not have is null there.

    Raises:
        NoTableError: One key holds values of several types, a number that no column holds, or empty objects alone.
        DataError: A text is not valid Unicode.
    """
    buffer = io.BytesIO()
    try:
        table = pa.Table.from_pylist(_same_keys(rows))
        pa.parquet.write_table(table, buffer, compression="zstd", use_dictionary=True, store_schema=False)
    except UnicodeError as error:
        msg = f"the rows cannot be written as Parquet ({error}); clean their texts"
        raise DataError(msg) from error
    except (pa.ArrowException, OverflowError) as error:
        msg = f"the rows have no common table ({error}), so that they cannot be written as Parquet"
        raise NoTableError(msg) from error
    return buffer.getvalue()


def _same_keys(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = dict.fromkeys(key for row in rows for key in row)
    return [{key: row.get(key) for key in keys} for row in rows]


def parquet_lines(data: bytes) -> Iterator[bytes]:
    """The rows of a Parquet file as JSON lines, for the validator; what is null is not there.

    Raises:
        DataError: The file is not a Parquet table.
    """
    try:
        table = pl.read_parquet(io.BytesIO(data))
    except (OSError, pl.exceptions.PolarsError) as error:
        msg = f"the file is not a readable Parquet table ({error})"
        raise DataError(msg) from error
    return (orjson.dumps(without_nulls(row), default=str) for row in table.iter_rows(named=True))


def without_nulls(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The value without the keys whose value is null, as a table fills them in; at any depth."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Look:
    """What a reader finds in the JSON lines of a file.

    Attributes:
        schema: What each key holds: `text`, `integer`, `number`, `boolean`, `null`, `json` (of several kinds), an
            object of such, or a list of one.
        dates: The place of texts that a reader which guesses types takes for dates, such as `completion[].content`;
            None where there is none.
    """

    schema: dict[str, Any]
    dates: str | None = None


def look(data: bytes) -> Look:
    """Look at JSON lines as `load_dataset("json")` of `datasets` does, and with it most trainers: `CHUNK` at a time.

    Where all texts of one place are dates in a chunk, it holds time stamps, and what is trained is another text.
    """
    schema: Any = {}
    dates = None
    for chunk in _chunks(data):
        try:
            table = pa.json.read_json(io.BytesIO(chunk), read_options=pa.json.ReadOptions(block_size=len(chunk) + 1))
            found, dated = _of_arrow(pa.struct(list(table.schema))), _temporal(table.schema)
        except pa.ArrowException:  # objects of different keys, which it takes as they are
            rows = [orjson.loads(line) for line in chunk.splitlines()]
            found, dated = _merged([_of_value(row) for row in rows]), _dated(rows)
        schema = _merged([schema, found]) if schema else found
        dates = dates or dated
    return Look(schema, dates)


def look_at_table(data: bytes) -> Look:
    """The same of a Parquet file, which says what it holds."""
    return Look(_of_arrow(pa.struct(list(pa.parquet.read_schema(io.BytesIO(data))))))


def _temporal(schema: Iterable[pa.Field]) -> str | None:
    return next((place for place, kind in _leaves(schema) if pa.types.is_temporal(kind)), None)


def _of_arrow(kind: Any) -> Any:  # noqa: ANN401 - a type of pyarrow, and a schema
    types = pa.types
    if types.is_struct(kind):
        return {kind.field(at).name: _of_arrow(kind.field(at).type) for at in range(kind.num_fields)}
    if types.is_list(kind):
        return [_of_arrow(kind.value_type)]
    named = {"null": types.is_null, "boolean": types.is_boolean}
    named |= {"integer": types.is_integer, "number": types.is_floating}
    return next((name for name, is_kind in named.items() if is_kind(kind)), "text")


def _of_value(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _of_value(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_merged([_of_value(each) for each in value]) if value else "null"]
    kinds = {str: "text", bool: "boolean", int: "integer", float: "number"}
    return kinds.get(type(value), "null")


def _merged(schemas: Sequence[Any]) -> Any:  # noqa: ANN401 - schemas
    known = [each for each in schemas if each != "null"]
    if not known:
        return "null"
    if all(isinstance(each, dict) for each in known):
        keys = dict.fromkeys(key for each in known for key in each)
        return {key: _merged([each[key] for each in known if key in each]) for key in keys}
    if all(isinstance(each, list) for each in known):
        return [_merged([each[0] for each in known])]
    return known[0] if all(each == known[0] for each in known) else "json"


def _chunks(data: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + CHUNK)
        end = len(data) if end < 0 else end + 1
        yield data[start:end]
        start = end


def _leaves(schema: Iterable[pa.Field], path: str = "") -> Iterator[tuple[str, Any]]:
    for field in schema:
        place, kind = f"{path}.{field.name}" if path else field.name, field.type
        while pa.types.is_list(kind):
            place, kind = f"{place}[]", kind.value_type
        if pa.types.is_struct(kind):
            yield from _leaves(kind, place)
        else:
            yield place, kind


def _dated(rows: Iterable[Any]) -> str | None:
    """The same of rows that have no table, from their texts: stricter, since a text may look like a date alone."""
    dates: dict[str, bool] = {}
    for row in rows:
        for place, text in texts_of(row):
            if dates.get(place, True):
                dates[place] = DATED.fullmatch(text) is not None
    return next((place for place, all_dates in dates.items() if all_dates), None)


def texts_of(value: Any, place: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON value
    """Every text of a row with its place; the items of a list have one place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from texts_of(each, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for each in value:
            yield from texts_of(each, f"{place}[]")
