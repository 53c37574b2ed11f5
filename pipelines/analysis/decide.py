"""Decisions about a group or a set of rows. Appended; an undo is a further decision."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast, get_args

import polars as pl

from curator.checks import survivor
from curator.errors import DataError, RequestError
from curator.records import Action, Decision, Finding, Permission, Task, check_person, in_test, short_id
from curator.review import TakenDecision, in_force
from pipelines.files import file_hash, read_rows
from pipelines.runtime import acting
from storage.checks import findings
from storage.dataset import datasets, examples
from storage.engine.store import Store
from storage.review import reviews
from storage.views import current as views

_ROWS = ("finding_id", "example_ids", "external_ids", "decision")
"""Ways to name the rows; `decision` is for an undo, and names the one decision that it takes back."""
_KEYS = {*_ROWS, "action", "value", "reviewer", "reason"}


@dataclass(frozen=True, slots=True)
class DecideConfig:
    """Which decisions to take.

    Attributes:
        path: A JSONL file, one decision a line.
        dataset: Whose rows they are about.
    """

    path: Path
    dataset: str


@dataclass(frozen=True, slots=True)
class DecideReport:
    """What was decided. `rejects` lists the lines that could not be taken."""

    dataset: str
    decisions: int
    rows: int
    rejected: int
    by_reason: dict[str, int]
    rejects: tuple[dict[str, Any], ...]


def run(config: DecideConfig, store: Store) -> DecideReport:
    """Read a JSONL file of decisions. Reading it twice changes nothing."""
    path, dataset = config.path, config.dataset
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
    history = reviews.taken(store, dataset)
    acting.require(_needs([record for _, _, record, _ in lines], {d.decision: d.action for d in history}))
    stored = {d.decision for d in history}
    known = _Known(store, dataset, history, [record for _, ident, record, _ in lines if ident not in stored])
    made: list[Decision] = []
    rejects: list[dict[str, Any]] = []
    for line, ident, record, unreadable in lines:
        if ident in stored:
            continue
        try:
            made.append(_decision(record, unreadable, ident, known, task))
            known.add(made[-1])
            stored.add(ident)
        except _Refused as error:
            rejects.append({"line": line, "reason": error.reason, "detail": str(error)})
    fresh = reviews.add_decisions(store, made, actor=acting.actor())
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

    def __init__(
        self, store: Store, dataset: str, history: list[TakenDecision], records: Sequence[dict[str, Any]]
    ) -> None:
        self.store, self.dataset, self.history = store, dataset, history
        self.found = findings.named(
            store, dataset, sorted({str(r["finding_id"]) for r in records if r.get("finding_id")})
        )
        self.decided = self._decided({str(r["decision"]) for r in records if r.get("decision")})

    def finding(self, ident: str) -> Finding:
        """A finding of the dataset."""
        if ident not in self.found:
            ranked = findings.get(self.store, self.dataset, ident)
            if ranked is None:
                raise _Refused("unknown_finding", f"no finding {ident!r} in dataset {self.dataset!r}")
            self.found[ident] = ranked
        return self.found[ident]

    def decision(self, ident: str) -> tuple[tuple[str, ...], str | None]:
        """The rows of a decision and the finding that it came from."""
        if ident not in self.decided:
            self.decided |= self._decided({ident})
        if ident not in self.decided:
            raise _Refused("unknown_decision", f"no decision {ident[:80]!r} in dataset {self.dataset!r}")
        return self.decided[ident]

    def survivor(self, finding: str) -> str:
        """The row of a finding to keep when its copies are merged."""
        now = views.current(self.store, self.dataset)
        inside = now.filter(pl.col("out").is_null())["example_id"]
        test = now.filter(in_test())["example_id"]
        reviewed = now.filter(pl.col("human_status") == "settled")["example_id"]
        return survivor(self.finding(finding), inside=set(inside), test=set(test), reviewed=set(reviewed))

    def newest_about(self, finding: str) -> str:
        """The newest decision about a finding that was not taken back."""
        standing = in_force(d for d in self.history if d.finding_id == finding)
        if not standing:
            raise _Refused("nothing_to_undo", f"no decision about finding {finding!r} is in force")
        return standing[-1].decision

    def add(self, made: Decision) -> None:
        """Know a decision that the same records take."""
        self.decided[made.id] = (made.example_ids, made.finding_id)
        self.history.append(
            TakenDecision(made.id, made.action, made.value, made.finding_id, made.reviewer, made.reason)
        )

    def _decided(self, idents: set[str]) -> dict[str, tuple[tuple[str, ...], str | None]]:
        return reviews.rows_of_decisions(self.store, self.dataset, sorted(idents))

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
    if unknown := sorted(set(record) - _KEYS):
        raise _Refused("unknown_key", f"unknown key {unknown[0]!r}, expected {', '.join(sorted(_KEYS))}")
    named = [k for k in _ROWS if record.get(k)]
    if len(named) != 1:
        raise _Refused("no_rows", f"name the rows by exactly one of {', '.join(_ROWS)}")
    given = record[named[0]]
    if named[0] == "finding_id":
        return known.finding(str(given)).rows_for(record.get("action")), str(given)
    if named[0] == "decision":
        if record.get("action") != "undo":
            raise _Refused("no_rows", "`decision` names what an undo takes back; name the rows otherwise")
        return known.decision(str(given))
    if not isinstance(given, list):
        raise _Refused("no_rows", f"`{named[0]}` is {type(given).__name__}, expected a list of ids")
    ids = dict.fromkeys(str(x) for x in given)  # a row named twice is decided once
    missing = [x for x in ids if x not in (known.by_external if named[0] == "external_ids" else known.ids)]
    if missing:
        raise _Refused("unknown_row", f"no row {missing[0]!r} in dataset {known.dataset!r} ({len(missing)} unknown)")
    return (tuple(known.by_external[x] for x in ids) if named[0] == "external_ids" else tuple(ids)), None


def _survivor(value: Any, rows: tuple[str, ...], finding: str | None, known: _Known) -> str:  # noqa: ANN401 - raw JSON
    """The row that stays when copies are merged: the one named by either id, else the finding's, else the first."""
    if value is None:
        return rows[0] if finding is None else known.survivor(finding)
    named = str(value) if str(value) in rows else known.by_external.get(str(value))
    if named not in rows:
        raise _Refused("bad_value", f"merge keeps {str(value)[:80]!r}, which is not among the rows that it names")
    return named


def _decision(record: dict[str, Any], unreadable: str | None, ident: str, known: _Known, task: Task) -> Decision:
    if record.get("action") == "undo" and record.get("finding_id"):
        others = {key: value for key, value in record.items() if key != "finding_id"}
        record = {**others, "decision": known.newest_about(known.finding(str(record["finding_id"])).id)}
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
        value = _survivor(value, rows, finding, known)
    else:
        value = str(record["decision"]) if record.get("decision") else None
    try:
        reviewer = check_person(record.get("reviewer"))
    except RequestError as error:
        raise _Refused(
            "bad_reviewer" if str(record.get("reviewer") or "").strip() else "no_reviewer", str(error)
        ) from error
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
