from typing import Any

import pytest

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
