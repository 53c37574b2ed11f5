"""A dataset as one file, each row once with all that is known of it; the ingest reads it again to equal rows."""

import csv
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curator.errors import NotEnoughDataError, RequestError
from curator.records import MESSAGES, input_cell, is_plain, own_names, read_exact, write_exact
from curator.text import inert, is_formula
from pipelines.files import write_json_columns
from pipelines.runtime import acting
from pipelines.runtime.new_place import check_new
from storage.access import audit
from storage.dataset import datasets, labels
from storage.dataset.examples import parse_messages, parse_metadata
from storage.engine.store import Store
from storage.views.current import current
from storage.views.where import rows_where

EXPORT_FORMS = (".jsonl", ".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class ExportConfig:
    """What to write and where.

    Attributes:
        dataset: Whose rows.
        out: The file.
        where: COLUMN=VALUE of metadata.
        labeler: Whose labels stand where no person has spoken; may be None for one.
        spreadsheet: Whether what a spreadsheet would run in a CSV is made inert.
        only: The rows (example ids) to choose from; None for all.
        download: The file goes to a browser, which the audit log then says.
    """

    dataset: str
    out: Path
    where: tuple[str, ...] = ()
    labeler: str | None = None
    spreadsheet: bool = False
    only: frozenset[str] | None = None
    download: bool = False


@dataclass(frozen=True, slots=True)
class ExportReport:
    """The file.

    Attributes:
        dataset: Whose rows.
        path: The file.
        rows: How many it holds.
        of: Rows of the dataset.
        columns: Of the file, in order.
        metadata: The columns that were kept with rows, and the names that they have in the file.
        lacking: Of each column that `--where` asks for, the rows that do not have it.
        notes: What the reader of the file should know.
    """

    dataset: str
    path: str
    rows: int
    of: int
    columns: tuple[str, ...]
    metadata: dict[str, str]
    lacking: dict[str, int]
    notes: tuple[str, ...]


def run(config: ExportConfig, store: Store) -> ExportReport:
    """Write the file.

    Raises:
        RequestError: A file of an unknown form, one that is there already, a `--where` that no row can answer, or
            several labelers and none named.
        NotEnoughDataError: There is no row to write.
    """
    acting.require("export")
    form = config.out.suffix.lower()
    if form not in EXPORT_FORMS:
        msg = f"--out {config.out} ends in {form or 'nothing'!r}, expected {', '.join(EXPORT_FORMS)}"
        raise RequestError(msg)
    if config.spreadsheet and form != ".csv":
        msg = f"--spreadsheet is about a .csv, and --out {config.out} ends in {form!r}"
        raise RequestError(msg)
    check_new(config.out, "file")
    if config.out.exists():
        msg = f"{config.out} is there already; name another file"
        raise RequestError(msg)
    dataset = datasets.require(store, config.dataset)
    labeler = labels.labeler_or_nobody(store, dataset, config.labeler)
    every = current(store, dataset, labeler=labeler)
    asked_for = every if config.only is None else every.filter(pl.col("example_id").is_in(list(config.only)))
    rows, narrowed = rows_where(asked_for, config.where)
    if rows.is_empty():
        asked = f" with {' and '.join(config.where)}" if config.where else ""
        msg = f"dataset {dataset!r} has no rows{asked} to export"
        raise NotEnoughDataError(msg)
    made = _table(rows, labeler)
    formulas = _Formulas(made, config.spreadsheet) if form == ".csv" else None
    with _written(config.out, form, made, formulas):  # what goes out is told before it stands there
        path = f"download of {config.out.name}" if config.download else str(config.out)
        facts = {"path": path, "rows": rows.height}
        audit.note(store, actor=acting.actor(), action="export", subject=dataset, **facts)
    notes = (*narrowed.notes, *_notes(form, rows, made), *(formulas.notes if formulas else ()))
    path, lacking = str(config.out.resolve()), narrowed.lacking
    return ExportReport(dataset, path, rows.height, every.height, made.columns, made.names, lacking, notes)


@dataclass(frozen=True, slots=True)
class _Table:
    """The records, of which a metadata column is left out where a row has none; all columns; metadata's names."""

    records: list[dict[str, Any]]
    columns: tuple[str, ...]
    names: dict[str, str]

    @property
    def renamed(self) -> dict[str, str]:
        return {column: name for column, name in self.names.items() if column != name}


def _table(rows: pl.DataFrame, labeler: str) -> _Table:
    inputs = [parse_messages(stored) for stored in rows["messages"]]
    metadata = [parse_metadata(stored) for stored in rows["metadata"]]
    names = own_names(dict.fromkeys(column for row in metadata for column in row))
    plain, tools = all(map(is_plain, inputs)), rows["tools"].is_not_null().any()
    records = []
    for row, messages, kept in zip(rows.iter_rows(named=True), inputs, metadata, strict=True):
        record = {
            "id": row["external_id"],
            **({"text": messages[0].text} if plain else {MESSAGES: input_cell(messages)}),
            **({"tools": None if row["tools"] is None else read_exact(row["tools"])} if tools else {}),
            "label": row["value"],
            "group": row["group"],
            "split": row["split"] or row["requested_split"],
            "time": row["occurred"],
            "curator.label_from": row["basis"],
            "curator.labeler": labeler if row["basis"] == "teacher" else None,
            "curator.source": row["source"],
            "curator.out": row["out"],
        }
        records.append(record | {names[column]: value for column, value in kept.items()})
    return _Table(records, tuple(dict.fromkeys((*records[0], *names.values()))), names)


@contextmanager
def _written(out: Path, form: str, made: _Table, formulas: "_Formulas | None") -> Iterator[None]:
    """Write the file under another name, and put it in its place at the end of the block: the whole file or none."""
    draft = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}.draft")
    try:
        if form == ".parquet":
            write_json_columns(draft, made.records, made.columns)
        elif form == ".csv":
            _write_csv(draft, made, inert if formulas is not None and formulas.escaped else _same)
        else:
            with draft.open("w", encoding="utf-8", newline="\n") as handle:
                handle.writelines(write_exact(record) + "\n" for record in made.records)
        yield
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def _same(cell: str) -> str:
    return cell


def _write_csv(draft: Path, made: _Table, shown: Callable[[str], str]) -> None:
    with draft.open("w", encoding="utf-8", newline="") as handle:
        # All in quotes: a text of several lines is never taken for rows, and an empty line never for none.
        writer = csv.writer(handle, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow([shown(column) for column in made.columns])
        for record in made.records:
            writer.writerow([shown(_as_text(record.get(column))) for column in made.columns])


def _as_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if value is None:
        return ""
    return value if isinstance(value, str) else write_exact(value)


class _Formulas:
    """The cells of a CSV that a spreadsheet would run, and whether they are made inert."""

    def __init__(self, made: _Table, escaped: bool) -> None:
        self.escaped = escaped
        cells = [
            (str(record["id"]), column)
            for record in made.records
            for column in made.columns
            if is_formula(_as_text(record.get(column)))
        ]
        cells += [("the header", column) for column in made.columns if is_formula(column)]
        self.count, self.first = len(cells), cells[0] if cells else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know of them."""
        if self.first is None:
            return ()
        where = f"{self.count:,} cells (first: {self.first[0]}, column {self.first[1]!r})"
        if self.escaped:
            return (
                f"an apostrophe stands before {where}, so that a spreadsheet does not run them: read again, those rows "
                "differ",
            )
        return (f"a spreadsheet would run {where} as formulas: open the file as text, or export with --spreadsheet",)


def _notes(form: str, rows: pl.DataFrame, made: _Table) -> list[str]:
    """What a reader should know: renamed columns, types that a CSV has not, answers that were none."""
    notes = [
        f"the metadata column {column!r} is called {name!r}: as it is, it would be read as a field"
        for column, name in made.renamed.items()
    ]
    if form == ".csv" and made.names:
        notes.append(
            "a CSV holds text alone: of metadata, numbers, true/false, lists and objects are read again as text, and "
            "what is missing as an empty text; .jsonl and .parquet keep types"
        )
    ends = [
        record["label"] is None and isinstance(turns := record.get(MESSAGES), list) and turns[-1]["role"] == "assistant"
        for record in made.records
    ]
    if any(ends):
        notes.append(
            f"{sum(ends):,} rows without a label end in the assistant's turn (first {_first(rows, ends)}): read again, "
            "that turn is taken as the answer"
        )
    return notes


def _first(rows: pl.DataFrame, which: Sequence[bool]) -> str:
    return str(rows["external_id"][list(which).index(True)])
