import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from curator.simulation.planted_noise import confusable_noise, found_among, paired_gap, teacher_noise, uniform_noise


def blobs(classes=4, per_class=30):
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(classes), per_class)
    x = rng.normal(size=(classes, 8))[y] + 0.4 * rng.normal(size=(len(y), 8))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), y


@given(st.integers(0, 50), st.sampled_from([0.03, 0.1, 0.2]))
def test_planted_errors_are_as_many_as_asked_and_never_the_true_label(seed, rate):
    x, y = blobs()
    for planted in (uniform_noise(y, 4, rate, seed), confusable_noise(y, x, 4, rate, seed)):
        assert int((planted != y).sum()) == round(rate * len(y))
        assert set(planted) <= {0, 1, 2, 3}


def test_confusable_errors_go_to_one_other_class_each():
    x, y = blobs()
    planted = confusable_noise(y, x, 4, 0.3, 0)
    for label in range(4):
        assert len(set(planted[(y == label) & (planted != y)])) <= 1


def test_the_weak_teacher_errs_off_its_examples_and_says_how_sure_it_is():
    x, y = blobs()
    planted, confidence = teacher_noise(
        x + 0.8 * np.random.default_rng(1).normal(size=x.shape).astype(np.float32), y, 0.1, 0
    )
    wrong = planted != y
    assert 0.02 < wrong.mean() < 0.7
    assert int((confidence == 1.0).sum()) >= 12
    assert confidence[wrong].mean() < confidence[~wrong].mean()


def test_a_perfect_ranking_scores_one_a_row_without_score_comes_last():
    wrong = np.array([True, False, True, False, False, False, False, False, False, False])
    best = found_among(wrong, np.where(wrong, 1.0, 0.0))
    assert (best.average_precision, best.precision_at_errors, best.found_in_tenth) == (1.0, 1.0, 0.5)
    missed = found_among(wrong, np.where(wrong, np.nan, 0.5))
    assert missed.precision_at_errors == 0.0
    assert missed.average_precision == pytest.approx(average_precision_score(wrong, np.where(wrong, 0.0, 0.5)))
    with pytest.raises(ValueError, match="nothing to find"):
        found_among(np.zeros(3, dtype=bool), np.zeros(3))


def test_the_paired_interval_holds_the_mean_and_one_seed_has_none():
    interval = paired_gap([0.9, 0.8, 0.95], [0.85, 0.82, 0.9])
    assert interval.low < interval.mean < interval.high
    assert np.isnan(paired_gap([0.9], [0.8]).low)
