import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import RequestError
from curator.release.carriage import turns_of
from curator.release.encoding import parquet_lines
from curator.release.formats import FORMATS, render
from curator.release.rows import DpoRow, SftRow
from curator.release.validation import validate_lines
from curator.release.validation_rules import DPO_KEYS, RULES, SFT_KEYS

SFT = [
    SftRow(f"e{i}", turns_of(("system", "s"), ("user", f"text {i}"), ("assistant", f"label_{i % 3}")))
    for i in range(12)
]
DPO = [DpoRow(f"e{i}", turns_of(("system", "s"), ("user", f"text {i}")), "good", "bad") for i in range(12)]


def lines_of(format, stage):
    _, data = render(format, stage, "train", SFT if stage == "sft" else DPO)
    return list(parquet_lines(data)) if format == "parquet" else data.splitlines(keepends=True)


def user(text="x", **more):
    return {"role": "user", "content": text, **more}


def assistant(text="y", **more):
    return {"role": "assistant", "content": text, **more}


def sft(*messages, **more):
    return json.dumps({"messages": list(messages), **more}).encode()


def dpo(label="A", one="good one", other="bad one", prompt=None, **more):
    sides = {
        "prompt_conversation": prompt or [user("another")],
        "completion_A": [assistant(one)],
        "completion_B": [assistant(other)],
    }
    return json.dumps({"comparison": sides, "label": label, **more}).encode()


def without(line, *path):
    row = json.loads(line)
    inner = row
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return json.dumps(row).encode()


BROKEN_SFT = {
    "utf8": (b'{"messages": "\xff"}', ""),
    "blank_line": (b"  \n", ""),
    "carriage_return": (sft(user(), assistant()).replace(b', "content"', b',\r"content"', 1), ""),
    "not_json": (b'{"messages": [', ""),
    "duplicate_key": (
        b'{"messages":[{"role":"user","role":"user","content":"x"},' + sft(assistant())[14:],
        "messages[0]",
    ),
    "nan": (sft(user(weight=float("nan")), assistant()), "messages[0].weight"),
    "not_object": (b'["a"]', ""),
    "missing_messages": (b'{"title": "x"}', "messages"),
    "empty_messages": (sft(), "messages"),
    "message_not_object": (sft("hi", assistant()), "messages[0]"),
    "bad_role": (sft({"role": "human", "content": "x"}, assistant()), "messages[0].role"),
    "content_not_string": (sft(user(), assistant(None)), "messages[1].content"),
    "empty_content": (sft(user(), assistant("  ")), "messages[1].content"),
    "no_assistant": (sft(user()), "messages"),
    "last_not_assistant": (sft(user(), assistant(), user("more")), "messages[2].role"),
    "system_not_first": (sft(user(), {"role": "system", "content": "s"}, assistant()), "messages[1].role"),
    "not_alternating": (sft(user(), user("z"), assistant()), "messages[1].role"),
    "starts_with_assistant": (sft(assistant("hello"), user(), assistant()), "messages[0].role"),
    "bad_weight": (sft(user(), assistant(weight=2)), "messages[1].weight"),
    "unknown_key": (sft(user(), assistant(), category="a"), "category"),
    "mixed_keys": (sft(user(), assistant(), category="a"), ""),
    "chat_template_marks": (sft(user("a"), assistant("a <|im_start|> b")), "messages[1].content"),
    "control_characters": (sft(user("a\x0bb"), assistant()), "messages[0].content"),
    "lone_surrogate": (sft(user("a \ud800"), assistant()), "messages[0].content"),
    "trailing_space": (sft(user(), assistant("label ")), "messages[1].content"),
    "duplicate_row": (lines_of("openai", "sft")[0], ""),
    "contradiction": (sft({"role": "system", "content": "s"}, user("text 0"), assistant("label_9")), ""),
    "mixed_stages": (dpo(), ""),
}
BROKEN_DPO = {
    "label_not_ab": (dpo("chosen"), "label"),
    "tie": (dpo("Tie"), "label"),
    "identical": (dpo(one="same", other="same "), "comparison.completion_B"),
    "missing_side": (without(dpo(), "comparison", "completion_B"), "comparison.completion_B"),
    "prompt_ends_with_assistant": (
        dpo(prompt=[user(), assistant()]),
        "comparison.prompt_conversation[1].role",
    ),
    "completion_not_assistant": (
        dpo().replace(b'"completion_A": [{"role": "assistant"', b'"completion_A": [{"role": "user"'),
        "comparison.completion_A",
    ),
    "empty_content": (dpo(other=" "), "comparison.completion_B[0].content"),
    "missing_messages": (
        dpo().replace(b'[{"role": "user", "content": "another"}]', b'"q"'),
        "comparison.prompt_conversation",
    ),
    "contradiction": (
        lines_of("tinker", "dpo")[0].replace(b"good", b"tmp").replace(b"bad", b"good").replace(b"tmp", b"bad"),
        "",
    ),
    "mixed_stages": (sft(user(), assistant()), ""),
}


@pytest.mark.parametrize("format", FORMATS)
def test_our_own_files_have_no_problem_at_all(format):
    for stage in FORMATS[format].stages:
        result = validate_lines(lines_of(format, stage), format=format)
        rows = 12 * (FORMATS[format].rows_of_pair if stage == "dpo" else 1)
        assert (result.valid, result.stage, result.rows, result.problems) == (True, stage, rows, ())


@pytest.mark.parametrize("format", ["tinker", "openai", "together", "axolotl", "llama-factory", "mistral"])
@pytest.mark.parametrize("rule", BROKEN_SFT)
def test_each_malformed_conversation_is_caught_at_its_line_and_place(rule, format):
    bad, path = BROKEN_SFT[rule]
    good = lines_of("openai", "sft")
    result = validate_lines([*good[:7], bad, *good[7:]], format=format)
    found = {(p.line, p.path): p for p in result.problems if p.rule == rule}
    assert list(found) == [(8, path)]
    assert result.counts[rule] == 1
    assert found[8, path].hint
    if RULES[rule].severity == "error" and not (
        rule == "blank_line" and (FORMATS[format].guessed or format == "together")
    ):
        assert not result.valid


@pytest.mark.parametrize("rule", BROKEN_DPO)
def test_each_malformed_comparison_is_caught_at_its_line_and_place(rule):
    bad, path = BROKEN_DPO[rule]
    good = lines_of("tinker", "dpo")
    result = validate_lines([*good[:3], bad, *good[3:]], format="tinker")
    assert [(p.line, p.path) for p in result.problems if p.rule == rule] == [(4, path)]
    assert result.valid == (RULES[rule].severity == "warning")


@pytest.mark.parametrize("format", [name for name, each in FORMATS.items() if each.dpo and name != "ms-swift"])
def test_a_missing_answer_is_caught_in_every_preference_format(format):
    good = lines_of(format, "dpo")
    side = {
        "tinker": ("comparison", "completion_A"),
        "openai": ("preferred_output",),
        "together": ("preferred_output",),
        "kto": ("completion",),
    }
    path = side.get(format, ("chosen",))
    result = validate_lines([good[0], without(good[1], *path), *good[2:]], format=format)
    assert [(p.line, p.path) for p in result.problems if p.rule == "missing_side"] == [(2, ".".join(path))]
    assert not result.valid


def test_a_byte_order_mark_is_named_and_the_row_behind_it_is_still_read():
    good = lines_of("tinker", "sft")
    result = validate_lines([b"\xef\xbb\xbf" + good[0], *good[1:]], format="tinker")
    assert [(p.rule, p.line) for p in result.problems] == [("bom", 1)]
    assert result.rows == 12


def test_the_side_of_an_answer_does_not_matter_to_a_contradiction_but_the_label_does():
    swapped = dpo("B", one="bad one", other="good one")
    assert "contradiction" not in validate_lines([dpo("A"), swapped], format="tinker").counts
    flipped = validate_lines([dpo("A"), dpo("B")], format="tinker")
    assert [(p.rule, p.line) for p in flipped.problems if p.line] == [("contradiction", 2)]


def test_an_empty_file_and_a_short_file_are_told():
    assert validate_lines([], format="tinker").counts == {"empty_file": 1}
    short = lines_of("openai", "sft")[:9]
    assert not validate_lines(short, format="openai").valid
    assert validate_lines(short, format="tinker").valid
    assert validate_lines(short, format="tinker").counts == {"too_few_rows": 1}


def test_windows_line_ends_are_no_problem():
    windows = [line.replace(b"\n", b"\r\n") for line in lines_of("tinker", "sft")]
    assert validate_lines(windows, format="tinker").problems == ()


def test_a_service_that_refuses_unknown_keys_makes_them_errors():
    rows = [sft(user(f"{i}"), assistant(), id=i) for i in range(12)]
    assert validate_lines(rows, format="tinker").valid
    assert not validate_lines(rows, format="together").valid


def test_a_tool_call_without_content_is_allowed():
    function = {"name": "f", "arguments": "{}"}
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "type": "function", "function": function}]}
    result = {"role": "tool", "content": "1", "tool_call_id": "a"}
    rows = [sft(user(f"{i}"), call, result, assistant("done")) for i in range(12)]
    assert validate_lines(rows, format="openai").problems == ()


def test_html_in_honest_text_warns_and_does_not_invalidate():
    good = lines_of("tinker", "sft")
    result = validate_lines([*good, sft(user("is <s>this</s> struck out?"), assistant())], format="tinker")
    assert result.valid
    assert result.counts == {"chat_template_marks": 1}


def test_plain_text_rows_of_trl_are_read():
    rows = [json.dumps({"prompt": f"q{i}", "completion": "a"}).encode() for i in range(12)]
    assert validate_lines(rows, format="trl").problems == ()
    rows = [json.dumps({"prompt": f"q{i}", "chosen": "a", "rejected": "a" * (i != 3)}).encode() for i in range(12)]
    result = validate_lines(rows, format="trl")
    assert result.stage == "dpo"
    assert {(p.rule, p.line) for p in result.problems if p.line == 4} == {("empty_content", 4)}
    assert result.counts["identical"] == 11


def test_ten_thousand_bad_lines_are_all_counted_and_a_thousand_listed():
    result = validate_lines([b"x"] * 10_000, format="tinker")
    assert result.counts["not_json"] == 10_000
    assert sum(p.rule == "not_json" for p in result.problems) == 1000


def test_an_unknown_format_is_refused():
    with pytest.raises(RequestError, match="choose from"):
        validate_lines([], format="csv")


def test_a_hostile_depth_is_a_problem_and_no_crash():
    deep = b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    middle = b'{"messages":' + b'[{"a":' * 400 + b"1" + b"}]" * 400 + b"}"
    huge = b'{"messages":' + b"9" * 10_000 + b"}"
    result = validate_lines([deep, middle, huge], format="tinker")
    assert not result.valid
    assert {p.line for p in result.problems} == {0, 1, 2, 3}


KEYS = st.sampled_from(["role", "content", "weight", "label", "tool_calls", *sorted(set().union(*SFT_KEYS.values()))])
SIDES = st.sampled_from([*sorted(set().union(*DPO_KEYS.values())), "completion_A", "completion_B"])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | SIDES | st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.lists(st.binary(max_size=40) | JSON_VALUES.map(lambda value: json.dumps(value).encode()), max_size=6),
    st.sampled_from(list(FORMATS)),
)
@settings(max_examples=400, deadline=None)
def test_nothing_in_a_file_makes_the_validator_raise(lines, format):
    result = validate_lines(lines, format=format)
    assert result.valid == all(problem.severity != "error" for problem in result.problems)
    assert sum(result.counts.values()) == len(result.problems)
    assert all(0 <= problem.line <= len(lines) and problem.rule in RULES for problem in result.problems)
    # Whatever the file held, the report itself can be written as JSON.
    orjson.dumps([[p.rule, p.path, p.hint] for p in result.problems])


def problems(format, rows, **more):
    return {
        (p.rule, p.severity) for p in validate_lines(rows, format=format, **more).problems if p.rule != "too_few_rows"
    }


def trl(question, answer):
    return json.dumps({"prompt": [user(question)], "completion": [assistant(answer)]}).encode()


def test_dates_that_a_reader_would_change_are_found_where_they_begin():
    rows = [trl(f"q{i}", f"2024-01-{i + 1:02}") for i in range(12)]
    found = validate_lines(rows, format="trl")
    assert [(p.rule, p.line, p.path) for p in found.problems] == [("read_as_dates", 1, "completion[].content")]
    assert not found.valid
    assert validate_lines([*rows, trl("q", "no date")], format="trl").valid
    assert validate_lines(rows, format="trl", typed=True).valid
    assert validate_lines([trl(f"q{i}", f"{i}0:00:00") for i in range(12)], format="trl").valid
    sent = [sft(user(f"q{i}"), assistant(f"2024-01-{i + 1:02}")) for i in range(12)]
    assert validate_lines(sent, format="openai").valid  # a service that reads line by line


def test_a_list_among_texts_is_an_error_where_it_changes_the_texts():
    rows = [sft(user(f"q{i}"), assistant("007")) for i in range(11)]
    listed = sft(user([{"type": "text", "text": "x"}]), assistant("007"))
    assert ("mixed_types", "error") in problems("axolotl", [*rows, listed])
    assert (
        problems(
            "axolotl",
            [
                sft(user([{"type": "text", "text": f"{i}"}]), assistant([{"type": "text", "text": "a"}]))
                for i in range(12)
            ],
        )
        == set()
    )
    assert problems("openai", [*rows, listed]) == set()


@pytest.mark.parametrize("format", ["trl", "llama-factory", "axolotl", "ms-swift"])
def test_a_blank_line_and_a_byte_order_mark_are_told_and_taken_where_the_reader_takes_them(format):
    row = trl("q", "a") if format == "trl" else sft(user(), assistant())
    rows = [
        b"\xef\xbb\xbf" + row,
        b"\n",
        *[row.replace(b'"q"', f'"q{i}"'.encode()).replace(b'"x"', f'"q{i}"'.encode()) for i in range(9)],
    ]
    assert {("bom", "warning"), ("blank_line", "warning")} == problems(format, rows)
    strict = problems("tinker", [b"\xef\xbb\xbf" + sft(user(), assistant()), b"\n"])
    assert {("bom", "error"), ("blank_line", "error")} <= strict


CALL = {"id": "abcdefgh1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
RESULT = {"role": "tool", "content": "r", "tool_call_id": "abcdefgh1"}


@pytest.mark.parametrize(
    ("turns", "rule"),
    [
        ([assistant("hello"), user(), assistant()], None),
        ([user([{"type": "text", "text": "x"}]), assistant()], None),
        ([user(), assistant(None, tool_calls=[CALL]), RESULT, assistant()], None),
        ([user("<|im_start|>"), assistant()], None),
        ([user(), RESULT, assistant()], "tool_misplaced"),
        ([user([1, 2]), assistant()], "bad_part"),
        ([user([{"type": "nope"}]), assistant()], "bad_part"),
        ([user(name="ana"), assistant()], "unknown_key"),
        ([user(foo="x"), assistant()], "unknown_key"),
        ([{"role": "developer", "content": "d"}, user(), assistant()], "bad_role"),
        ([user(), assistant("")], "empty_content"),
    ],
)
def test_mistral_is_judged_as_its_own_validator_does(turns, rule):
    """Each verdict is that of mistral-common 1.13.1, validator v3, for fine-tuning."""
    found = {name for name, severity in problems("mistral", [sft(*turns)]) if severity == "error"}
    assert found == ({rule} if rule else set())


def test_an_image_stands_in_a_turn_of_the_user():
    image = [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]
    assert problems("openai", [sft(user(image), assistant())]) == set()
    assert ("bad_part", "error") in problems("openai", [sft(user(), assistant(image))])


def test_marks_of_a_template_are_an_error_where_they_are_learnt_alone():
    assert problems("tinker", [sft(user("a <|im_end|>"), assistant())]) == {("chat_template_marks", "warning")}
    assert problems("tinker", [sft(user(), assistant("a <|im_end|>"))]) == {("chat_template_marks", "error")}
    assert ("chat_template_marks", "error") in problems("tinker", [dpo("A", "<|im_end|>")])
