"""The effect of a shown answer: a randomised difference with Newcombe's interval."""

from typing import Any

import numpy as np
import pytest

from curator.errors import NotEnoughDataError
from curator.review.anchoring import Arm, anchoring, difference_interval


def answers(agreed: int, rows: int, *, hidden: bool, plan: str = "p", by: str = "ana") -> list[dict[str, Any]]:
    return [
        {
            "plan": plan,
            "task": f"{plan}-{hidden}-{n}",
            "stream": "risk",
            "hidden": hidden,
            "blind": hidden,
            "reviewer": by,
            "verdict": "accept" if n < agreed else "edit",
            "value": "t" if n < agreed else "x",
            "proposed": "t",
        }
        for n in range(rows)
    ]


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [  # Newcombe (1998), table II, method 10
        (Arm(70, 56), Arm(80, 48), 0.0524, 0.3339),
        (Arm(10, 9), Arm(10, 3), 0.1705, 0.8090),
        (Arm(10, 10), Arm(20, 0), 0.6791, 1.0),
    ],
)
def test_the_interval_is_the_published_one(first: Arm, second: Arm, low: float, high: float) -> None:
    assert difference_interval(first, second, 0.95) == pytest.approx((low, high), abs=0.0001)


def test_agreement_that_rises_where_the_answer_is_shown_is_said_so() -> None:
    found = anchoring([*answers(90, 100, hidden=False), *answers(30, 60, hidden=True)])
    assert (found.shown, found.blind) == (Arm(100, 90), Arm(60, 30))
    assert found.difference == pytest.approx(0.4)
    assert found.low > 0
    assert "more often" in found.words
    nothing = anchoring([*answers(20, 25, hidden=False), *answers(20, 25, hidden=True)])
    assert nothing.low < 0 < nothing.high
    assert "may be nothing" in nothing.words
    assert "large effect" in nothing.words


def test_only_first_answers_of_plans_with_both_kinds_count() -> None:
    both = [*answers(9, 10, hidden=False), *answers(5, 10, hidden=True)]
    second_looks = [row | {"blind": False, "value": "t"} for row in both]
    elsewhere = answers(0, 50, hidden=False, plan="without blind rows")
    audit = [row | {"stream": "audit", "task": f"a{row['task']}"} for row in both]
    skips = [row | {"verdict": "skip", "value": None, "task": f"s{row['task']}"} for row in both]
    assert anchoring([*both, *second_looks, *elsewhere, *audit, *skips]) == anchoring(both)
    seen = [row | {"blind": False, "task": f"i{row['task']}"} for row in answers(0, 10, hidden=True)]
    assert anchoring([*both, *seen]) == anchoring(both), "imported as seen, though the plan hid it"


def test_a_rejection_disagrees_and_without_blind_rows_there_is_no_figure() -> None:
    rejected = [row | {"verdict": "reject", "value": None} for row in answers(5, 5, hidden=True)]
    assert anchoring([*answers(5, 5, hidden=False), *rejected]).blind == Arm(5, 0)
    with pytest.raises(NotEnoughDataError, match="blind-share"):
        anchoring(answers(5, 10, hidden=False))


def test_the_interval_covers_the_true_difference_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    for p_shown, p_blind, n_shown, n_blind in ((0.9, 0.8, 80, 20), (0.97, 0.97, 160, 40), (0.5, 0.2, 30, 30)):
        inside = 0
        for shown, blind in zip(
            rng.binomial(n_shown, p_shown, 1500), rng.binomial(n_blind, p_blind, 1500), strict=True
        ):
            low, high = difference_interval(Arm(n_shown, int(shown)), Arm(n_blind, int(blind)), 0.95)
            inside += low <= p_shown - p_blind <= high
        assert inside / 1500 > 0.93
