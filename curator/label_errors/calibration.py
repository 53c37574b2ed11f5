"""One scale for all doubts: the chance that a row is wrong, learnt from what reviews say as they come in.

A *certain* doubt is a fact about one row (a copied value that is not in its input), a *guess* an inference from the
others. Before anybody has reviewed, nine of ten certain doubts are taken to be right, and guesses stand below them.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from curator.label_errors.ranking import NoiseResult

CERTAIN = 0.9
"""Chance that a certain doubt is right, before reviews; worth ten reviews. Guesses are kept below it."""
_WORTH = 10.0
_SPREAD_A, _SPREAD_B, _LEAST_B = 1.5, 0.5, 0.05  # of the line from a guess's odds to the odds of being wrong
_STEPS, _EDGE = 25, 1e-4


def one_scale(guess_N: NDArray[np.float64], certain_N: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return scores in 0..1 in which every certain doubt stands above every guess, and guesses order both.

    Args:
        guess_N: What the other rows say of each, 0..1; NaN where they say nothing.
        certain_N: Rows with a certain doubt.
    """
    least = np.nan_to_num(guess_N, nan=0.0)
    return np.asarray(np.where(certain_N, CERTAIN + (1.0 - CERTAIN) * least, (CERTAIN - 0.01) * guess_N))


def with_reviews(noise: NoiseResult, wrong: Mapping[int, bool]) -> NoiseResult:
    """Return the result with its scores brought to the chance of being wrong that reviews show.

    Guesses go through a logistic line in their log-odds (Platt 1999) with the prior that they are chances as they are;
    certain doubts get the share that was right, their prior weighed in. The order among guesses stays.

    Args:
        noise: From a ranking, in which `certain` names the rows with a certain doubt.
        wrong: Row -> whether a person said that its label was wrong.
    """
    known = [row for row in wrong if np.isfinite(noise.score_N[row])]
    if not known:
        return noise
    certain_N = np.zeros(len(noise.score_N), dtype=bool)
    certain_N[list(noise.certain)] = True
    said_N = np.array([wrong.get(row, False) for row in range(len(certain_N))])
    judged_N = np.zeros(len(certain_N), dtype=bool)
    judged_N[known] = True
    score_N = noise.score_N.copy()
    sure_N, unsure_N = judged_N & certain_N, judged_N & ~certain_N
    if sure_N.any():
        share = (CERTAIN * _WORTH + said_N[sure_N].sum()) / (_WORTH + sure_N.sum())
        beside_N = (score_N[certain_N] - CERTAIN) / (1.0 - CERTAIN)
        score_N[certain_N] = share + (1.0 - share) * (1.0 - CERTAIN) * np.clip(beside_N, 0.0, 1.0)
    if unsure_N.any():
        line = _line(_log_odds(score_N[unsure_N]), said_N[unsure_N].astype(np.float64))
        score_N[~certain_N] = _chance(line[0] + line[1] * _log_odds(score_N[~certain_N]))
    return replace(noise, score_N=score_N)


def _log_odds(score_N: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(score_N, _EDGE, 1.0 - _EDGE)
    return np.asarray(np.log(clipped / (1.0 - clipped)))


def _chance(odds_N: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-odds_N)))


def _line(odds_K: NDArray[np.float64], wrong_K: NDArray[np.float64]) -> tuple[float, float]:
    """Intercept and slope, the likeliest under a normal prior around (0, 1), by Newton's method."""
    design_K2 = np.stack([np.ones_like(odds_K), odds_K], axis=1)
    prior_2, precision_2 = np.array([0.0, 1.0]), np.array([_SPREAD_A**-2, _SPREAD_B**-2])
    line_2 = prior_2.copy()
    for _ in range(_STEPS):
        p_K = _chance(design_K2 @ line_2)
        slope_2 = design_K2.T @ (p_K - wrong_K) + precision_2 * (line_2 - prior_2)
        curve_22 = (design_K2 * (p_K * (1.0 - p_K))[:, None]).T @ design_K2 + np.diag(precision_2)
        line_2 = line_2 - np.clip(np.linalg.solve(curve_22, slope_2), -1.0, 1.0)
    return float(line_2[0]), max(_LEAST_B, float(line_2[1]))
