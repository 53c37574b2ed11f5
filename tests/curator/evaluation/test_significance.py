"""Paired comparisons that respect groups."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import DataError, NotEnoughDataError, RequestError
from curator.evaluation.significance import holm, paired_comparison


def grouped_pair(rng, groups, size, icc, a=0.9, b=0.9):
    """Two contestants whose answers within a group agree with intraclass correlation `icc`."""
    shared = rng.random((2, groups, 1)) < np.array([a, b])[:, None, None]
    own = rng.random((2, groups, size)) < np.array([a, b])[:, None, None]
    use_shared = rng.random((2, groups, size)) < np.sqrt(icc)
    answers = np.where(use_shared, shared, own)
    return answers[0].ravel(), answers[1].ravel(), np.repeat(np.arange(groups), size)


@pytest.mark.parametrize(("groups", "size"), [(20, 10), (60, 5), (134, 3)])
def test_equal_contestants_are_told_apart_no_more_often_than_alpha(groups, size):
    rng = np.random.default_rng(4)
    results = [
        paired_comparison(*grouped_pair(rng, groups, size, icc=0.5), seed=0, repetitions=500) for _ in range(500)
    ]
    wrong_p = np.mean([c.p < 0.05 for c in results])
    wrong_interval = np.mean([not c.low <= 0 <= c.high for c in results])
    assert wrong_p <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 500)
    assert wrong_interval <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 500)


def test_the_minimum_detectable_difference_is_seen_with_its_power():
    rng = np.random.default_rng(5)
    first = paired_comparison(*grouped_pair(rng, 150, 4, icc=0.3), seed=0)
    shift = float(np.mean([
        paired_comparison(*grouped_pair(rng, 150, 4, icc=0.3), seed=0).minimum_detectable for _ in range(20)
    ]))  # fmt: skip
    seen = np.mean([
        paired_comparison(*grouped_pair(rng, 150, 4, icc=0.3, a=0.9, b=0.9 - shift), seed=0).p < 0.05
        for _ in range(300)
    ])  # fmt: skip
    assert first.minimum_detectable == pytest.approx(shift, rel=0.3)
    assert 0.65 <= seen <= 0.92


def test_the_exact_test_equals_enumerating_every_flip():
    a = np.array([1, 1, 1, 0, 1, 1, 0, 1, 1])
    b = np.array([0, 0, 1, 1, 1, 0, 0, 0, 1])
    groups = np.array([0, 0, 1, 1, 2, 3, 3, 4, 5])
    sums = np.bincount(groups, weights=a - b)
    flips = [abs(np.dot(signs, sums)) >= abs(sums.sum()) for signs in product([-1, 1], repeat=len(sums))]
    c = paired_comparison(a, b, groups, seed=0)
    assert c.p == pytest.approx(np.mean(flips))
    assert "exact" in c.method


def test_single_item_groups_give_the_sign_test():
    from scipy.stats import binomtest

    a = np.array([1] * 30 + [0] * 12 + [1] * 58)
    b = np.array([0] * 30 + [1] * 12 + [1] * 58)
    c = paired_comparison(a, b, np.arange(100), seed=0)
    assert c.p == pytest.approx(binomtest(12, 42).pvalue)
    assert c.difference == pytest.approx(0.18)
    assert c.low > 0


def test_fractional_scores_use_random_flips_that_agree_with_the_exact_test():
    rng = np.random.default_rng(0)
    a, b, groups = grouped_pair(rng, 40, 3, icc=0.4, a=0.9, b=0.8)
    exact = paired_comparison(a, b, groups, seed=0)
    halves = paired_comparison(a / 2.5, b / 2.5, groups, seed=0)
    assert "random" in halves.method
    assert halves.p == pytest.approx(exact.p, abs=0.015)
    assert halves == paired_comparison(a / 2.5, b / 2.5, groups, seed=0)


@settings(max_examples=60, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9)), min_size=2, max_size=80),
    order=st.randoms(use_true_random=False),
)
def test_the_comparison_is_antisymmetric_and_ignores_the_order_of_items(pairs, order):
    a, b, groups = (np.array(column) for column in zip(*pairs, strict=True))
    if len(set(groups.tolist())) < 2:
        return
    c = paired_comparison(a, b, groups, seed=0)
    mirrored = paired_comparison(b, a, groups, seed=0)
    assert (c.difference, c.low, c.high) == pytest.approx((-mirrored.difference, -mirrored.high, -mirrored.low))
    assert c.p == pytest.approx(mirrored.p)
    assert -1 <= c.low <= c.difference <= c.high <= 1
    assert 0 < c.p <= 1
    shuffled = list(pairs)
    order.shuffle(shuffled)
    a, b, groups = (np.array(column) for column in zip(*shuffled, strict=True))
    again = paired_comparison(a, b, groups, seed=0)
    assert (again.p, again.low, again.high) == pytest.approx((c.p, c.low, c.high))


def test_no_disagreement_is_not_read_as_certainty():
    same = np.ones(60)
    c = paired_comparison(same, same, np.arange(60), seed=0)
    assert c.p == 1.0
    assert c.low < -0.02 < 0.02 < c.high
    assert c.minimum_detectable > 0.02


def test_impossible_comparisons_are_refused():
    with pytest.raises(NotEnoughDataError, match="two groups"):
        paired_comparison(np.ones(5), np.zeros(5), np.zeros(5), seed=0)
    with pytest.raises(DataError, match="differ in number"):
        paired_comparison(np.ones(5), np.zeros(4), np.arange(5), seed=0)
    with pytest.raises(DataError, match="contestant b, item 1"):
        paired_comparison(np.ones(2), np.array([0, 2]), np.arange(2), seed=0)
    with pytest.raises(RequestError):
        paired_comparison(np.ones(2), np.ones(2), np.arange(2), seed=0, alpha=0)


def test_holm_keeps_order_and_never_exceeds_one():
    assert holm([]) == ()
    assert holm([0.5, 0.9]) == (1.0, 1.0)
    assert holm([0.001, 0.2, 0.02]) == pytest.approx((0.003, 0.2, 0.04))
