"""Which open row to settle first."""

import math
from typing import Any

import pytest

from curator.review.adjudication import disputes

LABELS = ("a", "b", "c")


def said(row: str, by: str, value: str | None, *, stream: str = "audit", **more: Any) -> dict[str, Any]:
    base = {
        "example_id": row, "task": f"t-{row}", "plan": "p", "reviewer": by, "stream": stream, "value": value,
        "verdict": "reject" if value is None else "edit", "proposed": "a", "blind": True, "note": None,
        "adjudicates": False, "overlap": 1,
    }  # fmt: skip
    return base | more


def settled(count: int) -> list[dict[str, Any]]:
    """Rows that two good reviewers agree about: what the model learns the people from."""
    return [said(f"s{n}", by, LABELS[n % 3], proposed=LABELS[n % 3]) for n in range(count) for by in ("ana", "ben")]


def test_audit_rows_come_first_the_heavier_before_the_lighter() -> None:
    given = settled(30)
    for row, stream in (("light", "audit"), ("heavy", "audit"), ("risky", "risk")):
        given += [said(row, "ana", "a", stream=stream), said(row, "ben", "b", stream=stream)]
    found = disputes(given, labels=LABELS, weights={"t-light": 2.0, "t-heavy": 8.0})
    assert [d.example_id for d in found] == ["heavy", "light", "risky"]
    assert [d.weight for d in found] == [1.0, 0.25, 0.0]
    heavy, light, risky = found
    assert heavy.gain == pytest.approx(1 + (1 + heavy.entropy) / 2)
    assert light.gain == pytest.approx(1 + 0.25 * (1 + light.entropy) / 2)
    assert risky.gain == risky.entropy
    assert {s.reviewer: s.value for s in heavy.said} == {"ana": "a", "ben": "b"}


def test_of_equally_heavy_rows_the_more_uncertain_comes_first() -> None:
    given = settled(40)
    given += [said("even", "ana", "a"), said("even", "ben", "b")]
    given += [said("clear", by, v) for by, v in (("ana", "a"), ("ben", "a"), ("cleo", "b"))]
    found = disputes(given, labels=LABELS, weights={"t-even": 4.0, "t-clear": 4.0})
    assert [d.example_id for d in found] == ["even", "clear"]
    assert found[1].consensus == "a"
    assert 0 <= found[1].entropy < found[0].entropy <= 1


def test_what_is_settled_excluded_gold_or_waits_for_people_is_no_dispute() -> None:
    given = [
        *settled(3),
        said("excluded", "ana", "a"), said("excluded", "ben", "b"),
        said("done", "ana", "a"), said("done", "ben", "b"), said("done", "cleo", "b", adjudicates=True),
        said("gold", "ana", "b", stream="gold"),
        said("half", "ana", "a", overlap=2),
    ]  # fmt: skip
    assert disputes(given, labels=LABELS, weights={}, excluded=frozenset({"excluded"})) == ()


def test_rejected_rows_and_pending_second_looks_are_open() -> None:
    given = [*settled(9), said("rejected", "ana", None), said("blind", "ben", "b")]
    given += [said("alone", "ana", "a", overlap=2), said("alone", "ben", None, verdict="skip", overlap=2)]
    found = {d.example_id: d for d in disputes(given, labels=LABELS, weights={})}
    assert {row: d.status for row, d in found.items()} == {
        "rejected": "rejected",
        "blind": "unsettled",
        "alone": "unsettled",
    }
    assert (found["rejected"].entropy, found["rejected"].consensus) == (1.0, None)


def test_texts_without_labels_are_ordered_by_how_far_the_answers_spread() -> None:
    given = [said("two", "ana", "select 1", stream="risk"), said("two", "ben", "select 2", stream="risk")]
    found = disputes(given, labels=(), weights={})
    assert found[0].status == "disputed"
    assert 0 < found[0].entropy <= 1
    assert not math.isnan(found[0].gain)


def test_a_row_that_all_who_were_asked_skipped_comes_to_somebody() -> None:
    given = [*settled(3), said("skipped", "ana", None, verdict="skip")]
    given += [said("both", by, None, verdict="skip", overlap=2) for by in ("ana", "ben")]
    given += [said("elsewhere", "ana", None, verdict="skip", stream="opinion")]
    given += [said("one of two", "ana", None, verdict="skip", overlap=2)]
    found = disputes(given, labels=LABELS, weights={"t-skipped": 2.0})
    assert [(d.example_id, d.status) for d in found] == [("skipped", "skipped"), ("both", "skipped")]
