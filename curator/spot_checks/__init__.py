"""Which rows people look at: the draw, what it could prove, what it costs.

Every inclusion probability is known before anyone looks.
"""

from curator.spot_checks.acceptance_sampling import acceptance_plan, curve_rates, operating_characteristic
from curator.spot_checks.allocations import Allocation, Audit, chance_to_show, price_in_words, simulate_yield
from curator.spot_checks.design import (
    ALLOCATIONS,
    SHARES,
    Draw,
    Score,
    Stratum,
    allocate,
    draw,
    place_errors,
    stratum_sizes,
)
from curator.spot_checks.power import Claims, claims, reviews_for

__all__ = [
    "ALLOCATIONS",
    "SHARES",
    "Allocation",
    "Audit",
    "Claims",
    "Draw",
    "Score",
    "Stratum",
    "acceptance_plan",
    "allocate",
    "chance_to_show",
    "claims",
    "curve_rates",
    "draw",
    "operating_characteristic",
    "place_errors",
    "price_in_words",
    "reviews_for",
    "simulate_yield",
    "stratum_sizes",
]
