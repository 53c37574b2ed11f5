"""Turns of a chat come in and go out the same, whatever they carry."""

import json

from hypothesis import given
from hypothesis import strategies as st

from curator.records.answers import answer_text, answer_turn
from curator.records.chat_json import read_turn, write_turn
from curator.records.ids import message_from_json, message_json
from curator.records.json_text import read_exact, write_exact

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAME = st.text("abcé_09", min_size=1, max_size=6)
NUMBER = st.integers(-(10**30), 10**30) | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(
    lambda d: read_exact(str(d))
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(NAME, JSON, max_size=3)
CALL = st.fixed_dictionaries(
    {
        "id": NAME,
        "type": st.just("function"),
        "function": st.fixed_dictionaries({"name": NAME, "arguments": ARGUMENTS | ARGUMENTS.map(write_exact) | TEXT}),
    }
)
PART = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": TEXT}, optional={"cache_control": JSON.filter(bool)}),
    st.fixed_dictionaries(
        {
            "type": st.just("image_url"),
            "image_url": st.fixed_dictionaries({"url": TEXT}, optional={"detail": st.just("low")}),
        }
    ),
    st.fixed_dictionaries({"type": st.just("thinking"), "thinking": TEXT}),
)
TURN = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "developer", "user", "assistant", "tool", "function"]),
        "content": TEXT | st.lists(PART, min_size=2, max_size=3) | st.none(),
    },
    optional={
        "name": NAME,
        "weight": st.sampled_from([0, 1]),
        "tool_calls": st.lists(CALL, min_size=1, max_size=2),
        "tool_call_id": NAME,
        "reasoning_content": TEXT,
    },
)


@given(TURN)
def test_a_turn_goes_out_as_it_came_in(raw: dict[str, object]) -> None:
    turn = read_turn(raw)
    stored = message_from_json(json.loads(json.dumps(message_json(turn))))
    assert stored == turn
    assert read_exact(write_exact(write_turn(stored))) == read_exact(write_exact(raw))


@given(TURN)
def test_an_answer_is_one_text_and_the_same_turn_again(raw: dict[str, object]) -> None:
    turn = read_turn({key: value for key, value in raw.items() if key != "weight"} | {"role": "assistant"})
    again = answer_turn(answer_text(turn))
    assert again == turn or (not turn.parts and again.text == "")


def test_arguments_keep_the_order_of_their_keys_and_every_digit() -> None:
    arguments = '{"reason": "x", "amount": 12345678901234567890123, "price": 1.10}'
    for came in (arguments, read_exact(arguments)):
        turn = read_turn({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": came}}]})
        assert write_exact(write_turn(turn)["tool_calls"][0]["function"]["arguments"]) == write_exact(came)
