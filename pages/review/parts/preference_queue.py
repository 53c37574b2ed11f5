"""Between the preference component and the store: which comparisons are open for a reviewer, and what was preferred."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curator.errors import DataError, RequestError
from pages.components.preferences.component import Answered, Pair, PreferenceAction, PreferenceState
from pages.components.protocol import PREFETCH, Applied
from pipelines.preferences import choose as preferring
from storage.engine.store import Store
from storage.review import comparisons

_RECENT = 20
"""Answers that a reviewer can still take back after a reload."""


@dataclass(frozen=True, slots=True)
class PreferenceQueue:
    """One batch of comparisons as one reviewer sees it."""

    store: Store
    dataset: str
    batch: str
    reviewer: str

    def load(self) -> PreferenceState:
        """Lease the next comparisons."""
        items = comparisons.claim(self.store, self.batch, self.reviewer, PREFETCH)
        said = comparisons.answers(self.store, self.dataset, batch=self.batch)
        mine = said.filter(reviewer=self.reviewer).tail(_RECENT)
        standing = comparisons.batches(self.store, self.dataset).filter(batch=self.batch).row(0, named=True)
        return PreferenceState(
            items=[_pair(row) for row in items.iter_rows(named=True)],
            recent=[Answered(_pair(row), row["action_id"]) for row in mine.iter_rows(named=True)],
            done=standing["answered"],
            total=standing["comparisons"],
        )

    def apply(self, actions: Sequence[PreferenceAction]) -> Applied:
        """Store actions in order; an id that is stored already changes nothing."""
        refused: dict[str, str] = {}
        for action in actions:
            try:
                self._apply(action)
            except (RequestError, DataError) as error:
                refused[action.action_id] = str(error)
        return Applied([a.action_id for a in actions if a.action_id not in refused], refused)

    def _apply(self, action: PreferenceAction) -> None:
        if action.verdict == "undo":
            undoes = action.undoes or ""
            preferring.take_back(self.store, reviewer=self.reviewer, undoes=undoes, action_id=action.action_id)
            return
        preferring.prefer(
            self.store,
            self.batch,
            action.task_id,
            self.reviewer,
            "skip" if action.verdict == "skip" else action.value or "",
            action_id=action.action_id,
            seconds=action.seconds,
            note=action.note,
        )


def _pair(row: Mapping[str, Any]) -> Pair:
    left, right = ("a", "b") if row["left_side"] == "a" else ("b", "a")
    return Pair(row["comparison"], row["text"], row[left], row[right])
