"""Acceptance plans keep the risks that were agreed, and know the textbook's values."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import RequestError
from curator.spot_checks.acceptance_sampling import (
    acceptance_plan,
    chance_of_passing,
    operating_characteristic,
    sample_size,
)


def test_plans_for_a_limit_of_five_percent_are_the_known_ones() -> None:
    assert [(sample_size(c, limit=0.05), c) for c in range(6)] == [
        (59, 0),
        (93, 1),
        (124, 2),
        (153, 3),
        (181, 4),
        (208, 5),
    ]
    assert [sample_size(0, limit=p) for p in (0.03, 0.02, 0.01)] == [99, 149, 299]


def test_a_finite_batch_needs_fewer_reviews() -> None:
    assert sample_size(0, limit=0.05, lot=200) == 51
    assert sample_size(0, limit=0.05, lot=500) == 56
    assert sample_size(0, limit=0.05, lot=1_000_000) == 59


def test_a_plan_that_allows_no_error_refuses_half_of_the_good_batches() -> None:
    assert chance_of_passing(59, 0, 0.01) == pytest.approx(0.55, abs=0.005)
    assert chance_of_passing(153, 3, 0.01) == pytest.approx(0.93, abs=0.005)


def test_the_chance_is_the_share_of_all_draws_that_pass() -> None:
    lot = [True, True, False, False, False, False, False]
    draws = list(itertools.combinations(lot, 3))
    share = sum(sum(d) <= 1 for d in draws) / len(draws)
    assert chance_of_passing(3, 1, 2 / 7, lot=7) == pytest.approx(share)


@settings(max_examples=40, deadline=None)
@given(
    acceptable=st.floats(0.0, 0.03),
    gap=st.floats(0.02, 0.1),
    lot=st.one_of(st.none(), st.integers(100, 5_000)),
    risk=st.sampled_from([0.05, 0.1]),
)
def test_a_plan_keeps_both_risks_and_one_review_less_does_not(
    acceptable: float, gap: float, lot: int | None, risk: float
) -> None:
    plan = acceptance_plan(
        acceptable=acceptable, limit=acceptable + gap, producers_risk=risk, consumers_risk=risk, lot=lot
    )
    assert plan.producers_risk <= risk + 1e-6
    assert plan.consumers_risk <= risk + 1e-6
    if plan.sample > plan.accept + 1:
        bad = acceptable + gap if lot is None else math.ceil((acceptable + gap) * lot - 1e-9) / lot
        assert chance_of_passing(plan.sample - 1, plan.accept, bad, lot=lot) > risk - 1e-6


def test_the_operating_characteristic_falls_from_one_to_nothing() -> None:
    plan = acceptance_plan(acceptable=0.01, limit=0.05, lot=2_000)
    curve = operating_characteristic(plan, [0.0, 0.01, 0.02, 0.05, 0.2])
    assert curve[0].chance == 1.0
    assert curve[1].chance >= 0.95
    assert curve[3].chance <= 0.05
    assert curve[4].chance < 1e-6
    assert [p.chance for p in curve] == sorted((p.chance for p in curve), reverse=True)


def test_risks_that_no_plan_can_keep_are_refused() -> None:
    with pytest.raises(RequestError, match="acceptable"):
        acceptance_plan(acceptable=0.05, limit=0.05)
    with pytest.raises(RequestError, match="allow fewer"):
        sample_size(3, limit=0.01, lot=200)
    with pytest.raises(RequestError, match="does not fit"):
        chance_of_passing(300, 0, 0.05, lot=200)
    with pytest.raises(RequestError, match="error_rate"):
        chance_of_passing(30, 0, 1.5)
