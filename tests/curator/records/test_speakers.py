"""A turn says the same under every format's words for who speaks."""

import pytest

from curator.errors import DataError
from curator.records import as_chat_turn, read_turn, speaker_of, unmasked

CALL = '{"name": "find", "arguments": {"n": 12345678901234567890}}'


@pytest.mark.parametrize(
    ("turn", "role"),
    [
        ({"from": "human", "value": "q"}, "user"),
        ({"from": "gpt", "value": "a"}, "assistant"),
        ({"from": "observation", "value": "r"}, "tool"),
        ({"role": "observation", "content": "r"}, "tool"),
        ({"role": "tool_response", "content": "r"}, "tool"),
        ({"role": "model", "content": "a"}, "assistant"),
        ({"role": "developer", "content": "d"}, "developer"),
    ],
)
def test_who_speaks_is_known_under_any_formats_name(turn: dict[str, str], role: str) -> None:
    read = read_turn(turn)
    assert (read.role, read.text, read.extra) == (role, turn.get("content", turn.get("value")), None)
    assert speaker_of(turn) == role


@pytest.mark.parametrize("name", ["function_call", "tool_call"])
@pytest.mark.parametrize(("who", "what"), [("role", "content"), ("from", "value")])
def test_a_turn_that_is_a_call_is_read_as_a_call_with_every_digit(name: str, who: str, what: str) -> None:
    called = {"role": "assistant", "tool_calls": [{"name": "find", "arguments": {"n": 12345678901234567890}}]}
    assert read_turn({who: name, what: CALL}) == read_turn(called)
    two = read_turn({who: name, what: f"[{CALL}, {CALL}]"})
    assert [part.name for part in two.parts] == ["find", "find"]  # type: ignore[union-attr]


def test_a_call_in_no_json_is_refused_with_its_place_and_name() -> None:
    with pytest.raises(DataError, match=r"messages\[2\]: a tool_call holds 'find\(\)', expected the call as JSON"):
        read_turn({"role": "tool_call", "content": "find()"}, "messages[2]")


def test_a_name_that_no_format_has_is_refused_by_name() -> None:
    assert as_chat_turn({"role": "narrator", "content": "x"}, "m") == {"role": "narrator", "content": "x"}
    with pytest.raises(DataError, match="role 'narrator' is unknown"):
        read_turn({"role": "narrator", "content": "x"})


def test_a_masked_call_before_the_answer_is_masked_as_an_answer_is() -> None:
    asked = [{"role": "tool_call", "content": CALL, "loss": True}, {"role": "assistant", "content": "a", "loss": True}]
    assert [turn.get("weight") for turn in unmasked(asked)] == [1, None]
