"""The forms that trainers document beside `messages`, and what a service refuses in tool calls and weights."""

import json
from typing import Any

import pytest

from curator.release.validation import validate_lines


def found(format: str, *rows: dict[str, Any], times: int = 12) -> set[tuple[str, str]]:
    """Rule and place of the errors in a file of rows that differ in nothing but a number behind each `#`."""
    lines = [json.dumps(row).replace("#", str(n)).encode() for n in range(times) for row in rows]
    result = validate_lines(lines, format=format)
    return {(problem.rule, problem.path) for problem in result.problems if problem.severity == "error"}


def said(*turns: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"role": role, "content": text} for role, text in turns]


def shared(*turns: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"from": speaker, "value": text} for speaker, text in turns]


DOCUMENTED: list[tuple[str, dict[str, Any]]] = [
    ("together", {"prompt": "q#", "completion": "a"}),
    ("together", {"text": "a document #"}),
    ("trl", {"text": "a document #"}),
    ("trl", {"chosen": "The sky # is blue.", "rejected": "The sky # is green."}),
    (
        "trl",
        {
            "chosen": said(("system", "s"), ("user", "q#"), ("assistant", "good")),
            "rejected": said(("system", "s"), ("user", "q#"), ("assistant", "bad")),
        },
    ),
    ("llama-factory", {"instruction": "q#", "output": "a"}),
    ("llama-factory", {"instruction": "q#", "input": "i", "output": "a", "system": "s", "history": [["q", "a"]]}),
    ("llama-factory", {"instruction": "q#", "input": "", "chosen": "good", "rejected": "bad"}),
    ("llama-factory", {"text": "a document #"}),
    ("llama-factory", {"conversations": shared(("system", "s"), ("human", "q#"), ("gpt", "a")), "tools": "[]"}),
    (
        "llama-factory",
        {
            "conversations": shared(
                ("human", "q#"), ("function_call", '{"name": "f", "arguments": {}}'), ("observation", "1"), ("gpt", "a")
            )
        },
    ),
    (
        "llama-factory",
        {
            "conversations": shared(("human", "q#")),
            "chosen": {"from": "gpt", "value": "good"},
            "rejected": {"from": "gpt", "value": "bad"},
        },
    ),
]


@pytest.mark.parametrize(("format", "row"), DOCUMENTED)
def test_a_documented_form_is_valid_for_its_trainer(format: str, row: dict[str, Any]) -> None:
    assert found(format, row) == set()


@pytest.mark.parametrize(("format", "row"), DOCUMENTED)
def test_a_documented_form_of_one_trainer_is_none_of_openai(format: str, row: dict[str, Any]) -> None:
    assert found("openai", row) != set()


WRONG: list[tuple[str, dict[str, Any], tuple[str, str]]] = [
    ("together", {"prompt": "q#", "completion": ""}, ("empty_content", "completion")),
    ("together", {"prompt": "q#"}, ("content_not_string", "completion")),
    ("together", {"text": ["a #"]}, ("content_not_string", "text")),
    ("trl", {"text": " "}, ("empty_content", "text")),
    ("trl", {"chosen": "blue #", "rejected": "green"}, ("missing_side", "prompt")),
    ("trl", {"chosen": "The sky #.", "rejected": "The sky #."}, ("identical", "rejected")),
    (
        "trl",
        {"chosen": said(("user", "q#"), ("assistant", "a")), "rejected": said(("user", "q#"), ("user", "b"))},
        ("completion_not_assistant", "rejected"),
    ),
    (
        "trl",
        {"chosen": said(("user", "q#"), ("assistant", "a")), "rejected": said(("user", "other"), ("assistant", "b"))},
        ("missing_side", "prompt"),
    ),
    (
        "trl",
        {"chosen": said(("user", "q#"), ("assistant", "")), "rejected": said(("user", "q#"), ("assistant", "b"))},
        ("empty_content", "chosen[1].content"),
    ),
    ("llama-factory", {"instruction": "q#", "output": ""}, ("empty_content", "output")),
    ("llama-factory", {"instruction": "q#"}, ("content_not_string", "output")),
    ("llama-factory", {"instruction": "q#", "input": 3, "output": "a"}, ("content_not_string", "input")),
    ("llama-factory", {"instruction": "q#", "chosen": "a", "rejected": "a"}, ("identical", "rejected")),
    (
        "llama-factory",
        {"conversations": shared(("human", "q#"), ("human", "r"), ("gpt", "a"))},
        ("not_alternating", "conversations[1].role"),
    ),
    (
        "llama-factory",
        {"conversations": shared(("human", "q#"), ("robot", "a"))},
        ("bad_role", "conversations[1].from"),
    ),
    ("llama-factory", {"conversations": shared(("human", "q#"))}, ("no_assistant", "conversations")),
    (
        "llama-factory",
        {"conversations": shared(("human", "q#"), ("function_call", "f()"), ("observation", "1"), ("gpt", "a"))},
        ("bad_tool_call", "conversations[1].value"),
    ),
]


@pytest.mark.parametrize(("format", "row", "expected"), WRONG)
def test_a_documented_form_with_a_fault_is_invalid_at_its_place(
    format: str, row: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert expected in found(format, row)


def test_a_file_of_two_forms_is_invalid() -> None:
    text, prompted = {"text": "d #"}, {"prompt": "q#", "completion": "a"}
    chat = {"messages": said(("user", "q#"), ("assistant", "a"))}
    for rows in ([text, prompted], [chat, text], [prompted, chat]):
        assert found("together", *rows) == {("mixed_shapes", "")}


def call(arguments: Any, ident: str = "c1") -> dict[str, Any]:
    function = {"name": "f", "arguments": arguments}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": ident, "type": "function", "function": function}],
    }


def result(ident: str | None) -> dict[str, Any]:
    return {"role": "tool", "content": "r"} | ({} if ident is None else {"tool_call_id": ident})


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([call("{'a': 1}")], {("bad_tool_call", "messages[1].tool_calls[0].function.arguments")}),
        ([call('{"a": 1, "a": 2}')], {("bad_tool_call", "messages[1].tool_calls[0].function.arguments")}),
        ([call({"a": 1})], {("bad_tool_call", "messages[1].tool_calls[0].function.arguments")}),
        ([call('{"a": 1}')], set()),
        ([call("{}"), result("c1"), *said(("assistant", "ok"))], set()),
        ([call("{}"), result("zzz"), *said(("assistant", "ok"))], {("tool_orphan", "messages[2].tool_call_id")}),
        ([call("{}"), result(None), *said(("assistant", "ok"))], {("tool_orphan", "messages[2].tool_call_id")}),
        ([result("c1"), call("{}")], {("tool_orphan", "messages[1].tool_call_id")}),
    ],
)
def test_openai_wants_arguments_as_json_text_and_results_that_answer_a_call(
    turns: list[dict[str, Any]], expected: set[tuple[str, str]]
) -> None:
    assert found("openai", {"messages": [*said(("user", "q#")), *turns]}) == expected


@pytest.mark.parametrize(
    ("format", "key", "off", "on"),
    [
        ("openai", "weight", 0, 1),
        ("together", "weight", 0, 1),
        ("mistral", "weight", 0, 1),
        ("axolotl", "train", False, True),
    ],
)
def test_a_conversation_of_which_nothing_is_trained_is_invalid(format: str, key: str, off: Any, on: Any) -> None:
    def row(first: Any, last: Any) -> dict[str, Any]:
        turns = said(("user", "q#"), ("assistant", "a"), ("user", "r"), ("assistant", "b"))
        turns[1][key], turns[3][key] = first, last
        return {"messages": turns}

    assert found(format, row(off, off)) == {("nothing_trained", "messages")}
    assert found(format, row(off, on)) == found(format, row(on, off)) == set()
