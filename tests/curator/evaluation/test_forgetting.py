"""What a student kept: a loss is seen, chance is not called one, and a base that knows nothing tells nothing."""

import numpy as np
import pytest

from curator.evaluation.forgetting import compare_kept, forgetting_gate

CATEGORIES = [name for name in ("reasoning", "knowledge", "refusal", "format", "language", "code") for _ in range(36)]


def kept(base_N, student_N):
    return compare_kept(np.array(base_N), np.array(student_N), CATEGORIES, suite="s", lost=[])


def test_a_student_that_answers_as_its_base_kept_everything():
    base_N = np.arange(216) % 10 != 0
    found = kept(base_N, base_N)
    assert forgetting_gate(found).passed is True
    assert "met" in found.published


def test_one_lost_category_holds_the_student_back_though_the_whole_hides_it():
    base_N = np.ones(216, dtype=bool)
    student_N = np.array([not (c == "refusal" and k % 2) for k, c in enumerate(CATEGORIES)])
    found = kept(base_N, student_N)
    assert found.student.value == pytest.approx(198 / 216)
    gate = forgetting_gate(found)
    assert gate.passed is False
    assert "Surely worse in refusal" in gate.detail
    assert (found.categories[0].category, found.categories[0].lost) == ("refusal", 18)


def test_a_general_loss_is_told_and_a_base_that_passes_nothing_tells_nothing():
    base_N = np.arange(216) % 4 != 0
    assert forgetting_gate(kept(base_N, base_N & (np.arange(216) % 3 != 0))).passed is False
    nothing = kept(np.zeros(216, dtype=bool), np.zeros(216, dtype=bool))
    assert not nothing.tellable
    assert forgetting_gate(nothing).passed is None


def test_a_student_without_loss_passes_most_times_and_one_that_lost_a_tenth_nearly_never():
    """Answers that flip by chance in 18 % of the prompts; the margin is a tenth of the prompts."""
    rng, without, with_loss = np.random.default_rng(0), 0, 0
    for _ in range(100):
        skill_N = rng.beta(8, 1, 216)
        base_N, student_N = (rng.random(216) < skill_N for _ in range(2))
        without += forgetting_gate(kept(base_N, student_N)).passed is True
        with_loss += forgetting_gate(kept(base_N, rng.random(216) < skill_N - 0.1)).passed is True
    assert without >= 85
    assert with_loss <= 5 + 2 * np.sqrt(100 * 0.05 * 0.95)
