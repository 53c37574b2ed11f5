"""Figures by class: enough reviews or none, and an interval that holds."""

import math

import numpy as np
import polars as pl
import pytest

from curator.certificates.by_class import by_class
from curator.errors import DataError
from curator.spot_checks import ALLOCATIONS, allocate, stratum_sizes

NAMES = ("top", "next", "rest")


def population(rng: np.random.Generator, rates: dict[str, float], reviews: int, lift: float) -> pl.DataFrame:
    """2,000 rows of a plan; `lift` says how much more likely a wrong row is to be ranked as risky."""
    label_N = rng.choice(list(rates), 2_000)
    wrong_N = rng.random(2_000) < np.array([rates[label] for label in label_N])
    order_N = np.argsort(-(rng.random(2_000) + lift * wrong_N))
    sizes = stratum_sizes(2_000)
    stratum_N, audited_N = np.empty(2_000, dtype=object), np.zeros(2_000, dtype=bool)
    bands = np.split(order_N, np.cumsum(sizes)[:-1])
    for name, band, take in zip(NAMES, bands, allocate(sizes, ALLOCATIONS["certify"], reviews), strict=True):
        stratum_N[band] = name
        audited_N[rng.choice(band, take, replace=False)] = True
    return pl.DataFrame(
        {"class": label_N.tolist(), "stratum": stratum_N.tolist(), "audited": audited_N, "truth": wrong_N}
    ).with_columns(wrong=pl.when("audited").then("truth"))


@pytest.mark.parametrize("lift", [0.4, 0.0, -0.4])
def test_each_interval_holds_as_often_as_it_says(lift: float) -> None:
    rng = np.random.default_rng(4)
    rates = {"a": 0.02, "b": 0.05, "c": 0.1, "d": 0.3, "e": 0.0}
    held: list[bool] = []
    for _ in range(120):
        rows = population(rng, rates, 300, lift)
        for each in by_class(rows):
            truth = rows.filter(pl.col("class") == each.name)["truth"].sum() / each.rows
            if each.bound is not None:
                held.append(each.bound.low - 1e-12 <= truth <= each.bound.high + 1e-12)
    assert len(held) == 600
    assert np.mean(held) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / len(held)), np.mean(held)


def test_the_estimate_weighs_each_row_by_its_chance_of_being_drawn() -> None:
    top = [("a", "top", n < 10, True if n < 4 else False if n < 10 else None) for n in range(20)]
    rest = [("a", "rest", n < 10, n == 0 if n < 10 else None) for n in range(80)]
    rows = pl.DataFrame(top + rest, schema=["class", "stratum", "audited", "wrong"], orient="row")
    (a,) = by_class(rows)
    assert a.bound is not None
    assert a.bound.estimate == pytest.approx((4 * 2 + 1 * 8) / (10 * 2 + 10 * 8))
    assert (a.rows, a.reviews, a.errors) == (100, 20, 5)
    assert "Hájek" in a.bound.method


def test_a_class_with_too_few_reviews_gets_no_figure() -> None:
    rows = pl.DataFrame(
        {
            "class": ["big"] * 40 + ["small"] * 30,
            "stratum": ["test"] * 70,
            "audited": [True] * 40 + [True] * 9 + [False] * 21,
            "wrong": [False] * 39 + [True] + [False] * 9 + [None] * 21,
        }
    )
    big, small = by_class(rows)
    assert (small.name, small.bound, small.words) == ("small", None, "too few: 9 reviews, 10 are needed")
    assert big.bound is not None
    assert (big.bound.low, big.bound.estimate, big.bound.high) == (0.025, 0.025, 0.025)
    assert big.words == "2.5 % (2.5 % to 2.5 %)"


def test_rows_without_a_verdict_widen_the_interval() -> None:
    verdicts: list[bool | None] = [False] * 20
    rows = pl.DataFrame(
        {"class": ["a"] * 20, "stratum": ["test"] * 20, "audited": [True] * 20, "wrong": [*verdicts[:18], None, None]}
    )
    (a,) = by_class(rows)
    assert a.bound is not None
    assert (a.bound.low, a.bound.high, a.reviews) == (0.0, 0.1, 18)


def test_a_column_of_another_kind_is_refused() -> None:
    with pytest.raises(DataError, match="has no column 'wrong'"):
        by_class(pl.DataFrame({"class": ["a"], "stratum": ["top"], "audited": [True]}))
