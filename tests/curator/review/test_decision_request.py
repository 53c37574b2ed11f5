"""A request to decide is read once, at the door, and what is wrong with it has one word and one sentence."""

import pytest

from curator.review import DecisionRefused, DecisionRequest, read_decision_request


def test_a_request_keeps_what_it_says_and_each_row_once() -> None:
    record = {"external_ids": ["a", 1, "a"], "action": "relabel", "value": {"x": 1}, "reviewer": "ana", "reason": None}
    assert read_decision_request(record) == DecisionRequest("relabel", {"x": 1}, "ana", "", external_ids=("a", "1"))


def test_an_undo_names_a_finding_or_a_decision() -> None:
    assert read_decision_request({"finding_id": 7, "action": "undo"}).finding_id == "7"
    assert read_decision_request({"decision": "d_1", "action": "undo"}).decision == "d_1"


@pytest.mark.parametrize(
    ("record", "reason", "words"),
    [
        ({"finding": "f"}, "unknown_key", "unknown key 'finding', expected action, "),
        ({"action": "exclude"}, "no_rows", "by exactly one of finding_id, example_ids, external_ids, decision"),
        ({"finding_id": "f", "decision": "d", "action": "undo"}, "no_rows", "by exactly one of"),
        ({"decision": "d", "action": "exclude"}, "no_rows", "`decision` names what an undo takes back"),
        ({"external_ids": "a"}, "no_rows", "`external_ids` is str, expected a list of ids"),
        ({"example_ids": {"a": 1}}, "no_rows", "`example_ids` is dict, expected a list of ids"),
    ],
)
def test_what_cannot_be_meant_is_refused(record: dict[str, object], reason: str, words: str) -> None:
    with pytest.raises(DecisionRefused) as refused:
        read_decision_request(record)
    assert refused.value.reason == reason
    assert words in str(refused.value)


def test_an_action_that_is_no_text_is_an_unknown_action_and_no_bug() -> None:
    assert read_decision_request({"external_ids": ["a"], "action": ["undo"]}).action == "['undo']"
