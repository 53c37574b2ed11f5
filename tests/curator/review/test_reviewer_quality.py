"""Error rates of reviewers: against a truth that is not their own, with an interval, by name."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from curator.review.reviewer_quality import reviewer_quality
from curator.statistics import clopper_pearson


def said(by: str, row: str, value: str | None, *, stream: str = "audit", final: bool = False) -> dict[str, Any]:
    return {
        "example_id": row,
        "task": f"{stream}-{row}",
        "reviewer": by,
        "stream": stream,
        "verdict": "reject" if value is None else "edit",
        "value": value,
        "proposed": "t",
        "adjudicates": final,
    }


def test_gold_cards_and_adjudicated_rows_are_the_truth_and_nothing_else() -> None:
    gold = [said("ana", f"g{n}", "t" if n else "x", stream="gold") for n in range(10)]
    disputed = [said("ana", "d1", "x"), said("ben", "d1", "t"), said("cleo", "d1", "x", final=True)]
    plain = [said("ana", f"p{n}", "y") for n in range(5)]
    found = {q.reviewer: q for q in reviewer_quality([*gold, *disputed, *plain], {f"g{n}": "t" for n in range(10)})}
    ana, ben = found["ana"], found["ben"]
    assert (ana.judged, ana.errors, ana.gold, ana.gold_errors, ana.reviewed) == (11, 1, 10, 1, 16)
    assert (ben.judged, ben.errors, ben.rate) == (1, 1, 1.0)
    assert "cleo" not in found, "an adjudicator is not judged by the own word"
    assert ana.low < ana.rate < ana.high


def test_reviewers_come_by_name_and_without_truth_there_is_no_rate() -> None:
    found = reviewer_quality([said("cleo", "a", "x"), said("ana", "b", "x"), said("ben", "c", "x")], {})
    assert [q.reviewer for q in found] == ["ana", "ben", "cleo"]
    assert all((q.rate, q.low, q.high, q.judged) == (None, None, None, 0) for q in found)


def test_the_first_answer_counts_since_a_second_look_has_seen_the_teachers() -> None:
    looks = [said("ana", "d", "x"), said("ana", "d", "t"), said("cleo", "d", "t", final=True)]
    assert reviewer_quality(looks, {})[0].errors == 1


def test_a_rejection_is_right_where_the_label_was_wrong() -> None:
    rejected = [said("ana", row, None) for row in ("wrong", "fine", "nobody knows")]
    final = [said("cleo", "wrong", "x", final=True), said("cleo", "fine", "t", final=True)]
    final += [said("cleo", "nobody knows", None, final=True)]
    (ana,) = reviewer_quality([*rejected, *final], {})
    assert (ana.judged, ana.errors) == (3, 1)


def test_nobody_is_judged_by_an_adjudication_of_their_own() -> None:
    own = [said("ana", "d", "x"), said("ana", "d", "t", final=True)]
    assert reviewer_quality(own, {})[0].judged == 0


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 60), p=st.floats(0.01, 0.99))
def test_the_interval_covers_at_least_as_often_as_it_says(n: int, p: float) -> None:
    covered = sum(
        binom.pmf(k, n, p)
        for k in range(n + 1)
        if clopper_pearson(k, n, 0.95)[0] <= p <= clopper_pearson(k, n, 0.95)[1]
    )
    assert covered >= 0.95 - 1e-9


@pytest.mark.parametrize("errors", [0, 20])
def test_none_and_all_wrong_have_an_end_at_the_edge(errors: int) -> None:
    low, high = clopper_pearson(errors, 20, 0.95)
    assert (low == 0.0) == (errors == 0)
    assert (high == 1.0) == (errors == 20)
