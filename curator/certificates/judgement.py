"""Which spot-check speaks for a dataset, what attempts before it have spent, and what it proves."""

import math
from collections.abc import Collection, Sequence

import polars as pl

from curator.certificates.certify import Certificate, certify
from curator.certificates.spot_check import SpotCheck, SpotChecks
from curator.errors import NotEnoughDataError, RequestError
from curator.records import ESTIMATES, Plan, Task


def judge(
    checks: SpotChecks,
    *,
    plan: Plan | None = None,
    labeler: str | None = None,
    released: Collection[str] | None = None,
    raw: bool = False,
) -> Certificate:
    """Judge the named plan, or the newest finished one (the newest where none is finished). Plans are never pooled.

    Where there is a target, a plan that cannot pass it (drawn to find) is asked last.

    Args:
        checks: The dataset's spot-checks.
        plan: The plan, or None.
        labeler: Whose labels ship: a spot-check of another's says nothing. Ignored where a plan is named.
        released: The train rows of a release, where it holds out more than the current labels tell.
        raw: The release ships the teacher's own labels of them.

    Raises:
        NotEnoughDataError: There is no plan that estimates.
        RequestError: The plan is of another dataset, or draws no audit sample (test, sent).
    """
    if plan is not None:
        if plan.dataset != checks.dataset or plan.purpose not in ESTIMATES:
            msg = (
                f"plan {plan.id} is a {plan.purpose} plan of {plan.dataset!r}; name an audit plan of {checks.dataset!r}"
            )
            raise RequestError(msg)
        return _judge_one(checks, plan, released, raw)
    first: Certificate | None = None
    for candidate in candidates(checks, labeler=labeler):
        found = _judge_one(checks, candidate, released, raw)
        if found.status != "INCOMPLETE":
            return found
        first = first or found
    if first is not None:
        return first
    whose, option = (f" of the labels by {labeler}", f" --labeler {labeler}") if labeler is not None else ("", "")
    msg = (
        f"dataset {checks.dataset!r} has no spot-check{whose} yet; run `curator plan --dataset "
        f"{checks.dataset}{option}` and review its tasks"
    )
    raise NotEnoughDataError(msg)


def candidates(checks: SpotChecks, *, labeler: str | None) -> list[Plan]:
    """The plans that may speak for the dataset, in the order in which they are asked."""
    found = [
        p
        for p in checks.plans
        if p.purpose in ESTIMATES and labeler in (None, p.labeler) and (checks.as_of is None or p.seq <= checks.as_of)
    ]
    return sorted(found, key=lambda p: p.purpose != "certify" and terms_of(p, checks.task)[0] is not None)


def terms(task: Task, target: float | None, confidence: float) -> tuple[float | None, float]:
    """The target and the confidence that a plan is judged by: its own, or its dataset's where those are stricter.

    A spot-check that asked for less than its dataset demands would else never miss, and spend nothing.

    Args:
        task: The dataset's task definition.
        target: Highest error that the plan asks for, 0..1, or None.
        confidence: As the plan asks for, 0..1.
    """
    if task.max_error is None:
        return target, confidence
    return min(task.max_error, 1.0 if target is None else target), max(task.confidence, confidence)


def terms_of(plan: Plan, task: Task) -> tuple[float | None, float]:
    """`terms` of a stored plan."""
    return terms(task, plan.settings.target, plan.settings.confidence)


def missed_before(
    checks: SpotChecks,
    *,
    labeler: str,
    asked: tuple[float | None, float],
    plan: Plan | None = None,
    about: Collection[str] | None = None,
) -> tuple[str, ...]:
    """Certify plans that people began to review before this one and that missed its target, in that order.

    Each is judged by this plan's terms as of its own last review, whatever was decided later; one that was left
    unfinished has missed. A plan that met the target clears those before it whose rows it was drawn from, as far as
    they are rows of this plan that nobody had settled: a spot-check of a few good rows says nothing about the others.

    Args:
        checks: The dataset's spot-checks.
        labeler: Whose labels are under review.
        asked: Target and confidence; see `terms`.
        plan: The plan, or None for one to be drawn.
        about: The open rows of a plan to be drawn; None takes all that ever were drawn from.
    """
    if asked[0] is None:
        return ()
    missed: list[Plan] = []
    for earlier in checks.attempts(labeler):
        if plan is not None and earlier.id == plan.id:
            break
        if not _met(checks, earlier, asked, [each.id for each in missed]):
            missed.append(earlier)
        elif missed:
            rows = about if plan is None else checks.read(plan, checks.as_of).open_rows
            missed = [each for each in missed if not _clears(checks, earlier, each, rows)]
    return tuple(each.id for each in missed)


def unused_draws(checks: SpotChecks, plan: Plan) -> int:
    """Certify plans of the same labels that had been drawn when this one's review began, and that nobody reviewed."""
    begun = checks.progress_of(plan).begun
    others = [p for p in checks.plans if p.purpose == "certify" and p.labeler == plan.labeler and p.id != plan.id]
    return sum(p.seq < begun and checks.progress_of(p).begun == math.inf for p in others)


def spent_before(checks: SpotChecks, plan: Plan) -> tuple[str, ...]:
    """The attempts that a stored plan pays for; only a certify plan tests a target, and pays."""
    if plan.purpose != "certify":
        return ()
    return missed_before(checks, labeler=plan.labeler, asked=terms_of(plan, checks.task), plan=plan)


def _judge_one(checks: SpotChecks, plan: Plan, released: Collection[str] | None, raw: bool) -> Certificate:
    check = checks.read(plan, checks.as_of)
    current = check.train
    if released is not None:
        gone = ~pl.col("example_id").is_in(list(released))
        stays = pl.lit(None, pl.String) if raw else pl.col("out")  # raw: rows that people dispute or refuse go out too
        current = current.with_columns(out=pl.when(gone).then(pl.coalesce("out", pl.lit("held_out"))).otherwise(stays))
    return _certify(check, current, terms_of(plan, checks.task), spent_before(checks, plan), raw=raw)


def _met(checks: SpotChecks, plan: Plan, asked: tuple[float | None, float], missed: Sequence[str]) -> bool:
    """Whether an attempt met the target when it was finished; rows that came after its draw are set aside."""
    progress = checks.progress_of(plan)
    if not progress.finished:
        return False
    check = checks.read(plan, progress.last)
    own = check.train.filter(pl.col("example_id").is_in(list(check.drawn_from)))
    return _certify(check, own, asked, missed).meets


def _clears(checks: SpotChecks, met: Plan, missed: Plan, about: Collection[str] | None) -> bool:
    """Whether a plan that met the target was drawn from the rows of one that missed it, as far as they matter."""
    covered, rows = (checks.read(p, checks.progress_of(p).last).drawn_from for p in (met, missed))
    return (rows if about is None else rows & frozenset(about)) <= covered


def _certify(
    check: SpotCheck,
    current: pl.DataFrame,
    asked: tuple[float | None, float],
    missed: Sequence[str],
    *,
    raw: bool = False,
) -> Certificate:
    target, confidence = asked
    return certify(
        plan=check.plan.id,
        labeler=check.plan.labeler,
        rows=check.rows,
        drawn=check.audit,
        current=current,
        reviewers=check.reviewers,
        target=target,
        confidence=confidence,
        purpose=check.plan.purpose,
        missed=missed,
        raw=raw,
        redefined=check.redefined is not None,
    )
