"""How often a bound is ever wrong if somebody looks at it after every review, by simulation."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from curator.certificates import may_stop, sequence_bound
from curator.errors import RequestError


@dataclass(frozen=True, slots=True)
class ReviewStream:
    """Rows in one random order: how many, how many of them are reviewed, and the true error rate (0..1)."""

    population: int
    reviews: int
    error_rate: float


@dataclass(frozen=True, slots=True)
class EverWrong:
    """Shares of streams in which a bound excluded the truth at any look.

    `wilson` is the contrast: the interval for a fixed number of reviews, looked at as often. `standard_error` is the
    Monte Carlo error of a share at the nominal one.
    """

    one_sided: float
    two_sided: float
    wilson: float
    standard_error: float


def simulate_peeking(
    stream: ReviewStream, *, every: int = 1, repetitions: int = 4000, confidence: float = 0.95, seed: int = 0
) -> EverWrong:
    """Review streams row by row, look at the bounds at every `every`-th review, and note which are ever wrong.

    Raises:
        RequestError: More reviews than rows, or no look at all.
    """
    if not 0 < every <= stream.reviews <= stream.population:
        raise RequestError(f"{stream} with a look every {every} reviews: expected every <= reviews <= population")
    wrong = round(stream.error_rate * stream.population)
    rng = np.random.default_rng(seed)
    found_R = np.zeros(repetitions, dtype=np.int64)
    missed_3R = np.zeros((3, repetitions), dtype=np.bool_)
    for n in range(1, stream.reviews + 1):
        chance_R = (wrong - found_R) / (stream.population - n + 1)
        found_R += rng.random(repetitions) < chance_R
        if n % every == 0:
            counts, inverse_R = np.unique(found_R, return_inverse=True)
            missed = [_excluded(int(k), n, stream.population, wrong, confidence) for k in counts]
            missed_3R |= np.array(missed).T[:, inverse_R]
    one_sided, two_sided, wilson = (float(share) for share in missed_3R.mean(axis=1))
    return EverWrong(one_sided, two_sided, wilson, float(np.sqrt(confidence * (1 - confidence) / repetitions)))


def reviews_until_stop(
    stream: ReviewStream, target: float, *, repetitions: int = 4000, confidence: float = 0.95, seed: int = 0
) -> NDArray[np.int64]:
    """Reviews after which `may_stop` first says yes, asked after every review, [R].

    A stream that never hears yes within its reviews counts one review more than it has.

    Raises:
        RequestError: More reviews than rows.
    """
    if not 0 < stream.reviews <= stream.population:
        raise RequestError(f"{stream}: expected 0 < reviews <= population")
    wrong = round(stream.error_rate * stream.population)
    rng = np.random.default_rng(seed)
    found_R = np.zeros(repetitions, dtype=np.int64)
    stopped_R = np.full(repetitions, stream.reviews + 1, dtype=np.int64)
    for n in range(1, stream.reviews + 1):
        found_R += rng.random(repetitions) < (wrong - found_R) / (stream.population - n + 1)
        going_R = stopped_R > stream.reviews
        for k in np.unique(found_R[going_R]):
            if may_stop(int(k), n, target, confidence, population=stream.population):
                stopped_R[going_R & (found_R == k)] = n
    return stopped_R


def _excluded(errors: int, reviewed: int, population: int, wrong: int, confidence: float) -> tuple[bool, bool, bool]:
    """Whether the one-sided bound, the two-sided one, and Wilson's interval leave the truth out."""
    truth, slack = wrong / population, 1e-12
    bound = sequence_bound(errors, reviewed, population=population, confidence=confidence)
    low, high = _wilson(errors, reviewed, confidence)
    return (
        truth > bound.upper_one_sided + slack,
        not bound.low - slack <= truth <= bound.high + slack,
        not low <= truth <= high,
    )


def _wilson(errors: int, reviewed: int, confidence: float) -> tuple[float, float]:
    """The score interval of Wilson (1927), for a number of reviews that was fixed beforehand."""
    z2 = float(scipy.special.ndtri((1 + confidence) / 2)) ** 2
    rate, share = errors / reviewed, z2 / reviewed
    middle = (rate + share / 2) / (1 + share)
    half = (share * rate * (1 - rate) + share**2 / 4) ** 0.5 / (1 + share)
    return middle - half, middle + half
