"""SHIP, HOLD or NOT ENOUGH DATA: what the evaluation allows to say about a student."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from curator.errors import NotEnoughDataError
from curator.evaluation.metrics import Metric
from curator.evaluation.significance import PairedComparison
from curator.records import Bound, SplitTruth
from curator.statistics import at_most, percent

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
    """What may be said about one contestant.

    Attributes:
        outcome: SHIP, HOLD or NOT ENOUGH DATA.
        reasons: The sentences that led to it.
        gates: Every condition; none in a report of an early Curator.
        subject: The contestant that it is about; empty in a report of an early Curator.
        run: The subject's training run; None where it has none.
        not_measured: What nobody looked at, and what the outcome therefore says nothing about.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    gates: tuple[VerdictGate, ...] = ()
    subject: str = ""
    run: str | None = None
    not_measured: tuple[str, ...] = ()

    @property
    def about(self) -> str:
        """The subject with its run, as `student (run_1a2b)`."""
        return f"{self.subject} ({self.run})" if self.run else self.subject


@dataclass(frozen=True, slots=True)
class StudentCandidate:
    """A student that could be shipped.

    Attributes:
        name: The contestant.
        kind: How it was trained last.
        metric: Its score.
        run: Its training run.
        parent: The run that it was trained on from; None for the base model.
    """

    name: str
    kind: Literal["sft", "dpo"]
    metric: Metric
    run: str = ""
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Which student to put before the verdict, and why.

    Attributes:
        name: The contestant.
        reason: A sentence.
        run: Its training run; None in a report of an early Curator.
    """

    name: str
    reason: str
    run: str | None = None


def decide(
    *,
    truth: SplitTruth,
    scored: int,
    versus_teacher: PairedComparison | None,
    versus_base: PairedComparison | None,
    versus_previous: PairedComparison | None = None,
    certificate_status: CertificateStatus | None = None,
    shipped_error: Bound | None = None,
    max_error: float | None = None,
    margin: float = MARGIN,
    minimum_rows: int = MINIMUM_ROWS,
    subject: str = "",
    run: str | None = None,
    further: Sequence[VerdictGate] = (),
    not_measured: Sequence[str] = (),
) -> Verdict:
    """Decide about a student from paired comparisons on the frozen, human-reviewed test split.

    A verdict exists only if the whole split, as it was frozen, has settled answers and is large enough. Then one
    failed gate means HOLD, one that cannot be told means NOT ENOUGH DATA, and all passed means SHIP. Every gate
    must pass, so no correction for several tests is needed (an intersection-union test).

    Args:
        truth: The test split as it was frozen.
        scored: Rows that the contestants were scored on.
        versus_teacher: Student minus teacher: must not be inferior by more than `margin`.
        versus_base: Student minus untrained base model: must be better.
        versus_previous: Student minus the student in use, if there is one: must not be clearly worse.
        certificate_status: Of the training data's certificate, if one is part of the decision.
        shipped_error: The certificate's bound on the released labels.
        max_error: The promised largest label error, if there is one.
        margin: In accuracy points, 0..1.
        minimum_rows: Smallest test split that is judged.
        subject: The contestant that the verdict is about.
        run: The subject's training run.
        further: More conditions that were looked at: slices, forgetting, latency, cost.
        not_measured: What nobody looked at.
    """
    data = (_reviewed(truth, scored), _size(scored, minimum_rows))
    gates = [*data, _not_inferior(versus_teacher, margin), _better(versus_base, margin)]
    if versus_previous is not None:
        gates.append(_not_worse(versus_previous))
    if certificate_status is not None:
        gates.append(_certified(certificate_status, shipped_error, max_error))
    gates += further
    outcome: Outcome
    if any(not gate.passed for gate in data):
        outcome, decisive = "NOT ENOUGH DATA", [gate for gate in data if not gate.passed]
    elif failed := [gate for gate in gates if gate.passed is False]:
        outcome, decisive = "HOLD", failed
    elif unclear := [gate for gate in gates if gate.passed is None]:
        outcome, decisive = "NOT ENOUGH DATA", unclear
    else:
        outcome, decisive = "SHIP", gates
    reasons = tuple(gate.detail for gate in decisive)
    return Verdict(outcome, reasons, tuple(gates), subject, run, tuple(not_measured))


def best_of_kind(candidates: Sequence[StudentCandidate]) -> dict[Literal["sft", "dpo"], StudentCandidate]:
    """The student with the highest score of each kind; of equals the first."""
    best: dict[Literal["sft", "dpo"], StudentCandidate] = {}
    for candidate in candidates:
        if candidate.kind not in best or candidate.metric.value > best[candidate.kind].metric.value:
            best[candidate.kind] = candidate
    return best


def recommend(candidates: Sequence[StudentCandidate], dpo_versus_sft: PairedComparison | None = None) -> Recommendation:
    """Choose between the SFT and the DPO students: DPO only where it was shown to make things better.

    The best of each kind stands for it (`best_of_kind`). What DPO did can be said only of a run that started from the
    SFT run beside it.

    Args:
        candidates: The students.
        dpo_versus_sft: The best DPO student minus the best SFT student, on the same rows; None is not compared.

    Raises:
        NotEnoughDataError: There is no candidate.
    """
    best = best_of_kind(candidates)
    if not best:
        raise NotEnoughDataError("no student was evaluated: there is nothing to recommend")
    if len(best) == 1:
        only = next(iter(best.values()))
        return Recommendation(only.name, f"{_score(only)}; it is the only kind of student evaluated.", only.run or None)
    sft, dpo = best["sft"], best["dpo"]
    shown = dpo_versus_sft is not None and dpo_versus_sft.p < dpo_versus_sft.alpha
    better = shown and dpo_versus_sft is not None and dpo_versus_sft.difference > 0
    worse = shown and not better
    compared = f"{_score(sft)}, {_score(dpo)}"
    if dpo_versus_sft is not None:
        compared += f", p = {dpo_versus_sft.p:.3g}"
    if dpo.parent != sft.run:
        what = f"{dpo.name} did not start from {sft.name}, so what DPO did cannot be told; {dpo.name} is "
        what += "better" if better else "worse" if worse else "not shown to be different"
    elif better:
        what = "DPO helped"
    elif worse:
        what = "DPO hurt"
    else:
        what = "no effect of DPO was shown"
    if better:
        return Recommendation(dpo.name, f"{what}: ship the DPO student. {compared}.", dpo.run or None)
    simpler = "" if worse else "simpler "
    return Recommendation(sft.name, f"{what}: ship the {simpler}SFT student. {compared}.", sft.run or None)


def _score(candidate: StudentCandidate) -> str:
    m = candidate.metric
    return f"{candidate.name} has {m.name} {m.value:.1%} [{m.low:.1%}, {m.high:.1%}] on {m.n} items"


def _reviewed(truth: SplitTruth, scored: int) -> VerdictGate:
    missing = len(truth.waiting) + max(truth.settled - scored, 0)
    if truth.waiting:
        detail = f"{truth.sentence()}. Settle them, then release and evaluate again."
    elif missing:
        detail = f"{missing} of {truth.settled} settled test rows are not in the version: release and evaluate again."
    elif truth.dropped:
        detail = f"{truth.sentence()}. Nothing waits."
    else:
        detail = f"All {truth.rows} test rows were reviewed."
    return VerdictGate("test split reviewed", None if missing else True, truth.settled, truth.judged, detail)


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
    measured = f"shipped label error at most {at_most(upper)}" if upper is not None else "no bound yet"
    target = f"target {percent(max_error, 2)}" if max_error is not None else "no target set"
    if status == "INCOMPLETE" or upper is None:
        return VerdictGate(name, None, upper, max_error, f"The certificate is incomplete ({measured}, {target}).")
    if max_error is None:
        return VerdictGate(name, True, upper, None, f"The training data is measured: {measured} ({target}).")
    passed = status == "CERTIFIED" and upper <= max_error
    verb = "certified" if passed else "not certified"
    return VerdictGate(name, passed, upper, max_error, f"The training data is {verb}: {measured} ({target}).")
