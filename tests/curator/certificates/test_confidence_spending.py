"""However often somebody draws again after a miss, a wrong pass stays as rare as the certificates say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.certificates.bounds import error_bounds
from curator.certificates.confidence_spending import confidence_of, overall_confidence, spent
from curator.errors import RequestError

ROWS, REVIEWS, TARGET, TRIES, REPETITIONS = 400, 130, 0.05, 10, 20_000
WRONG = 21
"""One more wrong row than the target allows, the hardest dataset to refuse: an audit passes it 4.97 % of the time."""


def first_passes(confidence: float, *, spending: bool, seed: int = 1) -> np.ndarray:
    """The attempt that first passes a dataset that is worse than its target, 0 where none does, [R]."""
    rng = np.random.default_rng(seed)
    passed_R = np.zeros(REPETITIONS, dtype=int)
    for attempt in range(1, TRIES + 1):
        found_R1 = rng.hypergeometric(WRONG, ROWS - WRONG, REVIEWS, size=(REPETITIONS, 1))
        level = confidence_of(attempt, confidence) if spending else confidence
        bounds = error_bounds(found_R1, found_R1, np.array([REVIEWS]), np.array([ROWS]), confidence=level)
        passed_R[(passed_R == 0) & (bounds.upper_one_sided_R <= TARGET + 1e-12)] = attempt
    return passed_R


def most(share: float) -> float:
    return share + 3 * math.sqrt(share * (1 - share) / REPETITIONS)


def test_trying_until_it_passes_without_spending_certifies_a_bad_dataset() -> None:
    assert (first_passes(0.95, spending=False) > 0).mean() > 0.35


def test_all_further_attempts_together_pass_wrongly_no_more_often_than_one_audit() -> None:
    first = first_passes(0.95, spending=True)
    assert (first == 1).mean() <= most(0.05)
    after_a_miss = first[first != 1]
    assert (after_a_miss > 0).mean() <= most(0.05)
    for tries in (1, 2, 3, TRIES):
        wrong = ((first > 0) & (first <= tries)).mean()
        assert wrong <= most(1 - overall_confidence(tries, 0.95)), tries


def test_who_asks_for_97_5_percent_has_the_whole_row_of_attempts_at_95() -> None:
    assert (first_passes(0.975, spending=True) > 0).mean() <= most(0.05)


@given(confidence=st.floats(0.5, 0.999), attempts=st.integers(1, 200))
def test_what_is_spent_never_adds_up_to_more_than_twice_the_risk(confidence: float, attempts: int) -> None:
    alpha = 1 - confidence
    shares = [spent(k, confidence) for k in range(1, attempts + 1)]
    assert sum(shares) < 2 * alpha * (1 + 1e-9)
    assert sum(shares[1:]) <= alpha * (1 + 1e-9)
    assert overall_confidence(attempts, confidence) == pytest.approx(max(0, 1 - sum(shares)))
    levels = [confidence_of(k, confidence) for k in range(1, attempts + 1)]
    assert levels[0] == confidence
    assert levels == sorted(levels)
    assert levels[-1] < 1


@pytest.mark.parametrize(("attempt", "confidence"), [(0, 0.95), (1, 0.0), (1, 1.0)])
def test_what_cannot_be_is_refused(attempt: int, confidence: float) -> None:
    with pytest.raises(RequestError, match="expected from 1"):
        confidence_of(attempt, confidence)
