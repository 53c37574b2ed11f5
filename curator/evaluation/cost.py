"""What labelling and answering cost, and when training a student pays, with every formula shown.

Prices are in US dollars for a million tokens and carry the day they were read: without it a price is
an opinion. A month is 365/12 days.
"""

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from curator.errors import DataError, RequestError

DAYS_A_YEAR: Final = 365
DAYS_A_MONTH: Final = DAYS_A_YEAR / 12
MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens.

    Attributes:
        name: The model or service.
        tokens_in: Fresh prompt tokens.
        tokens_out: Answer tokens.
        as_of: The day the price was read, as YYYY-MM-DD.
        cached_in: Prompt tokens read from a cache; None where there is no discount.
        batch_discount: Share taken off the whole bill by a batch interface, 0..1.
        source: Where the price was read.
    """

    name: str
    tokens_in: float
    tokens_out: float
    as_of: str
    cached_in: float | None = None
    batch_discount: float = 0.0
    source: str = ""

    def __post_init__(self) -> None:
        prices = (self.tokens_in, self.tokens_out, self.cached_in or 0.0)
        if not all(math.isfinite(p) and p >= 0 for p in prices) or not 0 <= self.batch_discount <= 1:
            raise DataError(
                f"price of {self.name}: expected dollars of at least 0 and a batch discount in 0..1, got {self}"
            )


@dataclass(frozen=True, slots=True)
class Usage:
    """Mean tokens of one request. `cached_in` of the `tokens_in` come from a cache."""

    tokens_in: float
    tokens_out: float
    cached_in: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.cached_in <= self.tokens_in and self.tokens_out >= 0):
            raise DataError(f"usage: expected 0 <= cached_in <= tokens_in and tokens_out >= 0, got {self}")


@dataclass(frozen=True, slots=True)
class Cost:
    """A bill: dollars in all and for one request, with the formula that gave it."""

    usd: float
    usd_each: float
    requests: float
    formula: str


@dataclass(frozen=True, slots=True)
class BreakEven:
    """When a one-time cost is earned back.

    Attributes:
        monthly_saving: Dollars a month; negative where the student costs more.
        months: Until the saving has paid the one-time cost; None means never.
        requests: Requests until then; None means never.
        worth_it: Whether it pays within the horizon.
        sentence: The answer for a person.
        formula: How it was computed.
        year_1: Dollars won after 12 months, what it cost to make taken off; negative where it has not paid yet.
        year_3: The same after 36 months.
    """

    monthly_saving: float
    months: float | None
    requests: float | None
    worth_it: bool
    sentence: str
    formula: str
    year_1: float = 0.0
    year_3: float = 0.0


def cost(price: Price, usage: Usage, requests: float = 1.0, *, batch: bool = False) -> Cost:
    """The bill for `requests` requests.

    usd = requests x ((in - cached) x P_in + cached x P_cached + out x P_out) / 1,000,000 x (1 - batch discount)

    >>> round(cost(Price("teacher", 1.75, 14.0, "2026-01-01"), Usage(641, 4), 1000).usd, 4)
    1.1778

    Raises:
        RequestError: A negative number of requests.
    """
    if not requests >= 0:
        raise RequestError(f"expected a number of requests of at least 0, got {requests}")
    cached_price = price.tokens_in if price.cached_in is None else price.cached_in
    discount = price.batch_discount if batch else 0.0
    fresh = usage.tokens_in - usage.cached_in
    each = (
        (fresh * price.tokens_in + usage.cached_in * cached_price + usage.tokens_out * price.tokens_out)
        / MILLION
        * (1 - discount)
    )
    formula = (
        f"{requests:,.10g} x ({fresh:,.10g} x ${price.tokens_in:g} + {usage.cached_in:,.10g} x ${cached_price:g} "
        f"+ {usage.tokens_out:,.10g} x ${price.tokens_out:g}) / 1,000,000"
        + (f" x (1 - {discount:g})" if discount else "")
        + f"; prices of {price.as_of}"
    )
    return Cost(requests * each, each, requests, formula)


def break_even(
    *,
    one_time: float,
    teacher_each: float,
    student_each: float,
    requests_per_day: float,
    student_monthly: float = 0.0,
    horizon_months: float = 12.0,
    days_a_month: float = DAYS_A_MONTH,
) -> BreakEven:
    """When a student has earned back what it cost to make.

    saving = requests a day x days a month x (teacher - student) - the student's fixed monthly cost;
    months = one-time cost / saving; without a saving: never.

    Args:
        one_time: Dollars for labels, reviews, training and engineering.
        teacher_each: Dollars for one request to the teacher.
        student_each: Dollars for one request to the student.
        requests_per_day: Volume.
        student_monthly: Fixed dollars a month for serving and looking after the student.
        horizon_months: Longer than this is not worth it.
        days_a_month: 365/12 unless a comparison with a published figure asks for 30.

    Raises:
        RequestError: A negative or infinite amount, or no time at all.
    """
    amounts = (one_time, teacher_each, student_each, requests_per_day, student_monthly)
    if not all(math.isfinite(a) and a >= 0 for a in amounts) or not (horizon_months > 0 and days_a_month > 0):
        raise RequestError(
            "break-even: expected finite amounts of at least 0 and a horizon and month above 0, got "
            f"one_time {one_time}, teacher {teacher_each}, student {student_each}, requests "
            f"{requests_per_day}, monthly {student_monthly}, horizon {horizon_months}, days {days_a_month}"
        )
    monthly_requests = requests_per_day * days_a_month
    saving = monthly_requests * (teacher_each - student_each) - student_monthly
    formula = (
        f"saving = {monthly_requests:,.10g} requests x (${teacher_each:.6g} - ${student_each:.6g}) "
        f"- ${student_monthly:,.2f} = {usd(saving)} a month; months = {usd(one_time)} / saving"
    )
    years = (12 * saving - one_time, 36 * saving - one_time)
    # A saving next to nothing overflows to infinitely many months: that is never, too.
    if saving <= 0 or not math.isfinite(one_time / saving):
        sentence = (
            f"Do not fine-tune: the student saves nothing ({usd(saving)} a month), so {usd(one_time)} is "
            "never earned back."
        )
        return BreakEven(saving, None, None, False, sentence, formula, *years)
    months = one_time / saving
    if months > horizon_months:
        sentence = (
            f"Do not fine-tune: at {usd(saving)} a month {usd(one_time)} is earned back after {months:.1f} "
            f"months, later than the horizon of {horizon_months:g}."
        )
    else:
        sentence = f"{usd(one_time)} is earned back after {months:.1f} months, at {usd(saving)} a month."
    pays = months <= horizon_months
    return BreakEven(saving, months, months * monthly_requests, pays, sentence, formula, *years)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One amount halved or doubled, and when the student pays then; `months` None is never."""

    amount: str
    factor: float
    months: float | None
    year_1: float


def sensitivity(
    *,
    one_time: float,
    teacher_each: float,
    student_each: float,
    requests_per_day: float,
    student_monthly: float = 0.0,
    days_a_month: float = DAYS_A_MONTH,
) -> tuple[WhatIf, ...]:
    """When a student pays if one amount is half or twice what was thought, the others as they are.

    An amount of 0 stays 0 and is left out.
    """
    amounts = {
        "one_time": one_time,
        "teacher_each": teacher_each,
        "student_each": student_each,
        "requests_per_day": requests_per_day,
        "student_monthly": student_monthly,
    }
    made = []
    for name, value in amounts.items():
        for factor in (0.5, 2.0) if value else ():
            found = break_even(**(amounts | {name: factor * value}), days_a_month=days_a_month)
            made.append(WhatIf(name, factor, found.months, found.year_1))
    return tuple(made)


def usd(amount: float, digits: int = 2) -> str:
    """Dollars as text, halves rounded away from zero, as bills are.

    >>> usd(330.5, 0), usd(3.305), usd(-1234.5)
    ('$331', '$3.31', '-$1,234.50')
    """
    rounded = Decimal(repr(float(amount))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    sign = "-" if rounded < 0 else ""
    return f"{sign}${abs(rounded):,}"
