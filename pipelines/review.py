"""What reviewers decide: handed out in batches, taken in once, from the app or from a file."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

import polars as pl

from curator.errors import DataError
from curator.ids import short_id
from curator.tasks import Task
from curator.types import Review, ReviewVerdict
from pipelines.reading import read_rows
from storage import audit, datasets, plans, reviews, views
from storage.store import Store

KEYS = {"task_id", "reviewer", "verdict", "value", "blind", "seconds", "note"}


@dataclass(frozen=True, slots=True)
class ReviewReport:
    """What came in. `tasks_left` counts tasks of the plan that nobody has reviewed."""

    plan: str
    added: int
    unchanged: int
    rejected: int
    by_reason: dict[str, int]
    rejects: tuple[dict[str, Any], ...]
    tasks_left: int


class _Refused(DataError):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def import_file(path: Path, plan: str, store: Store) -> ReviewReport:
    """Take decisions made elsewhere from a JSONL file. Reading it twice adds nothing.

    A line with `blind: true` whose value differs from the proposed one is a first look: it counts once a further
    line (another reviewer, or the same one with `blind: false`) says the same.

    Raises:
        NotFoundError: No such plan.
    """
    found = plans.get(store, plan)
    task = datasets.task_of(store, found["dataset"])
    tasks = {row["task"]: row for row in plans.tasks(store, plan).iter_rows(named=True)}
    seen: Counter[str] = Counter()
    made: list[Review] = []
    rejects: list[dict[str, Any]] = []
    for row in read_rows(path):
        try:
            if row.record is None:
                rejects.append({"line": row.line, "reason": row.reason, "detail": row.detail})
                continue
            review = _review(row.record, tasks, task)
        except _Refused as error:
            rejects.append({"line": row.line, "reason": error.reason, "detail": str(error)})
            continue
        said = [review.task_id, review.reviewer, review.verdict, review.value, review.blind]
        key = json.dumps(said)
        seen[key] += 1
        made.append(_with_action(review, short_id("r", [plan, said, seen[key]])))
    return _add(store, found, made, rejects)


def import_records(records: Sequence[dict[str, Any]], plan: str, store: Store) -> ReviewReport:
    """As `import_file`, for records in memory, each with an `action_id` that makes it unique.

    Raises:
        NotFoundError: No such plan.
    """
    found = plans.get(store, plan)
    task = datasets.task_of(store, found["dataset"])
    tasks = {row["task"]: row for row in plans.tasks(store, plan).iter_rows(named=True)}
    made: list[Review] = []
    rejects: list[dict[str, Any]] = []
    for number, record in enumerate(records, start=1):
        fields = {k: v for k, v in record.items() if k != "action_id"}
        try:
            made.append(_with_action(_review(fields, tasks, task), str(record["action_id"])))
        except _Refused as error:
            rejects.append({"line": number, "reason": error.reason, "detail": str(error)})
    return _add(store, found, made, rejects)


def claim(store: Store, dataset: str, reviewer: str, *, plan: str | None = None, count: int = 60) -> pl.DataFrame:
    """Lease the next tasks to a reviewer; columns of `storage.plans.tasks`."""
    return reviews.claim(store, dataset=dataset, reviewer=reviewer, count=count, plan=plan)


def undo(store: Store, *, reviewer: str, undoes: str, action_id: str) -> bool:
    """Take one's own review back. True if there was one; the same action twice changes nothing."""
    return reviews.add_undo(store, action_id=action_id, undoes=undoes, reviewer=reviewer)


def _add(store: Store, plan: dict[str, Any], made: list[Review], rejects: list[dict[str, Any]]) -> ReviewReport:
    added = reviews.add(store, plan["dataset"], plan["plan"], made)
    if added:
        who = Counter(r.reviewer for r in made)
        audit.note(
            store,
            actor=who.most_common(1)[0][0],
            action="review",
            subject=plan["plan"],
            added=added,
            reviewers=dict(who),
        )
    return ReviewReport(
        plan=plan["plan"],
        added=added,
        unchanged=len(made) - added,
        rejected=len(rejects),
        by_reason=dict(Counter(str(r["reason"]) for r in rejects)),
        rejects=tuple(rejects),
        tasks_left=views.plan_progress(store, plan["plan"])["left"],
    )


def _with_action(review: Review, action_id: str) -> Review:
    return Review(
        review.task_id,
        review.example_id,
        review.reviewer,
        review.verdict,
        review.value,
        review.blind,
        review.seconds,
        review.note,
        action_id,
    )


def _review(record: dict[str, Any], tasks: dict[str, dict[str, Any]], task: Task) -> Review:
    if unknown := sorted(set(record) - KEYS):
        raise _Refused("unknown_key", f"unknown key {unknown[0]!r}, expected {', '.join(sorted(KEYS))}")
    asked = tasks.get(str(record.get("task_id")))
    if asked is None:
        raise _Refused("unknown_task", f"task {record.get('task_id')!r} is not of this spot-check")
    reviewer = record.get("reviewer")
    if not isinstance(reviewer, str) or not reviewer.strip():
        raise _Refused("no_reviewer", "`reviewer` is missing: a review carries a name")
    verdict, value = _verdict(record, asked["proposed"], task)
    blind = record.get("blind", False)
    if not isinstance(blind, bool):
        raise _Refused("bad_blind", f"`blind` is {blind!r}, expected true or false")
    seconds = record.get("seconds")
    return Review(
        task_id=asked["task"],
        example_id=asked["example_id"],
        reviewer=reviewer,
        verdict=verdict,
        value=value,
        blind=blind,
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
        note=str(record["note"]) if record.get("note") else None,
    )


def _verdict(record: dict[str, Any], proposed: str | None, task: Task) -> tuple[ReviewVerdict, str | None]:
    """The verdict and the value it stands for."""
    named = record.get("verdict")
    if named not in get_args(ReviewVerdict):
        expected = ", ".join(get_args(ReviewVerdict))
        raise _Refused("unknown_verdict", f"verdict {named!r} is unknown, expected {expected}")
    verdict = cast("ReviewVerdict", named)
    if verdict in ("reject", "skip"):
        return verdict, None
    raw = record.get("value")
    if verdict == "accept":
        if proposed is None:
            raise _Refused("nothing_to_accept", "the row has no label to accept; use verdict edit with a value")
        if raw is not None and raw != proposed:
            raise _Refused("accept_with_other_value", f"accept says {raw!r}, the label is {proposed!r}; use edit")
        return verdict, proposed
    text = raw if isinstance(raw, str) else json.dumps(raw) if raw is not None else ""
    try:
        return verdict, task.check_value(text)
    except DataError as error:
        raise _Refused("bad_value", str(error)) from error
