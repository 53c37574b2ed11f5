"""When an answer is right."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.records.correctness import as_first_said, is_right
from curator.records.json_text import write_exact
from curator.records.task import make_task

KINDS = {
    "classification": make_task({"name": "t", "labels": ["a", "b"]}),
    "extraction": make_task({"name": "t", "kind": "extraction"}),
    "sql": make_task({"name": "t", "kind": "sql"}),
    "text": make_task({"name": "t", "kind": "text"}),
}


@pytest.mark.parametrize(
    ("kind", "answer", "truth", "right"),
    [
        ("classification", " a\n", "a", True),
        ("classification", "A", "a", False),
        ("classification", "a because", "a", False),
        ("extraction", '{"x": 1, "y": [2]}', '{"y":[2],"x":1}', True),
        ("extraction", '{"x": 1}', '{"x":"1"}', False),
        ("extraction", "not json", "{}", False),
        ("extraction", '{"x": NaN}', "{}", False),
        ("extraction", r'{"x": "\ud800"}', "{}", False),
        ("sql", "select  1 ;", "select 1", True),
        ("sql", "select 1", "select 2", False),
        ("extraction", '{"total": 633.0, "by": "cash"}', '{"by":"cash","total":633}', True),
        ("extraction", '{"total": 6.33e2}', '{"total": 633.1}', False),
        ("extraction", '{"id": 12345678901234567890123456789012}', '{"id": 12345678901234567890123456789013}', False),
        ("extraction", '{"n": -0.0}', '{"n": 0}', True),
        ("extraction", '{"n": true}', '{"n": 1}', False),
        ("sql", "select 1\n  from t", "select 1 from t", True),
        ("sql", "select 'a  b'", "select 'a b'", False),
        ("sql", "select 'm²'", "select 'm2'", False),
        ("sql", "select 1 -- one\n, 2", "select 1 -- one , 2", False),
        ("text", " the answer \r\n", "the answer", True),
        ("text", "the  answer", "the answer", False),
        ("text", "if x:\n    go()", "if x:\ngo()", False),
        ("text", "5 m²", "5 m2", False),
        ("text", "another", "the answer", False),
    ],
)
def test_an_answer_is_right_up_to_what_does_not_matter(kind: str, answer: str, truth: str, right: bool) -> None:
    assert is_right(KINDS[kind], answer, truth) is right


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from([None, 2]),
)
def test_the_order_of_keys_and_space_are_no_other_answer(value: object, indent: int | None) -> None:
    one, other = json.dumps(value, sort_keys=True, indent=indent), json.dumps(value, ensure_ascii=False)
    try:
        other.encode()
    except UnicodeEncodeError:
        return
    assert is_right(KINDS["extraction"], one, other)


@pytest.mark.parametrize(
    ("kind", "value", "before", "kept"),
    [
        ("extraction", '{"a": 633.0}', '{"a":633}', '{"a":633}'),
        ("sql", "select  a\nfrom t;", "select a from t", "select a from t"),
        ("sql", "select 'a  b'", "select 'a b'", "select 'a  b'"),
        ("text", "the answer \n", "the answer", "the answer"),
        ("text", "the  answer", "the answer", "the  answer"),
        ("classification", "a", "b", "a"),
    ],
)
def test_to_agree_in_another_spelling_is_no_correction(kind: str, value: str, before: str, kept: str) -> None:
    assert as_first_said(KINDS[kind], value, None, before) == kept


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "uniqueItems": True},
        {"$ref": "#/$defs/set", "$defs": {"set": {"type": "array", "uniqueItems": True}}},
        {"anyOf": [{"type": "null"}, {"type": "array", "uniqueItems": True}]},
    ],
)
def test_triplets_in_another_order_are_one_answer_where_the_schema_calls_them_a_set(schema):
    sets = make_task({"name": "t", "kind": "extraction", "schema": schema})
    lists = make_task({"name": "t", "kind": "extraction", "schema": {"type": "array"}})
    one, other = (
        '[["Rome", "in", "Italy"], ["Oslo", "in", "Norway"]]',
        '[["Oslo", "in", "Norway"], ["Rome", "in", "Italy"]]',
    )
    assert is_right(sets, one, other)
    assert not is_right(lists, one, other)
    assert not is_right(sets, one, '[["Italy", "in", "Rome"], ["Oslo", "in", "Norway"]]')


def calls(ident: str, arguments: object, said: str | None = None) -> str:
    call = {"id": ident, "type": "function", "function": {"name": "f", "arguments": arguments}}
    return write_exact({"role": "assistant", "content": said, "tool_calls": [call]})


def test_a_call_of_a_tool_is_the_same_however_a_file_wrote_it() -> None:
    task = make_task({"name": "t", "kind": "text"})
    first = calls("call_1", {"a": 1.0, "b": "x"})
    assert is_right(task, calls("call_2", '{"b": "x", "a": 1}'), first)
    for other in (calls("call_1", {"a": 2, "b": "x"}), calls("call_1", {"a": 1, "b": "x"}, "Checking."), "f"):
        assert not is_right(task, other, first)
    assert is_right(task, calls("1", "no json "), calls("2", "no json"))
