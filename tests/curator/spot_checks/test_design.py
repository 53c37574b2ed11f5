"""Draws: exact totals, known probabilities, one result for one seed."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import DataError, RequestError
from curator.spot_checks.design import ALLOCATIONS, allocate, claimable, draw, reviews_needed, stratum_sizes


def rows(n: int) -> list[str]:
    return [f"ex_{i:05d}" for i in range(n)]


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 300),
    reviews=st.integers(0, 350),
    known=st.integers(0, 40),
    extra=st.integers(0, 20),
    seed=st.integers(0, 5),
    purpose=st.sampled_from(["certify", "find", "test"]),
)
def test_totals_probabilities_and_streams_are_exact(n, reviews, known, extra, seed, purpose):
    ids = rows(n)
    settled = frozenset(ids[:known])
    open_rows = n - len(settled)
    risk_N = np.random.default_rng(seed).random(n)
    result = draw(ids, risk_N, purpose=purpose, reviews=reviews, seed=seed, known=settled, risk_reviews=extra)

    expected = open_rows if purpose == "test" else min(reviews, open_rows)
    assert len(result.audit) == expected == sum(s.reviews for s in result.strata)
    assert sum(s.size for s in result.strata) == n
    assert Counter(result.assignment.values()) == {s.name: s.size for s in result.strata if s.size}
    by_name = {s.name: s for s in result.strata}
    for row in result.audit:
        stratum = by_name[row.stratum]
        assert row.inclusion_probability == stratum.reviews / stratum.size
        assert result.assignment[row.example_id] == row.stratum != "known"
    audited = {row.example_id for row in result.audit}
    chosen = [row.example_id for row in result.risk]
    assert not audited & set(chosen)
    assert not settled & (audited | set(chosen))
    assert len(chosen) == min(extra, open_rows - expected)
    assert sorted(row.position for row in result.audit) == list(range(expected))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), order=st.permutations(range(120)))
def test_the_order_of_the_input_changes_nothing(seed, order):
    ids, risk_N = rows(120), np.arange(120) % 7 / 7.0
    first = draw(ids, risk_N, purpose="certify", reviews=60, seed=seed, risk_reviews=9)
    again = draw(
        [ids[i] for i in order],
        risk_N[np.array(order)],
        purpose="certify",
        reviews=60,
        seed=seed,
        risk_reviews=9,
    )
    assert again == first


def test_each_row_of_a_stratum_is_drawn_equally_often_over_seeds():
    ids, risk_N = rows(100), np.zeros(100)
    counts = Counter(
        row.example_id
        for seed in range(600)
        for row in draw(ids, risk_N, purpose="certify", reviews=30, seed=seed).audit
    )
    # 600 draws of 30 of 100 rows with an all-equal score: 180 each; five standard deviations are 56.
    # Strata sizes are 5, 20, 75; ties are split anew by each seed, so all rows stand alike.
    assert min(counts[i] for i in ids) > 180 - 56
    assert max(counts.values()) < 180 + 56


def test_an_all_equal_score_splits_at_random_not_by_input_order():
    result = draw(rows(1000), np.zeros(1000), purpose="certify", reviews=200, seed=3)
    top = [int(i.removeprefix("ex_")) for i, name in result.assignment.items() if name == "top"]
    assert len(top) == 50
    assert min(top) < 300
    assert max(top) > 700
    other = draw(rows(1000), np.zeros(1000), purpose="certify", reviews=200, seed=4)
    assert other.assignment != result.assignment


def test_the_risk_stream_holds_the_riskiest_rows_outside_the_audit():
    ids, risk_N = rows(400), np.linspace(0, 1, 400)
    result = draw(ids, risk_N, purpose="find", reviews=80, seed=1, risk_reviews=25)
    audited = {row.example_id for row in result.audit}
    expected = [i for i in reversed(ids) if i not in audited][:25]
    assert [row.example_id for row in result.risk] == expected
    assert {row.inclusion_probability for row in result.risk} == {1.0}


def test_strata_follow_the_score_and_allocation():
    result = draw(rows(2000), np.linspace(0, 1, 2000), purpose="certify", reviews=200, seed=0)
    assert [(s.name, s.size, s.reviews) for s in result.strata] == [
        ("top", 100, 20),
        ("next", 400, 40),
        ("rest", 1500, 140),
    ]
    assert result.assignment["ex_01999"] == "top"
    assert result.assignment["ex_00000"] == "rest"


@given(
    sizes=st.lists(st.integers(0, 500), min_size=3, max_size=3),
    reviews=st.integers(0, 1600),
    purpose=st.sampled_from(["certify", "find"]),
)
def test_allocation_sums_exactly_and_keeps_its_floor(sizes, reviews, purpose):
    counts = allocate(sizes, ALLOCATIONS[purpose], reviews)
    assert sum(counts) == min(reviews, sum(sizes))
    assert all(0 <= c <= s for c, s in zip(counts, sizes, strict=True))
    if sum(min(s, 15) for s in sizes) <= reviews:
        assert all(c >= min(s, 15) for c, s in zip(counts, sizes, strict=True))


def test_bad_populations_are_refused_with_the_row():
    risk_N = np.zeros(3)
    with pytest.raises(DataError, match="row a is in the population twice"):
        draw(["a", "b", "a"], risk_N, purpose="certify", reviews=1, seed=0)
    with pytest.raises(DataError, match="row b: risk score nan"):
        draw(["a", "b", "c"], np.array([0, np.nan, 1]), purpose="certify", reviews=1, seed=0)
    with pytest.raises(DataError, match="3 rows but 2 risk scores"):
        draw(["a", "b", "c"], risk_N[:2], purpose="certify", reviews=1, seed=0)
    with pytest.raises(RequestError, match="known row z is not in the population"):
        draw(["a", "b", "c"], risk_N, purpose="certify", reviews=1, seed=0, known=frozenset({"z"}))
    with pytest.raises(RequestError, match="must not be negative"):
        draw(["a", "b", "c"], risk_N, purpose="certify", reviews=-1, seed=0)


def test_more_reviews_claim_less_error_and_a_census_claims_what_it_found():
    claims = [claimable(2000, n) for n in (20, 60, 200, 400, 1000, 1999, 2000)]
    assert claims == sorted(claims, reverse=True)
    assert claims[-1] == 0.0
    assert claimable(200, 200, errors=5) == 0.025
    assert claimable(2000, 200, errors=3) > claimable(2000, 200, errors=1) > claimable(2000, 200)
    with pytest.raises(RequestError):
        claimable(100, 10, errors=11)


def test_the_plan_for_two_percent_needs_fewer_reviews_than_the_published_design():
    # The stratified design with Clopper-Pearson on an effective n needs 440 of 2,000.
    needed = reviews_needed(2000, max_error=0.02, expected_error=0.005)
    assert 330 <= needed <= 440
    assert reviews_needed(2000, max_error=0.05) < needed
    assert reviews_needed(2000, max_error=0.02, expected_error=0.005, power=0.95) > needed


def test_a_target_below_one_row_needs_a_census():
    assert reviews_needed(40, max_error=0.01) in range(36, 41)
    assert reviews_needed(1, max_error=0.5) == 1
    with pytest.raises(RequestError):
        reviews_needed(100, max_error=0.02, expected_error=0.03)


def test_a_plan_of_the_needed_size_shows_the_target_as_often_as_promised():
    needed = reviews_needed(2000, max_error=0.03, expected_error=0.01)
    sizes_H = np.array(stratum_sizes(2000))
    counts_H = np.array(allocate(sizes_H.tolist(), ALLOCATIONS["certify"], needed))
    from curator.certificates import error_bounds

    rng = np.random.default_rng(99)
    wrong_RH = rng.multivariate_hypergeometric(sizes_H, 20, size=4000)
    found_RH = rng.hypergeometric(wrong_RH, sizes_H - wrong_RH, counts_H)
    shown = error_bounds(found_RH, found_RH, counts_H, sizes_H, confidence=0.95).upper_one_sided_R <= 0.03
    assert abs(shown.mean() - 0.8) < 0.04
