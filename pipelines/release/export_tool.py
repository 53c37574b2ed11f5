"""Labelled rows of a dataset as a file for an annotation tool; the ingest reads it again to equal rows."""

import uuid
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from curator.errors import NotEnoughDataError, RequestError
from curator.records import is_plain
from curator.release import TOOL_FORMS, ToolRow, label_config
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import datasets, labels
from storage.dataset.examples import parse_messages, parse_metadata
from storage.engine.store import Store
from storage.views.current import current
from storage.views.where import rows_where

FACTS = (("group", "group"), ("split", "split"), ("time", "occurred"))


@dataclass(frozen=True, slots=True)
class ToolConfig:
    """What to write, for which tool (a name of `TOOL_FORMS`) and where.

    `labeler`: whose labels stand where no person has spoken; may be None for one.
    """

    dataset: str
    to: str
    out: Path
    where: tuple[str, ...] = ()
    labeler: str | None = None


@dataclass(frozen=True, slots=True)
class ToolReport:
    """The file.

    Attributes:
        dataset: Whose rows.
        to: The tool.
        path: The file.
        rows: How many it holds.
        of: Rows of the dataset.
        left_out: Rows that are not in it, by reason.
        metadata: The columns that were kept with rows, and the names that they have in the file.
        lacking: Of each column that `--where` asks for, the rows that do not have it.
        notes: What whoever takes the file in should know.
    """

    dataset: str
    to: str
    path: str
    rows: int
    of: int
    left_out: dict[str, int]
    metadata: dict[str, str]
    lacking: dict[str, int]
    notes: tuple[str, ...]


def run(config: ToolConfig, store: Store) -> ToolReport:
    """Write the file.

    Raises:
        RequestError: The file is there already or of another form, or a `--where` that no row can answer.
        NotEnoughDataError: There is no labelled row that the tool can hold.
    """
    acting.require("export")
    to, form = config.to, TOOL_FORMS[config.to]
    if config.out.suffix.lower() != form.suffix:
        msg = f"--out {config.out} ends in {config.out.suffix or 'nothing'!r}; {to} takes {form.suffix}"
        raise RequestError(msg)
    if config.out.exists():
        msg = f"{config.out} is there already; name another file"
        raise RequestError(msg)
    dataset = datasets.require(store, config.dataset)
    task = datasets.task_of(store, dataset)
    labeler = labels.labeler_or_nobody(store, dataset, config.labeler)
    every = current(store, dataset, labeler=labeler)
    rows, narrowed = rows_where(every, config.where)
    names = form.names(list(dict.fromkeys(c for stored in rows["metadata"] for c in parse_metadata(stored))))
    sure = labels.frame(store, dataset, labeler=labeler).filter(pl.col("sample") == 0)
    made, left_out = _rows(rows, names, labeler, dict(sure.select("example_id", "confidence").iter_rows()))
    if not made:
        why = ", ".join(f"{reason}: {n}" for reason, n in left_out.items()) or "there are none"
        msg = f"dataset {dataset!r} has no labelled row that {to} can hold ({why})"
        raise NotEnoughDataError(msg)
    draft = config.out.with_name(f".{config.out.name}.{uuid.uuid4().hex[:8]}.draft")
    try:
        draft.write_text(form.body(made, task), encoding="utf-8", newline="\n")
        facts = {"path": str(config.out), "rows": len(made), "to": to}
        audit.note(store, actor=acting.actor(), action="export", subject=dataset, **facts)
        draft.replace(config.out)
    finally:
        draft.unlink(missing_ok=True)
    renamed = [f"the column {c!r} is called {n!r} there" for c, n in names.items() if c != n]
    config_note = [f"labelling interface: {label_config(task)}"] if to == "label-studio" else []
    return ToolReport(
        dataset=dataset,
        to=to,
        path=str(config.out.resolve()),
        rows=len(made),
        of=every.height,
        left_out=left_out,
        metadata=names,
        lacking=narrowed.lacking,
        notes=(*narrowed.notes, *renamed, form.note, *config_note),
    )


def _rows(
    rows: pl.DataFrame, names: dict[str, str], labeler: str, sure: dict[str, float | None]
) -> tuple[list[ToolRow], dict[str, int]]:
    made, left_out = [], dict[str, int]()
    for row in rows.iter_rows(named=True):
        messages = parse_messages(row["messages"])
        reason = row["out"] or (None if is_plain(messages) and row["tools"] is None else "conversation")
        if reason is not None:
            left_out[reason] = left_out.get(reason, 0) + 1
            continue
        facts = {name: row[column] for name, column in FACTS}
        facts["split"] = row["split"] or row["requested_split"]
        kept = {names[column]: value for column, value in parse_metadata(row["metadata"]).items()}
        by_model = row["basis"] == "teacher"
        made.append(
            ToolRow(
                id=row["external_id"],
                text=messages[0].text,
                value=row["value"],
                model=labeler if by_model else None,
                confidence=sure.get(row["example_id"]) if by_model else None,
                columns={name: value for name, value in {**facts, **kept}.items() if value is not None},
            )
        )
    return made, left_out
