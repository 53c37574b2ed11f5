"""Commands about money: what answers cost, and when a student pays."""

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from curator.errors import RequestError
from curator.evaluation import DAYS_A_MONTH, Price, Usage, break_even, cost, sensitivity, usd
from pipelines.cli.output import answer, lines


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("cost")(cost_of)
    app.command("breakeven")(breakeven)


def cost_of(
    price_in: Annotated[float, typer.Option(help="US dollars for a million prompt tokens.")],
    price_out: Annotated[float, typer.Option(help="US dollars for a million answer tokens.")],
    tokens_in: Annotated[float, typer.Option(help="Mean prompt tokens of a request.")],
    tokens_out: Annotated[float, typer.Option(help="Mean answer tokens of a request.")],
    as_of: Annotated[str, typer.Option(help="The day the price was read, YYYY-MM-DD.")],
    requests: Annotated[float, typer.Option(min=0)] = 1.0,
    cached_in: Annotated[float, typer.Option(help="Prompt tokens of a request that come from a cache.")] = 0.0,
    price_cached: Annotated[float | None, typer.Option(help="US dollars for a million cached tokens.")] = None,
    batch_discount: Annotated[float, typer.Option(help="Share taken off by a batch interface, 0..1.")] = 0.0,
) -> int:
    """What a number of requests costs, with the formula and the date of the prices."""
    try:
        date.fromisoformat(as_of)
        price = Price("model", price_in, price_out, as_of, price_cached, batch_discount)
        bill = cost(price, Usage(tokens_in, tokens_out, cached_in), requests, batch=batch_discount > 0)
    except ValueError as error:  # a DataError is one
        raise RequestError(str(error)) from error
    return answer(bill, text=f"{bill.usd:,.4f} US dollars ({bill.usd_each:.6f} each)\n{bill.formula}")


def breakeven(
    one_time: Annotated[float, typer.Option(help="US dollars to label, review and train.")],
    teacher_each: Annotated[float, typer.Option(help="US dollars for one request to the teacher.")],
    student_each: Annotated[float, typer.Option(help="US dollars for one request to the student.")],
    requests_per_day: Annotated[float, typer.Option(min=0)],
    student_monthly: Annotated[float, typer.Option(help="Fixed US dollars a month for the student.")] = 0.0,
    horizon: Annotated[float, typer.Option(help="Months after which it is too late.")] = 12.0,
    days_a_month: Annotated[
        float, typer.Option(help="Default 365/12; 30 reproduces figures that count so.")
    ] = DAYS_A_MONTH,
) -> int:
    """When a student earns back what it cost, and what is won in one year and in three; or that it never does."""
    found = break_even(
        one_time=one_time,
        teacher_each=teacher_each,
        student_each=student_each,
        requests_per_day=requests_per_day,
        student_monthly=student_monthly,
        horizon_months=horizon,
        days_a_month=days_a_month,
    )
    others = sensitivity(
        one_time=one_time,
        teacher_each=teacher_each,
        student_each=student_each,
        requests_per_day=requests_per_day,
        student_monthly=student_monthly,
        days_a_month=days_a_month,
    )
    text = lines(
        found.sentence,
        found.formula,
        f"won after one year: {usd(found.year_1)}, after three: {usd(found.year_3)}",
        *(
            f"  {each.amount.replace('_', ' ')} {'halved' if each.factor < 1 else 'doubled'}: "
            + ("never pays" if each.months is None else f"pays after {each.months:.1f} months")
            for each in others
        ),
    )
    return answer({**asdict(found), "what_if": [asdict(each) for each in others]}, text=text)
