"""May we stop? A bound that stays valid however often somebody looks at it.

An ordinary interval holds for a number of reviews that was fixed beforehand. Looked at after every review, and
used to stop as soon as it pleases, it is wrong far more often than it says. A confidence sequence holds at all
looks at once: the chance that it *ever* excludes the truth is at most one less the confidence.

This one is the beta-binomial mixture (Robbins 1970, "Statistical methods related to the law of the iterated
logarithm", Annals of Mathematical Statistics 41, 1397-1409): with k errors in n reviews it keeps each error rate p
with  log B(a+k, b+n-k) - log B(a, b) - k log p - (n-k) log(1-p) < log(1/alpha),  a = b = 1/2.
Rows are drawn without replacement, so p^k (1-p)^(n-k) gives way to the exact chance of the answers when E of N
rows are wrong (Waudby-Smith and Ramdas 2020, "Confidence sequences for sampling without replacement", NeurIPS).
The ratio stays a martingale, so that Ville's inequality proves the coverage, and the bound is exact at a census.

The one-sided bound mixes only over smaller numbers of errors than the one that it tests, which makes it tighter.

What it costs beside a plan whose size is fixed beforehand, at 95 %: to show 2 % from 2,000 rows without an error, 174
reviews instead of 140; with 12 errors in 200 reviews the upper bound is 11.9 % instead of 9.4 %, and the two-sided
interval 11.0 points wide instead of 6.7. So use it to stop early, and a plan of fixed size for the reported figure.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

from curator.errors import DataError, RequestError
from curator.types import Bound

SEQUENCE: Final = "beta-binomial confidence sequence: valid at every look, for rows in one random order"
_A: Final = 0.5
_B: Final = 0.5


def sequence_bound(errors: int, reviewed: int, *, population: int, confidence: float = 0.95) -> Bound:
    """Bound the error rate of a population from the first reviews of one random order of its rows.

    Holds at all numbers of reviews at once, so it may be looked at after each. It speaks of *one* stream: all of
    the population's rows, or one stratum's, shuffled before the first review. It says nothing for rows that were
    chosen, for several strata pooled, or where rows were passed over.

    Args:
        errors: Wrong rows among the reviewed; for a safe upper bound count skipped rows as wrong.
        reviewed: Rows reviewed so far, from the first of the stream without a gap; 0 is allowed.
        population: Rows in the whole stream.
        confidence: In (0, 1), of the two-sided interval and of the one-sided upper bound each.

    Raises:
        DataError: Counts that no review can give: errors <= reviewed <= population is expected.
        RequestError: A confidence outside (0, 1).
    """
    if not (0 <= errors <= reviewed <= population and population > 0):
        raise DataError(
            f"{errors} errors in {reviewed} reviews of {population} rows: expected "
            "0 <= errors <= reviewed <= population, and at least one row"
        )
    if not 0.0 < confidence < 1.0:
        raise RequestError(f"confidence must lie between 0 and 1, got {confidence}")
    log_like_E = _log_likelihood(errors, reviewed, population)
    odds = 1.0 / (1.0 - confidence)
    log_mixture = betaln(_A + errors, _B + reviewed - errors) - betaln(_A, _B)
    kept = errors + np.flatnonzero(log_mixture - log_like_E < np.log(odds))
    rate = errors / reviewed if reviewed else 0.5
    low, high = float(kept[0] / population), float(kept[-1] / population)
    return Bound(
        estimate=min(max(rate, low), high),
        low=low,
        high=high,
        upper_one_sided=_upper(errors, log_like_E, population, odds) / population,
        confidence=confidence,
        reviews=reviewed,
        population=population,
        method=SEQUENCE,
    )


def may_stop(errors: int, reviewed: int, target: float, confidence: float = 0.95, *, population: int) -> bool:
    """Whether the reviews so far show an error rate of at most `target`, asked as often as one likes.

    The chance of ever hearing yes when more than `target` of the rows are wrong is at most 1 - confidence.

    Args:
        errors: As in `sequence_bound`.
        reviewed: As in `sequence_bound`.
        target: Highest error rate to be shown, 0..1.
        confidence: As in `sequence_bound`.
        population: As in `sequence_bound`.

    Raises:
        DataError: As in `sequence_bound`.
        RequestError: As in `sequence_bound`, or a target outside 0..1.
    """
    if not 0.0 <= target <= 1.0:
        raise RequestError(f"target must lie between 0 and 1, got {target}")
    bound = sequence_bound(errors, reviewed, population=population, confidence=confidence)
    return bound.upper_one_sided <= target


def _upper(errors: int, log_like_E: NDArray[np.float64], population: int, odds: float) -> int:
    """Largest number of errors that the mixture over fewer errors does not refute."""
    like_E = np.exp(log_like_E - log_like_E.max())
    prior_E = _prior(population)
    here = slice(errors, errors + len(like_E))
    below_E = np.cumsum(prior_E)[here] - prior_E[here]
    weighted_E = prior_E[here] * like_E
    mixed_E = np.cumsum(weighted_E) - weighted_E
    return errors + int(np.flatnonzero(mixed_E <= odds * below_E * like_E)[-1])


def _log_likelihood(errors: int, reviewed: int, population: int) -> NDArray[np.float64]:
    """Log of the chance of these answers in their order, for E = errors .. population - correct, [E]."""
    log_factorial = _log_factorials(population)
    correct = reviewed - errors
    span = population - reviewed + 1
    wrong_E = log_factorial[errors : errors + span] - log_factorial[:span]
    right_E = (log_factorial[correct : correct + span] - log_factorial[:span])[::-1]
    ways: float = log_factorial[population] - log_factorial[population - reviewed]
    chance_E: NDArray[np.float64] = wrong_E + right_E - ways
    return chance_E


@lru_cache(maxsize=8)
def _log_factorials(population: int) -> NDArray[np.float64]:
    made: NDArray[np.float64] = gammaln(np.arange(population + 1) + 1.0)
    made.flags.writeable = False
    return made


@lru_cache(maxsize=8)
def _prior(population: int) -> NDArray[np.float64]:
    """Beta-binomial weights of E = 0 .. population."""
    wrong_E = np.arange(population + 1)
    log_factorial = _log_factorials(population)
    log_ways_E = log_factorial[population] - log_factorial - log_factorial[::-1]
    made: NDArray[np.float64] = np.exp(log_ways_E + betaln(wrong_E + _A, population - wrong_E + _B) - betaln(_A, _B))
    made.flags.writeable = False
    return made
