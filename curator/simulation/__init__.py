"""Worlds with a known truth, for measuring the statistics that the product rests on.

Used by benchmarks and tests; the product does not import it.
"""

from curator.simulation.bound_coverage import Coverage, Setting, simulate_coverage
from curator.simulation.group_decisions import DecisionCoverage, Groups, simulate_decisions
from curator.simulation.peeking import EverWrong, ReviewStream, reviews_until_stop, simulate_peeking
from curator.simulation.planted_noise import (
    OURS,
    OURS_CONFIDENCE,
    Found,
    Gap,
    confusable_noise,
    found_among,
    paired_gap,
    rankings,
    teacher_noise,
    uniform_noise,
)

__all__ = [
    "OURS",
    "OURS_CONFIDENCE",
    "Coverage",
    "DecisionCoverage",
    "EverWrong",
    "Found",
    "Gap",
    "Groups",
    "ReviewStream",
    "Setting",
    "confusable_noise",
    "found_among",
    "paired_gap",
    "rankings",
    "reviews_until_stop",
    "simulate_coverage",
    "simulate_decisions",
    "simulate_peeking",
    "teacher_noise",
    "uniform_noise",
]
