"""Between the review component and the store: what is open for a reviewer, and what the reviewer did."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pages.shared.review_component import PREFETCH, Applied, Card, QueueState, Recent, ReviewAction, SecondLook
from pipelines import review
from storage import plans, reviews
from storage.store import Store

RECENT = 20
"""Answers that can still be taken back after a reload."""


@dataclass(frozen=True, slots=True)
class NativeQueue:
    """One spot-check as one reviewer sees it."""

    store: Store
    dataset: str
    plan: str
    reviewer: str

    def load(self) -> QueueState:
        """Lease the next rows, and find the second looks that are due."""
        tasks = {row["task"]: row for row in plans.tasks(self.store, self.plan).iter_rows(named=True)}
        given = list(reviews.frame(self.store, self.dataset, plan=self.plan).iter_rows(named=True))
        by_task: dict[str, list[dict[str, Any]]] = {}
        for row in given:
            by_task.setdefault(row["task"], []).append(row)
        due = [
            _second(tasks[task], said[0]["value"])
            for task, said in by_task.items()
            if len(said) == 1 and said[0]["reviewer"] == self.reviewer and _needs_second_look(said[0], tasks[task])
        ]
        open_rows = review.claim(self.store, self.dataset, self.reviewer, plan=self.plan, count=PREFETCH)
        mine = [row for row in given if row["reviewer"] == self.reviewer][-RECENT:]
        return QueueState(
            items=[_card(row) for row in open_rows.iter_rows(named=True)],
            second_looks=due,
            recent=[_recent(row, by_task[row["task"]], tasks[row["task"]]) for row in mine],
            done=len(by_task),
            total=len(tasks),
        )

    def apply(self, actions: Sequence[ReviewAction]) -> Applied:
        """Store actions in order; an id that is stored already changes nothing."""
        tasks = {row["task"]: row for row in plans.tasks(self.store, self.plan).iter_rows(named=True)}
        refused: dict[str, str] = {}
        for undoing, part in groupby(actions, key=lambda action: action.verdict == "undo"):
            batch = list(part)
            if not undoing:
                records = [self._record(action, tasks.get(action.task_id)) for action in batch]
                report = review.import_records(records, self.plan, self.store)
                refused.update({batch[r["line"] - 1].action_id: str(r["detail"]) for r in report.rejects})
                continue
            for action in batch:
                undoes = action.undoes or ""
                review.undo(self.store, reviewer=self.reviewer, undoes=undoes, action_id=action.action_id)
        return Applied([a.action_id for a in actions if a.action_id not in refused], refused)

    def _record(self, action: ReviewAction, task: dict[str, Any] | None) -> dict[str, Any]:
        """The action as `curator review import` would read it."""
        verdict: str = action.verdict
        # The browser does not know the teacher's answer to a blind row, so only here accept and edit part.
        if task is not None and verdict in ("accept", "edit", "second_look"):
            verdict = "accept" if action.value == task["proposed"] else "edit"
        return {
            "task_id": action.task_id,
            "reviewer": self.reviewer,
            "verdict": verdict,
            "value": action.value,
            "blind": bool(task and task["blind"]) and action.verdict != "second_look",
            "seconds": action.seconds,
            "note": action.note,
            "action_id": action.action_id,
        }


def _needs_second_look(said: dict[str, Any], task: dict[str, Any]) -> bool:
    """Whether a first look disagrees with the teacher and nobody has looked again."""
    differs = said["value"] is not None and task["proposed"] is not None and said["value"] != task["proposed"]
    return bool(said["blind"]) and differs


def _card(task: dict[str, Any]) -> Card:
    proposed = None if task["blind"] else task["proposed"]
    return Card(task["task"], task["text"], proposed, task["blind"], task["why"], task["stream"])


def _second(task: dict[str, Any], first: str) -> SecondLook:
    return SecondLook(task["task"], task["text"], task["proposed"], first, task["why"], task["stream"])


def _recent(row: dict[str, Any], said: list[dict[str, Any]], task: dict[str, Any]) -> Recent:
    first = said[0]
    if row is not first and _needs_second_look(first, task):
        return Recent(_second(task, first["value"]), row["action_id"], second=True)
    return Recent(_card(task), row["action_id"])
