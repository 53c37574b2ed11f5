"""Reading files row by row: JSON Lines, CSV, TSV and Parquet, with the line of every bad row."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from curator.errors import NotFoundError, RequestError

BOM = b"\xef\xbb\xbf"
MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line; a longer one is rejected without being parsed."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row: its line (from 1; for Parquet the row number), the object or the reason why there is none."""

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
        RequestError: The extension is unknown, or a Parquet file cannot be read.
    """
    match path.suffix.lower():
        case ".jsonl" | ".ndjson" | ".json":
            return _jsonl(path)
        case ".csv":
            return _csv(path, ",")
        case ".tsv":
            return _csv(path, "\t")
        case ".parquet":
            return _parquet(path)
        case other:
            msg = f"{path.name}: extension {other!r} is unknown, expected .jsonl, .csv, .tsv or .parquet"
            raise RequestError(msg)


def columns(path: Path) -> list[str]:
    """The columns of a file: a CSV's header, or every key of the first 1,000 objects."""
    names: dict[str, None] = {}
    for number, row in enumerate(read_rows(path)):
        if number >= 1000:
            break
        names.update(dict.fromkeys(row.record or ()))
    return list(names)


def _shown(raw: bytes) -> str:
    return raw[:100_000].decode("utf-8", errors="backslashreplace")


def _jsonl(path: Path) -> Iterator[RawRow]:
    with path.open("rb") as handle:
        for number, line in enumerate(handle, start=1):
            body = line.rstrip(b"\r\n")
            bom = body.startswith(BOM)
            if bom:
                body = body[len(BOM) :]
            if not body.strip():
                continue  # blank lines separate nothing and lose nothing
            yield _json_row(number, body, bom)


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
    if not isinstance(record, dict):
        detail = f"expected a JSON object, found {type(record).__name__}"
        return RawRow(number, None, "not_an_object", detail, _shown(body))
    return RawRow(number, record, bom=bom)


def _csv(path: Path, delimiter: str) -> Iterator[RawRow]:
    csv.field_size_limit(MAX_LINE)
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as handle:
        start = handle.read(1)
        bom = start == "\ufeff"
        if not bom:
            handle.seek(0)
        reader = csv.reader(handle, delimiter=delimiter)
        header = next(reader, None)
        if not header:
            return
        if any("\udc80" <= c <= "\udcff" for name in header for c in name):
            msg = f"{path.name}: the header is not UTF-8; save the file as UTF-8"
            raise RequestError(msg)
        before = reader.line_num
        while True:
            line, before = before + 1, reader.line_num
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield RawRow(line, None, "malformed_csv", str(error), "")
                before = reader.line_num
                continue
            before = reader.line_num
            if values:
                yield _csv_row(line, header, values, bom)
                bom = False


def _csv_row(line: int, header: list[str], values: list[str], bom: bool) -> RawRow:
    raw = ",".join(values)
    if any("\udc80" <= c <= "\udcff" for c in raw):
        shown = raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return RawRow(line, None, "invalid_utf8", "the row is not UTF-8", shown[:100_000])
    if len(values) != len(header):
        detail = f"the row has {len(values)} columns, the header {len(header)}"
        return RawRow(line, None, "wrong_columns", detail, raw[:100_000])
    return RawRow(line, dict(zip(header, values, strict=True)), bom=bom)


def _parquet(path: Path) -> Iterator[RawRow]:
    try:
        frame = pl.scan_parquet(path)
        rows = frame.select(pl.len()).collect().item()
    except (pl.exceptions.PolarsError, OSError) as error:
        msg = f"{path.name} cannot be read as Parquet: {error}"
        raise RequestError(msg) from error
    for start in range(0, rows, 10_000):
        for offset, record in enumerate(frame.slice(start, 10_000).collect().iter_rows(named=True)):
            yield RawRow(start + offset + 1, record)
