"""Which rows a person looks at: stratified random samples with known inclusion probabilities.

The audit stream estimates and is drawn at random within risk strata; the risk stream finds errors
and is chosen. The two never share a row, and only the audit stream feeds a certificate.

Every choice is made by hashing the row's id with the seed, so the order of the input changes nothing.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from curator.certificates import StratumResult, error_bound, error_bounds
from curator.errors import DataError, RequestError
from curator.records import Purpose

StratumName = Literal["top", "next", "rest", "test", "known"]

ALLOCATIONS: Final[Mapping[Purpose, tuple[float, float, float]]] = {
    "certify": (0.10, 0.20, 0.70),
    "find": (0.25, 0.25, 0.50),
}
"""Share of the reviews for the strata top, next and rest, by purpose."""

SHARES: Final = (0.05, 0.20)
"""Share of the open rows in the strata top and next; rest holds what is left."""

FLOOR: Final = 15
"""Reviews that each stratum gets at least, where the total allows."""


Score = Literal["good", "useless", "misleading"]

_CHANCE: Final[dict[Score, tuple[float, float, float]]] = {
    "good": (12.0, 1.5, 0.13),
    "useless": (1.0, 1.0, 1.0),
    "misleading": (0.0, 0.05, 1.3),
}
"""Odds of an error in the strata top, next and rest, relative to the average row."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """A band of rows: its name, its rows in the population, and how many of them are drawn."""

    name: StratumName
    size: int
    reviews: int


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """A row to review. `position` counts from 0 within its stream."""

    example_id: str
    stratum: StratumName
    inclusion_probability: float
    position: int


@dataclass(frozen=True, slots=True)
class Draw:
    """A finished draw: strata, the audit and the risk stream, and every population row's stratum."""

    strata: tuple[Stratum, ...]
    audit: tuple[DrawnRow, ...]
    risk: tuple[DrawnRow, ...]
    assignment: dict[str, StratumName]


def draw(
    example_ids: Sequence[str],
    risk_N: NDArray[np.floating],
    *,
    purpose: Purpose,
    reviews: int,
    seed: int,
    known: frozenset[str] = frozenset(),
    risk_reviews: int = 0,
) -> Draw:
    """Draw the audit sample and choose the risk rows.

    Args:
        example_ids: The population, [N]: exactly the rows that the certificate will speak of.
        risk_N: Risk scores, higher is worse; equal scores are split at random, by the seed.
        purpose: "certify" and "find" differ in allocation; "test" takes every open row.
        reviews: Audit rows to draw; more than there are open rows means all. Ignored for "test".
        seed: Names the draw. The same seed and rows give the same draw in any order of the input.
        known: Rows whose truth a person settled before this draw; none of them is drawn.
        risk_reviews: Riskiest rows to add beside the audit sample. They are chosen, not drawn:
            their inclusion probability is recorded as 1 and they must stay out of estimates.

    Raises:
        RequestError: A negative count, or `known` names rows outside the population.
        DataError: Ids repeat, a score is not finite, or the lengths differ.
    """
    _validate(example_ids, risk_N, reviews, risk_reviews, known)
    open_risk = {i: float(r) for i, r in zip(example_ids, risk_N, strict=True) if i not in known}
    by_risk = sorted(open_risk, key=lambda i: (-open_risk[i], _hash(seed, "tie", i), i))
    assignment: dict[str, StratumName] = {i: "known" for i in example_ids if i in known}
    strata: list[Stratum] = []
    picked: list[tuple[str, StratumName, float]] = []
    for name, members, take in _bands(by_risk, purpose, reviews):
        assignment.update(dict.fromkeys(members, name))
        strata.append(Stratum(name, len(members), take))
        shuffled = sorted(members, key=lambda i: (_hash(seed, "draw", i), i))
        picked += [(i, name, take / len(members)) for i in shuffled[:take]]
    if known:
        strata.append(Stratum("known", len(known), 0))
    picked.sort(key=lambda row: (_hash(seed, "order", row[0]), row[0]))
    audit = tuple(DrawnRow(i, name, pi, position) for position, (i, name, pi) in enumerate(picked))
    taken = {row.example_id for row in audit}
    riskiest = [i for i in by_risk if i not in taken][:risk_reviews]
    risk = tuple(DrawnRow(i, assignment[i], 1.0, position) for position, i in enumerate(riskiest))
    return Draw(tuple(strata), audit, risk, assignment)


def allocate(sizes: Sequence[int], shares: Sequence[float], reviews: int) -> tuple[int, ...]:
    """Split `reviews` over strata: near the shares, within the sizes, no stratum starved.

    Each stratum gets at least min(size, 15) where the total allows, else at least a quarter of the
    total (so that the smallest plans keep most reviews for the largest band). The sum is exactly
    min(reviews, sum of sizes).

    >>> allocate([100, 400, 1500], (0.10, 0.20, 0.70), 200)
    (20, 40, 140)
    >>> allocate([10, 40, 150], (0.10, 0.20, 0.70), 60)
    (10, 15, 35)
    """
    total = min(reviews, sum(sizes))
    fits = sum(min(size, FLOOR) for size in sizes) <= total
    floor = FLOOR if fits else total // 4
    counts = [min(size, floor) for size in sizes]
    while sum(counts) < total:
        short = [
            share * total - count if count < size else -np.inf
            for share, count, size in zip(shares, counts, sizes, strict=True)
        ]
        counts[int(np.argmax(short))] += 1
    return tuple(counts)


def stratum_sizes(rows: int) -> tuple[int, int, int]:
    """Sizes of the strata top, next and rest among `rows` open rows."""
    top, following = round(SHARES[0] * rows), round(SHARES[1] * rows)
    return top, following, rows - top - following


def claimable(population: int, reviews: int, *, confidence: float = 0.95, errors: int = 0) -> float:
    """One-sided upper bound on the error rate that a certify plan gives when `errors` are found.

    The errors are taken to lie where reviews weigh most, as in a plan whose risk score is useless:
    what a plan may promise before anybody has reviewed.

    Raises:
        RequestError: No population, no reviews, or more errors than reviews.
    """
    if population < 1 or reviews < 1 or not 0 <= errors <= min(reviews, population):
        raise RequestError(
            f"cannot say what {reviews} reviews of {population} rows with {errors} errors claim: "
            "give at least one row, one review, and no more errors than reviews"
        )
    sizes = stratum_sizes(population)
    counts = allocate(sizes, ALLOCATIONS["certify"], reviews)
    left, found = errors, [0] * len(sizes)
    for h in sorted(range(len(sizes)), key=lambda h: -sizes[h] / max(counts[h], 1)):
        found[h] = min(left, counts[h])
        left -= found[h]
    strata = [
        StratumResult(name, size, count, k)
        for name, size, count, k in zip(("top", "next", "rest"), sizes, counts, found, strict=True)
    ]
    return error_bound(strata, known_errors=0, known_rows=0, confidence=confidence).upper_one_sided


def reviews_needed(
    population: int,
    *,
    max_error: float,
    confidence: float = 0.95,
    power: float = 0.8,
    expected_error: float | None = None,
) -> int:
    """Smallest certify plan that shows an error rate of at most `max_error`, if it is true.

    "Shows" means: the one-sided upper bound is at most `max_error`, with a chance of at least
    `power`, when the true error rate is `expected_error` (default: a quarter of `max_error`) and
    the risk score is useless. The chance is simulated with fixed draws, 2,000 for each size tried.

    Returns:
        Number of reviews; `population` (a census) where no smaller sample does.

    Raises:
        RequestError: A rate outside (0, 1), or the expected error is not below `max_error`.
    """
    expected = max_error / 4 if expected_error is None else expected_error
    if population < 1:
        raise RequestError(f"a plan needs a population of at least one row, got {population}")
    if not (0 < max_error < 1 and 0 < confidence < 1 and 0 < power < 1 and 0 <= expected < max_error):
        raise RequestError(
            f"max_error {max_error}, confidence {confidence}, power {power} must lie in (0, 1) and "
            f"expected_error {expected} in [0, max_error)"
        )
    low, high = 0, 1
    while high < population and _power(population, high, max_error, confidence, expected) < power:
        low, high = high, 2 * high
    high = min(high, population)
    while high - low > 1:
        middle = (low + high) // 2
        if _power(population, middle, max_error, confidence, expected) >= power:
            high = middle
        else:
            low = middle
    return high


def place_errors(
    rng: np.random.Generator, sizes_H: NDArray[np.int64], wrong: int, score: Score, repetitions: int
) -> NDArray[np.int64]:
    """Errors in the strata top, next and rest as the score ranks them, [R, H]; each row sums to `wrong`."""
    share_H = sizes_H * np.array(_CHANCE[score])
    errors_RH = rng.multinomial(wrong, share_H / share_H.sum(), size=repetitions)
    # A stratum cannot hold more errors than rows: what does not fit moves to the next one.
    for h in (0, 1, 2, 0, 1, 2):
        over_R = np.maximum(errors_RH[:, h] - sizes_H[h], 0)
        errors_RH[:, h] -= over_R
        errors_RH[:, (h + 1) % 3] += over_R
    return errors_RH


def _power(population: int, reviews: int, max_error: float, confidence: float, expected: float) -> float:
    """Chance that a certify plan of this size shows `max_error`, with a useless score."""
    sizes_H = np.array(stratum_sizes(population))
    counts_H = np.array(allocate(sizes_H.tolist(), ALLOCATIONS["certify"], reviews))
    if np.any((counts_H == 0) & (sizes_H > 0)):
        return 0.0
    rng = np.random.default_rng(20261120)
    wrong = round(expected * population)
    errors_RH = rng.multivariate_hypergeometric(sizes_H, wrong, size=2000)
    found_RH = rng.hypergeometric(errors_RH, sizes_H - errors_RH, counts_H)
    bounds = error_bounds(found_RH, found_RH, counts_H, sizes_H, confidence=confidence)
    return float((bounds.upper_one_sided_R <= max_error).mean())


def _bands(by_risk: list[str], purpose: Purpose, reviews: int) -> list[tuple[StratumName, list[str], int]]:
    """Name, members and number to draw for each stratum that has rows."""
    if purpose == "test":
        return [("test", by_risk, len(by_risk))] if by_risk else []
    sizes = stratum_sizes(len(by_risk))
    counts = allocate(sizes, ALLOCATIONS[purpose], reviews)
    edge_top, edge_next = sizes[0], sizes[0] + sizes[1]
    bands: list[tuple[StratumName, list[str], int]] = [
        ("top", by_risk[:edge_top], counts[0]),
        ("next", by_risk[edge_top:edge_next], counts[1]),
        ("rest", by_risk[edge_next:], counts[2]),
    ]
    return [band for band in bands if band[1]]


def _hash(seed: int, use: str, example_id: str) -> bytes:
    """Independent pseudo-random keys for breaking ties, drawing and ordering."""
    return hashlib.blake2b(f"{seed}\x1f{use}\x1f{example_id}".encode(), digest_size=12).digest()


def _validate(
    example_ids: Sequence[str],
    risk_N: NDArray[np.floating],
    reviews: int,
    risk_reviews: int,
    known: frozenset[str],
) -> None:
    if reviews < 0 or risk_reviews < 0:
        raise RequestError(f"reviews {reviews} and risk_reviews {risk_reviews} must not be negative")
    if len(example_ids) != len(risk_N):
        raise DataError(f"{len(example_ids)} rows but {len(risk_N)} risk scores: each row needs one")
    ids = set(example_ids)
    if len(ids) != len(example_ids):
        twice = Counter(example_ids).most_common(1)[0][0]
        raise DataError(f"row {twice} is in the population twice: a row can be drawn only once")
    bad = np.flatnonzero(~np.isfinite(risk_N))
    if bad.size:
        raise DataError(f"row {example_ids[bad[0]]}: risk score {risk_N[bad[0]]} is not a finite number")
    if stray := sorted(known - ids):
        raise RequestError(f"known row {stray[0]} is not in the population (and {len(stray) - 1} more)")
