"""Reading files row by row: JSON Lines, JSON arrays, CSV, TSV and Parquet, with the line of every bad row."""

import csv
import hashlib
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import orjson
import polars as pl

from curator.errors import NotFoundError, RequestError

BOM = b"\xef\xbb\xbf"
MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line; a longer one is rejected without being parsed."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row: its line (from 1; in Parquet and JSON arrays the row's number), the object or why there is none."""

    line: int
    record: dict[str, Any] | None
    reason: str | None = None
    detail: str | None = None
    raw: str | None = None
    bom: bool = False


def file_hash(path: Path) -> str:
    """SHA-256 of the file's bytes.

    Raises:
        NotFoundError: There is no such file.
    """
    if not path.is_file():
        msg = f"no file {path}"
        raise NotFoundError(msg)
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def read_rows(path: Path) -> Iterator[RawRow]:
    """The rows of a file, by its extension.

    Raises:
        NotFoundError: There is no such file.
        RequestError: The extension is unknown, a CSV header cannot be used, or a Parquet file cannot be read.
    """
    if not path.is_file():
        msg = f"no file {path}"
        raise NotFoundError(msg)
    match path.suffix.lower():
        case ".jsonl" | ".ndjson" | ".json":
            return _jsonl(path)
        case ".csv" | ".tsv":
            return _csv(path)
        case ".parquet":
            return _parquet(path)
        case other:
            msg = f"{path.name}: extension {other!r} is unknown, expected .jsonl, .csv, .tsv or .parquet"
            raise RequestError(msg)


def columns(path: Path) -> list[str]:
    """The columns of a file: a CSV's header, a Parquet file's schema, or every key of every JSON object.

    A key that only late rows have is a column too: nothing may be lost because it came late.
    """
    kind = path.suffix.lower()
    if kind in (".csv", ".tsv") and path.is_file():
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as handle:
            return _CsvReader(path, handle, _delimiter(path)).header
    if kind == ".parquet" and path.is_file():
        return list(_parquet_frame(path).collect_schema())
    names: dict[str, None] = {}
    for row in read_rows(path):
        names.update(dict.fromkeys(row.record or ()))
    return list(names)


def _shown(raw: bytes) -> str:
    return raw[:100_000].decode("utf-8", errors="backslashreplace")


def _jsonl(path: Path) -> Iterator[RawRow]:
    items = _array(path)
    if items is not None:
        for number, item in enumerate(items, start=1):
            yield _object(number, item, orjson.dumps(item))
        return
    with path.open("rb") as handle:
        for number, line in enumerate(handle, start=1):
            body = line.rstrip(b"\r\n")
            bom = body.startswith(BOM)
            if bom:
                body = body[len(BOM) :]
            if not body.strip():
                continue  # blank lines separate nothing and lose nothing
            yield _json_row(number, body, bom)


def _array(path: Path) -> list[Any] | None:
    """The items of a file that is one JSON array; None for any other file."""
    with path.open("rb") as handle:
        if not handle.read(1_000).removeprefix(BOM).lstrip().startswith(b"["):
            return None
    try:
        items = orjson.loads(path.read_bytes().removeprefix(BOM))
    except orjson.JSONDecodeError:
        return None  # lines, of which the first is an array, or nothing that JSON knows: each line says what it is
    return items if isinstance(items, list) else None


def _json_row(number: int, body: bytes, bom: bool) -> RawRow:
    if len(body) > MAX_LINE:
        detail = f"the line has {len(body):,} bytes, at most {MAX_LINE:,} are read"
        return RawRow(number, None, "line_too_long", detail, _shown(body))
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return RawRow(number, None, "invalid_utf8", f"byte {error.start} is not UTF-8", _shown(body))
    try:
        record = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return RawRow(number, None, "malformed_json", str(error), _shown(body))
    return _object(number, record, body, bom)


def _object(number: int, record: Any, body: bytes, bom: bool = False) -> RawRow:  # noqa: ANN401 - raw JSON
    if not isinstance(record, dict):
        detail = f"expected a JSON object, found {type(record).__name__}"
        return RawRow(number, None, "not_an_object", detail, _shown(body))
    return RawRow(number, record, bom=bom)


class _Lines:
    """The lines of a file, of which those after the first may be put back."""

    def __init__(self, handle: TextIO) -> None:
        self._handle = handle
        self._back: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._handle)
        self.number += 1
        self.taken.append(line)
        return line

    def put_back(self) -> None:
        """Keep the first line taken; the others come again."""
        self.number -= len(self.taken) - 1
        self._back.extendleft(reversed(self.taken[1:]))
        self.taken = self.taken[:1]


class _CsvReader:
    """A CSV file's header, then its records with the line on which each begins."""

    def __init__(self, path: Path, handle: TextIO, delimiter: str) -> None:
        csv.field_size_limit(MAX_LINE)
        self._lines = _Lines(handle)
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self.bom = handle.read(1) == "\ufeff"
        if not self.bom:
            handle.seek(0)
        try:
            self.header = next(self._reader, [])
        except csv.Error as error:
            msg = f"{path.name}: the header cannot be read: {error}"
            raise RequestError(msg) from error
        if any(_undecoded(name) for name in self.header):
            msg = f"{path.name}: the header is not UTF-8; save the file as UTF-8"
            raise RequestError(msg)
        twice = [name for name, n in Counter(self.header).items() if n > 1]
        if twice:
            msg = f"{path.name}: column {twice[0]!r} stands twice in the header; rename one of them"
            raise RequestError(msg)

    def rows(self) -> Iterator[RawRow]:
        """The records. Where one cannot be read, its first line is rejected and reading goes on after it."""
        while True:
            self._lines.taken = []
            line = self._lines.number + 1
            try:
                values = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._lines.put_back()
                yield RawRow(line, None, "malformed_csv", str(error), _shown(self._raw()))
                continue
            if values:
                yield self._row(line, values)

    def _raw(self) -> bytes:
        return "".join(self._lines.taken).rstrip("\r\n").encode("utf-8", "surrogateescape")

    def _row(self, line: int, values: list[str]) -> RawRow:
        if any(_undecoded(value) for value in values):
            return RawRow(
                line, None, "invalid_utf8", "the row is not UTF-8; save the file as UTF-8", _shown(self._raw())
            )
        if len(values) != len(self.header):
            detail = f"the row has {len(values)} columns, the header {len(self.header)}"
            return RawRow(line, None, "wrong_columns", detail, _shown(self._raw()))
        bom, self.bom = self.bom, False
        return RawRow(line, dict(zip(self.header, values, strict=True)), bom=bom)


def _undecoded(text: str) -> bool:
    """Whether bytes that are no UTF-8 were read into the text as surrogates."""
    return not text.isascii() and any("\udc80" <= c <= "\udcff" for c in text)


def _delimiter(path: Path) -> str:
    """What separates the columns: a tab in a TSV; in a CSV what the header has most of, a comma in doubt."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    with path.open(encoding="utf-8", errors="surrogateescape") as handle:
        header = handle.readline(MAX_LINE)
    return max(",;\t", key=header.count)


def _csv(path: Path) -> Iterator[RawRow]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as handle:
        yield from _CsvReader(path, handle, _delimiter(path)).rows()


def _parquet_frame(path: Path) -> pl.LazyFrame:
    try:
        frame = pl.scan_parquet(path)
        frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        msg = f"{path.name} cannot be read as Parquet: {error}"
        raise RequestError(msg) from error
    return frame


def _parquet(path: Path) -> Iterator[RawRow]:
    frame = _parquet_frame(path)
    rows = frame.select(pl.len()).collect().item()
    for start in range(0, rows, 10_000):
        for offset, record in enumerate(frame.slice(start, 10_000).collect().iter_rows(named=True)):
            yield RawRow(start + offset + 1, record)
