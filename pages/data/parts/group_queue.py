"""Between the group component and the store: which groups are open, and what was decided about them."""

from collections import defaultdict
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from curator.checks import survivor
from curator.records import Finding
from curator.review import Standing, TakenDecision, effective_decisions, excludes, human_outcome, standing_decisions
from curator.text import marked
from pages.components.groups.component import GROUPS_HELD, GroupAction, GroupCard, GroupState, Member
from pages.components.protocol import Applied
from pages.frame.words import FINDINGS, percent, sentence
from pipelines.analysis import decide
from storage.checks import findings
from storage.dataset import examples
from storage.engine.store import Store
from storage.review import reviews

DUPLICATES = ("exact_duplicate", "near_duplicate", "semantic_duplicate")
GROUP_KINDS = ("contradiction", *DUPLICATES)
_RECENT = 20
"""Decisions that can still be taken back after a reload."""
MEMBERS_SHOWN = 24
"""Rows of a group that are drawn; the card says how many more there are."""
_TEXT_LIMIT = 4_000
ALIKE: dict[str, str] = {
    "exact_duplicate": "The same text.",
    "near_duplicate": "Nearly the same text.",
    "semantic_duplicate": "Alike in meaning.",
}
REASONS = {
    "same bytes": "the same text",
    "same after normalising": "the same but for case, spacing or punctuation",
    "representative": "the others were compared with this one",
    "spacing": "differs in spacing",
    "typo": "differs in spelling",
    "words": "differs in a word",
    "ends": "differs at an end",
    "same marks": "differs in some words",
    "meaning": "says the same in other words",
}


@lru_cache(maxsize=8)
def of_run(path: Path, run: str, kind: str) -> tuple[Finding, ...]:
    """The groups of one kind of a finished run, surest first; a run never changes, so it is read once."""
    return tuple(findings.frame(Store(path), run, kind))


@dataclass(frozen=True, slots=True)
class GroupQueue:
    """The groups of one kind in one check run, as one person sees them.

    Attributes:
        store: The project's store.
        dataset: Whose rows.
        run: The check run.
        kind: One of `GROUP_KINDS`.
        least: Groups whose score is below this are not shown.
        reader: Who decides.
        test: Ids of the rows of the frozen test split.
        skipped: Action -> group put off for now; kept for the length of a session.
    """

    store: Store
    dataset: str
    run: str
    kind: str
    least: float
    reader: str
    test: frozenset[str]
    skipped: MutableMapping[str, str]

    def load(self) -> GroupState:
        """Find what is open: neither decided, nor settled by what was decided about its rows elsewhere."""
        found = [f for f in of_run(self.store.path, self.run, self.kind) if f.score >= self.least]
        standing = self._standing()
        rows = _rows(self.store, self.dataset)
        waiting = {f.id: f for f in found if f.id not in standing and not _moot(f, rows)}
        if self.kind != "contradiction":
            held = self._contradicting(standing, rows)
            waiting = {ident: f for ident, f in waiting.items() if not held & set(f.example_ids)}
        put_off = [task for task in dict.fromkeys(self.skipped.values()) if task in waiting]
        first = [f for f in waiting.values() if f.id not in put_off]
        order = (first + [waiting[task] for task in put_off])[:GROUPS_HELD]
        by_id = {f.id: f for f in found}
        mine = [d for d in standing.values() if d.reviewer == self.reader and d.finding_id in by_id]
        recent = sorted(mine, key=lambda d: d.seq)[-_RECENT:]
        drawn = [*order, *(by_id[str(d.finding_id)] for d in recent)]
        names = examples.external_ids(self.store, [e for finding in drawn for e in finding.example_ids])
        groups = [self._group(finding, rows, names) for finding in drawn]
        return GroupState(
            items=groups[: len(order)],
            recent=[(group, d.decision) for group, d in zip(groups[len(order) :], recent, strict=True)],
            done=len(found) - len(waiting),
            total=len(found),
        )

    def open_groups(self) -> int:
        """How many groups wait for a decision now; rows that contradict each other count once, as contradictions."""
        state = self.load()
        return state.total - state.done

    def _contradicting(self, standing: Mapping[str, TakenDecision], rows: "_Rows") -> set[str]:
        """Rows of contradictions that nobody has settled: as duplicates they come up once that is done."""
        found = of_run(self.store.path, self.run, "contradiction")
        return {e for f in found if f.id not in standing and not _moot(f, rows) for e in f.example_ids}

    def apply(self, actions: Sequence[GroupAction]) -> Applied:
        """Store actions in order; an id that is stored already changes nothing."""
        refused: dict[str, str] = {}
        # An undo can name a decision of the same message, so that one is stored first.
        for undoing, part in groupby(actions, key=lambda action: action.verdict == "undo"):
            batch = [action for action in part if not self._put_off(action)]
            report = decide.take([self._record(a, undoing=undoing) for a in batch], self.dataset, self.store)
            refused.update({batch[r["line"] - 1].action_id: str(r["detail"]) for r in report.rejects})
        return Applied([a.action_id for a in actions if a.action_id not in refused], refused)

    def _put_off(self, action: GroupAction) -> bool:
        """Note a skip, or take one back; whether the action was one of these."""
        if action.verdict == "skip":
            self.skipped[action.action_id] = action.task_id
        elif action.verdict == "undo" and action.value == "skip":
            self.skipped.pop(str(action.undoes), None)  # another session's skips are forgotten
        else:
            return False
        return True

    def _record(self, action: GroupAction, *, undoing: bool) -> dict[str, Any]:
        said: dict[str, Any] = {"action_id": action.action_id, "action": action.verdict, "reviewer": self.reader}
        if undoing:
            undoes = str(action.undoes)
            # What was decided before a reload is named by the decision, the rest by the action.
            return said | {"decision": undoes if undoes[:2] == "d_" else decide.decision_id(self.dataset, undoes)}
        reason = action.note or f"{FINDINGS[self.kind].lower()}, side by side"
        return said | {"finding_id": action.task_id, "value": action.value, "reason": reason}

    def _standing(self) -> dict[str, TakenDecision]:
        """Finding -> the newest decision about it that was not taken back."""
        standing = standing_decisions(reviews.taken(self.store, self.dataset))
        return {decision.finding_id: decision for decision in standing if decision.finding_id is not None}

    def _group(self, finding: Finding, rows: "_Rows", names: Mapping[str, str]) -> GroupCard:
        members = finding.evidence["members"]
        contradiction = finding.kind == "contradiction"
        counts: defaultdict[str, int] = defaultdict(int)
        for member in members:
            if (label := rows.label(member)) is not None:
                counts[label] += 1
        by_size = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        differ = not contradiction and len(counts) > 1
        # No row is proposed as the one to keep while the others say something else.
        kept = None if differ else self._survivor(finding, rows)
        suggested = finding.suggestion.get("value") if contradiction else kept
        return GroupCard(
            task_id=finding.id,
            contradiction=contradiction,
            why=_why(finding),
            members=[self._member(m, rows, names) for m in _spread(members, [name for name, _ in by_size], rows)],
            rows=len(members),
            labels=by_size if contradiction else [],
            suggested=suggested if not contradiction or suggested in counts else None,
            warning="These rows have different labels. Settle them under Contradictions first." if differ else "",
        )

    def _survivor(self, finding: Finding, rows: "_Rows") -> str:
        inside = {e for e in finding.example_ids if not rows.excluded(e)}
        return survivor(finding, inside=inside, test=self.test, reviewed=rows.reviewed)

    def _member(self, member: dict[str, Any], rows: "_Rows", names: Mapping[str, str]) -> Member:
        ident, text = str(member["example_id"]), str(member["text"])
        more = len(text) - _TEXT_LIMIT
        pieces = marked(text[:_TEXT_LIMIT], member.get("words", ()))
        notes = [REASONS[member["reason"]] if member.get("reason") in REASONS else str(member.get("reason") or "")]
        if 0 < float(member.get("score", 1.0)) < 1:
            notes.append(f"{percent(member['score'], 0)} alike")
        if ident in self.test:
            notes.append("in the test split")
        if ident in rows.reviewed:
            notes.append("reviewed by a person, keeps its review")
        if rows.excluded(ident):
            notes.append("left out already")
        if more > 0:
            pieces = [*pieces, (f"\n[… {more:,} more characters are not shown here]", False)]
        return Member(ident, names.get(ident, ident), pieces, rows.label(member), [note for note in notes if note])


@dataclass(frozen=True, slots=True)
class _Rows:
    """What was said about single rows: decisions in force, and what people settled."""

    decided: dict[str, Standing]
    reviewed: dict[str, str]

    def label(self, member: dict[str, Any]) -> str | None:
        """The label of a row now: reviewed, else decided, else as it was checked."""
        ident = member["example_id"]
        if ident in self.reviewed:
            return self.reviewed[ident]
        standing = self.decided.get(ident)
        if standing is not None and standing.label is not None:
            return standing.label.value
        return None if member["label"] is None else str(member["label"])

    def excluded(self, ident: str) -> bool:
        """Whether a decision leaves the row out."""
        return ident in self.decided and excludes(self.decided[ident], ident)


def _rows(store: Store, dataset: str) -> _Rows:
    by_row: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in reviews.frame(store, dataset).iter_rows(named=True):
        by_row[row["example_id"]].append(row)
    said = {example: human_outcome(given) for example, given in by_row.items()}
    return _Rows(
        decided=effective_decisions(reviews.decisions(store, dataset)),
        reviewed={e: o.value for e, o in said.items() if o and o.status == "settled" and o.value is not None},
    )


def _moot(finding: Finding, rows: _Rows) -> bool:
    """Whether nothing is left to settle: one row is left, or in a contradiction one label."""
    inside = [m for m in finding.evidence["members"] if not rows.excluded(m["example_id"])]
    if finding.kind == "contradiction":
        return len({rows.label(member) for member in inside}) < 2
    return len(inside) < 2


def _spread(members: Sequence[dict[str, Any]], labels: Sequence[str], rows: _Rows) -> list[dict[str, Any]]:
    """The rows to draw: some of each label, so that no side of a contradiction is hidden by a long one."""
    if len(members) <= MEMBERS_SHOWN:
        return list(members)
    each = max(1, MEMBERS_SHOWN // max(1, len(labels)))
    drawn = [[m for m in members if rows.label(m) == label][:each] for label in labels]
    return [member for side in drawn for member in side][:MEMBERS_SHOWN]


def _why(finding: Finding) -> str:
    """What the group is, in a sentence; what to do is said by the keys."""
    return ALIKE.get(finding.kind) or sentence(str(finding.suggestion.get("text", "")).split(":", 1)[0])
