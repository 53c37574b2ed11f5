"""The tables of docs/certificate.md, made by `python -m pipelines.bench.certificate_table [REPETITIONS]`."""

import sys
from collections.abc import Iterator

import numpy as np

from curator.simulation import ReviewStream, reviews_until_stop
from curator.spot_checks import (
    Allocation,
    Audit,
    Score,
    acceptance_plan,
    chance_to_show,
    operating_characteristic,
    simulate_yield,
)

POPULATION, REVIEWS = 2_000, 200
_SCORES: tuple[Score, ...] = ("good", "useless", "misleading")
_RATES = (0.01, 0.02, 0.05)
TARGET, TRUE = 0.02, 0.005
POWERS = (0.8, 0.9)
SIZES = range(140, 800)
"""Numbers of reviews tried: fewer cannot show the target, and the last shows it with either chance in each setting."""


def yields(repetitions: int) -> Iterator[str]:
    """What 10 % reviews give, by true error, score and allocation, as lines of a Markdown table."""
    yield "| true error | score | allocation | two-sided width | one-sided bound | errors found | times simple |"
    yield "|---|---|---|---|---|---|---|"
    for rate in _RATES:
        plain = simulate_yield(Audit(POPULATION, REVIEWS, rate, "useless", "simple"), repetitions=repetitions)
        yield f"| {rate:.1%} | any | simple | {plain.width:.2%} | {plain.upper:.2%} | {plain.found:.1f} | 1.0 |"
        for score in _SCORES:
            for allocation in ("certify", "find"):
                got = simulate_yield(Audit(POPULATION, REVIEWS, rate, score, allocation), repetitions=repetitions)
                yield (
                    f"| {rate:.1%} | {score} | {allocation} | {got.width:.2%} | {got.upper:.2%} | {got.found:.1f} | "
                    f"{got.found / plain.found:.1f} |"
                )


def passing(repetitions: int) -> Iterator[str]:
    """Chance of showing 2 % where 0.5 % is wrong, and the reviews needed, as lines of a Markdown table.

    The chance does not rise steadily with the reviews, since one more error found may suddenly be allowed. So "from"
    is the smallest number of reviews that has the chance, and "always from" the one from which all larger ones do.
    """
    yield "| score | allocation | 200 reviews | 300 | 400 | 80 % from | always from | 90 % from | always from |"
    yield "|---|---|---|---|---|---|---|---|---|"
    simple = chances("useless", "simple", repetitions)
    base = [size for power in POWERS for size in needed(simple, power)]
    yield _line("any", "simple", simple, base)
    for score in _SCORES:
        for allocation in ("certify", "find"):
            yield _line(score, allocation, chances(score, allocation, repetitions), base)


def chances(score: Score, allocation: Allocation, repetitions: int) -> list[float]:
    """Chance of showing the target with each number of reviews in `SIZES`."""
    audits = [Audit(POPULATION, reviews, TRUE, score, allocation) for reviews in SIZES]
    return [chance_to_show(audit, TARGET, repetitions=repetitions) for audit in audits]


def needed(curve: list[float], power: float) -> tuple[int, int]:
    """Smallest number of reviews that has the chance, and the smallest from which all larger ones in `SIZES` do."""
    enough = [chance >= power for chance in curve]
    last_short = max((n for n, yes in enumerate(enough) if not yes), default=-1)
    return SIZES[enough.index(True)], SIZES[last_short + 1]


def _line(score: str, allocation: str, curve: list[float], base: list[int]) -> str:
    at = [f"{curve[SIZES.index(n)]:.2f}" for n in (200, 300, 400)]
    sizes = [size for power in POWERS for size in needed(curve, power)]
    times = [f"{size} ({size / least:.2f})" for size, least in zip(sizes, base, strict=True)]
    return "| " + " | ".join([score, allocation, *at, *times]) + " |"


def live(repetitions: int) -> Iterator[str]:
    """Reviews until the live bound shows 2 %, asked after every review, as lines of a Markdown table."""
    yield "| true error | median reviews | 80 % by | 90 % by | stopped by 200 | 300 | 400 |"
    yield "|---|---|---|---|---|---|---|"
    for rate in (0.0, 0.005, 0.01):
        stopped_R = reviews_until_stop(ReviewStream(POPULATION, POPULATION, rate), TARGET, repetitions=repetitions)
        quantiles = [f"{np.quantile(stopped_R, q):.0f}" for q in (0.5, *POWERS)]
        by = [f"{(stopped_R <= n).mean():.2f}" for n in (200, 300, 400)]
        yield "| " + " | ".join([f"{rate:.1%}", *quantiles, *by]) + " |"


def acceptance() -> Iterator[str]:
    """Plans for 1 % acceptable, 5 % at the limit and 5 % for either risk, with their chance of passing (computed)."""
    rates = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1)
    yield "| batch | plan (n, c) | " + " | ".join(f"passes at {rate:.1%}" for rate in rates) + " |"
    yield "|---" * (2 + len(rates)) + "|"
    for lot in (200, 500, 2_000, None):
        plan = acceptance_plan(acceptable=0.01, limit=0.05, lot=lot)
        curve = [f"{point.chance:.3f}" for point in operating_characteristic(plan, rates)]
        name = "unlimited" if lot is None else f"{lot:,}"
        yield "| " + " | ".join([name, f"({plan.sample}, {plan.accept})", *curve]) + " |"


def curve() -> Iterator[str]:
    """The operating characteristic of the plan for an unlimited batch, as a Mermaid chart (computed)."""
    rates = [step / 200 for step in range(21)]
    plan = acceptance_plan(acceptable=0.01, limit=0.05)
    chances = [f"{point.chance:.3f}" for point in operating_characteristic(plan, rates)]
    yield "```mermaid"
    yield "xychart-beta"
    yield f'    title "Plan ({plan.sample}, {plan.accept}): chance of passing by true error rate"'
    yield f'    x-axis "true error rate, %" [{", ".join(f"{100 * rate:g}" for rate in rates)}]'
    yield '    y-axis "chance of passing" 0 --> 1'
    yield f"    line [{', '.join(chances)}]"
    yield "```"


def main(arguments: list[str]) -> None:
    """Print all tables, and the curve."""
    repetitions = int(arguments[0]) if arguments else 4_000
    for lines in (yields(repetitions), passing(repetitions), live(repetitions), acceptance(), curve()):
        sys.stdout.write("\n".join(lines) + "\n\n")


if __name__ == "__main__":
    main(sys.argv[1:])
