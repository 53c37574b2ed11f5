"""Acceptance plans: how many rows to review, and how many errors to allow, to pass or refuse a batch.

A plan (n, c) draws n rows at random and passes the batch where at most c of them are wrong. The producer's risk is
the chance that it refuses a batch that is as good as agreed, the consumer's risk that it passes one that is as bad
as the limit. Counts of errors in a finite batch follow the hypergeometric distribution (Schilling and Neubauer,
*Acceptance Sampling in Quality Control*, chapter 5).

A batch that passes is not thereby certified: the certificate's bound comes from the errors found.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import scipy

from curator.errors import RequestError
from curator.statistics import percent

_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class AcceptancePlan:
    """Review `sample` rows drawn at random and pass the batch where at most `accept` are wrong.

    Attributes:
        sample: Rows to review (n).
        accept: Errors that still pass (c).
        lot: Rows in the batch, or None where it is unlimited.
        producers_risk: Chance that a batch at the acceptable error rate is refused, 0..1.
        consumers_risk: Chance that a batch at the limit passes, 0..1.
    """

    sample: int
    accept: int
    lot: int | None
    producers_risk: float
    consumers_risk: float


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """One point of the operating characteristic: the batch's true error rate and the chance that it passes, 0..1."""

    error_rate: float
    chance: float


def chance_of_passing(sample: int, accept: int, error_rate: float, *, lot: int | None = None) -> float:
    """Chance that a plan (sample, accept) passes a batch with this true error rate.

    Args:
        sample: Rows reviewed.
        accept: Errors that still pass.
        error_rate: Share of the batch that is wrong, 0..1; in a finite batch the nearest whole number of rows.
        lot: Rows in the batch; None for an unlimited one (binomial).

    >>> round(chance_of_passing(59, 0, 0.01), 2)
    0.55

    Raises:
        RequestError: A rate outside 0..1, or a sample that does not fit the batch.
    """
    if not 0.0 <= error_rate <= 1.0:
        raise RequestError(f"error_rate must lie between 0 and 1, got {error_rate}")
    if sample < 1 or accept < 0 or (lot is not None and sample > lot):
        raise RequestError(f"a plan ({sample}, {accept}) does not fit a batch of {lot}: expected 1 <= sample <= lot")
    if lot is None:
        return float(scipy.stats.binom.cdf(accept, sample, error_rate))
    return float(scipy.stats.hypergeom.cdf(accept, lot, round(error_rate * lot), sample))


def sample_size(accept: int, *, limit: float, consumers_risk: float = 0.05, lot: int | None = None) -> int:
    """Smallest sample with which a plan that allows `accept` errors passes a batch at the limit rarely enough.

    >>> [sample_size(c, limit=0.05) for c in range(6)]
    [59, 93, 124, 153, 181, 208]

    Args:
        accept: Errors that still pass.
        limit: Error rate that should not pass, in (0, 1).
        consumers_risk: Highest chance that it does, in (0, 1).
        lot: Rows in the batch; None for an unlimited one.

    Raises:
        RequestError: A rate outside (0, 1), or a batch at the limit that holds no more than `accept` errors, so
            that even a census passes it.
    """
    if accept < 0 or not (0 < limit < 1 and 0 < consumers_risk < 1):
        raise RequestError(f"accept {accept}, limit {limit}, consumers_risk {consumers_risk}: expected >= 0 and (0, 1)")
    bad = _bad_rate(limit, lot)
    if lot is not None and round(bad * lot) <= accept:
        raise RequestError(f"a batch of {lot} at {percent(limit, 2)} holds at most {accept} errors: allow fewer")
    low, high = accept, accept + 1
    while chance_of_passing(_fit(high, lot), accept, bad, lot=lot) > consumers_risk + _SLACK:
        low, high = high, 2 * high
    high = _fit(high, lot)
    while high - low > 1:
        middle = (low + high) // 2
        passes = chance_of_passing(middle, accept, bad, lot=lot) > consumers_risk + _SLACK
        low, high = (middle, high) if passes else (low, middle)
    return high


def acceptance_plan(
    *,
    acceptable: float,
    limit: float,
    producers_risk: float = 0.05,
    consumers_risk: float = 0.05,
    lot: int | None = None,
) -> AcceptancePlan:
    """The smallest plan that keeps both risks.

    In a finite batch the acceptable rate is rounded down and the limit up to whole rows, so both risks hold.

    Args:
        acceptable: Error rate that should pass, 0..1.
        limit: Error rate that should not pass; above `acceptable`.
        producers_risk: Highest chance of refusing a batch at the acceptable rate.
        consumers_risk: Highest chance of passing a batch at the limit.
        lot: Rows in the batch; None for an unlimited one.

    Raises:
        RequestError: Rates or risks that no plan can tell apart, or a batch without rows.
    """
    if lot is not None and lot < 1:
        raise RequestError(f"a batch of {lot} rows: expected at least one, or none given for an unlimited batch")
    risks_fit = 0 < producers_risk < 1 and 0 < consumers_risk < 1 and producers_risk + consumers_risk < 1
    if not (0 <= acceptable < limit < 1 and risks_fit):
        raise RequestError(
            f"acceptable {acceptable}, limit {limit}, risks {producers_risk} and {consumers_risk}: expected "
            "0 <= acceptable < limit < 1, and risks in (0, 1) that sum to less than 1"
        )
    bad = _bad_rate(limit, lot)
    good = acceptable if lot is None else math.floor(acceptable * lot + _SLACK) / lot
    accept = 0
    while True:
        sample = sample_size(accept, limit=limit, consumers_risk=consumers_risk, lot=lot)
        refused = 1.0 - chance_of_passing(sample, accept, good, lot=lot)
        if refused <= producers_risk + _SLACK:
            passed = chance_of_passing(sample, accept, bad, lot=lot)
            return AcceptancePlan(sample, accept, lot, refused, passed)
        accept += 1


def operating_characteristic(plan: AcceptancePlan, error_rates: Sequence[float]) -> tuple[OperatingPoint, ...]:
    """The chance of passing at each true error rate: the curve that a plan is judged by.

    Raises:
        RequestError: A rate outside 0..1.
    """
    return tuple(
        OperatingPoint(rate, chance_of_passing(plan.sample, plan.accept, rate, lot=plan.lot)) for rate in error_rates
    )


def curve_rates(limit: float) -> tuple[float, ...]:
    """Error rates to draw the curve at: 49 steps from 0 to twice the limit, at most 1.

    >>> curve_rates(0.05)[::12]
    (0.0, 0.025, 0.05, 0.075, 0.1)
    """
    end = min(1.0, 2 * limit)
    return tuple(round(end * step / 48, 12) for step in range(49))


def _bad_rate(limit: float, lot: int | None) -> float:
    """The limit, in a finite batch rounded up to a whole number of rows."""
    return limit if lot is None else math.ceil(limit * lot - _SLACK) / lot


def _fit(sample: int, lot: int | None) -> int:
    return sample if lot is None else min(sample, lot)
