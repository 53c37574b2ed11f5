"""What a group decision does to a certificate, by simulation.

A person who sees a few rows of a group, all of them wrong in the same way, corrects the whole group at once. Rows of
the group where the correction is not right become wrong by it. The rows that suggested the decision agree with it
by selection, so they must not judge it: here the same audit is counted again after the decisions (the contrast), and
a fresh one is drawn (what Curator asks for).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curator.certificates import ErrorBounds, error_bounds
from curator.errors import RequestError
from curator.spot_checks import ALLOCATIONS, Score, allocate, stratum_sizes

_LIFT: Final[dict[Score, float]] = {"good": 0.4, "useless": 0.0, "misleading": -0.4}
"""What a wrong row adds to a risk score that is otherwise uniform in 0..1."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows in groups of one size, some of them wrong alike, and the rule that decides a group.

    Attributes:
        rows_seen: Audit rows of a group that suffice to decide it, where all that were seen are wrong (1, 2 or 3).
        score: What the risk score is worth, before and after the decisions.
        population: Rows.
        reviews: Rows drawn for each audit.
        group_size: Rows in each group.
        affected: Share of the groups that hold errors; in each of them the share of wrong rows, which is the
            purity of the correction, is drawn evenly from 0..1.
    """

    rows_seen: int
    score: Score = "useless"
    population: int = 2_000
    reviews: int = 200
    group_size: int = 20
    affected: float = 0.2


@dataclass(frozen=True, slots=True)
class DecisionCoverage:
    """Shares of repetitions in which the bounds on the error after the decisions held (rates in 0..1).

    `same_one_sided` and `same_two_sided` count the audit again that suggested the decisions; `fresh_*` one drawn
    afterwards. `decided` is the mean number of groups decided, `error_before` and `error_after` mean error rates.
    """

    same_one_sided: float
    same_two_sided: float
    fresh_one_sided: float
    fresh_two_sided: float
    decided: float
    error_before: float
    error_after: float
    standard_error: float


def simulate_decisions(
    groups: Groups, *, repetitions: int = 4000, confidence: float = 0.95, seed: int = 0
) -> DecisionCoverage:
    """Audit, decide groups by what the audit showed, and bound the error that is left, by both audits.

    Raises:
        RequestError: Groups that do not divide the population, or no row to decide by.
    """
    if groups.rows_seen < 1 or groups.population % groups.group_size:
        raise RequestError(f"{groups}: expected rows_seen >= 1 and groups that divide the population")
    rng = np.random.default_rng(seed)
    sizes_H = np.array(stratum_sizes(groups.population), dtype=np.int64)
    drawn_H = np.array(allocate(sizes_H.tolist(), ALLOCATIONS["certify"], groups.reviews))
    same_RH, fresh_RH = (np.zeros((repetitions, len(sizes_H)), dtype=np.int64) for _ in range(2))
    decided_R, before_R, after_R = (np.zeros(repetitions) for _ in range(3))
    for r in range(repetitions):
        wrong_GM = _errors(groups, rng)
        strata = _draw(groups, wrong_GM.ravel(), sizes_H, drawn_H, rng)
        decided_G = _decide(groups, wrong_GM, np.concatenate(strata))
        left_N = np.where(decided_G[:, None], ~wrong_GM, wrong_GM).ravel()
        same_RH[r] = [left_N[rows].sum() for rows in strata]
        fresh_RH[r] = [left_N[rows].sum() for rows in _draw(groups, left_N, sizes_H, drawn_H, rng)]
        decided_R[r], before_R[r], after_R[r] = decided_G.sum(), wrong_GM.mean(), left_N.mean()
    same = error_bounds(same_RH, same_RH, drawn_H, sizes_H, confidence=confidence)
    fresh = error_bounds(fresh_RH, fresh_RH, drawn_H, sizes_H, confidence=confidence)
    return DecisionCoverage(
        **_held("same", same, after_R),
        **_held("fresh", fresh, after_R),
        decided=float(decided_R.mean()),
        error_before=float(before_R.mean()),
        error_after=float(after_R.mean()),
        standard_error=float(np.sqrt(confidence * (1 - confidence) / repetitions)),
    )


def _errors(groups: Groups, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which rows are wrong, [G, M]."""
    count = groups.population // groups.group_size
    purity_G = np.where(rng.random(count) < groups.affected, rng.random(count), 0.0)
    wrong_GM: NDArray[np.bool_] = rng.random((count, groups.group_size)) < purity_G[:, None]
    return wrong_GM


def _draw(
    groups: Groups,
    wrong_N: NDArray[np.bool_],
    sizes_H: NDArray[np.int64],
    drawn_H: NDArray[np.int64],
    rng: np.random.Generator,
) -> list[NDArray[np.int64]]:
    """Rows drawn in each stratum, the strata cut by risk as in `curator.spot_checks.design`."""
    risk_N = rng.random(groups.population) + _LIFT[groups.score] * wrong_N
    bands = np.split(np.argsort(-risk_N), np.cumsum(sizes_H)[:-1])
    return [rng.choice(band, take, replace=False) for band, take in zip(bands, drawn_H, strict=True)]


def _decide(groups: Groups, wrong_GM: NDArray[np.bool_], seen: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Groups of which enough rows were seen, all of them wrong, [G]."""
    group, count = seen // groups.group_size, len(wrong_GM)
    seen_G = np.bincount(group, minlength=count)
    found_G = np.bincount(group, weights=wrong_GM.ravel()[seen], minlength=count)
    decided_G: NDArray[np.bool_] = (seen_G >= groups.rows_seen) & (found_G == seen_G)
    return decided_G


def _held(audit: str, bounds: ErrorBounds, truth_R: NDArray[np.float64]) -> dict[str, float]:
    """Shares of repetitions whose one-sided and whose two-sided bound hold."""
    slack = 1e-12
    below_R = truth_R <= bounds.high_R + slack
    return {
        f"{audit}_one_sided": float((truth_R <= bounds.upper_one_sided_R + slack).mean()),
        f"{audit}_two_sided": float((below_R & (bounds.low_R - slack <= truth_R)).mean()),
    }
