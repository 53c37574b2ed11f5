"""Scores with intervals that respect groups."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support

from curator.errors import DataError, NotEnoughDataError
from curator.evaluation.metrics import accuracy, latency, macro_f1, per_class


@pytest.mark.parametrize(("icc", "share"), [(0.0, 0.95), (0.5, 0.95), (1.0, 0.9), (0.5, 0.6)])
def test_the_accuracy_interval_covers_with_grouped_items(icc, share):
    rng = np.random.default_rng(8)
    groups_N, hits = np.repeat(np.arange(100), 5), []
    for _ in range(600):
        shared = np.repeat(rng.random(100) < share, 5)
        own = rng.random(500) < share
        metric = accuracy(np.where(rng.random(500) < np.sqrt(icc), shared, own), groups_N)
        hits.append(metric.low <= share <= metric.high)
    assert np.mean(hits) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 600)


def test_independent_items_give_the_clopper_pearson_interval():
    correct = np.array([1] * 190 + [0] * 10)
    metric = accuracy(correct, np.arange(200))
    assert metric.value == 0.95
    assert (metric.low, metric.high) == pytest.approx((0.910, 0.976), abs=0.001)


def test_a_perfect_score_counts_groups_as_items():
    grouped = accuracy(np.ones(300), np.repeat(np.arange(30), 10))
    single = accuracy(np.ones(300), np.arange(300))
    assert grouped.high == single.high == 1.0
    assert grouped.low < single.low < 1.0
    assert accuracy(np.zeros(30), np.arange(30)).low == 0.0


def test_macro_f1_and_per_class_agree_with_scikit_learn():
    rng = np.random.default_rng(1)
    labels = ["ar", "de", "en", "ru"]
    truth = [labels[i] for i in rng.integers(0, 4, 300)]
    predicted = [t if rng.random() < 0.8 else labels[rng.integers(4)] for t in truth]
    metric = macro_f1(truth, predicted, labels, np.arange(300) // 3, seed=0)
    assert metric.value == pytest.approx(f1_score(truth, predicted, labels=labels, average="macro"))
    assert 0.7 < metric.low < metric.value < metric.high < 0.95
    precision, recall, f1, support = precision_recall_fscore_support(truth, predicted, labels=labels)
    ours = per_class(truth, predicted, labels)
    assert [c.precision for c in ours] == pytest.approx(list(precision))
    assert [c.recall for c in ours] == pytest.approx(list(recall))
    assert [c.f1 for c in ours] == pytest.approx(list(f1))
    assert [c.n for c in ours] == list(support)


def test_unparsed_answers_are_misses_and_absent_classes_have_no_ratio():
    ours = per_class(["a", "a", "b"], ["a", None, "?"], ["a", "b", "c"])
    assert (ours[0].precision, ours[0].recall, ours[0].predicted) == (1.0, 0.5, 1)
    assert (ours[1].precision, ours[1].recall, ours[1].f1) == (None, 0.0, 0.0)
    assert (ours[2].precision, ours[2].recall, ours[2].f1, ours[2].n) == (None, None, None, 0)
    assert macro_f1(["a", "a", "b"], ["a", None, "?"], ["a", "b", "c"], np.arange(3), seed=0).value == (
        pytest.approx((2 / 3 + 0) / 2)
    )


def test_macro_f1_repeats_with_its_seed_and_ignores_the_order_of_items():
    truth, predicted = ["a", "b"] * 40, ["a", "b", "b", "b"] * 20
    groups_N = np.arange(80) // 4
    first = macro_f1(truth, predicted, ["a", "b"], groups_N, seed=3)
    assert first == macro_f1(truth, predicted, ["a", "b"], groups_N, seed=3)
    flipped = macro_f1(truth[::-1], predicted[::-1], ["a", "b"], groups_N[::-1], seed=3)
    assert flipped == first


def test_a_perfect_macro_f1_keeps_a_doubt():
    metric = macro_f1(["a", "b"] * 30, ["a", "b"] * 30, ["a", "b"], np.arange(60), seed=0)
    assert metric.value == metric.high == 1.0
    assert metric.low < 0.99


def test_latency_reports_median_and_tail():
    report = latency([0.1] * 95 + [2.0] * 5)
    assert report.p50 == pytest.approx(0.1)
    assert 0.1 < report.p95 <= 2.0
    with pytest.raises(NotEnoughDataError):
        latency([])


def test_impossible_scores_are_refused():
    with pytest.raises(NotEnoughDataError):
        accuracy(np.ones(3), np.zeros(3))
    with pytest.raises(DataError, match="expected scores in"):
        accuracy(np.array([0, 2]), np.arange(2))
    with pytest.raises(DataError, match="item 1: true label 'z'"):
        per_class(["a", "z"], ["a", "a"], ["a"])
    with pytest.raises(DataError, match="each item needs both"):
        per_class(["a"], ["a", "a"], ["a"])
