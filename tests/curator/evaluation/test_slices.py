"""Parts of the test rows: the weak one is found, and chance is not taken for weakness."""

import numpy as np

from curator.evaluation.slices import length_bands, score_slices, slice_gate


def sample(seed, weak=0.9, n=600, groups=300):
    """Rows in groups, with a column of three kinds, of which `hard` is answered right at the rate `weak`."""
    rng = np.random.default_rng(seed)
    groups_N = rng.integers(0, groups, n)
    kinds = np.array(["hard", "easy", "other"])[rng.integers(0, 3, n)]
    right_N = rng.random(n) < np.where(kinds == "hard", weak, 0.9)
    return right_N.astype(float), groups_N, {"kind": list(kinds), "row": [str(k) for k in range(n)]}


def test_a_weak_slice_stands_first_and_is_surely_weak_and_a_column_of_ids_is_left_out():
    scores_N, groups_N, columns = sample(1, weak=0.6)
    found = score_slices(scores_N, groups_N, columns, seed=0)
    assert {s.column for s in found} == {"kind"}
    assert (found[0].value, found[0].weak, found[1].weak) == ("hard", True, False)
    assert found[0].score.low < 0.6 < found[0].score.high + 0.1
    assert sum(s.n for s in found) == 600


def test_slices_of_nothing_but_chance_are_called_weak_at_most_as_often_as_said():
    alarms = 0
    for seed in range(200):
        scores_N, groups_N, columns = sample(seed, n=300, groups=60)
        found = score_slices(scores_N, groups_N, columns | {"half": ["a", "b"] * 150}, seed=0)
        alarms += any(s.weak for s in found)
    assert alarms / 200 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)


def test_a_slice_that_collapsed_against_the_teacher_holds_the_student_back_and_chance_does_not():
    scores_N, groups_N, columns = sample(2, weak=0.6)
    teacher_N = sample(3)[0]
    gone = score_slices(scores_N, groups_N, columns, seed=0, reference=("teacher", teacher_N))
    gate = slice_gate(gone, "teacher")
    assert gate.passed is False
    assert "kind = hard" in gate.detail
    same = score_slices(teacher_N, groups_N, columns, seed=0, reference=("teacher", teacher_N))
    assert slice_gate(same, "teacher").passed is True


def test_small_slices_are_listed_and_nothing_is_said_about_them():
    scores_N, groups_N, _ = sample(4, n=60, groups=60)
    found = score_slices(scores_N, groups_N, {"kind": ["rare"] * 4 + ["usual"] * 56}, seed=0)
    rare = next(s for s in found if s.value == "rare")
    assert (rare.n, rare.score, rare.p, found[-1]) == (4, None, None, rare)
    assert slice_gate([rare], "teacher").passed is None


def test_lengths_fall_into_quarters_and_equal_lengths_into_one():
    assert set(length_bands([7] * 9)) == {"up to 7"}
    assert length_bands([]) == []
