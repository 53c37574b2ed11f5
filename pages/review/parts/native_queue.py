"""Between the review component and the store: what is open for a reviewer, and what the reviewer did."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from curator.errors import DataError
from curator.records import GOLD, ReviewTask, Task, as_first_said
from pages.components.review.component import (
    PREFETCH,
    Applied,
    Card,
    Neighbour,
    QueueState,
    Recent,
    ReviewAction,
    SecondLook,
)
from pipelines.analysis import nearest_settled as neighbours
from pipelines.review import answers as review
from storage.engine.store import Store
from storage.review import desk, plans


@dataclass(frozen=True, slots=True)
class NativeQueue:
    """One spot-check as one reviewer sees it."""

    store: Store
    dataset: str
    plan: str
    reviewer: str

    def load(self) -> QueueState:
        """Lease the next rows, and find the second looks that are due."""
        found = desk.read(self.store, self.dataset, self.plan, self.reviewer, PREFETCH)
        return QueueState(
            items=[_card(task, hidden=task.blind) for task in found.tasks],
            second_looks=[_second(mine.task, mine.value or "") for mine in found.mine if mine.due],
            recent=[_recent(mine) for mine in found.mine if mine.recent],
            done=found.done,
            total=found.total,
        )

    def apply(self, actions: Sequence[ReviewAction]) -> Applied:
        """Store actions in order; an id that is stored already changes nothing."""
        refused: dict[str, str] = {}
        for undoing, part in groupby(actions, key=lambda action: action.verdict == "undo"):
            batch = list(part)
            if not undoing:
                ids = [action.task_id for action in batch]
                said = review.save(self.plan, ids, partial(self._records, batch), self.store)
                refused.update({batch[place].action_id: reason for place, reason in said.items()})
                continue
            for action in batch:
                undoes = action.undoes or ""
                review.undo(self.store, reviewer=self.reviewer, undoes=undoes, action_id=action.action_id)
        return Applied([a.action_id for a in actions if a.action_id not in refused], refused)

    def neighbours(self, task: str) -> list[Neighbour] | str:
        """The rows most like a task's that people have settled, or why there are none."""
        asked = plans.task(self.store, task)
        if asked is None or asked.plan != self.plan:
            return "This row is not of this spot-check."
        found = neighbours.run(neighbours.NearestConfig(self.dataset, asked.example_id, blind=asked.blind), self.store)
        return [Neighbour(n.text, n.value, n.similarity) for n in found.rows] or found.note or ""

    def _records(self, actions: Sequence[ReviewAction], asked: desk.Asked) -> list[dict[str, Any]]:
        return [self._record(action, asked.tasks.get(action.task_id), asked.definition) for action in actions]

    def _record(self, action: ReviewAction, task: ReviewTask | None, definition: Task) -> dict[str, Any]:
        """The action as `curator review import` would read it."""
        verdict: str = action.verdict
        value = _as_stored(action.value, definition)
        # The browser does not know the teacher's answer to a blind row, so only here accept and edit part.
        if task is not None and verdict in ("accept", "edit", "second_look"):
            value = None if value is None else as_first_said(definition, value, task.proposed)
            verdict = "accept" if value == task.proposed else "edit"
        return {
            "task_id": action.task_id,
            "reviewer": self.reviewer,
            "verdict": verdict,
            "value": value,
            "blind": bool(task and task.blind) and action.verdict != "second_look",
            "seconds": action.seconds,
            "note": action.note,
            "action_id": action.action_id,
        }


def _as_stored(value: str | None, definition: Task) -> str | None:
    """The value as a label stores it (JSON in one spelling); a bad one as it is, for the import to say why not."""
    try:
        return None if value is None else definition.check_value(value)
    except DataError:
        return value


def _card(task: ReviewTask, *, hidden: bool) -> Card:
    proposed = None if hidden else task.proposed
    return Card(task.id, task.text, proposed, hidden, task.why, _shown_stream(task.stream))


def _second(task: ReviewTask, first: str) -> SecondLook:
    return SecondLook(task.id, task.text, task.proposed or "", first, task.why, _shown_stream(task.stream))


def _shown_stream(stream: str) -> str:
    """A gold card goes as one of the audit's: who knows which card is gold is not measured by it."""
    return "audit" if stream == GOLD else stream


def _recent(answer: desk.OwnAnswer) -> Recent:
    """An answer to take back; a second look comes back as one."""
    if answer.first_value is not None:
        return Recent(_second(answer.task, answer.first_value), answer.action_id, second=True)
    return Recent(_card(answer.task, hidden=answer.task.blind), answer.action_id)
