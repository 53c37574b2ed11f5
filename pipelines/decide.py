"""Decisions about a group or a set of rows. Appended; an undo is a further decision."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from curator.errors import DataError
from curator.ids import short_id
from curator.tasks import Task
from curator.types import Action, Decision
from pipelines.reading import file_hash, read_rows
from storage import audit, datasets, examples, findings, reviews
from storage.store import Store

KEYS = {"finding_id", "example_ids", "external_ids", "action", "value", "reviewer", "reason"}


@dataclass(frozen=True, slots=True)
class DecideReport:
    """What was decided. `rejects` lists the lines that could not be taken."""

    dataset: str
    decisions: int
    rows: int
    rejected: int
    by_reason: dict[str, int]
    rejects: tuple[dict[str, Any], ...]


def run(path: Path, dataset: str, store: Store) -> DecideReport:
    """Read a JSONL file of decisions. Reading it twice changes nothing."""
    source = file_hash(path)
    lines = [
        (row.line, row.record if row.record is not None else {"": row.detail}, row.reason) for row in read_rows(path)
    ]
    return apply(lines, dataset, store, source=source)


def apply(
    lines: Iterable[tuple[int, dict[str, Any], str | None]], dataset: str, store: Store, *, source: str
) -> DecideReport:
    """Apply decisions given as (line, record, reason why it is unreadable or None).

    `source` and the line make the decision's id, so that the same source is applied once.
    """
    task = datasets.task_of(store, datasets.require(store, dataset))
    external = examples.ids_by_external(store, dataset)
    known = set(external.values())
    made: list[Decision] = []
    rejects: list[dict[str, Any]] = []
    for line, record, unreadable in lines:
        try:
            rows = _rows(record, unreadable, store, dataset, external, known)
            made.append(_decision(record, rows, dataset, task, short_id("d", [dataset, source, line]), external))
        except _Refused as error:
            rejects.append({"line": line, "reason": error.reason, "detail": str(error)})
    fresh = reviews.add_decisions(store, made)
    for decision in made:
        audit.note(
            store,
            actor=decision.reviewer,
            action=f"decide:{decision.action}",
            subject=dataset,
            rows=len(decision.example_ids),
            value=decision.value,
            reason=decision.reason,
            decision=decision.id,
        ) if fresh else None
    return DecideReport(
        dataset=dataset,
        decisions=fresh,
        rows=len({e for d in made for e in d.example_ids}) if fresh else 0,
        rejected=len(rejects),
        by_reason=dict(Counter(str(r["reason"]) for r in rejects)),
        rejects=tuple(rejects),
    )


class _Refused(DataError):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def _rows(
    record: dict[str, Any],
    unreadable: str | None,
    store: Store,
    dataset: str,
    external: dict[str, str],
    known: set[str],
) -> tuple[str, ...]:
    if unreadable is not None:
        raise _Refused(unreadable, str(record.get("")))
    if unknown := sorted(set(record) - KEYS):
        raise _Refused("unknown_key", f"unknown key {unknown[0]!r}, expected {', '.join(sorted(KEYS))}")
    named = [k for k in ("finding_id", "example_ids", "external_ids") if record.get(k)]
    if len(named) != 1:
        raise _Refused("no_rows", "name the rows by exactly one of finding_id, example_ids, external_ids")
    if named[0] == "finding_id":
        finding = findings.get(store, dataset, str(record["finding_id"]))
        if finding is None:
            raise _Refused("unknown_finding", f"no finding {record['finding_id']!r} in dataset {dataset!r}")
        return finding.example_ids
    given = record[named[0]]
    if not isinstance(given, list):
        raise _Refused("no_rows", f"`{named[0]}` is {type(given).__name__}, expected a list of ids")
    ids = dict.fromkeys(str(x) for x in given)  # a row named twice is decided once
    missing = [x for x in ids if x not in (external if named[0] == "external_ids" else known)]
    if missing:
        raise _Refused("unknown_row", f"no row {missing[0]!r} in dataset {dataset!r} ({len(missing)} unknown)")
    return tuple(external[x] for x in ids) if named[0] == "external_ids" else tuple(ids)


def _survivor(value: Any, rows: tuple[str, ...], external: dict[str, str]) -> str:  # noqa: ANN401 - raw JSON
    """The row that stays when copies are merged: the one named by either id, else the first."""
    if value is None:
        return rows[0]
    named = next((x for x in (str(value), external.get(str(value))) if x in rows), None)
    if named is None:
        raise _Refused("bad_value", f"merge keeps {str(value)[:80]!r}, which is not among the rows that it names")
    return named


def _decision(
    record: dict[str, Any],
    rows: tuple[str, ...],
    dataset: str,
    task: Task,
    ident: str,
    external: dict[str, str],
) -> Decision:
    named = record.get("action")
    if named not in get_args(Action):
        raise _Refused("unknown_action", f"action {named!r} is unknown, expected {', '.join(get_args(Action))}")
    action = cast("Action", named)
    value = record.get("value")
    if action == "relabel":
        text = value if isinstance(value, str) else json.dumps(value) if value is not None else ""
        try:
            value = task.check_value(text)
        except DataError as error:
            raise _Refused("bad_value", str(error)) from error
    elif action == "merge":
        value = _survivor(value, rows, external)
    else:
        value = None
    reviewer = record.get("reviewer")
    if not isinstance(reviewer, str) or not reviewer.strip():
        raise _Refused("no_reviewer", "`reviewer` is missing: a decision carries the name of who took it")
    return Decision(
        id=ident,
        dataset=dataset,
        example_ids=rows,
        action=action,
        value=value,
        reviewer=reviewer,
        reason=str(record.get("reason") or ""),
        finding_id=record.get("finding_id"),
    )
