import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.composition.balance import (
    CapPlan,
    balance,
    cap_plan,
    most_redundant,
    redundancy,
    rows_to_drop,
    top_up,
)
from curator.errors import RequestError
from curator.statistics import effective_number


def test_even_labels_count_in_full_and_missing_ones_not_at_all():
    spread = balance(["a", "b", None, "a", "b"])
    assert spread.counts == {"a": 2, "b": 2}
    assert spread.effective == pytest.approx(2.0)
    assert spread.entropy == pytest.approx(math.log(2))
    assert (spread.ratio, spread.largest_share) == (1.0, 0.5)
    assert balance([None]).counts == {}


@given(st.lists(st.integers(1, 500), min_size=1, max_size=20))
def test_the_effective_number_lies_between_one_and_the_number_of_kinds(counts):
    assert 1.0 - 1e-9 <= effective_number(counts) <= len(counts) + 1e-9


def test_a_cap_of_thirty_percent_keeps_three_sevenths_of_the_rest():
    plan = cap_plan({"big": 1000, **{f"s{i}": 70 for i in range(10)}}, 0.3)
    assert plan.keep["big"] == math.floor(0.3 / 0.7 * 700)
    assert plan.drop == {"big": 700}


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 400), min_size=4, max_size=9), st.floats(0.3, 0.9))
def test_the_cap_holds_on_the_final_set_and_one_row_more_would_break_it(counts, cap):
    plan = cap_plan(counts, cap)
    total, largest = sum(plan.keep.values()), max(plan.keep.values())
    assert largest <= cap * total + 1e-6
    if plan.drop:
        one_more = {label: min(count, largest + 1) for label, count in counts.items()}
        assert largest + 1 > cap * sum(one_more.values()) - 1e-6


def test_an_impossible_cap_is_refused():
    with pytest.raises(RequestError, match="cannot hold with 2 labels"):
        cap_plan({"a": 5, "b": 5}, 0.3)


def test_the_most_redundant_rows_go_first_and_reviewed_ones_stay():
    labels = ["big"] * 6 + ["x", "y", "z"]
    redundancy = np.array([0.9, 0.1, 0.95, 0.2, 0.99, 0.0, 0, 0, 0])
    plan = cap_plan({"big": 6, "x": 1, "y": 1, "z": 1}, 0.5)
    assert plan.drop == {"big": 3}
    assert rows_to_drop(labels, redundancy, plan, protected={4}) == [0, 2, 3]


def test_the_rows_over_a_cap_go_in_order_of_what_they_repeat_and_without_vectors_the_newest_first():
    vectors = np.array([[1, 0], [0.8, 0.6], [1, 0], [0, 1], [1, 0]], dtype=np.float32)
    labels, plan = ["a", "a", "a", "a", "b"], CapPlan(0.5, {"a": 2, "b": 1}, {"a": 2})
    assert most_redundant(labels, vectors, plan, protected=set()) == [2, 1]
    assert most_redundant(labels, vectors, plan, protected={2}) == [0, 1]
    assert most_redundant(labels, None, plan, protected=set()) == [3, 2]
    assert most_redundant(labels, None, plan, protected={3, 2, 1}) == [0]


def test_a_row_is_as_redundant_as_it_is_near_to_one_of_its_label_that_stays_before_it():
    vectors = np.array([[1, 0], [1, 0], [0.8, 0.6], [1, 0], [0, 1]], dtype=np.float32)
    labels = ["a", "a", "a", "b", None]
    assert redundancy(vectors, labels, protected=set()).tolist() == pytest.approx([-1.0, 1.0, 0.8, -1.0, -1.0])
    # With the second copy reviewed, the first one is the copy of it.
    assert redundancy(vectors, labels, protected={1}).tolist() == pytest.approx([1.0, -1.0, 0.8, -1.0, -1.0])


@given(st.integers(1, 40), st.integers(0, 10_000))
def test_leaving_redundant_rows_out_keeps_one_row_of_every_text(count, seed):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 5, size=count)
    score = redundancy(np.eye(5, dtype=np.float32)[kinds], ["a"] * count, protected=set())
    assert set(kinds[score < 0.5]) == set(kinds)
    assert (score < 0.5).sum() == len(set(kinds))


def test_a_top_up_brings_each_label_to_a_tenth_of_the_largest():
    assert top_up({"a": 500, "b": 30, "c": 4, "d": 60}) == {"c": 46, "b": 20}
    assert top_up({"a": 8, "b": 3}) == {"b": 7, "a": 2}
    assert top_up({}) == {}
