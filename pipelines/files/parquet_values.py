"""What a Parquet file means by its values: names of classes, numbers of 32 bits, times finer than a microsecond.

The `datasets` library of Hugging Face writes a class as its number and the names of all classes into the schema's
metadata. A reader of the numbers alone gets labels that mean nothing, or, after the names were sorted anew, others.
"""

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from curator.records import Number

_SHOWN = 8  # class names in a note


@dataclass(frozen=True, slots=True)
class Meaning:
    """How the values of some columns are read: column -> what a value becomes, and what a person is told."""

    columns: Mapping[str, Callable[[Any], Any]]
    notes: tuple[str, ...]

    def apply(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record with its values as they are meant; changed in place."""
        for column, read in self.columns.items():
            if record.get(column) is not None:
                record[column] = read(record[column])
        return record


def meaning(path: Path, schema: Mapping[str, pl.DataType]) -> Meaning:
    """How the values of a file are read."""
    found: dict[str, Callable[[Any], Any]] = {name: _single for name, dtype in schema.items() if dtype == pl.Float32}
    notes = []
    for column, feature in _features(path).items():
        if column in schema and (read := _reader(feature)) is not None:
            found[column] = read
            names = _names(feature) or ()
            listed = ", ".join(f"{number} = {name}" for number, name in enumerate(names[:_SHOWN]))
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            notes.append(f"{column}: numbers are read as the class names in the file ({listed}{more}); -1 is none")
    return Meaning(found, tuple(notes))


def _features(path: Path) -> dict[str, Any]:
    """The features that Hugging Face's `datasets` declares, column -> definition; empty for other files."""
    try:
        said = json.loads(pl.read_parquet_metadata(path).get("huggingface", "{}"))
        features = said["info"]["features"]
    except (ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
        return {}
    return features if isinstance(features, dict) else {}


def _names(feature: Any) -> Sequence[str] | None:  # noqa: ANN401 - raw JSON
    """The class names of a feature or of the lists in it."""
    if isinstance(feature, list):
        return _names(feature[0]) if len(feature) == 1 else None
    if not isinstance(feature, dict):
        return None
    if feature.get("_type") == "ClassLabel":
        names = feature.get("names")
        return names if isinstance(names, list) and all(isinstance(name, str) for name in names) and names else None
    return _names(feature.get("feature")) if feature.get("_type") in ("Sequence", "List", "LargeList") else None


def _reader(feature: Any) -> Callable[[Any], Any] | None:  # noqa: ANN401 - raw JSON
    names = _names(feature)
    return None if names is None else lambda value: _named(value, names)


def _named(value: Any, names: Sequence[str]) -> Any:  # noqa: ANN401 - a Parquet value
    if isinstance(value, list):
        return [_named(each, names) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return None if value == -1 else names[value] if 0 <= value < len(names) else value
    return value


def _single(value: float) -> float:
    """A number of 32 bits as it is written shortest: 0.1, not 0.10000000149011612."""
    return Number(str(np.float32(value))) if np.isfinite(value) else value


def finer(block: pl.DataFrame) -> dict[str, list[str | None]]:
    """The times of a block that Python's types would cut to microseconds: column -> ISO text with nine digits."""
    found: dict[str, list[str | None]] = {}
    for name, dtype in block.schema.items():
        of_nanoseconds = isinstance(dtype, pl.Datetime | pl.Duration) and dtype.time_unit == "ns"
        if not (of_nanoseconds or dtype == pl.Time):
            continue
        rest = (block[name].to_physical() % 1000).to_list()
        if any(rest):
            found[name] = [_with(value, more) for value, more in zip(block[name].to_list(), rest, strict=True)]
    return found


def _with(value: Any, nanoseconds: int | None) -> str | None:  # noqa: ANN401 - a time, a moment or a span
    if value is None or not nanoseconds:
        return None
    if isinstance(value, datetime.timedelta):
        text = str(value)
        return f"{text if '.' in text else text + '.000000'}{nanoseconds:03d}"
    text = value.isoformat(timespec="microseconds")
    place = text.index(".") + 7
    return f"{text[:place]}{nanoseconds:03d}{text[place:]}"
