"""How often the certificate's bounds hold, by simulation of the whole design.

A population with a known number of errors is stratified by a score that is good, useless or
misleading, sampled as `curator.spot_checks.design` would, and bounded by the very function that certificates use.
"""

from dataclasses import dataclass

import numpy as np

from curator.certificates import error_bounds
from curator.errors import RequestError
from curator.records import Purpose
from curator.spot_checks import ALLOCATIONS, Score, allocate, place_errors, stratum_sizes


@dataclass(frozen=True, slots=True)
class Setting:
    """One situation: rows, reviews, true error rate (0..1), what the risk score is worth, the plan."""

    population: int
    reviews: int
    error_rate: float
    score: Score = "useless"
    purpose: Purpose = "certify"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Shares of repetitions in which the bounds held, and how wide they were (rates in 0..1).

    `standard_error` is the Monte-Carlo error of a share at the nominal confidence.
    """

    two_sided: float
    one_sided: float
    low_side: float
    high_side: float
    mean_width: float
    mean_upper: float
    shipped_two_sided: float
    shipped_one_sided: float
    standard_error: float


def simulate_coverage(
    setting: Setting, *, repetitions: int = 4000, confidence: float = 0.95, seed: int = 0, fix: bool = True
) -> Coverage:
    """Repeat sampling, reviewing and bounding, and count how often the truth is inside.

    Args:
        setting: The situation.
        repetitions: Populations and samples drawn.
        confidence: Of the bounds.
        seed: Of the random generator.
        fix: Whether the errors found are fixed before shipping (all rows are shipped).

    Raises:
        RequestError: The plan is a census, or leaves a stratum without reviews.
    """
    rng = np.random.default_rng(seed)
    sizes_H = np.array(stratum_sizes(setting.population), dtype=np.int64)
    drawn_H = np.array(allocate(sizes_H.tolist(), ALLOCATIONS[setting.purpose], setting.reviews))
    if np.any(drawn_H == 0) or drawn_H.sum() >= setting.population:
        raise RequestError(f"{setting}: nothing to simulate, strata {sizes_H} with {drawn_H} reviews")
    wrong = round(setting.error_rate * setting.population)
    errors_RH = place_errors(rng, sizes_H, wrong, setting.score, repetitions)
    found_RH = rng.hypergeometric(errors_RH, sizes_H - errors_RH, drawn_H)
    bounds = error_bounds(found_RH, found_RH, drawn_H, sizes_H, confidence=confidence)
    truth = wrong / setting.population
    slack = 1e-12
    low_R, high_R, upper_R = bounds.low_R - slack, bounds.high_R + slack, bounds.upper_one_sided_R + slack
    fixed_R = found_RH.sum(axis=1) / setting.population if fix else np.zeros(repetitions)
    left_R = truth - fixed_R
    return Coverage(
        two_sided=float(((low_R <= truth) & (truth <= high_R)).mean()),
        one_sided=float((truth <= upper_R).mean()),
        low_side=float((low_R <= truth).mean()),
        high_side=float((truth <= high_R).mean()),
        mean_width=float((high_R - low_R).mean()),
        mean_upper=float(upper_R.mean()),
        shipped_two_sided=float(
            ((np.maximum(low_R - fixed_R, 0) <= left_R + slack) & (left_R <= high_R - fixed_R + slack)).mean()
        ),
        shipped_one_sided=float((left_R <= upper_R - fixed_R + slack).mean()),
        standard_error=float(np.sqrt(confidence * (1 - confidence) / repetitions)),
    )
