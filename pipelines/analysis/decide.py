"""Decisions about a group or a set of rows. Appended; an undo is a further decision."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast, get_args

import polars as pl

from curator.checks import survivor
from curator.errors import DataError, RequestError
from curator.records import Action, Decision, Finding, Permission, Task, check_person, in_test, short_id
from curator.review import DecisionRefused, DecisionRequest, TakenDecision, in_force, read_decision_request
from pipelines.files import file_hash, read_rows
from pipelines.runtime import acting
from storage.checks import findings
from storage.dataset import datasets, examples
from storage.engine.store import Store
from storage.review import reviews
from storage.views import current as views


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
    asked, rejects = _read(lines)
    acting.require(_needs([each for _, _, each in asked], {d.decision: d.action for d in history}))
    stored = {d.decision for d in history}
    known = _Known(store, dataset, history, [each for _, ident, each in asked if ident not in stored])
    made: list[Decision] = []
    for line, ident, each in asked:
        if ident in stored:
            continue
        try:
            made.append(_decision(each, ident, known, task))
            known.add(made[-1])
            stored.add(ident)
        except DecisionRefused as error:
            rejects.append({"line": line, "reason": error.reason, "detail": str(error)})
    fresh = reviews.add_decisions(store, made, actor=acting.actor())
    return DecideReport(
        dataset=dataset,
        decisions=fresh,
        rows=len({e for d in made for e in d.example_ids}) if fresh else 0,
        rejected=len(rejects),
        by_reason=dict(Counter(str(r["reason"]) for r in rejects)),
        rejects=tuple(sorted(rejects, key=lambda r: int(r["line"]))),
    )


def _read(
    lines: Sequence[tuple[int, str, dict[str, Any], str | None]],
) -> tuple[list[tuple[int, str, DecisionRequest]], list[dict[str, Any]]]:
    """The requests of lines, each with its line and id, and the lines that are none."""
    asked: list[tuple[int, str, DecisionRequest]] = []
    rejects: list[dict[str, Any]] = []
    for line, ident, record, unreadable in lines:
        if unreadable is not None:
            rejects.append({"line": line, "reason": unreadable, "detail": str(record.get(""))})
            continue
        try:
            asked.append((line, ident, read_decision_request(record)))
        except DecisionRefused as error:
            rejects.append({"line": line, "reason": error.reason, "detail": str(error)})
    return asked, rejects


def _needs(asked: Sequence[DecisionRequest], taken: Mapping[str, str]) -> Permission:
    """What the requests need: to leave rows out, or to take that back, is less than to say what rows are.

    `taken`: decision -> its action.
    """
    actions = {taken.get(str(each.decision)) if each.action == "undo" else each.action for each in asked}
    return "exclude" if actions <= {"exclude"} else "decide"


class _Known:
    """What requests can name. A key about one group must not read the ids of the whole dataset."""

    def __init__(
        self, store: Store, dataset: str, history: list[TakenDecision], asked: Sequence[DecisionRequest]
    ) -> None:
        self.store, self.dataset, self.history = store, dataset, history
        self.found = findings.named(
            store, dataset, sorted({each.finding_id for each in asked if each.finding_id is not None})
        )
        self.decided = self._decided({each.decision for each in asked if each.decision is not None})

    def finding(self, ident: str) -> Finding:
        """A finding of the dataset."""
        if ident not in self.found:
            ranked = findings.get(self.store, self.dataset, ident)
            if ranked is None:
                raise DecisionRefused("unknown_finding", f"no finding {ident!r} in dataset {self.dataset!r}")
            self.found[ident] = ranked
        return self.found[ident]

    def decision(self, ident: str) -> tuple[tuple[str, ...], str | None]:
        """The rows of a decision and the finding that it came from."""
        if ident not in self.decided:
            self.decided |= self._decided({ident})
        if ident not in self.decided:
            raise DecisionRefused("unknown_decision", f"no decision {ident[:80]!r} in dataset {self.dataset!r}")
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
            raise DecisionRefused("nothing_to_undo", f"no decision about finding {finding!r} is in force")
        return standing[-1].decision

    def add(self, made: Decision) -> None:
        """Know a decision that the same requests take."""
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


def _rows(asked: DecisionRequest, known: _Known) -> tuple[tuple[str, ...], str | None]:
    """The rows that a request is about, and the finding that it settles."""
    if asked.finding_id is not None:
        return known.finding(asked.finding_id).rows_for(asked.action), asked.finding_id
    if asked.decision is not None:
        return known.decision(asked.decision)
    ids = asked.external_ids or asked.example_ids
    missing = [each for each in ids if each not in (known.by_external if asked.external_ids else known.ids)]
    if missing:
        detail = f"no row {missing[0]!r} in dataset {known.dataset!r} ({len(missing)} unknown)"
        raise DecisionRefused("unknown_row", detail)
    return (tuple(known.by_external[each] for each in ids) if asked.external_ids else ids), None


def _survivor(value: Any, rows: tuple[str, ...], finding: str | None, known: _Known) -> str:  # noqa: ANN401 - raw JSON
    """The row that stays when copies are merged: the one named by either id, else the finding's, else the first."""
    if value is None:
        return rows[0] if finding is None else known.survivor(finding)
    named = str(value) if str(value) in rows else known.by_external.get(str(value))
    if named not in rows:
        raise DecisionRefused(
            "bad_value", f"merge keeps {str(value)[:80]!r}, which is not among the rows that it names"
        )
    return named


def _decision(asked: DecisionRequest, ident: str, known: _Known, task: Task) -> Decision:
    if asked.action == "undo" and asked.finding_id is not None:
        newest = known.newest_about(known.finding(asked.finding_id).id)
        asked = replace(asked, finding_id=None, decision=newest)
    rows, finding = _rows(asked, known)
    if asked.action not in get_args(Action):
        detail = f"action {asked.action!r} is unknown, expected {', '.join(get_args(Action))}"
        raise DecisionRefused("unknown_action", detail)
    action = cast("Action", asked.action)
    try:
        reviewer = check_person(asked.reviewer)
    except RequestError as error:
        reason = "bad_reviewer" if str(asked.reviewer or "").strip() else "no_reviewer"
        raise DecisionRefused(reason, str(error)) from error
    return Decision(
        id=ident,
        dataset=known.dataset,
        example_ids=rows,
        action=action,
        value=_value(asked, action, rows, finding, known, task),
        reviewer=reviewer,
        reason=asked.reason,
        finding_id=finding,
    )


def _value(
    asked: DecisionRequest, action: Action, rows: tuple[str, ...], finding: str | None, known: _Known, task: Task
) -> str | None:
    """What a decision holds beside its rows: the label, the row that is kept, or the decision that is taken back."""
    if action == "merge":
        return _survivor(asked.value, rows, finding, known)
    if action != "relabel":
        return asked.decision
    value = asked.value
    text = value if isinstance(value, str) else json.dumps(value) if value is not None else ""
    try:
        return task.check_value(text)
    except DataError as error:
        raise DecisionRefused("bad_value", str(error)) from error
