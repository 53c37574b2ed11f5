"""Parquet, some thousand rows at a time. Bytes that are UTF-8 are text, whatever the writer declared."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from curator.errors import RequestError
from pipelines.files.parquet_json import json_columns, parsed
from pipelines.files.parquet_values import finer, meaning
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
        schema = frame.collect_schema()
        binary = [name for name, dtype in schema.items() if _has_bytes(dtype)]
        as_json, meant = json_columns(self.path), meaning(self.path, schema)
        self.notes[:] = meant.notes
        count = frame.select(pl.len()).collect().item()
        for start in range(0, count, BLOCK):
            block = frame.slice(start, BLOCK).collect()
            times = finer(block)
            for offset, record in enumerate(block.iter_rows(named=True)):
                record.update({name: told for name, texts in times.items() if (told := texts[offset]) is not None})
                row = _decoded(start + offset + 1, meant.apply(record), binary)
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
    """The row with its bytes as text. What is no text stays bytes: the ingest refuses it as a field, and keeps it."""
    for name in binary:
        with suppress(UnicodeDecodeError):
            record[name] = _text(record[name])
    return RawRow(number, record)


def _text(value: Any) -> Any:  # noqa: ANN401 - a Parquet value may be of any type
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, list):
        return [_text(each) for each in value]
    if isinstance(value, dict):
        return {key: _text(each) for key, each in value.items()}
    return value
