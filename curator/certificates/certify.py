"""From a plan's rows, its reviews and today's labels to a certificate about exactly the plan's rows.

The audit stream estimates. A row's truth is what people settled about it, in whichever stream: that a row
was drawn at random is what lets it speak for its stratum, and only drawn rows do. Rows settled before the
draw form the known stratum and enter exactly; one whose verdict was taken back, or disputed, since then counts as
wrong in the upper bound and as right in the lower.

Only a `certify` plan tests a target: what a `find` plan is for was said before its review, so it takes no confidence
from the plans that follow it, and its figures cannot pass a target either.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import polars as pl

from curator.certificates.bounds import StratumResult, error_bound, shipped_bound
from curator.certificates.confidence_spending import confidence_of, in_words, overall_confidence, spent_in_words
from curator.certificates.open_rows import due_in_words
from curator.errors import NotEnoughDataError
from curator.records import PLAN_ROWS, TODAY, Bound
from curator.statistics import at_most, percent

Status = Literal["CERTIFIED", "UNCERTIFIED", "INCOMPLETE"]
REDEFINED = (
    "the task's labels or rubric were changed after this spot-check was drawn, and it does not say how many labels are "
    "wrong by the new ones: review a fresh spot-check to know"
)
CLEAR = ("settled", "rejected")
_DRAWN = PLAN_ROWS.only("example_id", "stratum", "content_hash", "teacher_value", "drawn_value")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a plan proves. Counts are rows.

    `teacher_error` is about the teacher's own labels, `shipped_error` about the labels that a release made now
    would carry, both about the rows that the plan was drawn from (for shipped: those of them still in). It is None
    where the figure is void, and `why` says so.

    `attempt` counts from 1, and one more for each plan that missed the target before (`missed`, oldest first);
    `confidence` is what the bounds were judged at; `overall_confidence` is the chance, at least, that none of the
    attempts so far passes wrongly. See `curator.certificates.confidence_spending`.
    """

    status: Status
    why: tuple[str, ...]
    plan: str
    labeler: str
    target: float | None
    teacher_error: Bound | None
    shipped_error: Bound | None
    strata: tuple[dict[str, Any], ...]
    unreviewed: int
    unsettled: int
    skipped: int
    errors_found: int
    errors_fixed: int
    late_rows: int
    reviewers: tuple[str, ...]
    purpose: str
    attempt: int
    missed: tuple[str, ...]
    confidence: float
    overall_confidence: float

    @property
    def meets(self) -> bool:
        """Whether the plan is done and its bound on the released rows is within the target."""
        if self.unreviewed or self.unsettled or self.shipped_error is None:
            return False
        return self.target is None or self.shipped_error.upper_one_sided <= self.target

    def as_json(self) -> dict[str, Any]:
        """Plain values, for manifests and `--json`."""
        return asdict(self)


def certify(
    *,
    plan: str,
    labeler: str,
    rows: pl.DataFrame,
    drawn: Iterable[str],
    current: pl.DataFrame,
    reviewers: Iterable[str],
    target: float | None,
    confidence: float,
    purpose: str = "certify",
    missed: Sequence[str] = (),
    raw: bool = False,
    redefined: bool = False,
) -> Certificate:
    """Judge a plan.

    Args:
        plan: The plan's id.
        labeler: Whose labels `teacher_value` are.
        rows: The plan's population as drawn: `curator.records.PLAN_ROWS`; drawn_status may be missing.
        drawn: The audit rows.
        current: Today's labels of the rows in the train split, as `curator.records.TODAY` states.
        reviewers: Who reviewed.
        target: Highest error that may be certified, 0..1, or None.
        confidence: Of each bound, as asked for; after attempts that missed it is judged at more.
        purpose: What the plan was drawn for; only a "certify" plan can pass a target.
        missed: Plans before this one that missed its target, since the last that met it; oldest first.
        raw: What ships are the teacher's own labels of the rows that `current` leaves in, whatever people said since:
            an error is fixed only where its row is left out.
        redefined: Whether the task's labels or rubric were changed after the draw: said in `why`.

    Raises:
        NotEnoughDataError: The plan has no rows.
    """
    if rows.is_empty():
        msg = f"plan {plan} was drawn from no rows"
        raise NotEnoughDataError(msg)
    attempt, asked = len(missed) + 1, confidence
    confidence = confidence_of(attempt, asked)
    now = with_today(rows, drawn, current)
    if raw:
        now = now.with_columns(drawn_value="teacher_value", value="teacher_value_now", basis=pl.lit("teacher"))
    state = strata_results(now, "drawn_value")
    unreviewed, unsettled = sum(s.unreviewed for s in state), sum(s.unsettled for s in state)
    released = released_rows(now)
    changed = changed_since(released, raw=raw)
    late = late_rows(rows, current, raw=raw)
    void = changed or late or released.is_empty()
    shipped = None if void else _shipped_bound(now, state, released.height, confidence, raw)
    status, why = _status(due_in_words(now), changed, late, released.height, shipped, target, purpose)
    if raw:
        why = tuple(f"raw labels of the teacher: {each}" for each in why)
    if missed:
        why = (*why, spent_in_words(missed, asked))
    if redefined:
        why = (*why, REDEFINED)
    return Certificate(
        status=status,
        why=why,
        plan=plan,
        labeler=labeler,
        target=target,
        teacher_error=_teacher_bound(now, confidence),
        shipped_error=shipped,
        strata=tuple(asdict(s) for s in state),
        unreviewed=unreviewed,
        unsettled=unsettled,
        skipped=sum(s.skipped for s in state),
        errors_found=int(_wrong(now.filter("audited"), "drawn_value").sum()),
        errors_fixed=_errors_gone(now) if raw else errors_fixed(now),
        late_rows=late,
        reviewers=tuple(sorted(set(reviewers))),
        purpose=purpose,
        attempt=attempt,
        missed=tuple(missed),
        confidence=confidence,
        overall_confidence=overall_confidence(attempt, asked),
    )


def with_today(rows: pl.DataFrame, drawn: Iterable[str], current: pl.DataFrame) -> pl.DataFrame:
    """The plan's rows with today's labels beside them, and `audited`: whether the row was drawn. As in `certify`.

    Raises:
        DataError: A column is missing or of another type.
    """
    now = _DRAWN.check(rows).join(TODAY.check(current), on="example_id", how="left", suffix="_now")
    return now.with_columns(audited=pl.col("example_id").is_in(list(drawn)))


def strata_results(now: pl.DataFrame, column: str) -> list[StratumResult]:
    """What the audit rows of `with_today` say about the labels in a column, by stratum; known rows aside."""
    parts = now.filter(pl.col("stratum") != "known").partition_by("stratum", as_dict=True)
    return [_stratum(str(name), part, column) for (name,), part in sorted(parts.items(), key=lambda each: each[0])]


def released_rows(now: pl.DataFrame) -> pl.DataFrame:
    """The rows of `with_today` that a release made now would hold."""
    return now.filter(pl.col("out").is_null() & pl.col("value").is_not_null())


def errors_fixed(now: pl.DataFrame) -> int:
    """Errors among the labels as drawn that people have found since, in whichever stream."""
    return now.filter(pl.col("stratum") != "known").filter(_wrong_expression("drawn_value")).height


def _errors_gone(now: pl.DataFrame) -> int:
    """Errors among the labels as drawn whose rows no release made now would hold."""
    return int(_wrong(now.join(released_rows(now), on="example_id", how="anti"), "drawn_value").sum())


def known_wrong(now: pl.DataFrame) -> int:
    """Labels of the teacher that were known to be wrong before the draw."""
    return int(_wrong(now.filter(pl.col("stratum") == "known"), "teacher_value").sum())


def with_lost(now: pl.DataFrame, strata: Sequence[StratumResult]) -> tuple[list[StratumResult], int]:
    """The strata, with the known rows that have no verdict any more as one of which nothing was drawn; the others."""
    known = now.filter(pl.col("stratum") == "known")
    lost = known.height - known.filter(pl.col("human_status").is_in(CLEAR)).height
    return [*strata, *([StratumResult("known", lost, 0, 0)] if lost else [])], known.height - lost


def class_rows(now: pl.DataFrame) -> pl.DataFrame:
    """The rows of `with_today` as `curator.certificates.by_class` reads them: the error of the labels as drawn."""
    known = pl.col("stratum") == "known"
    settled = pl.col("human_status").is_in(CLEAR).fill_null(False)
    wrong = pl.when(settled).then(~known & _wrong_expression("drawn_value"))
    return now.filter(pl.col("drawn_value").is_not_null()).select(
        pl.col("drawn_value").alias("class"),
        "stratum",
        (pl.col("audited") | known).alias("audited"),
        pl.when(pl.col("audited") | known).then(wrong).alias("wrong"),
    )


def _teacher_bound(now: pl.DataFrame, confidence: float) -> Bound | None:
    """The bound on the teacher's own labels, None where the strata allow none."""
    teacher, rows = with_lost(now, strata_results(now, "teacher_value"))
    wrong = known_wrong(now)
    return _try(lambda: error_bound(teacher, known_errors=wrong, known_rows=rows, confidence=confidence))


def _shipped_bound(
    now: pl.DataFrame, state: list[StratumResult], released: int, confidence: float, raw: bool
) -> Bound | None:
    """The bound on what a release made now would hold, None where the strata allow none."""
    strata, rows = with_lost(now, state)
    known, fixed = (known_wrong(now), _errors_gone(now)) if raw else (0, errors_fixed(now))
    return _try(
        lambda: shipped_bound(
            strata,
            known_errors=known,
            known_rows=rows,
            errors_fixed=fixed,
            rows_released=released,
            confidence=confidence,
        )
    )


def late_rows(rows: pl.DataFrame, current: pl.DataFrame, *, raw: bool = False) -> int:
    """Rows that a release made now would hold, that came after the draw and that nobody settled (raw: all of them)."""
    late = current.filter(pl.col("out").is_null()).join(rows, on="example_id", how="anti")
    if raw:
        return late.height
    return late.filter(~pl.col("human_status").is_in(["settled"]).fill_null(False)).height


def _wrong_expression(column: str) -> pl.Expr:
    settled = (pl.col("human_status") == "settled") & pl.col("human_value").ne_missing(pl.col(column))
    return (settled | (pl.col("human_status") == "rejected")).fill_null(False)


def _wrong(part: pl.DataFrame, column: str) -> pl.Series:
    return part.select(_wrong_expression(column).alias("wrong"))["wrong"]


def _stratum(name: str, part: pl.DataFrame, column: str) -> StratumResult:
    audited = part.filter("audited")
    status = audited["human_status"].fill_null("unreviewed")
    return StratumResult(
        name=name,
        size=part.height,
        reviewed=audited.height,
        errors=int(_wrong(audited, column).sum()),
        skipped=int((status == "skipped").sum()),
        unsettled=int(status.is_in(["unsettled", "disputed"]).sum()),
        unreviewed=int((status == "unreviewed").sum()),
    )


def changed_since(released: pl.DataFrame, *, raw: bool = False) -> dict[str, int]:
    """Released rows whose label or text is not what was drawn, and that no person settled one by one.

    Raw labels of the teacher are not what a person settled, so none of them is let off.
    """
    by_hand = (pl.col("human_status") == "settled").fill_null(False) & (not raw)
    moved = released.filter(~by_hand & pl.col("value").ne_missing(pl.col("drawn_value")))
    decided = moved.filter(pl.col("basis") == "decision").height
    text = released.filter(pl.col("content_hash").ne_missing(pl.col("content_hash_now"))).height
    reasons = {
        "were set by a group decision": decided,
        "were relabelled by a teacher": moved.height - decided,
        "have another text": text,
    }
    return {reason: n for reason, n in reasons.items() if n}


def _try(make: Callable[[], Bound]) -> Bound | None:
    try:
        return make()
    except NotEnoughDataError:
        return None


def _status(
    due: tuple[str, ...],
    changed: dict[str, int],
    late: int,
    released: int,
    shipped: Bound | None,
    target: float | None,
    purpose: str,
) -> tuple[Status, tuple[str, ...]]:
    if due:
        return "INCOMPLETE", due
    void = [
        f"{n} released rows {reason} after this spot-check was drawn: review a fresh spot-check drawn now"
        for reason, n in changed.items()
    ]
    if late:
        void.append(f"{late} releasable rows came after this spot-check was drawn, and it says nothing about them")
    if void:
        return "UNCERTIFIED", tuple(void)
    if shipped is None:
        return "UNCERTIFIED", ("no drawn row has a verdict" if released else "no row of the spot-check is released",)
    found = (
        f"at most {at_most(shipped.upper_one_sided)} of {shipped.population:,} labels are wrong "
        f"({in_words(shipped.confidence)})"
    )
    if target is None:
        return "CERTIFIED", (found,)
    if purpose != "certify":
        return "UNCERTIFIED", (
            f"{found}; the target is {percent(target, 2)}, and only a spot-check drawn with purpose certify can pass "
            "it",
        )
    return "CERTIFIED" if shipped.upper_one_sided <= target else "UNCERTIFIED", (
        f"{found}; the target is {percent(target, 2)}",
    )
