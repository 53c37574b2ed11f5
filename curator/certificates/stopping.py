"""May we stop? What the part of a spot-check that is reviewed so far shows, however often one asks.

Audit rows come in one random order, so those before the first unreviewed one are a random sample of each stratum, and
a confidence sequence over the strata (`curator.certificates.confidence_sequence`) holds at every look at once. Rows
reviewed out of turn wait until the gap before them is closed. A release needs the finished plan all the same: its
certificate is a figure for a number of reviews that was fixed beforehand, and two answers that may each be wrong are
not one.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from curator.certificates.certify import (
    changed_since,
    errors_fixed,
    known_wrong,
    released_rows,
    strata_results,
    with_lost,
    with_today,
)
from curator.certificates.confidence_sequence import stratified_sequence_bound
from curator.certificates.confidence_spending import in_words
from curator.records import Bound
from curator.statistics import at_most, percent


@dataclass(frozen=True, slots=True)
class LiveAnswer:
    """Where a plan stands. Counts are rows; bounds are None where they are void, and `why` says so.

    Attributes:
        may_stop: Whether the released rows are shown to be within the target; None without a target.
        why: The same in a sentence.
        plan: The plan's id.
        drawn: Audit rows.
        reviewed: Those reviewed.
        in_turn: Those before the first unreviewed one: what the bounds rest on.
        target: Highest error, 0..1, or None.
        teacher_error: Bound on the teacher's error, valid at every look.
        shipped_upper: Upper bound on the error of the rows that a release made now would hold, 0..1.
        confidence: Of both.
    """

    may_stop: bool | None
    why: str
    plan: str
    drawn: int
    reviewed: int
    in_turn: int
    target: float | None
    teacher_error: Bound
    shipped_upper: float | None
    confidence: float

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def live_answer(
    *,
    plan: str,
    rows: pl.DataFrame,
    in_order: Sequence[str],
    current: pl.DataFrame,
    target: float | None,
    confidence: float,
) -> LiveAnswer:
    """Judge a plan that may be unfinished.

    Args:
        plan: The plan's id.
        rows: As in `curator.certificates.certify.certify`.
        in_order: The audit rows, in the random order of the plan.
        current: As in `certify`.
        target: Highest error, 0..1, or None.
        confidence: Of each bound, after what earlier attempts have spent.
    """
    now = with_today(rows, in_order, current)
    status: dict[str, str | None] = dict(now.filter("audited").select("example_id", "human_status").iter_rows())
    reviewed = sum(1 for example in in_order if status.get(example) is not None)
    in_turn = next((n for n, e in enumerate(in_order) if status.get(e) is None), len(in_order))
    now = now.with_columns(audited=pl.col("example_id").is_in(list(in_order[:in_turn])))
    strata, known = with_lost(now, strata_results(now, "teacher_value"))
    teacher = stratified_sequence_bound(strata, known_errors=known_wrong(now), known_rows=known, confidence=confidence)
    strata, known = with_lost(now, strata_results(now, "drawn_value"))
    drawn = stratified_sequence_bound(strata, known_rows=known, confidence=confidence)
    released = released_rows(now)
    upper = None
    if released.height and not changed_since(released):
        left = round(drawn.upper_one_sided * now.height) - errors_fixed(now)
        upper = min(max(left, 0) / released.height, 1.0)
    may_stop, why = _answer(upper, target, confidence, in_turn, len(in_order))
    return LiveAnswer(
        may_stop, why, plan, len(in_order), reviewed, in_turn, target, teacher, upper, confidence
    )  # fmt: skip


def _answer(
    upper: float | None, target: float | None, confidence: float, in_turn: int, drawn: int
) -> tuple[bool | None, str]:
    if upper is None:
        return False, "labels or texts of released rows have changed since the draw: draw a fresh spot-check"
    if upper >= 1.0:  # no bound at all
        return (None if target is None else False), (
            f"not yet: too few rows are reviewed to say anything, {in_turn:,} of {drawn:,} audit rows in turn"
        )
    shown = f"at most {at_most(upper)} of the released labels are wrong ({in_words(confidence)}, at every look)"
    seen = f"by {in_turn:,} of {drawn:,} audit rows, reviewed in turn"
    if target is None:
        return None, f"{shown}, {seen}; without a target there is nothing to stop for"
    if upper <= target:
        return True, f"{shown}, {seen}; that is within the target of {percent(target, 2)}"
    return False, f"not yet: {shown}, {seen}; the target is {percent(target, 2)}"
