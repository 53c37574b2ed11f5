"""What a spot-check can claim before anybody has reviewed: how many reviews it needs, its bounds, and prices."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from curator.records import Purpose
from curator.spot_checks.allocations import AllocationPrice, prices
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


@dataclass(frozen=True, slots=True)
class Claims:
    """What so many reviews can claim before anybody has reviewed.

    Attributes:
        confidence: Of each bound, 0..1.
        upper_by_errors: Errors found -> the upper bound on the error rate that they would leave, 0..1.
        allocations: What the same reviews buy, spent to certify and spent to find; empty where a census needs none.
        target: Highest error that may be certified, 0..1, or None.
        reviews_needed: Chance of passing, where a quarter of the target is wrong -> the reviews that it takes; empty
            without a target.
    """

    confidence: float
    upper_by_errors: Mapping[int, float]
    allocations: tuple[AllocationPrice, ...]
    target: float | None
    reviews_needed: Mapping[float, int]

    def as_json(self) -> dict[str, Any]:
        """Plain values, as `curator plan --json` prints them."""
        told: dict[str, Any] = {
            "confidence": self.confidence,
            "upper_bound_if_errors_found": {str(errors): upper for errors, upper in self.upper_by_errors.items()},
        }
        if self.allocations:
            told["allocations"] = [asdict(price) for price in self.allocations]
        if self.target is not None:
            told["target"] = self.target
            told["reviews_needed"] = {
                f"{power:.0%} chance if {self.target / 4:.2%} are wrong": reviews
                for power, reviews in self.reviews_needed.items()
            }
        return told


def claims(
    population: int, reviews: int, *, purpose: Purpose, target: float | None, confidence: float
) -> Claims | None:
    """What this many reviews can claim, and how many the target needs at 80 and 90 % chance of passing.

    Args:
        population: The rows that nobody has settled yet.
        reviews: Audit rows among them.
        purpose: A test plan claims nothing: it is no sample.
        target: Highest error that may be certified, 0..1, or None.
        confidence: Of each bound, 0..1.

    Returns:
        None for a test plan and where no row is open.
    """
    if purpose == "test" or not population:
        return None
    return Claims(
        confidence=confidence,
        upper_by_errors={
            errors: claimable(population, reviews, confidence=confidence, errors=errors)
            for errors in (0, 1, 2, 5)
            if errors <= reviews
        },
        allocations=prices(population, reviews, error_rate=(target or ASSUMED) / 2, confidence=confidence),
        target=target,
        reviews_needed={}
        if target is None
        else {
            power: reviews_needed(population, max_error=target, confidence=confidence, power=power)
            for power in (0.8, 0.9)
        },
    )
