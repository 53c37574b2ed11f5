"""The current label of each row: a view over append-only labels, reviews and decisions.

Order of precedence: adjudicated, else agreed or single undisputed review, else a group decision, else the
chosen teacher. A blind first look that disagrees with the label under review counts only after a second look (by
anybody) that says the same; a row that a plan asks several people about counts only once they all have answered and
agree. Until then the row is `unsettled` and stays out of releases. Answers to gold cards measure the reviewer, and
never say anything about the row.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

import polars as pl

from curator.records import DECISIONS, GOLD, LABELS, OPINION, REVIEWS, Action, Column, FrameSchema

Out = Literal["excluded", "rejected", "disputed", "unsettled", "unlabelled"]

CURRENT = FrameSchema(
    "a row's current label",
    (
        Column("example_id", pl.String, "the row"),
        Column("teacher_value", pl.String, "the labeler's own label; null without one"),
        Column("value", pl.String, "the label in force; null without one"),
        Column("basis", pl.String, "what set it: adjudication, review, decision, teacher or none"),
        Column("out", pl.String, "why the row may not be released; null where it may"),
        Column("human_status", pl.String, "what people's reviews amount to; null where nobody has spoken"),
        Column("human_value", pl.String, "the label that people gave; null without one"),
        Column("decision", pl.String, "the newest decision in force about it; null without one"),
        Column("decision_seq", pl.Int64, "when that was taken, in the store's own count"),
    ),
)
_LABELS = LABELS.only("seq", "example_id", "labeler", "sample", "value")
_REVIEWS = REVIEWS.only("seq", "example_id", "reviewer", "verdict", "value", "blind", "stream", "proposed")
_DECISIONS = DECISIONS.only("seq", "decision", "action", "value", "example_id")


@dataclass(frozen=True, slots=True)
class HumanOutcome:
    """What people said about one row, taken together.

    `status`: settled (value holds), rejected (wrong, no right value given), disputed (people differ),
    unsettled (a blind disagreement waits for a second look, or an overlapped row for further reviewers), skipped
    (nobody could say).
    """

    status: Literal["settled", "rejected", "disputed", "unsettled", "skipped"]
    value: str | None
    adjudicated: bool = False


def human_outcome(reviews: Iterable[dict[str, Any]]) -> HumanOutcome | None:
    """Combine the reviews of one row, oldest first; None without any.

    Args:
        reviews: Mappings with reviewer, verdict, value, blind, stream, proposed (the label that was reviewed) and
            perhaps adjudicates and overlap (how many people the plan asks).
    """
    given = [r for r in reviews if r["stream"] != GOLD]
    if not given:
        return None
    said = [r for r in given if r["verdict"] != "skip"]
    final = [r for r in said if r["stream"] == "adjudication" or r.get("adjudicates")]
    if final:
        value = None if final[-1]["verdict"] == "reject" else final[-1]["value"]
        return HumanOutcome("rejected" if value is None else "settled", value, adjudicated=True)
    newest_by_reviewer: dict[str, dict[str, Any]] = {r["reviewer"]: r for r in said}
    answers = {None if r["verdict"] == "reject" else r["value"] for r in _differing(newest_by_reviewer.values())}
    if len(answers) > 1:
        return HumanOutcome("disputed", None)
    answer = next(iter(answers), None)
    if _waits_for_others(given, set(newest_by_reviewer)):
        return HumanOutcome("unsettled", answer)
    if not said:
        return HumanOutcome("skipped", None)
    if answer is None:
        return HumanOutcome("rejected", None)
    saying_so = [r for r in said if r["value"] == answer]
    # The same person, still blind, gives no second look: a file read twice must not confirm itself.
    first_look_only = len({r["reviewer"] for r in saying_so}) == 1 and all(
        r["blind"] and answer != r["proposed"] for r in saying_so
    )
    return HumanOutcome("unsettled" if first_look_only else "settled", answer)


def _differing(newest: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The words that may differ: in another tool "it is not X" was said of X alone, and fits whoever says Y."""
    given = list(newest)
    values = {r["value"] for r in given if r["verdict"] != "reject"}
    fitting = [
        r
        for r in given
        if r["verdict"] == "reject"
        and r["stream"] == OPINION
        and r["proposed"] is not None
        and r["proposed"] not in values
    ]
    return [r for r in given if r not in fitting] if values else given


def _waits_for_others(given: list[dict[str, Any]], speakers: set[str]) -> bool:
    """Whether a row that a plan asks several people about lacks some of them, or two who say anything.

    One answer beside skips is no agreement; skips alone, by all who were asked, are a skip.
    """
    asked = max(r.get("overlap") or 1 for r in given)
    return asked > 1 and (len({r["reviewer"] for r in given}) < asked or len(speakers) == 1)


@dataclass(frozen=True, slots=True)
class TakenDecision:
    """A decision as the store keeps it, an undo too.

    Attributes:
        decision: Its id.
        action: What was decided.
        value: The label of a relabel, the row that a merge keeps, the decision that an undo names; None without.
        finding_id: The finding that it settles, or None.
        reviewer: Who took it.
        reason: Why.
        seq: When, in the store's own count.
        kind: Of the finding; None without.
        rows: How many rows it is about; 0 where that was not asked.
        created_at: When, by the clock; None where that was not asked.
    """

    decision: str
    action: Action
    value: str | None
    finding_id: str | None = None
    reviewer: str = ""
    reason: str = ""
    seq: int = 0
    kind: str | None = None
    rows: int = 0
    created_at: datetime | None = None

    def takes_out(self, example_id: str) -> bool:
        """Whether a row that it is about leaves the dataset by it."""
        return self.action == "exclude" or (self.action == "merge" and self.value != example_id)


@dataclass(frozen=True, slots=True)
class Standing:
    """The decisions in force about one row, after taking undos back.

    Attributes:
        label: The newest that sets its label.
        presence: The newest on whether it stays (exclude, keep, merge): keeping a row, or merging its copies, does
            not take its label back.
        newest: The later of the two.
    """

    label: TakenDecision | None
    presence: TakenDecision | None
    newest: TakenDecision


def in_force(decisions: Iterable[TakenDecision]) -> list[TakenDecision]:
    """The decisions about one row, or from one finding, without those that were taken back and without the undos.

    An undo whose `value` names a decision takes back that one (twice is as once); without a value it takes back
    the newest that is still in force.

    Args:
        decisions: Oldest first.
    """
    standing: list[TakenDecision] = []
    for row in decisions:
        if row.action != "undo":
            standing.append(row)
        elif row.value is not None:
            standing = [taken for taken in standing if taken.decision != row.value]
        elif standing:
            standing.pop()
    return standing


def standing_decisions(taken: Iterable[TakenDecision]) -> list[TakenDecision]:
    """The decisions of a dataset that were not taken back, oldest first; see `in_force`.

    Args:
        taken: Each decision once, oldest first. An undo without a value reaches only decisions from its own finding.
    """
    about: dict[str, list[TakenDecision]] = defaultdict(list)
    order: dict[str, int] = {}
    for place, row in enumerate(taken):
        undone = row.value if row.action == "undo" else None
        about[row.finding_id or undone or row.decision].append(row)
        order[row.decision] = place
    return sorted((d for rows in about.values() for d in in_force(rows)), key=lambda d: order[d.decision])


def decisions_by_row(decisions: pl.DataFrame) -> dict[str, list[TakenDecision]]:
    """Example id -> the decisions about it, oldest first.

    Args:
        decisions: As `curator.records.DECISIONS` states; `reviewer`, `reason` and `finding_id` may be missing.

    Raises:
        DataError: A column is missing or of another type.
    """
    kept = [each.name for each in fields(TakenDecision) if each.name in decisions.columns]
    taken: dict[str, TakenDecision] = {}
    history: dict[str, list[TakenDecision]] = defaultdict(list)
    for row in _DECISIONS.check(decisions).sort("seq").iter_rows(named=True):
        if row["decision"] not in taken:
            taken[row["decision"]] = TakenDecision(**{name: row[name] for name in kept})
        history[row["example_id"]].append(taken[row["decision"]])
    return history


def effective_decisions(decisions: pl.DataFrame) -> dict[str, Standing]:
    """Example id -> what is decided about it, after taking undos back (see `in_force`, `decisions_by_row`)."""
    standing = {example: in_force(rows) for example, rows in decisions_by_row(decisions).items()}
    return {
        example: Standing(
            label=next((d for d in reversed(stack) if d.action == "relabel"), None),
            presence=next((d for d in reversed(stack) if d.action != "relabel"), None),
            newest=stack[-1],
        )
        for example, stack in standing.items()
        if stack
    }


def excludes(standing: Standing, example_id: str) -> bool:
    """Whether the decisions about a row take it out."""
    return standing.presence is not None and standing.presence.takes_out(example_id)


def teacher_values(labels: pl.DataFrame, labeler: str | None) -> dict[str, str]:
    """Example id -> the labeler's newest first-sample value."""
    chosen = _LABELS.check(labels).filter(pl.col("sample") == 0)
    if labeler is not None:
        chosen = chosen.filter(pl.col("labeler") == labeler)
    return dict(chosen.sort("seq").select("example_id", "value").iter_rows())


def current_labels(
    example_ids: Iterable[str],
    *,
    labels: pl.DataFrame,
    reviews: pl.DataFrame,
    decisions: pl.DataFrame,
    labeler: str | None,
) -> pl.DataFrame:
    """The current label of each row, in the order given.

    Args:
        example_ids: The rows.
        labels: As `curator.records.LABELS` states, or that much of it: seq, example_id, labeler, sample, value.
        reviews: As `REVIEWS` states (undone ones left out), or seq, example_id, reviewer, verdict, value, blind,
            stream, proposed of it.
        decisions: As `DECISIONS` states, or seq, decision, action, value, example_id of it.
        labeler: Whose labels stand where no person has spoken; None takes the newest of anybody.

    Returns:
        Columns as in `CURRENT`. `out` is null for a row that may be released; otherwise the reason why not.

    Raises:
        DataError: A frame lacks a column, or has one of another type.
    """
    teacher = teacher_values(labels, labeler)
    decided = effective_decisions(decisions)
    by_row: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _REVIEWS.check(reviews).sort("seq").iter_rows(named=True):
        by_row[row["example_id"]].append(row)
    records = [
        _one(e, teacher.get(e), human_outcome(_about(by_row.get(e, ()), teacher.get(e))), decided.get(e))
        for e in example_ids
    ]
    return pl.DataFrame(records, schema=CURRENT.dtypes, orient="row")


def _about(reviews: Iterable[dict[str, Any]], label: str | None) -> list[dict[str, Any]]:
    """The reviews that say something of the label: that another answer is wrong, said in another tool, does not."""
    return [
        r
        for r in reviews
        if label is None
        or r["verdict"] != "reject"
        or r["stream"] != OPINION
        or r["proposed"] is None
        or r["proposed"] == label
    ]


def _one(
    example_id: str, teacher: str | None, human: HumanOutcome | None, decided: Standing | None
) -> tuple[str | int | None, ...]:
    value, basis = teacher, "teacher" if teacher is not None else "none"
    out: Out | None = None
    if decided is not None and decided.label is not None:
        value, basis = decided.label.value, "decision"
    if human is not None:
        if human.status == "settled":
            value, basis = human.value, "adjudication" if human.adjudicated else "review"
        elif human.status != "skipped":
            out = human.status
    if decided is not None and excludes(decided, example_id):
        out = "excluded"
    if value is None and out is None:
        out = "unlabelled"
    return (
        example_id,
        teacher,
        value,
        basis,
        out,
        human.status if human else None,
        human.value if human else None,
        decided.newest.decision if decided else None,
        decided.newest.seq if decided else None,
    )
