import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.composition.selection import select
from curator.errors import RequestError


def points(count=120, seed=0):
    x = np.random.default_rng(seed).normal(size=(count, 8))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60), st.sampled_from(["kcenter", "facility", "random"]), st.integers(0, 5))
def test_any_number_of_distinct_rows_is_chosen_the_same_way_under_one_seed(n, method, seed):
    x = points(60)
    chosen = select(x, n, method, seed)
    assert len(set(chosen.tolist())) == n
    np.testing.assert_array_equal(chosen, select(x, n, method, seed))


def test_kcenter_covers_the_farthest_row_better_and_facility_the_average_row():
    x = points(400)

    def cover(method):
        return (x @ x[select(x, 20, method, 0)].T).max(axis=1)

    assert cover("kcenter").min() > cover("random").min()
    assert cover("facility").mean() > cover("random").mean()
    assert cover("facility").mean() > cover("kcenter").mean()


def test_lazy_facility_location_chooses_what_the_plain_greedy_one_does():
    x = points(50)
    cosine = x @ x.T
    chosen, covered = [], np.zeros(50)
    for _ in range(10):
        gains = [-1.0 if row in chosen else np.maximum(cosine[row] - covered, 0).sum() for row in range(50)]
        chosen.append(int(np.argmax(gains)))
        covered = np.maximum(covered, cosine[chosen[-1]])
    assert select(x, 10, "facility", 0).tolist() == chosen


def test_a_stratified_draw_keeps_shares():
    labels = ["a"] * 60 + ["b"] * 40 + [None] * 20
    chosen = select(points(120), 30, "random", 0, labels)
    assert [sum(labels[row] == name for row in chosen) for name in ("a", "b", None)] == [15, 10, 5]


def test_copies_are_chosen_only_once_each():
    x = np.repeat(points(3), 4, axis=0)
    assert len(set(select(x, 12, "kcenter", 0).tolist())) == 12


def test_wrong_requests_are_refused():
    with pytest.raises(RequestError, match="cannot choose 7 of 6"):
        select(points(6), 7, "random", 0)
    with pytest.raises(RequestError, match="unknown method"):
        select(points(6), 2, "best", 0)


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, 59), min_size=1, max_size=50), st.integers(1, 10))
def test_what_is_next_to_annotate_is_farthest_from_all_that_is_annotated(annotated, n):
    x = points(60)
    settled = sorted(annotated)
    for row in select(x, n, "kcenter", 0, settled=settled).tolist():
        nearest = (x @ x[settled].T).max(axis=1)
        nearest[settled] = np.inf
        assert row not in settled
        assert nearest[row] == pytest.approx(nearest.min(), abs=1e-6)
        settled.append(row)
