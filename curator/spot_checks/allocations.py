"""What each allocation of reviews buys, by simulation: width, errors found, and the chance of passing."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from curator.certificates import ErrorBounds, error_bounds
from curator.errors import RequestError
from curator.spot_checks.design import ALLOCATIONS, Score, allocate, place_errors, stratum_sizes
from curator.statistics import at_most, percent

Allocation = Literal["certify", "find", "simple"]
"""The allocations of a plan, and a simple random sample with the exact bound beside them."""
ALLOCATIONS_COMPARED: Final[tuple[Literal["certify", "find"], ...]] = ("certify", "find")
SCORES_COMPARED: Final[tuple[Score, ...]] = ("good", "useless")


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit to simulate: rows, reviews, true error rate (0..1), what the risk score is worth, the allocation."""

    population: int
    reviews: int
    error_rate: float
    score: Score
    allocation: Allocation


@dataclass(frozen=True, slots=True)
class Yield:
    """Means over the repetitions: width of the two-sided interval and the one-sided bound (rates), errors found."""

    width: float
    upper: float
    found: float


def simulate_yield(audit: Audit, *, repetitions: int = 4000, confidence: float = 0.95, seed: int = 0) -> Yield:
    """Repeat an audit and average what it gives.

    Raises:
        RequestError: The audit leaves a stratum without reviews.
    """
    found_RH, bounds = _audited(audit, repetitions, confidence, seed)
    return Yield(
        width=float((bounds.high_R - bounds.low_R).mean()),
        upper=float(bounds.upper_one_sided_R.mean()),
        found=float(found_RH.sum(axis=1).mean()),
    )


def chance_to_show(
    audit: Audit, target: float, *, repetitions: int = 4000, confidence: float = 0.95, seed: int = 0
) -> float:
    """Share of repetitions in which the one-sided upper bound is at most `target`.

    Raises:
        RequestError: As in `simulate_yield`.
    """
    bounds = _audited(audit, repetitions, confidence, seed)[1]
    return float((bounds.upper_one_sided_R <= target + 1e-12).mean())


@dataclass(frozen=True, slots=True)
class AllocationPrice:
    """What one allocation gives, if `error_rate` of the rows are wrong: means over simulated audits.

    `upper` is the one-sided bound (a rate) where the risk score is useless, as a plan may promise; `found` the errors
    found by the audit rows with a good score, `found_useless` with a useless one.
    """

    allocation: Literal["certify", "find"]
    error_rate: float
    upper: float
    found: float
    found_useless: float


def prices(
    population: int, reviews: int, *, error_rate: float, confidence: float = 0.95, repetitions: int = 400
) -> tuple[AllocationPrice, ...]:
    """What the same reviews give when they are spent to certify and when they are spent to find.

    Empty for a census, and where the rows or reviews are too few for every stratum to have some.
    """
    if reviews >= population:
        return ()
    made = []
    for allocation in ALLOCATIONS_COMPARED:
        try:
            good, useless = (
                simulate_yield(
                    Audit(population, reviews, error_rate, score, allocation),
                    repetitions=repetitions,
                    confidence=confidence,
                )
                for score in SCORES_COMPARED
            )
        except RequestError:
            return ()
        made.append(AllocationPrice(allocation, error_rate, useless.upper, good.found, useless.found))
    return tuple(made)


def price_in_words(price: AllocationPrice) -> str:
    """What an allocation gives, for a person."""
    return (
        f"Spent to {price.allocation}, if {percent(price.error_rate)} are wrong: at most {at_most(price.upper)} on "
        f"average, and {price.found:.0f} errors found where the checks rank well ({price.found_useless:.0f} "
        "where not)"
    )


def _audited(audit: Audit, repetitions: int, confidence: float, seed: int) -> tuple[NDArray[np.int64], ErrorBounds]:
    """Errors found by stratum, [R, H], and the bounds they give."""
    rng = np.random.default_rng(seed)
    bands_H = np.array(stratum_sizes(audit.population), dtype=np.int64)
    wrong = round(audit.error_rate * audit.population)
    errors_RH = place_errors(rng, bands_H, wrong, audit.score, repetitions)
    if audit.allocation == "simple":
        sizes_H, drawn_H = np.array([audit.population]), np.array([audit.reviews])
        errors_RH = errors_RH.sum(axis=1, keepdims=True)
    else:
        sizes_H = bands_H
        drawn_H = np.array(allocate(sizes_H.tolist(), ALLOCATIONS[audit.allocation], audit.reviews))
    if np.any(drawn_H == 0) or np.any(drawn_H > sizes_H):
        raise RequestError(f"{audit}: strata of {sizes_H} rows cannot be audited with {drawn_H} reviews")
    found_RH = rng.hypergeometric(errors_RH, sizes_H - errors_RH, drawn_H)
    return found_RH, error_bounds(found_RH, found_RH, drawn_H, sizes_H, confidence=confidence)
