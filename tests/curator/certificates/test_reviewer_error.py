"""The sensitivity to reviewers' errors is never too kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.certificates.reviewer_error import measured, sensitivities, sensitivity
from curator.errors import RequestError
from curator.records import Bound

rates = st.floats(0.0, 0.3)


def census(errors: int, rows: int) -> Bound:
    rate = errors / rows
    return Bound(rate, rate, rate, rate, 0.95, rows, rows, "census")


@given(wrong=st.integers(0, 400), missed=rates, flagged=rates, real_m=st.floats(0, 1), real_f=st.floats(0, 1))
def test_the_true_error_lies_within_whatever_reviewers_did_up_to_the_stated_shares(
    wrong: int, missed: float, flagged: float, real_m: float, real_f: float
) -> None:
    rows = 1_000
    caught = wrong - int(real_m * missed * wrong)
    spoiled = int(real_f * flagged * (rows - wrong))
    refused = census(caught + spoiled, rows)
    left = wrong - caught + spoiled  # every refused label was changed, the right ones to wrong ones
    shipped = census(0, rows)
    found = sensitivity(
        refused, shipped, fixed=caught + spoiled, reviewed=rows, missed=missed, flagged=flagged
    )  # fmt: skip
    assert found.teacher_low is not None
    assert found.teacher_high is not None
    assert found.shipped_upper is not None
    assert found.teacher_low - 1e-9 <= wrong / rows <= found.teacher_high + 1e-9
    assert left / rows <= found.shipped_upper + 1e-9


def test_reviewers_without_error_leave_the_figures_as_they_are() -> None:
    teacher = Bound(0.05, 0.03, 0.08, 0.075, 0.95, 200, 2_000, "m")
    shipped = Bound(0.045, 0.025, 0.075, 0.07, 0.95, 200, 2_000, "m")
    first, *others = sensitivities(teacher, shipped, fixed=10, reviewed=200)
    assert (first.teacher_low, first.teacher_high, first.teacher_upper) == (0.03, 0.08, 0.075)
    assert first.shipped_upper == pytest.approx(0.07)
    uppers = [first.shipped_upper, *(each.shipped_upper for each in others)]
    assert uppers == sorted(uppers)
    assert others[-1].shipped_upper == pytest.approx((0.07 * 2_000 + 10) / 0.95 / 2_000 - 10 / 2_000 + 2 * 10 / 2_000)


def test_a_figure_that_the_certificate_does_not_give_is_not_invented() -> None:
    found = sensitivity(None, None, fixed=0, reviewed=10, missed=0.1, flagged=0.1)
    assert (found.teacher_low, found.teacher_upper, found.shipped_upper) == (None, None, None)


def test_the_measured_error_is_bounded_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    wrong = rng.binomial(80, 0.05, size=2_000)
    assert np.mean([measured(80, int(k)).upper >= 0.05 for k in wrong]) >= 0.95
    assert measured(10, 10).upper == 1.0


@pytest.mark.parametrize(("missed", "flagged"), [(1.0, 0.0), (-0.1, 0.0), (0.0, 1.0)])
def test_shares_that_cannot_be_are_refused(missed: float, flagged: float) -> None:
    with pytest.raises(RequestError, match="must lie in"):
        sensitivity(None, None, fixed=0, reviewed=1, missed=missed, flagged=flagged)
    with pytest.raises(RequestError, match="an answer"):
        measured(0, 0)
