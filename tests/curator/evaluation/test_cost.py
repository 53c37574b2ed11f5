"""The formulas behind published figures, and an honest no."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import DataError, RequestError
from curator.evaluation.cost import MILLION, Price, Usage, break_even, cost, usd

STUDENT = Price("student", 0.10, 0.10, "2025-12-01")


@pytest.mark.parametrize(
    ("prices", "requests", "published"),
    [
        ((1.75, 14.0), 1_000, 1.1778),
        ((1.75, 14.0), MILLION, 1177.75),
        ((5.0, 25.0), 100_000, 330.5),
        ((0.30, 2.50), MILLION, 202.3),
        ((1.25, 10.0), 1_000, 0.84125),
        ((0.10, 0.50), MILLION, 66.1),
    ],
)
def test_the_published_daily_bills_of_the_641_token_prompt(prices, requests, published):
    bill = cost(Price("teacher", *prices, "2025-12-01"), Usage(641, 4), requests)
    assert bill.usd == pytest.approx(published, abs=6e-5)
    assert "prices of 2025-12-01" in bill.formula


def test_the_published_student_bill_needs_a_quarter_token_more_than_it_says():
    # Printed: $2.52 a day and 1,312 times cheaper. 24 + 1 tokens give $2.50; 24.2 + 1 give the print.
    student = cost(STUDENT, Usage(24.2, 1), MILLION).usd
    teacher = cost(Price("teacher", 5.0, 25.0, "2025-12-01"), Usage(641, 4), MILLION).usd
    assert student == pytest.approx(2.52)
    assert usd(teacher / student, 0) == "$1,312"
    assert cost(STUDENT, Usage(24, 1), MILLION).usd == pytest.approx(2.50)


def test_a_cached_prefix_and_a_batch_discount_lower_the_bill():
    luna = Price("small teacher", 0.10, 0.50, "2026-11-20", cached_in=0.01, batch_discount=0.5)
    assert cost(luna, Usage(641, 4, cached_in=617), MILLION).usd == pytest.approx(10.57)
    assert cost(luna, Usage(641, 4), MILLION, batch=True).usd == pytest.approx(66.1 / 2)
    uncached = Price("no cache", 0.10, 0.50, "2026-11-20")
    assert cost(uncached, Usage(641, 4, cached_in=617), MILLION).usd == pytest.approx(66.1)


@pytest.mark.parametrize(("requests", "months"), [(1_000, 9.51), (10_000, 0.93)])
def test_the_published_break_even_of_a_local_student(requests, months):
    # $0.035 a query, $9,700 up front, $360 a year; the print counts months of 30 days.
    result = break_even(
        one_time=9700,
        teacher_each=0.035,
        student_each=0,
        requests_per_day=requests,
        student_monthly=30,
        days_a_month=30,
    )
    assert result.months == pytest.approx(months, abs=0.005)
    assert result.worth_it


def test_the_published_break_even_in_tokens():
    # $100 once, $600 against $0.10 a million tokens: 166,694 tokens.
    result = break_even(one_time=100, teacher_each=600 / MILLION, student_each=0.1 / MILLION, requests_per_day=1e6)
    assert round(result.requests) == 166_694


def test_without_a_saving_the_answer_is_no():
    dearer = break_even(one_time=100, teacher_each=0.001, student_each=0.002, requests_per_day=1000)
    assert dearer.months is None
    assert not dearer.worth_it
    assert dearer.sentence.startswith("Do not fine-tune: the student saves nothing")
    idle = break_even(one_time=100, teacher_each=0.001, student_each=0.0001, requests_per_day=0)
    assert idle.months is None
    upkeep = break_even(one_time=0, teacher_each=0.001, student_each=0, requests_per_day=10, student_monthly=50)
    assert upkeep.monthly_saving < 0
    assert upkeep.months is None


def test_a_saving_that_comes_too_late_is_a_no_too():
    late = break_even(one_time=9700, teacher_each=0.035, student_each=0, requests_per_day=500, student_monthly=30)
    assert late.months == pytest.approx(19.3, abs=0.1)
    assert not late.worth_it
    assert "later than the horizon of 12" in late.sentence


@given(
    one_time=st.floats(0, 1e6),
    teacher=st.integers(0, 10**6).map(lambda micro: micro / 1e6),  # prices have a smallest coin
    student=st.integers(0, 10**6).map(lambda micro: micro / 1e6),
    volume=st.integers(0, 10**7),
    upkeep=st.floats(0, 1e5),
)
def test_break_even_pays_back_exactly_what_was_spent(one_time, teacher, student, volume, upkeep):
    result = break_even(
        one_time=one_time,
        teacher_each=teacher,
        student_each=student,
        requests_per_day=volume,
        student_monthly=upkeep,
    )
    if result.months is None:
        assert result.monthly_saving <= 0 or not math.isfinite(one_time / result.monthly_saving)
        assert not result.worth_it
    else:
        assert result.months * result.monthly_saving == pytest.approx(one_time)


def test_a_saving_next_to_nothing_never_pays_back():
    result = break_even(one_time=1e6, teacher_each=1.0, student_each=0.0, requests_per_day=2.3e-308)
    assert result.months is None
    assert result.sentence.startswith("Do not fine-tune")


def test_impossible_amounts_are_refused():
    with pytest.raises(DataError, match="price of x"):
        Price("x", -1, 0, "2026-01-01")
    with pytest.raises(DataError, match="cached_in"):
        Usage(10, 1, cached_in=11)
    with pytest.raises(RequestError):
        cost(STUDENT, Usage(1, 1), -1)
    with pytest.raises(RequestError, match="break-even"):
        break_even(one_time=float("inf"), teacher_each=1, student_each=0, requests_per_day=1)
