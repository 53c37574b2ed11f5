"""What a spot-check can claim before anybody has reviewed: how many reviews it needs, its bounds, and prices."""

from dataclasses import asdict
from typing import Any

from curator.records import Purpose
from curator.spot_checks.allocations import prices
from curator.spot_checks.design import claimable, reviews_needed

DEFAULT_REVIEWS = 200
POWER = 0.9
ASSUMED = 0.04
"""Twice the error rate that the prices of the allocations assume where there is no target."""


def reviews_for(
    population: int, *, purpose: Purpose, asked: int | None, target: float | None, confidence: float
) -> int:
    """How many rows to review: as many as asked for; else what the target needs to pass with `POWER`, else 200.

    A test plan asks about every row, and no plan about more rows than there are.
    """
    if purpose == "test":
        return population
    wanted = asked if asked is not None else DEFAULT_REVIEWS
    if asked is None and target is not None:
        wanted = reviews_needed(population, max_error=target, confidence=confidence, power=POWER)
    return min(wanted, population)


def claims(
    population: int, reviews: int, *, purpose: Purpose, target: float | None, confidence: float
) -> dict[str, Any]:
    """What this many reviews can claim, and how many the target needs at 80 and 90 % chance of passing.

    Args:
        population: The rows that nobody has settled yet.
        reviews: Audit rows among them.
        purpose: A test plan claims nothing: it is no sample.
        target: Highest error that may be certified, 0..1, or None.
        confidence: Of each bound, 0..1.
    """
    if purpose == "test" or not population:
        return {}
    found: dict[str, Any] = {
        "confidence": confidence,
        "upper_bound_if_errors_found": {
            str(errors): claimable(population, reviews, confidence=confidence, errors=errors)
            for errors in (0, 1, 2, 5)
            if errors <= reviews
        },
    }
    priced = prices(population, reviews, error_rate=(target or ASSUMED) / 2, confidence=confidence)
    if priced:
        found["allocations"] = [asdict(price) for price in priced]
    if target is not None:
        found["target"] = target
        found["reviews_needed"] = {
            f"{power:.0%} chance if {target / 4:.2%} are wrong": reviews_needed(
                population, max_error=target, confidence=confidence, power=power
            )
            for power in (0.8, 0.9)
        }
    return found
