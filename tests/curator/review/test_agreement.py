"""Agreement reproduces published values."""

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from curator.errors import DataError, NotEnoughDataError
from curator.review.agreement import agreement, cohen_kappa, ratings
from tests.places import SHARED


def value(report, name):
    return next(c.value for c in report.overall if c.name == name)


def from_counts(table):
    return ratings(
        (f"item{i:03d}", f"rater{r:02d}", label)
        for i, row in enumerate(table)
        for r, label in enumerate(label for k, n in enumerate(row) for label in [f"c{k}"] * n)
    )


def test_fleiss_kappa_of_the_textbook_table():
    # Fleiss (1971) style table of 10 subjects, 14 raters, 5 categories: kappa 0.210.
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    assert value(agreement(from_counts(table), seed=0, repetitions=50), "Fleiss' kappa") == pytest.approx(
        0.210, abs=0.0005
    )


def test_krippendorff_alpha_of_his_own_example_with_missing_ratings():
    # Krippendorff (2011), "Computing Krippendorff's alpha-reliability": nominal alpha 0.743.
    assert value(
        agreement(ratings(krippendorff_example()), seed=0, repetitions=50), "Krippendorff's alpha"
    ) == pytest.approx(0.743, abs=0.0005)


def test_class_shares_are_over_all_rated_items_also_those_rated_once():
    # The same table, whose last unit has one rating; Gwet's irrCAC 1.0 gives these for cac.raw4raters.
    report = agreement(ratings(krippendorff_example()), seed=0, repetitions=50)
    assert value(report, "raw agreement") == pytest.approx(0.81818, abs=5e-6)
    assert value(report, "Fleiss' kappa") == pytest.approx(0.76117, abs=5e-6)
    assert value(report, "Gwet's AC1") == pytest.approx(0.77544, abs=5e-6)


def krippendorff_example():
    rows = {
        "A": "1 2 3 3 2 1 4 1 2 . . .",
        "B": "1 2 3 3 2 2 4 1 2 5 . 3",
        "C": ". 3 3 3 2 3 4 2 2 5 1 .",
        "D": "1 2 3 3 2 4 4 1 2 5 1 .",
    }
    return [
        (f"u{u:02d}", rater, label)
        for rater, row in rows.items()
        for u, label in enumerate(row.split())
        if label != "."
    ]


def test_gwets_paradox_table():
    # Gwet (2002): 118, 5, 2, 0 of 125. Raw 0.944, kappa -0.0234, AC1 0.9408.
    pairs = [("+", "+")] * 118 + [("+", "-")] * 5 + [("-", "+")] * 2
    rated = ratings(
        (f"i{i:03d}", rater, label) for i, both in enumerate(pairs) for rater, label in zip("ab", both, strict=True)
    )
    report = agreement(rated, seed=0)
    assert value(report, "raw agreement") == pytest.approx(0.944)
    assert value(report, "Gwet's AC1") == pytest.approx(0.9408, abs=0.0001)
    assert report.by_pair[0].value == pytest.approx(-0.0234, abs=0.0001)
    assert "prevalence paradox" in report.notes[0]


def test_cohen_kappa_agrees_with_scikit_learn():
    rng = np.random.default_rng(2)
    a = rng.integers(0, 4, 200)
    b = np.where(rng.random(200) < 0.7, a, rng.integers(0, 4, 200))
    table = np.bincount(a * 4 + b, minlength=16).reshape(4, 4)
    assert cohen_kappa(table) == pytest.approx(cohen_kappa_score(a, b))
    assert cohen_kappa(np.array([[5, 0], [0, 0]])) is None


@pytest.mark.skipif(not (SHARED / "crowd_bluebird").exists(), reason="crowd_bluebird is not at hand")
def test_krippendorff_alpha_of_the_bluebird_crowd():
    with (SHARED / "crowd_bluebird" / "raw" / "answer.csv").open() as file:
        rated = ratings((r["question"], r["worker"], r["answer"]) for r in csv.DictReader(file))
    report = agreement(rated, seed=0, repetitions=500)
    assert value(report, "Krippendorff's alpha") == pytest.approx(0.1255, abs=0.00005)
    alpha = report.overall[1]
    assert 0.08 < alpha.low < alpha.value < alpha.high < 0.17
    assert (report.items, report.raters, report.ratings) == (108, 39, 4212)
    assert len(report.by_rater) == 39


def test_one_value_only_is_told_apart_from_perfect_agreement():
    report = agreement(ratings([("i1", "a", "x"), ("i1", "b", "x"), ("i2", "a", "x"), ("i2", "b", "x")]), seed=0)
    assert value(report, "raw agreement") == 1.0
    assert value(report, "Krippendorff's alpha") is None
    assert value(report, "Fleiss' kappa") is None
    assert "not defined" in report.notes[0]
    mixed = [("i1", "a", "x"), ("i1", "b", "x"), ("i2", "a", "y"), ("i2", "b", "y")]
    assert value(agreement(ratings(mixed), seed=0), "Krippendorff's alpha") == 1.0


def test_a_class_that_raters_confuse_shows_in_its_own_line():
    triples = [(f"i{i:02d}", "a", "x" if i < 20 else "y") for i in range(40)]
    triples += [(f"i{i:02d}", "b", "x" if i < 20 else ("y" if i < 30 else "z")) for i in range(40)]
    by_class = {c.name: c for c in agreement(ratings(triples), seed=0).by_class}
    assert by_class["x"].value == 1.0
    assert by_class["y"].value == pytest.approx(2 / 3)
    assert by_class["z"].value == 0.0
    assert by_class["y"].low < by_class["y"].value < by_class["y"].high


def test_the_odd_rater_stands_out():
    truth = ["x", "y"] * 30
    triples = [(f"i{i:02d}", r, t) for i, t in enumerate(truth) for r in "abc"]
    triples += [(f"i{i:02d}", "d", "x") for i in range(60)]
    by_rater = {c.name: c for c in agreement(ratings(triples), seed=0).by_rater}
    assert by_rater["d"].value == pytest.approx(0.5)
    assert by_rater["a"].value == pytest.approx((1.0 + 2 / 3) / 2)
    assert by_rater["d"].high < by_rater["a"].low


@settings(max_examples=40, deadline=None)
@given(
    cells=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3), st.integers(0, 2)), min_size=2, max_size=60),
    order=st.randoms(use_true_random=False),
)
def test_coefficients_are_at_most_one_and_ignore_the_order_of_ratings(cells, order):
    triples = [(f"i{i:02d}", f"r{r}", f"c{k}") for i, r, k in cells]
    if all(count < 2 for count in np.bincount([c[0] for c in cells])):
        with pytest.raises(NotEnoughDataError):
            agreement(ratings(triples), seed=0)
        return
    report = agreement(ratings(triples), seed=1, repetitions=40)
    for c in (*report.overall, *report.by_class, *report.by_rater, *report.by_pair):
        assert c.value is None or c.value <= 1 + 1e-12
        if c.value is not None and c.low is not None and c.high is not None:
            assert c.low <= c.value <= c.high
    order.shuffle(triples)
    assert agreement(ratings(triples), seed=1, repetitions=40) == report


def test_ratings_without_overlap_or_with_a_stray_label_are_refused():
    with pytest.raises(NotEnoughDataError, match="no item has two ratings"):
        agreement(ratings([("i1", "a", "x"), ("i2", "b", "x")]), seed=0)
    with pytest.raises(NotEnoughDataError, match="no ratings"):
        ratings([])
    with pytest.raises(DataError, match="item i1, rater a: label 'q'"):
        ratings([("i1", "a", "q")], labels=["x", "y"])
