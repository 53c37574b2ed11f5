"""The map: like beside like, the same for the same rows, and never a number that cannot be drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from curator.composition import projection
from curator.composition.projection import layout


def groups(count: int, each: int, dimensions: int = 32, seed: int = 0):
    """Unit vectors in `count` groups of `each`, and the group of each row."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(count, dimensions))
    group_N = np.repeat(np.arange(count), each)
    made = centres[group_N] + 0.35 * rng.normal(size=(len(group_N), dimensions))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32), group_N


def purity(xy_N2, group_N, k: int = 10):
    square = ((xy_N2[:, None] - xy_N2[None]) ** 2).sum(-1)
    np.fill_diagonal(square, np.inf)
    near = np.argsort(square, axis=1)[:, :k]
    return float((group_N[near] == group_N[:, None]).mean())


def test_groups_of_like_rows_stand_together():
    vectors, group = groups(8, 60)
    assert purity(layout(vectors), group) > 0.98


def test_rows_beyond_the_drawn_ones_stand_with_their_group(monkeypatch):
    monkeypatch.setattr(projection, "DRAWN", 200)
    vectors, group = groups(8, 100)
    assert purity(layout(vectors), group) > 0.95


@pytest.mark.parametrize("drawn", [12_000, 150])
def test_the_order_of_the_rows_changes_nothing(monkeypatch, drawn):
    monkeypatch.setattr(projection, "DRAWN", drawn)
    vectors, _ = groups(5, 60)
    order = np.random.default_rng(3).permutation(len(vectors))
    np.testing.assert_array_equal(layout(vectors[order]), layout(vectors)[order])


def test_the_same_seed_gives_the_same_map_and_another_one_another():
    vectors, _ = groups(4, 30)
    np.testing.assert_array_equal(layout(vectors, seed=1), layout(vectors, seed=1))
    assert not np.array_equal(layout(vectors, seed=1), layout(vectors, seed=2))


def test_copies_stand_close_together_but_not_on_one_spot():
    vectors, _ = groups(6, 30)
    rows = np.concatenate([vectors, np.repeat(vectors[:1], 50, axis=0)])
    copies = layout(rows)[[0, *range(len(vectors), len(rows))]]
    assert len(np.unique(copies, axis=0)) == 51
    assert np.ptp(copies, axis=0).max() < 0.05


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(0, 12), st.integers(1, 5)),
        elements=st.floats(-1, 1, width=32),
    )
)
def test_any_few_rows_get_finite_coordinates_in_the_frame(vectors):
    xy = layout(vectors)
    assert xy.shape == (len(vectors), 2)
    assert np.isfinite(xy).all()
    assert (np.abs(xy) <= 1.0).all()


def test_a_vector_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="finite"):
        layout(np.array([[np.nan, 1.0]], dtype=np.float32))
