"""Decisions about a group or a set of rows. Appended; an undo is a further decision."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast, get_args

from curator.errors import DataError
from curator.ids import short_id
from curator.roles import Permission
from curator.tasks import Task
from curator.types import Action, Decision
from pipelines import acting
from pipelines.reading import file_hash, read_rows
from storage import audit, datasets, examples, findings, reviews
from storage.store import Store

ROWS = ("finding_id", "example_ids", "external_ids", "decision")
"""Ways to name the rows; `decision` is for an undo, and names the one decision that it takes back."""
KEYS = {*ROWS, "action", "value", "reviewer", "reason"}


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
    named = [(n, short_id("d", [dataset, source, n]), record, unreadable) for n, record, unreadable in lines]
    return _apply(named, dataset, store)


def take(records: Sequence[dict[str, Any]], dataset: str, store: Store) -> DecideReport:
    """Apply decisions of the app, each with an `action_id` that makes it unique: the same action is applied once.

    An undo names by `decision` what it takes back (`decision_id` of the action that took it).
    """
    named = [
        (n, decision_id(dataset, str(r["action_id"])), {k: v for k, v in r.items() if k != "action_id"}, None)
        for n, r in enumerate(records, start=1)
    ]
    return _apply(named, dataset, store)


def decision_id(dataset: str, action_id: str) -> str:
    """The id of the decision that an action of the app takes."""
    return short_id("d", [dataset, "action", action_id])


def _apply(lines: Sequence[tuple[int, str, dict[str, Any], str | None]], dataset: str, store: Store) -> DecideReport:
    """Apply decisions given as (line, id, record, reason why it is unreadable or None)."""
    task = datasets.task_of(store, datasets.require(store, dataset))
    taken = dict(reviews.taken(store, dataset).select("decision", "action").iter_rows())
    acting.require(_needs([record for _, _, record, _ in lines], taken))
    stored = set(taken)
    known = _Known(store, dataset, [record for _, ident, record, _ in lines if ident not in stored])
    made: list[Decision] = []
    rejects: list[dict[str, Any]] = []
    for line, ident, record, unreadable in lines:
        if ident in stored:
            continue
        try:
            made.append(_decision(record, unreadable, ident, known, task))
            stored.add(ident)
        except _Refused as error:
            rejects.append({"line": line, "reason": error.reason, "detail": str(error)})
    fresh = reviews.add_decisions(store, made)
    for decision in made if fresh else ():
        audit.note(
            store,
            actor=acting.actor(),
            action=f"decide:{decision.action}",
            subject=dataset,
            reviewer=decision.reviewer,
            rows=len(decision.example_ids),
            value=decision.value,
            reason=decision.reason,
            decision=decision.id,
        )
    return DecideReport(
        dataset=dataset,
        decisions=fresh,
        rows=len({e for d in made for e in d.example_ids}) if fresh else 0,
        rejected=len(rejects),
        by_reason=dict(Counter(str(r["reason"]) for r in rejects)),
        rejects=tuple(rejects),
    )


def _needs(records: Sequence[dict[str, Any]], taken: Mapping[str, str]) -> Permission:
    """What the records need: to leave rows out, or to take that back, is less than to say what rows are.

    `taken`: decision -> its action.
    """
    actions = {taken.get(str(r.get("decision"))) if r.get("action") == "undo" else r.get("action") for r in records}
    return "exclude" if actions <= {"exclude"} else "decide"


class _Refused(DataError):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class _Known:
    """What records can name. A key about one group must not read the ids of the whole dataset."""

    def __init__(self, store: Store, dataset: str, records: Sequence[dict[str, Any]]) -> None:
        self.store, self.dataset = store, dataset
        named = {str(r["finding_id"]) for r in records if r.get("finding_id")}
        self.found = findings.rows_of(store, dataset, sorted(named))
        self.decided = {str(r["decision"]) for r in records if r.get("decision")}

    def finding(self, ident: str) -> tuple[str, ...]:
        """The rows of a finding."""
        if ident not in self.found:
            ranked = findings.get(self.store, self.dataset, ident)
            if ranked is None:
                raise _Refused("unknown_finding", f"no finding {ident!r} in dataset {self.dataset!r}")
            self.found[ident] = ranked.example_ids
        return self.found[ident]

    @cached_property
    def decisions(self) -> dict[str, tuple[tuple[str, ...], str | None]]:
        """Decision -> its rows and the finding that it came from, of those that the records name."""
        return reviews.rows_of_decisions(self.store, self.dataset, sorted(self.decided))

    @cached_property
    def by_external(self) -> dict[str, str]:
        """External id -> example id of every row of the dataset."""
        return examples.ids_by_external(self.store, self.dataset)

    @cached_property
    def ids(self) -> set[str]:
        """The example ids of the dataset."""
        return set(self.by_external.values())


def _rows(record: dict[str, Any], unreadable: str | None, known: _Known) -> tuple[tuple[str, ...], str | None]:
    """The rows that a record is about, and the finding that it settles."""
    if unreadable is not None:
        raise _Refused(unreadable, str(record.get("")))
    if unknown := sorted(set(record) - KEYS):
        raise _Refused("unknown_key", f"unknown key {unknown[0]!r}, expected {', '.join(sorted(KEYS))}")
    named = [k for k in ROWS if record.get(k)]
    if len(named) != 1:
        raise _Refused("no_rows", f"name the rows by exactly one of {', '.join(ROWS)}")
    given = record[named[0]]
    if named[0] == "finding_id":
        return known.finding(str(given)), str(given)
    if named[0] == "decision":
        if record.get("action") != "undo":
            raise _Refused("no_rows", "`decision` names what an undo takes back; name the rows otherwise")
        if str(given) not in known.decisions:
            raise _Refused("unknown_decision", f"no decision {str(given)[:80]!r} in dataset {known.dataset!r}")
        return known.decisions[str(given)]
    if not isinstance(given, list):
        raise _Refused("no_rows", f"`{named[0]}` is {type(given).__name__}, expected a list of ids")
    ids = dict.fromkeys(str(x) for x in given)  # a row named twice is decided once
    missing = [x for x in ids if x not in (known.by_external if named[0] == "external_ids" else known.ids)]
    if missing:
        raise _Refused("unknown_row", f"no row {missing[0]!r} in dataset {known.dataset!r} ({len(missing)} unknown)")
    return (tuple(known.by_external[x] for x in ids) if named[0] == "external_ids" else tuple(ids)), None


def _survivor(value: Any, rows: tuple[str, ...], known: _Known) -> str:  # noqa: ANN401 - raw JSON
    """The row that stays when copies are merged: the one named by either id, else the first."""
    if value is None:
        return rows[0]
    named = str(value) if str(value) in rows else known.by_external.get(str(value))
    if named not in rows:
        raise _Refused("bad_value", f"merge keeps {str(value)[:80]!r}, which is not among the rows that it names")
    return named


def _decision(record: dict[str, Any], unreadable: str | None, ident: str, known: _Known, task: Task) -> Decision:
    rows, finding = _rows(record, unreadable, known)
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
        value = _survivor(value, rows, known)
    else:
        value = str(record["decision"]) if record.get("decision") else None
    reviewer = record.get("reviewer")
    if not isinstance(reviewer, str) or not reviewer.strip():
        raise _Refused("no_reviewer", "`reviewer` is missing: a decision carries the name of who took it")
    return Decision(
        id=ident,
        dataset=known.dataset,
        example_ids=rows,
        action=action,
        value=value,
        reviewer=reviewer,
        reason=str(record.get("reason") or ""),
        finding_id=finding,
    )
