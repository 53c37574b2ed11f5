"""What the reviewers' own errors would do to a certificate: a sensitivity, since nobody knows them for sure.

A certificate counts what reviewers say. Say that they accept at most a share m of the wrong labels and refuse at most
a share f of the right ones. Then the share of labels that they would refuse is  q = p (1 - m') + (1 - p) f'  with
m' <= m, f' <= f, and the true error p lies within  (q - f) / (1 - f)  and  q / (1 - m):  the estimator of Rogan and
Gladen (1978, "Estimating prevalence from the results of a screening test", American Journal of Epidemiology 107,
71-76), taken to its worst on either side, and applied to the ends of the bound on q.

A right label that was refused was not fixed but spoiled: in the shipped error it counts twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import scipy

from curator.errors import RequestError
from curator.records import Bound

RATES: Final = (0.0, 0.01, 0.02, 0.05)
"""Reviewer errors to show where none were measured."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """A certificate's figures if reviewers accept `missed` of the wrong labels and refuse `flagged` of the right.

    All are rates in 0..1. `teacher_upper` and `shipped_upper` are one-sided; None where the certificate has no figure.
    """

    missed: float
    flagged: float
    teacher_low: float | None
    teacher_high: float | None
    teacher_upper: float | None
    shipped_upper: float | None


@dataclass(frozen=True, slots=True)
class MeasuredError:
    """How often reviewers answered a row wrong whose truth was known. `upper` is a one-sided 95 % bound on the rate."""

    answers: int
    wrong: int
    upper: float

    @property
    def rate(self) -> float:
        """Share of wrong answers, 0..1."""
        return self.wrong / self.answers


def measured(answers: int, wrong: int, *, confidence: float = 0.95) -> MeasuredError:
    """Bound the reviewers' error from gold cards, by Clopper and Pearson.

    >>> round(measured(60, 0).upper, 3)
    0.049

    Raises:
        RequestError: No answers, or more wrong ones than answers.
    """
    if not 0 <= wrong <= answers or not answers:
        raise RequestError(f"{wrong} wrong of {answers} answers: expected 0 <= wrong <= answers, and an answer")
    upper = 1.0 if wrong == answers else float(scipy.special.betaincinv(wrong + 1, answers - wrong, confidence))
    return MeasuredError(answers, wrong, upper)


def sensitivity(
    teacher: Bound | None, shipped: Bound | None, *, fixed: int, reviewed: int, missed: float, flagged: float
) -> Sensitivity:
    """The worst that reviewers with these errors leave of a certificate.

    Args:
        teacher: Bound on the teacher's error, by what reviewers said.
        shipped: Bound on the shipped error, by what reviewers said.
        fixed: Labels that reviewers refused and that were changed or left out.
        reviewed: Rows that reviewers judged, in whichever stream.
        missed: Largest share of wrong labels that they accept, in [0, 1).
        flagged: Largest share of right labels that they refuse, in [0, 1).

    Raises:
        RequestError: A share outside [0, 1).
    """
    if not (0.0 <= missed < 1.0 and 0.0 <= flagged < 1.0):
        raise RequestError(f"missed {missed} and flagged {flagged} must lie in [0, 1)")
    return Sensitivity(
        missed=missed,
        flagged=flagged,
        teacher_low=None if teacher is None else max(0.0, (teacher.low - flagged) / (1.0 - flagged)),
        teacher_high=None if teacher is None else min(1.0, teacher.high / (1.0 - missed)),
        teacher_upper=None if teacher is None else min(1.0, teacher.upper_one_sided / (1.0 - missed)),
        shipped_upper=None if shipped is None else _shipped(shipped, fixed, reviewed, missed, flagged),
    )


def sensitivities(
    teacher: Bound | None,
    shipped: Bound | None,
    *,
    fixed: int,
    reviewed: int,
    rates: Iterable[float] = RATES,
) -> tuple[Sensitivity, ...]:
    """`sensitivity` where reviewers miss and flag the same share, for each of the rates."""
    return tuple(
        sensitivity(teacher, shipped, fixed=fixed, reviewed=reviewed, missed=rate, flagged=rate) for rate in rates
    )


def _shipped(shipped: Bound, fixed: int, reviewed: int, missed: float, flagged: float) -> float:
    refused = shipped.upper_one_sided * shipped.population + fixed
    spoiled = min(float(fixed), flagged * reviewed)
    left = refused / (1.0 - missed) - fixed + 2 * spoiled
    return min(1.0, left / shipped.population)
