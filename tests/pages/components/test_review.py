from typing import Any

import pytest

from pages.components.protocol import COUNT, is_number
from pages.components.review.component import Card, ReviewAction, parse_actions

GOOD: dict[str, Any] = {"action_id": "a1", "task_id": "t1", "verdict": "edit", "value": "de", "seconds": 1.5}


def test_a_well_formed_action_is_read_whole() -> None:
    actions, refused = parse_actions({"sent": 1, "list": [{**GOOD, "note": "odd"}]})
    assert actions == [ReviewAction("a1", "t1", "edit", "de", 1.5, "odd", None)]
    assert refused == {}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"task_id": None}, "names no task"),
        ({"verdict": "delete"}, "unknown verdict"),
        ({"value": 7}, "must be text"),
        ({"value": "  "}, "needs a value"),
        ({"value": None}, "needs a value"),
        ({"seconds": "long"}, "must be a number"),
        ({"verdict": "undo", "value": None}, "must name the answer"),
    ],
)
def test_a_malformed_action_is_refused_with_the_reason_and_the_others_go_through(
    change: dict[str, Any], reason: str
) -> None:
    other = {**GOOD, "action_id": "a2"}
    actions, refused = parse_actions({"list": [{**GOOD, **change}, other]})
    assert [a.action_id for a in actions] == ["a2"]
    assert reason in refused["a1"]


@pytest.mark.parametrize("payload", [None, [], "x", {"list": 3}, {"list": ["x", {}, {"action_id": 4}]}])
def test_what_is_no_list_of_actions_is_no_action(payload: object) -> None:
    assert parse_actions(payload) == ([], {})


def test_a_blind_card_cannot_carry_the_teachers_label() -> None:
    with pytest.raises(ValueError, match="t1 is blind"):
        Card("t1", "text", "de", True, "why", "audit")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 10**400, -(10**400), True, 1e300])
def test_a_number_that_is_none_changes_nothing(number: float) -> None:
    other = {**GOOD, "action_id": "a2"}
    actions, refused = parse_actions({"sent": number, "list": [{**GOOD, "seconds": number}, other]})
    assert [a.action_id for a in actions] == ["a2"]
    assert "must be a number" in refused["a1"]
    assert not is_number(number, COUNT)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"note": "x" * 10_001}, "at most 10,000"),
        ({"value": "x" * 2_000_001}, "at most 2,000,000"),
        ({"task_id": "t" * 201}, "at most 200"),
        ({"note": "half \ud83d"}, "surrogate"),
        ({"task_id": "\udc00"}, "surrogate"),
    ],
)
def test_a_text_that_no_store_holds_is_refused(change: dict[str, Any], reason: str) -> None:
    _, refused = parse_actions({"list": [{**GOOD, **change}]})
    assert reason in refused["a1"]


def test_an_action_without_a_usable_id_is_no_action() -> None:
    assert parse_actions({"list": [{**GOOD, "action_id": "a" * 201}]}) == ([], {})
