"""A record becomes an example, perhaps with a label, or a reason."""

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import RequestError
from curator.records.intake import MAX_TEXT, Parsed, Rejected, parse_record
from curator.records.mapping import parse_mapping, resolve_mapping
from curator.records.message import ImagePart, TextPart, ToolCallPart
from curator.records.task import make_task

TASK = make_task({"name": "t", "labels": ["a", "b"]})
JSON_TASK = make_task({"name": "t", "kind": "extraction"})
USER = {"role": "user", "content": "hello"}


def parse(record: dict[str, Any], *, task: Any = TASK, split: Any = None, **mapping: str) -> Parsed:
    named = resolve_mapping(mapping, list(record))
    return parse_record(record, named, dataset="d", task=task, source="import", split=split, fallback_id="file:1")


def reason(record: dict[str, Any], **more: Any) -> str:
    with pytest.raises(Rejected) as caught:
        parse(record, **more)
    assert str(caught.value)
    return caught.value.reason


def test_a_mapping_is_fields_and_columns() -> None:
    assert parse_mapping("input=text, label = category") == {"input": "text", "label": "category"}
    assert parse_mapping(None) == {}
    for wrong in ("colour=x", "input", "input="):
        with pytest.raises(RequestError, match="is not FIELD=COLUMN"):
            parse_mapping(wrong)


def test_usual_columns_are_found_and_given_ones_win() -> None:
    columns = ["row_id", "text", "category", "thread", "label"]
    assert resolve_mapping({}, columns) == {"input": "text", "label": "label", "id": "row_id"}
    given_ones = resolve_mapping({"label": "category", "group": "thread"}, columns)
    assert given_ones == {"input": "text", "label": "category", "group": "thread", "id": "row_id"}
    assert resolve_mapping({"id": "text"}, ["text", "question"])["input"] == "question", "one column, one field"


def test_a_mapping_that_does_not_fit_the_file_is_refused() -> None:
    with pytest.raises(RequestError, match="no column 'body'; the file has a, b"):
        resolve_mapping({"input": "body"}, ["a", "b"])
    with pytest.raises(RequestError, match="cannot tell which column is the input"):
        resolve_mapping({}, ["a", "b"])


def test_plain_columns_become_an_example_and_a_label() -> None:
    record = {
        "id": 7, "text": " hi ", "label": "a", "group": "g", "split": "Test",
        "labeler": "ana", "confidence": "0.5", "time": "2026-01-01",
    }  # fmt: skip
    parsed = parse(record)
    example = parsed.example
    assert (example.external_id, example.text, example.group, example.split) == ("7", "hi", "g", "test")
    assert (parsed.value, parsed.labeler, parsed.confidence, example.time) == ("a", "ana", 0.5, "2026-01-01")


def test_a_record_without_an_id_takes_the_fallback_and_empty_cells_are_nothing() -> None:
    parsed = parse({"text": "hi", "id": "", "label": "", "group": "", "confidence": "", "labeler": ""})
    assert parsed.example.external_id == "file:1"
    assert (parsed.value, parsed.example.group, parsed.confidence, parsed.labeler) == (None, None, None, None)
    assert parse({"text": "hi", "id": 0}).example.external_id == "0"


def test_messages_become_the_input_and_the_last_answer_its_label() -> None:
    messages = [{"role": "system", "content": "Be brief."}, USER, {"role": "assistant", "content": "a"}]
    parsed = parse({"messages": messages})
    assert [m.role for m in parsed.example.messages] == ["system", "user"]
    assert (parsed.example.text, parsed.value) == ("hello", "a")
    assert parse({"messages": messages, "label": "b"}).value == "b", "a label column goes before the last turn"


def test_parts_of_a_message_keep_their_kind() -> None:
    content = ["plain", {"type": "text", "text": "t"}, {"type": "image_url", "image_url": {"url": "data:,x"}}]
    call = {"function": {"name": "find", "arguments": "{}"}}
    parsed = parse({"messages": [{"role": "user", "content": content, "tool_calls": [call]}]})
    assert parsed.example.messages[0].parts == (
        TextPart("plain"), TextPart("t"), ImagePart("data:,x"), ToolCallPart("find", "{}"),
    )  # fmt: skip
    image = [{"type": "image_url", "image_url": "data:,x"}]
    assert parse({"messages": [{"role": "user", "content": image}]}).example.text == ""


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"text": None}, "missing_input"),
        ({"text": " \n\t"}, "empty_text"),
        ({"text": "x" * (MAX_TEXT + 1)}, "too_long"),
        ({"text": "hi", "label": "zebra"}, "unknown_label"),
        ({"text": "hi", "label": ["a"]}, "unknown_label"),
        ({"text": "hi", "label": datetime.date(2026, 1, 1)}, "unknown_label"),
        ({"text": {"at": datetime.date(2026, 1, 1)}}, "bad_messages"),
        ({"messages": []}, "bad_messages"),
        ({"messages": ["hello"]}, "bad_messages"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "bad_messages"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "bad_messages"),
        ({"messages": [{"role": "user", "content": {"a": 1}}]}, "bad_messages"),
        ({"messages": [{"role": "user", "content": [1]}]}, "bad_messages"),
        ({"messages": [{"role": "user", "content": "x", "tool_calls": 3}]}, "bad_messages"),
        ({"messages": [{"role": "assistant", "content": "a"}]}, "bad_messages"),
        ({"messages": [{"role": "user", "content": ""}]}, "empty_text"),
        ({"messages": [USER, {"role": "assistant", "content": "zebra"}]}, "unknown_label"),
    ],
)
def test_what_is_not_taken_has_a_reason(record: dict[str, Any], expected: str) -> None:
    assert reason(record) == expected


@pytest.mark.parametrize("raw", [1.5, 87, "high", "-1", True, [0.5]])
def test_a_confidence_that_is_none_costs_the_confidence_and_not_the_row(raw: Any) -> None:
    parsed = parse({"text": "hi", "label": "a", "confidence": raw})
    assert (parsed.value, parsed.confidence) == ("a", None)
    assert parsed.notes == ("the confidence is no number in 0..1: the row comes in without it",)


def test_a_confidence_may_have_a_decimal_comma_or_be_missing() -> None:
    assert parse({"text": "hi", "label": "a", "confidence": "0,75"}).confidence == 0.75
    for missing in (float("nan"), None, "", " "):
        parsed = parse({"text": "hi", "confidence": missing})
        assert (parsed.confidence, parsed.notes) == (None, ())


def test_white_space_around_a_label_is_no_part_of_it() -> None:
    parsed = parse({"text": "hi", "label": " a\u00a0"})
    assert (parsed.value, parsed.notes) == ("a", ("white space around the label is no part of it",))


def test_a_key_that_only_this_row_lacks_is_a_missing_input() -> None:
    with pytest.raises(Rejected, match="no value in the input column 'text'"):
        parse_record(
            {"other": 1}, {"input": "text"}, dataset="d", task=TASK, source="import", split=None, fallback_id="f"
        )


def test_an_extraction_label_may_be_an_object() -> None:
    assert (
        parse({"text": "hi", "label": {"b": 1, "a": 2}}, task=JSON_TASK).value == '{"b":1,"a":2}'
    )  # in the order given
    assert reason({"text": "hi", "label": "{"}, task=JSON_TASK) == "invalid_label"


def test_a_split_for_all_rows_goes_before_the_column_and_an_odd_one_is_noted() -> None:
    assert parse({"text": "hi", "split": "test"}, split="train").example.split == "train"
    odd = parse({"text": "hi", "split": "holdback"})
    assert odd.example.split is None
    assert odd.notes == ("split 'holdback' is none of train, validation and test: left unassigned",)


def test_validation_rows_are_validation_under_the_name_that_they_had() -> None:
    held = parse({"text": "hi", "split": "Validation"})
    assert (held.example.split, held.example.metadata, held.notes) == ("validation", {}, ())
    other = parse({"text": "hi", "split": "dev"})
    assert (other.example.split, other.example.metadata) == ("validation", {"split": "dev"})
    assert other.notes == ("split 'dev' is taken for validation, and its name is kept as metadata",)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=4) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {"text": VALUES}, optional=dict.fromkeys(("label", "id", "group", "split", "confidence"), VALUES)
    )
)
def test_any_value_in_any_column_is_taken_or_rejected_with_a_reason(record: dict[str, Any]) -> None:
    reasons = []
    try:
        parsed = parse(record)
    except Rejected as error:
        reasons.append(error.reason)
    if not reasons:
        assert parsed.example.text
        assert parsed.value in (None, "a", "b")
        parsed.example.external_id.encode()
        parsed.example.text.encode()
    assert all(reasons)


def test_a_label_that_is_nan_is_missing_and_said() -> None:
    parsed = parse({"text": "hi", "label": float("nan")})
    assert parsed.value is None
    assert parsed.notes == ("the answer is NaN: the row comes in without one",)


def test_the_columns_that_are_no_field_stay_with_the_row() -> None:
    parsed = parse({"text": "hi", "score": 1.5, "at": datetime.date(2026, 1, 1), "none": None, "raw": b"ab"})
    assert parsed.example.metadata == {"score": 1.5, "at": "2026-01-01", "raw": "ab"}


@pytest.mark.parametrize("flag", ["train", "trainable", "loss"])
def test_a_trainers_flag_is_no_part_of_an_answer_and_says_which_turns_are_trained(flag: str) -> None:
    reply = {"role": "assistant", "content": "a"}
    turns = [{**USER, flag: False}, {**reply, flag: True}, USER, {**reply, flag: True}]
    parsed = parse({"messages": turns})
    assert parsed.value == "a"
    assert [turn.weight for turn in parsed.example.messages] == [None, 1, None]
    plain = parse({"messages": [USER, reply, USER, reply]}).example
    assert parse({"messages": [USER, {**reply, flag: False}, USER, {**reply, flag: True}]}).example == plain
    assert reason({"messages": [USER, {**reply, flag: False}]}) == "untrained_answer"
