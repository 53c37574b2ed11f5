"""Parquet, some thousand rows at a time. Bytes that are UTF-8 are text, whatever the writer declared."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from curator.errors import RequestError
from pipelines.files.parquet_json import json_columns, parsed
from pipelines.files.row import RawRow

BLOCK = 10_000


@dataclass(slots=True)
class ParquetReader:
    """A Parquet file; rows are counted from 1."""

    path: Path
    name: str
    notes: list[str] = field(default_factory=list)

    def columns(self) -> list[str]:
        """The columns of the schema.

        Raises:
            RequestError: It is no Parquet file.
        """
        return list(self._frame().collect_schema())

    def rows(self) -> Iterator[RawRow]:
        """The rows in order."""
        frame = self._frame()
        binary = [name for name, dtype in frame.collect_schema().items() if _has_bytes(dtype)]
        as_json = json_columns(self.path)
        count = frame.select(pl.len()).collect().item()
        for start in range(0, count, BLOCK):
            for offset, record in enumerate(frame.slice(start, BLOCK).collect().iter_rows(named=True), start=1):
                row = _decoded(start + offset, record, binary) if binary else RawRow(start + offset, record)
                yield parsed(row, as_json) if as_json else row

    def _frame(self) -> pl.LazyFrame:
        try:
            frame = pl.scan_parquet(self.path)
            frame.collect_schema()
        except (pl.exceptions.PolarsError, OSError) as error:
            msg = f"{self.name} cannot be read as Parquet: {error}"
            raise RequestError(msg) from error
        return frame


def _has_bytes(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.List | pl.Array):
        return _has_bytes(dtype.inner)  # type: ignore[arg-type]
    if isinstance(dtype, pl.Struct):
        return any(_has_bytes(each.dtype) for each in dtype.fields)  # type: ignore[arg-type]
    return dtype == pl.Binary


def _decoded(number: int, record: dict[str, Any], binary: list[str]) -> RawRow:
    for name in binary:
        try:
            record[name] = _text(record[name])
        except UnicodeDecodeError as error:
            byte = f"byte {error.start} (0x{error.object[error.start]:02X})"
            detail = f"column {name!r} holds bytes that are no text: {byte} is not UTF-8"
            return RawRow(number, None, "invalid_utf8", detail, str(record))
    return RawRow(number, record)


def _text(value: Any) -> Any:  # noqa: ANN401 - a Parquet value may be of any type
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, list):
        return [_text(each) for each in value]
    if isinstance(value, dict):
        return {key: _text(each) for key, each in value.items()}
    return value
