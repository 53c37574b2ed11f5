"""Class probabilities of another model from a file, matched to the rows of a dataset."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from curator.errors import DataError, RequestError
from curator.label_errors import OutsideProbabilities, outside_probabilities
from curator.records import Task
from pipelines.files import RawRow, opened


def from_file(path: Path, rows: pl.DataFrame, everything: pl.DataFrame, task: Task) -> OutsideProbabilities:
    """Read what a model says of each row.

    Args:
        path: A table (CSV, JSON Lines, Parquet, …): an id and a column for each class.
        rows: The rows that are checked: example_id, external_id and value (their label).
        everything: All rows of the dataset.
        task: Whose labels the classes are.

    Raises:
        RequestError: The task has no classes, or the file cannot be read as what it is.
        DataError: Its numbers are no probabilities, or name no row of the dataset.
    """
    if task.kind != "classification":
        msg = f"probabilities are of classes; task {task.name!r} is of kind {task.kind}"
        raise RequestError(msg)
    labels = {*task.labels, *rows["value"].drop_nulls().to_list()}
    known = {*everything["example_id"].to_list(), *everything["external_id"].to_list()}
    ids = list(rows.select("example_id", "external_id").iter_rows())
    with opened(path) as table:
        return outside_probabilities(_records(table.rows()), ids, labels, left_out=known)


def digest(outside: OutsideProbabilities) -> str:
    """Return a hash of what was said, by which runs are told apart."""
    said = hashlib.sha256("\0".join(outside.classes).encode())
    said.update(outside.probability_NC.tobytes())
    return said.hexdigest()


def _records(rows: Iterator[RawRow]) -> Iterator[tuple[int, dict[str, Any]]]:
    for row in rows:
        if row.record is None:
            msg = f"line {row.line}: {row.reason}: {row.detail}"
            raise DataError(msg)
        yield row.line, row.record
