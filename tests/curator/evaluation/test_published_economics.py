"""Published figures about distilled students, reproduced from their own formulas or contradicted with both figures."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest

from curator.evaluation.cost import MILLION, Price, Usage, break_even, cost, sensitivity, usd

PUBLISHED_MONTHS = {6.405e-4: 1_922, 1.3475e-3: 4_042}
"""Dollars for one request -> dollars a month, at 100,000 requests a day and 30 days, rounded half to even."""


@pytest.mark.parametrize(("each", "month"), list(PUBLISHED_MONTHS.items()))
def test_the_published_bill_of_a_month_follows_from_that_of_a_request(each, month):
    bill = cost(Price("frontier", each * MILLION, 0.0, "2026-01-01"), Usage(1, 0), 100_000 * 30).usd
    rounded = int(Decimal(repr(round(bill, 6))).quantize(Decimal(1), ROUND_HALF_EVEN))
    assert rounded == month


LOCAL = {"one_time": 9_700, "teacher_each": 0.035, "student_each": 0.0, "student_monthly": 30.0}
"""The published calculator of a local student: $35 for 1,000 requests, $9,700 at first, $360 a year to run."""


def test_the_published_break_even_is_9_5_months_and_not_9_4():
    found = break_even(**LOCAL, requests_per_day=1_000, days_a_month=30)
    assert found.monthly_saving == pytest.approx(1_050 - 30)
    assert round(found.months, 1) == 9.5
    assert round(found.months, 1) != 9.4  # as printed


@pytest.mark.parametrize(
    ("requests", "year", "ours", "printed"),
    [(1_000, 1, 2_715, 2_540), (1_000, 3, 27_545, 27_620), (10_000, 3, 372_470, 357_620)],
)
def test_the_published_years_count_365_days_and_are_printed_otherwise(requests, year, ours, printed):
    found = break_even(**LOCAL, requests_per_day=requests)
    won = found.year_1 if year == 1 else found.year_3
    assert won == pytest.approx(ours)
    assert round(won) != printed


def test_the_published_yearly_teacher_bill_is_11_525_and_not_11_680():
    year = 0.031575 * 1_000 * 365
    assert usd(year, 0) == "$11,525"
    assert usd(round(0.031575 * 1_000) * 365, 0) == "$11,680"  # as printed: rounded to dollars a day first


def test_the_published_crossover_of_users_is_14_and_not_500():
    # $150 a month for a server, $10.65 a month for a user's requests
    one_user = break_even(
        one_time=0, teacher_each=10.65 / 30, student_each=0, requests_per_day=14, student_monthly=150, days_a_month=30
    )
    assert one_user.monthly_saving == pytest.approx(14 * 10.65 - 150)
    assert one_user.monthly_saving < 0
    assert 15 * 10.65 - 150 > 0


def test_the_published_latencies_are_a_factor_of_13():
    assert round(450 / 35) == 13


def test_half_and_double_of_each_amount_are_told_and_a_student_that_never_pays_is_told_so():
    others = sensitivity(**LOCAL, requests_per_day=1_000)
    assert {(each.amount, each.factor) for each in others} == {
        (name, factor)
        for name in ("one_time", "teacher_each", "requests_per_day", "student_monthly")
        for factor in (0.5, 2.0)
    }
    by_name = {(each.amount, each.factor): each.months for each in others}
    assert by_name["one_time", 2.0] == pytest.approx(4 * by_name["one_time", 0.5])
    assert by_name["requests_per_day", 2.0] < by_name["requests_per_day", 0.5]
    dear = {"one_time": 100, "teacher_each": 0.001, "student_each": 0.002, "requests_per_day": 10}
    assert next(e for e in sensitivity(**dear) if (e.amount, e.factor) == ("student_each", 2.0)).months is None
    assert break_even(**dear).year_3 < break_even(**dear).year_1 < 0
