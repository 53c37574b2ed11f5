"""The live bound may be looked at after every review; the ordinary one may not."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln

from curator.certificates.bounds import StratumResult, error_bound
from curator.certificates.confidence_sequence import (
    _best_spread,
    _log_likelihood,
    may_stop,
    sequence_bound,
    stratified_sequence_bound,
)
from curator.errors import DataError, RequestError
from curator.simulation import ReviewStream, reviews_until_stop, simulate_peeking


def test_in_a_large_stream_it_is_the_formula_of_robbins() -> None:
    k, n = 12, 200
    p = np.linspace(1e-4, 0.5, 50_000)
    log_ratio = betaln(0.5 + k, 0.5 + n - k) - betaln(0.5, 0.5) - k * np.log(p) - (n - k) * np.log1p(-p)
    kept = p[log_ratio < math.log(20)]
    bound = sequence_bound(k, n, population=300_000)
    assert (bound.low, bound.high) == pytest.approx((kept[0], kept[-1]), abs=1e-4)


def test_without_reviews_everything_is_possible_and_a_census_knows() -> None:
    nothing = sequence_bound(0, 0, population=50)
    assert (nothing.low, nothing.high, nothing.upper_one_sided) == (0.0, 1.0, 1.0)
    census = sequence_bound(3, 50, population=50)
    assert census.low == census.high == census.upper_one_sided == census.estimate == 0.06


@settings(max_examples=60, deadline=None)
@given(data=st.data(), population=st.integers(1, 400))
def test_a_bound_never_leaves_what_the_reviews_allow(data: st.DataObject, population: int) -> None:
    n = data.draw(st.integers(0, population))
    k = data.draw(st.integers(0, n))
    bound = sequence_bound(k, n, population=population)
    most = (population - n + k) / population
    assert k / population <= bound.low <= bound.estimate <= bound.high <= most + 1e-12
    assert k / population <= bound.upper_one_sided <= most + 1e-12


@pytest.mark.parametrize("rate", [0.01, 0.06, 0.5])
def test_under_a_look_after_every_review_it_is_wrong_at_most_five_percent(rate: float) -> None:
    ever = simulate_peeking(ReviewStream(1_000, 200, rate), repetitions=2_000, seed=3)
    assert ever.one_sided <= 0.05 + 3 * ever.standard_error, ever
    assert ever.two_sided <= 0.05 + 3 * ever.standard_error, ever


def test_an_ordinary_interval_looked_at_as_often_is_wrong_six_times_as_often() -> None:
    ever = simulate_peeking(ReviewStream(2_000, 400, 0.02), repetitions=2_000, seed=0)
    assert ever.wilson == pytest.approx(0.32, abs=0.05), ever
    assert ever.two_sided <= 0.05, ever


def test_stopping_at_the_first_yes_is_wrong_at_most_five_percent() -> None:
    rng, population, wrong, target = np.random.default_rng(5), 400, 41, 0.1
    said = 0
    for _ in range(400):
        found = np.cumsum(rng.permutation(population) < wrong)
        said += any(may_stop(int(found[n - 1]), n, target, population=population) for n in range(1, 151, 3))
    assert said / 400 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)


def test_the_price_is_about_a_quarter_more_reviews() -> None:
    live = next(n for n in range(1, 2_000) if may_stop(0, n, 0.02, population=2_000))
    fixed = [error_bound([StratumResult("all", 2_000, n, 0)], known_errors=0, known_rows=0, confidence=0.95)
             for n in range(1, 300)]  # fmt: skip
    planned = next(bound.reviews for bound in fixed if bound.upper_one_sided <= 0.02)
    assert (live, planned) == (174, 140)


def test_a_stream_without_errors_stops_when_it_may_and_a_bad_one_hardly_ever() -> None:
    clean = reviews_until_stop(ReviewStream(2_000, 400, 0.0), 0.02, repetitions=50)
    assert set(clean.tolist()) == {174}
    bad = reviews_until_stop(ReviewStream(2_000, 400, 0.0205), 0.02, repetitions=2_000)
    assert (bad <= 400).mean() <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 2_000)
    with pytest.raises(RequestError, match="reviews <= population"):
        reviews_until_stop(ReviewStream(100, 200, 0.1), 0.02)


def test_a_stricter_target_or_confidence_never_makes_stopping_easier() -> None:
    assert may_stop(0, 174, 0.02, population=2_000)
    assert not may_stop(0, 174, 0.01, population=2_000)
    assert not may_stop(0, 174, 0.02, 0.99, population=2_000)
    assert not may_stop(1, 174, 0.02, population=2_000)


def test_counts_that_no_review_gives_are_refused() -> None:
    with pytest.raises(DataError, match="expected"):
        sequence_bound(3, 2, population=10)
    with pytest.raises(DataError, match="expected"):
        sequence_bound(0, 11, population=10)
    with pytest.raises(RequestError, match="confidence"):
        sequence_bound(0, 1, population=10, confidence=1.0)
    with pytest.raises(RequestError, match="target"):
        may_stop(0, 1, 1.5, population=10)
    with pytest.raises(RequestError, match="every"):
        simulate_peeking(ReviewStream(100, 200, 0.1))


def test_over_strata_it_is_wrong_at_most_five_percent_wherever_the_errors_lie() -> None:
    sizes, drawn = np.array([20, 80, 300]), np.array([12, 24, 60])
    rng, repetitions = np.random.default_rng(8), 150
    for wrong in ([0, 0, 24], [15, 6, 3], [1, 5, 18]):
        truth, missed = sum(wrong) / 400, 0
        for _ in range(repetitions):
            found = [np.cumsum(rng.permutation(n) < k) for n, k in zip(sizes, wrong, strict=True)]
            missed += any(
                truth > stratified_sequence_bound(
                    [StratumResult(str(h), int(n), int(m), int(found[h][m - 1]) if m else 0)
                     for h, (n, m) in enumerate(zip(sizes, drawn * step // 12, strict=True))]
                ).upper_one_sided + 1e-12
                for step in range(1, 13)
            )  # fmt: skip
        assert missed / repetitions <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / repetitions), wrong


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_best_spread_of_errors_over_strata_is_the_best_of_all_spreads(data: st.DataObject) -> None:
    strata = []
    for _ in range(3):
        size = data.draw(st.integers(1, 8))
        reviewed = data.draw(st.integers(0, size))
        strata.append(_log_likelihood(data.draw(st.integers(0, reviewed)), reviewed, size))
    best: dict[int, float] = {}
    for spread in itertools.product(*(range(len(each)) for each in strata)):
        chance = sum(each[i] for each, i in zip(strata, spread, strict=True))
        best[sum(spread)] = max(best.get(sum(spread), -math.inf), chance)
    assert _best_spread(strata).tolist() == pytest.approx([best[e] for e in sorted(best)], abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_row_without_a_verdict_never_lowers_the_bound_below_what_its_verdict_would_give(data: st.DataObject) -> None:
    counts = []
    for name in "ab":
        size = data.draw(st.integers(2, 60))
        reviewed = data.draw(st.integers(1, size))
        errors = data.draw(st.integers(0, reviewed - 1))
        counts.append((name, size, reviewed, errors))
    settled = stratified_sequence_bound([StratumResult(*each) for each in counts])
    waiting = stratified_sequence_bound(
        [StratumResult(*counts[0], unsettled=1), StratumResult(*counts[1])], known_rows=0
    )
    assert waiting.upper_one_sided >= settled.upper_one_sided - 1e-12
    assert waiting.low == settled.low


def test_strata_that_are_reviewed_in_full_and_rows_known_before_enter_exactly() -> None:
    strata = [StratumResult("a", 10, 10, 2), StratumResult("b", 20, 20, 1)]
    bound = stratified_sequence_bound(strata, known_errors=3, known_rows=20)
    assert bound.low == bound.high == bound.upper_one_sided == bound.estimate == 6 / 50
    with pytest.raises(DataError, match="no rows"):
        stratified_sequence_bound([])
