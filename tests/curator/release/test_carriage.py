"""A conversation is in a format's file whole, or refused with a reason; nothing between the two."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.records import (
    Message,
    message_from_json,
    message_json,
    read_exact,
    read_turn,
    read_turns,
    same_json,
    write_exact,
)
from curator.release.formats import FORMATS, cannot_carry, render
from curator.release.rows import SftRow
from tests.curator.records.test_chat_json import ARGUMENTS, CALL, NAME, PART, TEXT

WORDS = TEXT.filter(str.strip)
USER = st.fixed_dictionaries(
    {"role": st.just("user"), "content": WORDS | st.lists(PART, min_size=1, max_size=2)}, optional={"name": NAME}
)
SAID = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": WORDS},
    optional={"weight": st.sampled_from([0, 1]), "tool_calls": st.lists(CALL, min_size=1, max_size=2)},
)
RESULT = st.fixed_dictionaries({"role": st.just("tool"), "content": WORDS, "tool_call_id": NAME})
ANSWER = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": WORDS},
    optional={"tool_calls": st.lists(CALL, min_size=1, max_size=2), "reasoning_content": TEXT},
)
TOOLS = st.none() | st.fixed_dictionaries({"name": NAME, "parameters": ARGUMENTS}).map(lambda f: write_exact([f]))


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """Turns as a store gives them back."""
    opening = draw(st.lists(st.fixed_dictionaries({"role": st.just("system"), "content": TEXT}), max_size=1))
    middle = draw(st.lists(USER | SAID | RESULT, max_size=3))
    turns = read_turns([*opening, *middle, draw(USER), draw(ANSWER)])
    return tuple(message_from_json(json.loads(json.dumps(message_json(turn)))) for turn in turns)


def meant(turn: Message) -> Message:
    """The turn without what formats say in their own ways: the form of arguments, and what is trained."""
    made = message_json(turn)
    for part in made["parts"]:
        if part["kind"] == "tool_call":
            part.pop("form", None)
            part["arguments"] = normal(part["arguments"])
    made.pop("weight", None)  # what is trained is said in each format's own way: see test_masks
    return message_from_json(made)


def normal(arguments: str) -> str:
    try:
        return write_exact(read_exact(arguments))
    except ValueError:
        return arguments


def back(row: dict[str, object]) -> tuple[Message, ...]:
    """The turns of a released row."""
    raw = row["messages"] if "messages" in row else [*row["prompt"], *row["completion"]]  # type: ignore[misc]
    made = []
    for turn in raw:  # type: ignore[attr-defined]
        said = {key: value for key, value in turn.items() if key not in ("train", "trainable")}
        made.append(read_turn(said))
    return tuple(made)


@pytest.mark.parametrize("name", ["tinker", "openai", "together", "trl", "axolotl", "mistral", "torchtune"])
@given(turns=conversations(), tools=TOOLS)
@settings(max_examples=60, deadline=None)
def test_a_conversation_comes_back_whole_or_is_refused_with_a_reason(
    name: str, turns: tuple[Message, ...], tools: str | None
) -> None:
    row = SftRow("ex1", turns, tools)
    if (reason := cannot_carry(name, row)) is not None:
        assert reason.strip()
        return
    (line,) = render(name, "sft", "train", [row])[1].splitlines()
    released = read_exact(line)
    got, sent = [meant(t) for t in back(released)], [meant(t) for t in turns]
    assert got == sent
    assert ("tools" in released) == (tools is not None)
    if tools is not None:
        assert same_json(write_exact(released["tools"]), tools)


def test_a_plain_conversation_is_carried_by_every_format() -> None:
    turns = read_turns([{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}])
    assert {cannot_carry(name, SftRow("ex1", turns)) for name in FORMATS} == {None}


@pytest.mark.parametrize("name", ["llama-factory", "ms-swift", "sharegpt"])
@given(turns=conversations(), tools=TOOLS)
@settings(max_examples=60, deadline=None)
def test_where_calls_are_turns_they_alternate_and_every_text_is_there(
    name: str, turns: tuple[Message, ...], tools: str | None
) -> None:
    row = SftRow("ex1", turns, tools)
    if cannot_carry(name, row) is not None:
        return
    (line,) = render(name, "sft", "train", [row])[1].splitlines()
    released = read_exact(line)
    spoken = [
        turn.get("content", turn.get("value")) for turn in released.get("messages", released.get("conversations"))
    ]
    assert len(spoken) == len(turns)
    for said, turn in zip(spoken, turns, strict=True):
        assert turn.text in ("", said)
    assert tools is None or same_json(released["tools"], tools)


CALL_OF = {"id": "abcdefgh1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("turns", "formats", "reason"),
    [
        (
            [{"role": "tool", "tool_call_id": "abcdefgh2", "content": "r"}, {"role": "assistant", "content": "a"}],
            {"openai"},
            "the result of a tool call that no turn before it makes",
        ),
        (
            [{"role": "assistant", "tool_calls": [CALL_OF | {"function": {"name": "f", "arguments": "{'a': 1}"}}]}],
            {"openai", "together", "axolotl", "mistral", "parquet"},
            "arguments of a tool call that are no JSON",
        ),
    ],
)
def test_what_a_service_refuses_is_a_refused_row_and_no_invalid_file(
    turns: list[dict[str, object]], formats: set[str], reason: str
) -> None:
    row = SftRow("ex1", read_turns([{"role": "user", "content": "q"}, *turns]))
    assert {name for name in FORMATS if cannot_carry(name, row) == reason} == formats
