"""SHIP, HOLD or NOT ENOUGH DATA: what the evaluation allows to say about a student."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from curator.errors import NotEnoughDataError
from curator.evaluation.metrics import Metric
from curator.evaluation.significance import PairedComparison
from curator.records import Bound

Outcome = Literal["SHIP", "HOLD", "NOT ENOUGH DATA"]
CertificateStatus = Literal["CERTIFIED", "UNCERTIFIED", "INCOMPLETE"]

MARGIN: Final = 0.02
"""How much worse than the teacher a student may be and still count as not inferior."""

MINIMUM_ROWS: Final = 100
"""Test rows below which no verdict is given."""


@dataclass(frozen=True, slots=True)
class VerdictGate:
    """One condition of a verdict.

    Attributes:
        name: What must hold.
        passed: Whether it does; None where the data cannot tell.
        value: The figure that decides, where there is one.
        threshold: What it is held against.
        detail: What was found, a sentence.
    """

    name: str
    passed: bool | None
    value: float | None
    threshold: float | None
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be said about a student.

    Attributes:
        outcome: SHIP, HOLD or NOT ENOUGH DATA.
        reasons: The sentences that led to it.
        gates: Every condition; none in a report of an early Curator.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    gates: tuple[VerdictGate, ...] = ()


@dataclass(frozen=True, slots=True)
class StudentCandidate:
    """A student that could be shipped."""

    name: str
    kind: Literal["sft", "dpo"]
    metric: Metric


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Which student to put before the verdict, and why."""

    name: str
    reason: str


def decide(
    *,
    test_rows: int,
    reviewed_rows: int,
    versus_teacher: PairedComparison | None,
    versus_base: PairedComparison | None,
    versus_previous: PairedComparison | None = None,
    certificate_status: CertificateStatus | None = None,
    shipped_error: Bound | None = None,
    max_error: float | None = None,
    margin: float = MARGIN,
    minimum_rows: int = MINIMUM_ROWS,
) -> Verdict:
    """Decide about a student from paired comparisons on the frozen, human-reviewed test split.

    A verdict exists only if the split is fully reviewed and large enough. Then one failed gate means
    HOLD, one that cannot be told means NOT ENOUGH DATA, and all passed means SHIP. Every gate must
    pass, so no correction for several tests is needed (an intersection-union test).

    Args:
        test_rows: Rows of the frozen test split.
        reviewed_rows: Those whose truth a person has given.
        versus_teacher: Student minus teacher: must not be inferior by more than `margin`.
        versus_base: Student minus untrained base model: must be better.
        versus_previous: Student minus the student in use, if there is one: must not be clearly worse.
        certificate_status: Of the training data's certificate, if one is part of the decision.
        shipped_error: The certificate's bound on the released labels.
        max_error: The promised largest label error, if there is one.
        margin: In accuracy points, 0..1.
        minimum_rows: Smallest test split that is judged.
    """
    data = (_reviewed(test_rows, reviewed_rows), _size(test_rows, minimum_rows))
    gates = [*data, _not_inferior(versus_teacher, margin), _better(versus_base, margin)]
    if versus_previous is not None:
        gates.append(_not_worse(versus_previous))
    if certificate_status is not None:
        gates.append(_certified(certificate_status, shipped_error, max_error))
    outcome: Outcome
    if any(not gate.passed for gate in data):
        outcome, decisive = "NOT ENOUGH DATA", [gate for gate in data if not gate.passed]
    elif failed := [gate for gate in gates if gate.passed is False]:
        outcome, decisive = "HOLD", failed
    elif unclear := [gate for gate in gates if gate.passed is None]:
        outcome, decisive = "NOT ENOUGH DATA", unclear
    else:
        outcome, decisive = "SHIP", gates
    return Verdict(outcome, tuple(gate.detail for gate in decisive), tuple(gates))


def recommend(candidates: Sequence[StudentCandidate]) -> Recommendation:
    """Choose between the SFT and the DPO students: DPO only where it made things better.

    The best of each kind stands for it. The scores are point estimates on the same items.

    Raises:
        NotEnoughDataError: There is no candidate.
    """
    best: dict[str, StudentCandidate] = {}
    for candidate in candidates:
        if candidate.kind not in best or candidate.metric.value > best[candidate.kind].metric.value:
            best[candidate.kind] = candidate
    if not best:
        raise NotEnoughDataError("no student was evaluated: there is nothing to recommend")
    if len(best) == 1:
        only = next(iter(best.values()))
        return Recommendation(only.name, f"{_score(only)}; it is the only kind of student evaluated.")
    sft, dpo = best["sft"], best["dpo"]
    if dpo.metric.value < sft.metric.value:
        return Recommendation(sft.name, f"DPO hurt: ship the SFT student. {_score(sft)}, after DPO {_score(dpo)}.")
    if dpo.metric.value == sft.metric.value:
        return Recommendation(
            sft.name, f"DPO changed nothing: ship the simpler SFT student. {_score(sft)}, after DPO {_score(dpo)}."
        )
    return Recommendation(dpo.name, f"DPO helped: ship the DPO student. {_score(dpo)}, before {_score(sft)}.")


def _score(candidate: StudentCandidate) -> str:
    m = candidate.metric
    return f"{candidate.name} has {m.name} {m.value:.1%} [{m.low:.1%}, {m.high:.1%}] on {m.n} items"


def _reviewed(test_rows: int, reviewed_rows: int) -> VerdictGate:
    missing = test_rows - reviewed_rows
    detail = (
        f"{missing} of {test_rows} test rows have not been reviewed by a person: review them first."
        if missing > 0
        else f"All {test_rows} test rows were reviewed."
    )
    return VerdictGate("test split reviewed", True if missing <= 0 else None, reviewed_rows, test_rows, detail)


def _size(test_rows: int, minimum_rows: int) -> VerdictGate:
    enough = test_rows >= minimum_rows
    verb = "enough" if enough else "too few"
    detail = f"{test_rows} test rows are {verb} for a verdict (at least {minimum_rows})."
    return VerdictGate("test split size", True if enough else None, test_rows, minimum_rows, detail)


def _difference(c: PairedComparison, other: str) -> str:
    return (
        f"Student {c.a:.1%}, {other} {c.b:.1%}: difference {100 * c.difference:+.1f} points "
        f"[{100 * c.low:+.1f}, {100 * c.high:+.1f}], p = {c.p:.3g}, {c.n} items in {c.groups} groups"
    )


def _blind_spot(c: PairedComparison, margin: float) -> str:
    return (
        f"this test set sees differences from {100 * c.minimum_detectable:.1f} points on, "
        f"more than the margin of {100 * margin:.1f}: add test items"
    )


def _not_inferior(c: PairedComparison | None, margin: float) -> VerdictGate:
    name = "not inferior to the teacher"
    if c is None:
        return VerdictGate(name, None, None, -margin, "The student was not compared with the teacher.")
    said = _difference(c, "teacher")
    if c.low > -margin:
        return VerdictGate(name, True, c.low, -margin, f"{said}: not inferior by {100 * margin:.1f} points or more.")
    clearly = c.high < 0 and c.difference <= -margin
    if clearly:
        return VerdictGate(name, False, c.low, -margin, f"{said}: clearly worse than the teacher.")
    if c.minimum_detectable > margin:
        return VerdictGate(name, None, c.low, -margin, f"{said}: cannot tell; {_blind_spot(c, margin)}.")
    return VerdictGate(name, False, c.low, -margin, f"{said}: may be inferior by more than {100 * margin:.1f} points.")


def _better(c: PairedComparison | None, margin: float) -> VerdictGate:
    name = "better than the base model"
    if c is None:
        return VerdictGate(name, None, None, None, "The student was not compared with the base model.")
    said = _difference(c, "base model")
    if c.difference > 0 and c.p < c.alpha:
        return VerdictGate(name, True, c.p, c.alpha, f"{said}: better.")
    if c.difference > 0 and c.minimum_detectable > margin:
        return VerdictGate(name, None, c.p, c.alpha, f"{said}: cannot tell; {_blind_spot(c, margin)}.")
    return VerdictGate(name, False, c.p, c.alpha, f"{said}: training brought no shown gain.")


def _not_worse(c: PairedComparison) -> VerdictGate:
    worse = c.difference < 0 and c.p < c.alpha
    said = _difference(c, "previous student")
    detail = f"{said}: clearly worse." if worse else f"{said}: not clearly worse."
    return VerdictGate("not worse than the previous student", not worse, c.difference, 0.0, detail)


def _certified(status: CertificateStatus, shipped: Bound | None, max_error: float | None) -> VerdictGate:
    name = "training data certified"
    upper = shipped.upper_one_sided if shipped else None
    measured = f"shipped label error at most {upper:.2%}" if upper is not None else "no bound yet"
    target = f"target {max_error:.2%}" if max_error is not None else "no target set"
    if status == "INCOMPLETE" or upper is None:
        return VerdictGate(name, None, upper, max_error, f"The certificate is incomplete ({measured}, {target}).")
    if max_error is None:
        return VerdictGate(name, True, upper, None, f"The training data is measured: {measured} ({target}).")
    passed = status == "CERTIFIED" and upper <= max_error
    verb = "certified" if passed else "not certified"
    return VerdictGate(name, passed, upper, max_error, f"The training data is {verb}: {measured} ({target}).")
