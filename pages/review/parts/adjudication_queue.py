"""Between the review component and the store for rows that people dispute: who said what, and the last word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from curator.records import ReviewTask
from curator.review import Dispute
from pages.components.review.component import Applied, Card, QueueState, Recent, ReviewAction
from pipelines.review import answers as review
from storage.engine.store import Store
from storage.review import plans, reviews
from storage.views import agreement as opinions

_RECENT = 20
_WHY = {
    "disputed": "People differ",
    "rejected": "The label was rejected, and nobody has said what is right",
    "unsettled": "Waits for another look",
    "skipped": "Skipped: nobody has said what is right",
}


@dataclass(frozen=True, slots=True)
class AdjudicationQueue:
    """The disputed rows of a dataset as one adjudicator sees them.

    `own` says whether the adjudicator may settle disputes that they are part of.
    """

    store: Store
    dataset: str
    adjudicator: str
    own: bool

    def load(self) -> QueueState:
        """The open disputes, the most worth settling first, and those that the adjudicator skipped after them."""
        final = [r for r in reviews.frame(self.store, self.dataset).iter_rows(named=True) if r["adjudicates"]]
        mine = [r for r in final if r["reviewer"] == self.adjudicator]
        put_off = {r["example_id"] for r in mine if r["verdict"] == "skip"}
        open_rows = sorted(self.disputes(), key=lambda d: d.example_id in put_off or self._skipped(d))
        settled = {r["example_id"] for r in final} - {d.example_id for d in open_rows}
        texts = {d.task: plans.task(self.store, d.task) for d in open_rows}
        return QueueState(
            items=[_card(d, task.text) for d in open_rows if (task := texts[d.task]) is not None],
            second_looks=[],
            recent=[_recent(r, plans.task(self.store, r["task"])) for r in mine[-_RECENT:]],
            done=len(settled),
            total=len(settled) + len(open_rows),
        )

    def disputes(self) -> list[Dispute]:
        """The disputes that this adjudicator may settle."""
        others = self._others()
        return [d for d in opinions.disputes(self.store, self.dataset) if self._mine(d, others)]

    def left_to_others(self) -> int:
        """How many rows wait for somebody else, since this adjudicator is a party to them."""
        others = self._others()
        return sum(not self._mine(d, others) for d in opinions.disputes(self.store, self.dataset))

    def _others(self) -> frozenset[str]:
        return opinions.people(self.store, self.dataset) - {self.adjudicator}

    def _mine(self, dispute: Dispute, others: frozenset[str]) -> bool:
        """Whether this adjudicator may settle it; who only skipped a row is no party to it."""
        words = {s.reviewer: s.verdict for s in dispute.said}
        verdict = words.get(self.adjudicator, "skip")
        return not (verdict == "reject" and others) and (self.own or verdict == "skip")

    def _skipped(self, dispute: Dispute) -> bool:
        """Whether this adjudicator is who skipped the row: somebody else sees it first, they see it last."""
        return any(s.reviewer == self.adjudicator and s.verdict == "skip" for s in dispute.said)

    def apply(self, actions: Sequence[ReviewAction]) -> Applied:
        """Store each last word; an id that is stored already changes nothing."""
        settled = {r["action_id"] for r in reviews.frame(self.store, self.dataset).iter_rows(named=True)}
        open_rows = {d.task: d for d in self.disputes()}
        refused: dict[str, str] = {}
        for action in actions:
            if action.verdict == "undo":
                review.undo(
                    self.store, reviewer=self.adjudicator, undoes=action.undoes or "", action_id=action.action_id
                )
            elif action.action_id not in settled:
                reason = self._settle(action, open_rows.pop(action.task_id, None))
                if reason is not None:
                    refused[action.action_id] = reason
        return Applied([a.action_id for a in actions if a.action_id not in refused], refused)

    def _settle(self, action: ReviewAction, dispute: Dispute | None) -> str | None:
        """Store one last word; why not, where it was refused."""
        if dispute is None:
            return "somebody else has settled this row, or it is not yours to settle"
        verdict = "accept" if action.value is not None and action.value == dispute.proposed else action.verdict
        record = {
            "task_id": dispute.task,
            "reviewer": self.adjudicator,
            "verdict": "edit" if verdict == "accept" and action.value != dispute.proposed else verdict,
            "value": action.value,
            "blind": False,
            "adjudicates": True,
            "seconds": action.seconds,
            "note": action.note,
            "action_id": action.action_id,
        }
        return review.save(dispute.plan, [dispute.task], lambda _: [record], self.store).get(0)


def who_said_what(dispute: Dispute) -> str:
    """Everybody's newest word in one line.

    >>> from curator.review.adjudication import Said
    >>> said = (Said("ana", "edit", "refund", True, None), Said("ben", "reject", None, False, "not a question"))
    >>> who_said_what(Dispute("e", "t", "p", "audit", "disputed", "account", said, 1.0, None, 1.0, 2.0))
    'ana: refund; ben: reject (not a question); the teacher: account'
    """
    words = [
        f"{s.reviewer}: {s.value if s.value is not None else s.verdict}" + (f" ({s.note})" if s.note else "")
        for s in dispute.said
    ]
    return "; ".join([*words, f"the teacher: {dispute.proposed if dispute.proposed is not None else 'nothing'}"])


def _card(dispute: Dispute, text: str) -> Card:
    why = f"{_WHY[dispute.status]}. {who_said_what(dispute)}"
    return Card(dispute.task, text, dispute.proposed, False, why, "adjudication")


def _recent(row: dict[str, Any], task: ReviewTask | None) -> Recent:
    card = Card(row["task"], task.text if task else "", row["proposed"], False, "You settled this row.", "adjudication")
    return Recent(card, row["action_id"])
