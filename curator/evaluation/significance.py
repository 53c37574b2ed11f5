"""Is one model better than another on the same items? Paired comparisons that respect groups.

Items of one group (a parallel sentence, a thread, a near-duplicate cluster) stand or fall together,
so the group is the unit that varies. Tests that count items, such as McNemar's, are wrong there.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy
from numpy.typing import NDArray

from curator.errors import DataError, NotEnoughDataError, RequestError

_POWER: Final = 0.80
"""Chance of seeing a difference as large as `minimum_detectable`."""

_EXACT_WORK: Final = 50_000_000
"""Largest number of additions for the exact permutation distribution."""


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """Contestant a against contestant b on the same items.

    Attributes:
        n: Items.
        groups: Independent groups of items.
        a: Mean score of a, in 0..1.
        b: Mean score of b, in 0..1.
        difference: a - b.
        low: Lower end of the two-sided interval of the difference, at confidence 1 - `alpha`.
        high: Upper end of that interval.
        p: Two-sided p-value of the group sign-flip test.
        minimum_detectable: Difference that a test of this size sees with 80 % power.
        alpha: Level of the interval and of `minimum_detectable`.
        method: What was computed, in words.
    """

    n: int
    groups: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    minimum_detectable: float
    alpha: float
    method: str


def paired_comparison(
    a_correct_N: NDArray[np.generic],
    b_correct_N: NDArray[np.generic],
    groups_N: NDArray[np.generic],
    *,
    seed: int,
    alpha: float = 0.05,
    repetitions: int = 20_000,
) -> PairedComparison:
    """Compare two contestants on the same items.

    The interval is a t interval on the group sums of the differences (cluster-robust, ratio
    estimator, degrees of freedom groups - 1), steadied by two pseudo-groups, one for each side, as
    Bonett and Price (2012) add two pseudo-items: without them no disagreement would read as no doubt.
    The p-value flips the sign of each group's sum: exactly, over all flips, where scores are whole
    numbers and the work is bounded; else over `repetitions` random flips.

    Args:
        a_correct_N: Score of contestant a on each item: right or wrong, or a score in 0..1.
        b_correct_N: The same for contestant b, in the same order.
        groups_N: Group of each item; give each item its own where they are independent.
        seed: Of the random flips; without effect where the test is exact.
        alpha: Level, in (0, 1).
        repetitions: Random flips.

    Raises:
        NotEnoughDataError: Fewer than two groups.
        DataError: Lengths differ, or a score is outside 0..1.
        RequestError: `alpha` outside (0, 1).
    """
    a_N, b_N = _scores(a_correct_N, "a"), _scores(b_correct_N, "b")
    if not len(a_N) == len(b_N) == len(groups_N):
        raise DataError(f"paired items differ in number: {len(a_N)}, {len(b_N)}, {len(groups_N)} groups")
    if not 0.0 < alpha < 1.0:
        raise RequestError(f"alpha must lie between 0 and 1, got {alpha}")
    sums_G, counts_G = group_sums(a_N - b_N, groups_N)
    n, groups = len(a_N), len(sums_G)
    if groups < 2:
        raise NotEnoughDataError(f"comparing needs at least two groups of items, got {groups}")
    difference = float(sums_G.sum() / n)
    centre, error = _steadied(sums_G, counts_G)
    quantile = float(scipy.special.stdtrit(groups - 1, 1 - alpha / 2))
    p, how = _sign_flip(sums_G, seed, repetitions)
    return PairedComparison(
        n=n,
        groups=groups,
        a=float(a_N.mean()),
        b=float(b_N.mean()),
        difference=difference,
        low=max(min(centre - quantile * error, difference), -1.0),
        high=min(max(centre + quantile * error, difference), 1.0),
        p=p,
        minimum_detectable=min((quantile + float(scipy.special.stdtrit(groups - 1, _POWER))) * error, 1.0),
        alpha=alpha,
        method=f"group-robust t interval; {how} sign-flip test on group sums",
    )


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's (1979) step-down adjusted p-values, in the order given.

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = largest
    return tuple(adjusted)


def group_sums(
    values_N: NDArray[np.float64], groups_N: NDArray[np.generic]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and number of the values in each group, [G] and [G], groups in sorted order."""
    _, inverse_N = np.unique(groups_N, return_inverse=True)
    return np.bincount(inverse_N, weights=values_N).astype(np.float64), np.bincount(inverse_N).astype(np.float64)


def _scores(values_N: NDArray[np.generic], who: str) -> NDArray[np.float64]:
    scores_N = np.asarray(values_N, dtype=np.float64)
    bad = np.flatnonzero(~((scores_N >= 0) & (scores_N <= 1)))
    if bad.size:
        raise DataError(f"contestant {who}, item {bad[0]}: score {scores_N[bad[0]]} is outside 0..1")
    return scores_N


def _steadied(sums_G: NDArray[np.float64], counts_G: NDArray[np.float64]) -> tuple[float, float]:
    """Centre and standard error of the difference, with one pseudo-group on each side."""
    moved_G = np.abs(sums_G[sums_G != 0])
    size = max(1.0, math.sqrt(float((moved_G**2).mean()))) if moved_G.size else 1.0
    sums_H, counts_H = np.append(sums_G, [size, -size]), np.append(counts_G, [size, size])
    total, groups = float(counts_H.sum()), len(sums_H)
    centre = float(sums_H.sum()) / total
    spread = float(((sums_H - centre * counts_H) ** 2).sum())
    return centre, math.sqrt(groups / (groups - 1) * spread) / total


def _sign_flip(sums_G: NDArray[np.float64], seed: int, repetitions: int) -> tuple[float, str]:
    """Two-sided p-value of the sum under random signs of the groups, and how it was found."""
    moved_G = np.abs(sums_G[sums_G != 0])
    if moved_G.size == 0:
        return 1.0, "exact"
    observed, reach = abs(float(sums_G.sum())), float(moved_G.sum())
    if np.all(moved_G == np.round(moved_G)) and moved_G.size * (2 * reach + 1) <= _EXACT_WORK:
        return _exact_p(moved_G.astype(np.int64), round(observed)), "exact"
    rng = np.random.default_rng(seed)
    extreme, left = 0, repetitions
    while left:
        rows = min(left, max(1, 4_000_000 // moved_G.size))
        signs_RG = rng.integers(0, 2, size=(rows, moved_G.size), dtype=np.int8) * 2.0 - 1.0
        extreme += int((np.abs(signs_RG @ moved_G) >= observed - 1e-9).sum())
        left -= rows
    return (1 + extreme) / (1 + repetitions), f"{repetitions:,}-fold random"


def _exact_p(moved_G: NDArray[np.int64], observed: int) -> float:
    """P(|sum of +-moved| >= observed), by convolution over the whole numbers."""
    reach = int(moved_G.sum())
    chance = np.zeros(2 * reach + 1)
    chance[reach] = 1.0
    for step in moved_G:
        flipped = np.zeros_like(chance)
        flipped[step:] += chance[:-step] / 2
        flipped[:-step] += chance[step:] / 2
        chance = flipped
    return min(1.0, float(chance[np.abs(np.arange(-reach, reach + 1)) >= observed].sum()))
