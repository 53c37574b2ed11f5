"""One record of each format gives what it says: prompt, labels, comparisons, requests, and the rest as metadata."""

from typing import Any

import pytest

from curator.importers import Reading, of_record
from curator.records import Parsed, Rejected, make_task, take_in

TEXT = make_task({"name": "t", "kind": "text"})
USER = {"role": "user", "content": "q"}


def said(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def take(record: dict[str, Any], expected: str, task: Any = TEXT) -> Parsed:
    found = of_record(record)
    assert found is not None
    assert found.name == expected
    (given,) = found.read(record, Reading(task))
    by_content = found.by_content
    return take_in(given, dataset="d", task=task, source="import", split=None, fallback_id="x:1", by_content=by_content)


GOOD, BAD = said("good"), said("bad")
PAIRS: list[tuple[str, dict[str, Any], str]] = [
    ("TRL, texts", {"prompt": "q", "chosen": "good", "rejected": "bad"}, "preference"),
    ("TRL, explicit prompt", {"prompt": [USER], "chosen": [GOOD], "rejected": [BAD]}, "preference"),
    ("TRL, implicit prompt", {"chosen": [USER, GOOD], "rejected": [USER, BAD]}, "preference"),
    (
        "OpenAI, Together",
        {"input": {"messages": [USER]}, "preferred_output": [GOOD], "non_preferred_output": [BAD]},
        "preference",
    ),
    (
        "HH",
        {"chosen": "\n\nHuman: q\n\nAssistant: good", "rejected": "\n\nHuman: q\n\nAssistant: bad"},
        "preference",
    ),
    ("ms-swift, text", {"messages": [USER, GOOD], "rejected_response": "bad"}, "preference"),
    ("ms-swift, turns", {"messages": [USER, GOOD], "rejected_messages": [USER, BAD]}, "preference"),
    (
        "LLaMA-Factory, ShareGPT",
        {
            "conversations": [{"from": "human", "value": "q"}],
            "chosen": {"from": "gpt", "value": "good"},
            "rejected": {"from": "gpt", "value": "bad"},
        },
        "preference",
    ),
    ("LLaMA-Factory, Alpaca", {"instruction": "q", "input": "", "chosen": "good", "rejected": "bad"}, "preference"),
    ("UltraFeedback, binarized", {"prompt": "q", "chosen": [USER, GOOD], "rejected": [USER, BAD]}, "preference"),
    ("a release for Axolotl", {"messages": [USER], "chosen": GOOD, "rejected": BAD}, "preference"),
    ("an arena", {"question": "q", "response_a": "good", "response_b": "bad", "winner": "model_a"}, "pairwise"),
    (
        "tinker-cookbook",
        {
            "comparison": {"prompt_conversation": [USER], "completion_A": [GOOD], "completion_B": [BAD]},
            "label": "A",
        },
        "pairwise",
    ),
    (
        "UltraFeedback",
        {
            "instruction": "q",
            "completions": [
                {"model": "x", "response": "good", "overall_score": 9.0},
                {"model": "y", "response": "bad", "overall_score": 2.0},
            ],
        },
        "ultrafeedback",
    ),
]


@pytest.mark.parametrize(("name", "record", "expected"), PAIRS, ids=[each[0] for each in PAIRS])
def test_a_pair_is_a_comparison_of_its_prompt_and_no_label(name: str, record: dict[str, Any], expected: str) -> None:
    parsed = take(record, expected)
    (one,) = parsed.comparisons
    assert (parsed.example.text, one.a, one.b, one.choice) == ("q", "good", "bad", "a"), name
    assert parsed.labels == ()


def test_a_prompt_that_is_the_same_is_one_row_whatever_its_pairs() -> None:
    one = take({"prompt": "q", "chosen": "good", "rejected": "bad"}, "preference")
    other = take({"prompt": "q", "chosen": "fine", "rejected": "bad"}, "preference")
    scored = take({"prompt": "q", "chosen": "fine", "rejected": "bad", "score": 3}, "preference")
    assert one.example == other.example
    assert scored.example.external_id != one.example.external_id, "what it says of the row would be lost"


@pytest.mark.parametrize(
    ("winner", "choice"),
    [("model_b", "b"), ("B", "b"), ("response_a", "a"), ("tie (bothbad)", "tie"), ("gpt", "a"), ("llama", "b")],
)
def test_a_winner_is_a_side_a_model_or_a_tie(winner: str, choice: str) -> None:
    record = {"prompt": "q", "response_a": "x", "response_b": "y", "model_a": "gpt", "model_b": "llama"}
    (one,) = take({**record, "winner": winner, "judge": "ana"}, "pairwise").comparisons
    assert (one.choice, one.a_source, one.b_source, one.labeler) == (choice, "gpt", "llama", "ana")


def test_a_winner_that_is_neither_side_is_refused_and_never_a_side() -> None:
    with pytest.raises(Rejected, match="the winner 'perhaps' is none of response_a"):
        take({"prompt": "q", "response_a": "x", "response_b": "y", "winner": "perhaps"}, "pairwise")
    tie = {"prompt_conversation": [USER], "completion_A": [GOOD], "completion_B": [BAD]}
    assert take({"comparison": tie, "label": "Tie"}, "pairwise").comparisons[0].choice == "tie"


def test_texts_without_a_prompt_are_refused_and_not_compared_with_nothing() -> None:
    with pytest.raises(Rejected, match="texts without a prompt"):
        take({"chosen": "good", "rejected": "bad"}, "preference")
    with pytest.raises(Rejected, match="an answer of 3 turns"):
        take({"prompt": "q", "chosen": [GOOD, USER, GOOD], "rejected": [BAD]}, "preference")


def test_a_bad_answer_of_kto_is_a_rejected_answer() -> None:
    good = take({"prompt": "q", "completion": "good", "label": True}, "kto")
    bad = take({"messages": [USER, BAD], "label": False}, "kto")
    assert [(one.status, one.value) for one in (*good.labels, *bad.labels)] == [
        ("accepted", "good"),
        ("rejected", "bad"),
    ]
    assert good.example.external_id == bad.example.external_id
    judged = make_task({"name": "t", "labels": ["true", "false"]})
    parsed = take({"messages": [USER, BAD], "label": False}, "kto", judged)
    assert (len(parsed.example.messages), parsed.value) == (2, "false"), "a task of true and false judges the reply"


REQUEST = {"model": "gpt", "messages": [USER], "temperature": 0.2}


def answered(finish: str = "stop", **message: Any) -> dict[str, Any]:
    choice = {"message": {**said("ok"), "refusal": None, **message}, "finish_reason": finish}
    return {"id": "r1", "model": "gpt-x", "choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}


def test_what_users_said_decides_what_an_answer_of_production_is() -> None:
    line = {"request": REQUEST, "response": answered()}
    liked = take({**line, "feedback": "thumbs_up"}, "openai-log")
    disliked = take({**line, "feedback": {"score": 0}}, "openai-log")
    nothing = take(line, "openai-log")
    assert [(one.kind, one.status, one.value) for one in (*liked.labels, *disliked.labels)] == [
        ("production", "accepted", "ok"),
        ("production", "rejected", "ok"),
    ]
    (label,), (attempt,) = nothing.labels, nothing.attempts
    assert (label.labeler, label.kind, label.tokens_in) == ("gpt-x", "teacher", 3)
    assert (attempt.status, attempt.finish_reason, attempt.request_id) == ("answered", "stop", "r1")
    assert liked.example.metadata["request.temperature"] == 0.2
    assert take({**line, "rating": 4}, "openai-log").notes == (
        "rating says neither good nor bad: it is kept as metadata and judges nothing",
    )


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (answered("length"), "truncated"),
        (answered("content_filter"), "filtered"),
        (answered(content=None, refusal="I cannot"), "refused"),
        (answered(content=""), "empty"),
        ({"error": {"code": 500}}, "failed"),
    ],
)
def test_a_response_that_is_no_answer_is_a_request_with_its_end(response: dict[str, Any], status: str) -> None:
    parsed = take({"request": REQUEST, "response": response, "feedback": "up"}, "openai-log")
    assert [each.status for each in parsed.attempts] == [status]
    assert parsed.labels == ()


def test_traces_are_read_with_what_was_said_of_them() -> None:
    human = {"lc": 1, "id": ["langchain", "schema", "messages", "HumanMessage"], "kwargs": {"content": "q"}}
    reply = {"lc": 1, "id": ["langchain", "schema", "messages", "AIMessage"], "kwargs": {"content": "ok"}}
    run = {"id": "r", "run_type": "llm", "inputs": {"messages": [[human]]}, "start_time": "2026-01-01"}
    run |= {"outputs": {"generations": [[{"text": "ok", "message": reply}]]}}
    smith = take({**run, "feedback": [{"key": "user", "score": 1, "comment": "nice"}]}, "langsmith")
    assert (smith.example.text, smith.example.external_id, smith.example.time) == ("q", "r", "2026-01-01")
    assert [(one.status, one.value, one.note) for one in smith.labels] == [("accepted", "ok", "nice")]
    assert [one.status for one in take({**run, "error": "boom"}, "langsmith").attempts] == ["failed"]
    fuse = {"id": "o", "traceId": "t", "type": "GENERATION", "input": [USER], "output": said("ok"), "model": "m"}
    bad = take({**fuse, "scores": [{"name": "thumb", "value": 0}]}, "langfuse")
    assert [(one.status, one.value) for one in bad.labels] == [("rejected", "ok")]
    assert [one.labeler for one in take(fuse, "langfuse").labels] == ["m"]


def test_a_table_with_feedback_is_judged_by_it() -> None:
    parsed = take({"question": "q", "answer": "ok", "thumbs": "down"}, "feedback")
    assert [(one.status, one.value) for one in parsed.labels] == [("rejected", "ok")]
    assert of_record({"text": "I like it", "label": "a", "feedback": "the page is slow"}) is None


def test_calls_of_tools_in_anthropics_parts_are_calls_of_tools() -> None:
    record = {
        "system": "Be brief.",
        "messages": [
            USER,
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "look it up", "signature": "x"},
                    {"type": "tool_use", "id": "t1", "name": "find", "input": {"n": 1}},
                ],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "42"}]},
            said("It is 42."),
        ],
        "tools": [{"name": "find", "description": "finds", "input_schema": {"type": "object"}}],
    }
    parsed = take(record, "chat")
    turns = parsed.example.messages
    assert [turn.role for turn in turns] == ["system", "user", "assistant", "tool"]
    assert [part.kind for part in turns[2].parts] == ["other", "tool_call"]
    assert (turns[3].tool_call_id, turns[3].text, parsed.value) == ("t1", "42", "It is 42.")
    assert parsed.example.tools == (
        '[{"type":"function","function":{"name":"find","description":"finds","parameters":{"type":"object"}}}]'
    )


def test_a_system_prompt_beside_a_prompt_is_part_of_the_input() -> None:
    for record, name in (
        ({"system": "Be brief.", "prompt": "q", "completion": "ok"}, "prompt-completion"),
        ({"system": "Be brief.", "messages": [USER, said("ok")]}, "chat"),
        ({"system": "Be brief.", "instruction": "q", "input": "", "output": "ok"}, "alpaca"),
        ({"system": "Be brief.", "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "ok"}]},
         "sharegpt"),
    ):  # fmt: skip
        parsed = take(record, name)
        assert [(turn.role, turn.text) for turn in parsed.example.messages] == [("system", "Be brief."), ("user", "q")]
        assert parsed.value == "ok"


def test_sharegpt_calls_a_function_in_the_text_of_a_turn() -> None:
    turns = [
        {"from": "human", "value": "q"},
        {"from": "function_call", "value": '{"name": "find", "arguments": {"n": 1}}'},
        {"from": "observation", "value": "42"},
        {"from": "gpt", "value": "It is 42."},
    ]
    parsed = take({"conversations": turns, "tools": '[{"name": "find"}]'}, "sharegpt")
    assert [turn.role for turn in parsed.example.messages] == ["user", "assistant", "tool"]
    assert parsed.example.messages[1].parts[0].kind == "tool_call"
    assert parsed.example.tools == '[{"name":"find"}]'


def test_an_output_beside_a_preference_is_kept() -> None:
    row = {"instruction": "q", "input": "", "output": "a third answer", "chosen": "good", "rejected": "bad"}
    assert take(row, "preference").example.metadata == {"output": "a third answer"}
