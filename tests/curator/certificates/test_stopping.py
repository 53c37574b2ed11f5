"""May we stop: only what was reviewed in turn counts, and the answer holds however often it is asked."""

from typing import Any

import polars as pl
import pytest

from curator.certificates.confidence_sequence import sequence_bound
from curator.certificates.stopping import LiveAnswer, live_answer

N, DRAWN = 300, 200
ORDER = [f"e{n}" for n in range(DRAWN)]


def ask(statuses: dict[str, dict[str, Any]], *, target: float | None = 0.1, **more: Any) -> LiveAnswer:
    """A plan of one stratum whose audit rows stand in `ORDER`; `statuses` changes rows as they are today.

    The last `known` rows were settled before the draw.
    """
    base = {"content_hash": "h", "teacher_value": "t", "drawn_value": "t"}
    first_known = N - more.get("known", 0)
    rows = pl.DataFrame(
        [{"example_id": f"e{n}", "stratum": "known" if n >= first_known else "all", **base} for n in range(N)]
    )
    today = {"content_hash": "h", "value": "t", "basis": "teacher", "out": None, "human_status": None}
    current = pl.DataFrame(
        [{"example_id": f"e{n}", **today, "human_value": None, **statuses.get(f"e{n}", {})} for n in range(N)],
        schema_overrides=dict.fromkeys(("out", "human_status", "human_value"), pl.String),
    )
    return live_answer(
        plan="p", rows=rows, in_order=ORDER, current=current, target=target, confidence=more.get("confidence", 0.95)
    )


def agreed(*numbers: int) -> dict[str, dict[str, Any]]:
    return {f"e{n}": {"human_status": "settled", "human_value": "t", "basis": "review"} for n in numbers}


def corrected(*numbers: int) -> dict[str, dict[str, Any]]:
    return {f"e{n}": {"human_status": "settled", "human_value": "x", "value": "x"} for n in numbers}


def test_before_the_first_review_nothing_is_shown() -> None:
    nothing = ask({})
    assert (nothing.may_stop, nothing.reviewed, nothing.shipped_upper) == (False, 0, 1.0)
    assert nothing.why == "not yet: too few rows are reviewed to say anything, 0 of 200 audit rows in turn"
    assert "100.00" not in ask(agreed(0)).why, "at most all of them is no bound"


def test_enough_rows_without_an_error_allow_to_stop_as_the_sequence_says() -> None:
    found = ask(agreed(*range(60)))
    bound = sequence_bound(0, 60, population=N)
    assert found.shipped_upper == pytest.approx(bound.upper_one_sided)
    assert found.teacher_error == bound
    assert found.may_stop is True
    assert "at every look" in found.why
    assert ask(agreed(*range(60)), target=0.01).may_stop is False
    assert ask(agreed(*range(60)), target=None).may_stop is None


def test_rows_reviewed_out_of_turn_wait_for_the_gap_before_them() -> None:
    found = ask(agreed(*range(30), *range(31, 90)))
    assert (found.reviewed, found.in_turn) == (89, 30)
    assert found.teacher_error == sequence_bound(0, 30, population=N)


def test_errors_that_were_fixed_leave_the_released_rows_but_not_the_teachers_error() -> None:
    found = ask(agreed(*range(60)) | corrected(3, 7))
    bound = sequence_bound(2, 60, population=N)
    assert found.teacher_error == bound
    assert found.shipped_upper == pytest.approx((bound.upper_one_sided * N - 2) / N)


def test_rows_that_nobody_could_settle_count_as_errors() -> None:
    open_rows = {"e5": {"human_status": "unsettled", "out": "unsettled"}, "e6": {"human_status": "skipped"}}
    found = ask(agreed(*range(60)) | open_rows)
    assert found.teacher_error.upper_one_sided == sequence_bound(2, 60, population=N).upper_one_sided
    assert found.teacher_error.low == 0.0


def test_rows_settled_before_the_draw_whose_verdict_was_taken_back_count_as_errors() -> None:
    before = ask(agreed(*range(60), *range(250, N)), known=50)
    after = ask(agreed(*range(60), *range(260, N)), known=50)
    assert before.shipped_upper is not None
    assert after.shipped_upper is not None
    assert after.shipped_upper >= before.shipped_upper + 10 / N - 1e-9
    assert after.teacher_error.upper_one_sided >= before.teacher_error.upper_one_sided + 10 / N - 1e-9


def test_after_a_group_decision_it_speaks_of_labels_that_are_gone() -> None:
    found = ask(agreed(*range(60)) | {"e250": {"value": "d", "basis": "decision"}})
    assert (found.may_stop, found.shipped_upper) == (False, None)
    assert "fresh spot-check" in found.why


def test_a_later_attempt_needs_more_to_stop() -> None:
    first, second = ask(agreed(*range(60))), ask(agreed(*range(60)), confidence=0.975)
    assert first.shipped_upper is not None
    assert second.shipped_upper is not None
    assert second.shipped_upper > first.shipped_upper
    assert "97.5 %" in second.why
