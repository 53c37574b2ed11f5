"""Latency: quantiles with intervals that a small sample cannot have, targets, cost from measured tokens."""

import numpy as np
import pytest

from curator.errors import NotEnoughDataError
from curator.evaluation.cost import Price
from curator.evaluation.timing import cost_each, cost_gate, latency_gate, quantile, timed


def test_the_interval_of_a_quantile_covers_the_true_one_as_often_as_said():
    rng, hits = np.random.default_rng(0), 0
    for _ in range(400):
        found = quantile(rng.exponential(size=100).tolist(), 0.95)
        hits += (found.low or 0.0) <= -np.log(0.05) <= (found.high or np.inf)
    assert hits / 400 >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / 400)


def test_few_answers_have_no_upper_end_of_the_95th_percentile():
    found = quantile([0.1] * 30, 0.95)
    assert found.high is None
    with pytest.raises(NotEnoughDataError):
        quantile([], 0.5)


def test_a_latency_target_is_met_missed_or_cannot_be_told():
    many, few = ([0.1] * n for n in (100, 20))
    for seconds, target, expected in ((many, 0.2, True), (many, 0.05, False), (few, 0.2, None)):
        assert latency_gate(timed("s", 1, seconds, seconds, warm_up=5, rounds=5), target).passed is expected
    assert latency_gate(None, 1.0).passed is None


def test_an_unknown_cost_is_unknown_and_a_known_one_is_held_against_its_target():
    price = Price("student", 1.0, 2.0, "2026-11-01")
    assert cost_each(None, 100, 10, 10) is None
    assert cost_each(price, 0, 0, 10) is None
    each = cost_each(price, 1000, 500, 10)
    assert each == pytest.approx((100 * 1 + 50 * 2) / 1e6)
    assert cost_gate(each, 0.2).passed is True
    assert cost_gate(each, 0.1).passed is False
    assert cost_gate(None, 0.1).passed is None
