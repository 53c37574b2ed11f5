"""The prompt holds what the teacher needs; the answer is read however it was dressed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import DataError
from curator.records.prompting import build_prompt, parse_answer, prompt_hash_source
from curator.records.task import make_task

INTENT = make_task({"name": "t", "labels": {"refund": "wants money", "delivery": ""}, "rubric": "What is wanted?"})
JSON = make_task({"name": "t", "kind": "extraction", "schema": {"type": "object"}})
SQL = make_task({"name": "t", "kind": "sql", "database": "create table a (b int)"})


def test_a_classification_prompt_names_rubric_labels_and_text() -> None:
    prompt = build_prompt(INTENT, "my money please")
    for part in ("What is wanted?", "- refund: wants money", "- delivery\n", "Final Answer: LABEL", "my money please"):
        assert part in prompt
    assert "create table a (b int)" in build_prompt(SQL, "x")
    assert '"type": "object"' in build_prompt(JSON, "x")


def test_a_rubric_with_a_place_for_the_text_is_the_whole_prompt() -> None:
    task = make_task({"name": "t", "labels": ["a", "b"], "rubric": "Say a or b: {text}!"})
    assert build_prompt(task, "{text} and {braces}") == "Say a or b: {text} and {braces}!"


def test_the_prompts_hash_does_not_depend_on_a_row() -> None:
    assert prompt_hash_source(INTENT) == build_prompt(INTENT, "")


@pytest.mark.parametrize(
    "answer",
    [
        "refund",
        "Final Answer: refund",
        "I think so.\nfinal answer : **Refund**.",
        "Final Answer: delivery\n… no:\nFinal Answer: refund",
        " `refund` ",
        '"REFUND"',
        "```\nrefund\n```",
    ],
)
def test_a_label_is_found_in_what_surrounds_it(answer: str) -> None:
    assert parse_answer(INTENT, answer) == "refund"


@pytest.mark.parametrize(("answer", "why"), [("", "empty"), ("Final Answer: ", "unknown label"), ("both", "unknown")])
def test_an_answer_without_a_label_is_refused(answer: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        parse_answer(INTENT, answer)


def test_json_and_sql_are_taken_out_of_their_fences() -> None:
    assert parse_answer(JSON, 'Here:\n```json\n{"b": 1, "a": 2}\n```') == '{"b":1,"a":2}'
    assert parse_answer(SQL, "```sql\nselect 1\n```") == "select 1"


def test_what_a_model_thought_first_is_no_part_of_its_answer() -> None:
    text = make_task({"name": "t", "kind": "text"})
    assert parse_answer(INTENT, "<think>delivery? no.</think>\n\nrefund") == "refund"
    assert parse_answer(text, "<think>\nhm\n</think>\nIt was sent.") == "It was sent."
    with pytest.raises(DataError, match="ends inside its thinking block"):
        parse_answer(text, "<think>the customer wants")


def test_a_text_is_its_own_answer_with_all_that_it_holds() -> None:
    text = make_task({"name": "t", "kind": "text"})
    answer = "Run this:\n```sql\nselect 1\n```\nFinal answer: one row."
    assert parse_answer(text, answer) == answer


def test_labels_that_differ_only_in_case_are_told_apart() -> None:
    task = make_task({"name": "t", "labels": ["IT", "it"]})
    assert parse_answer(task, "it") == "it"
    assert parse_answer(task, "IT") == "IT"
    with pytest.raises(DataError):
        parse_answer(task, "It")


@given(st.text())
def test_whatever_the_teacher_says_is_a_label_or_refused(answer: str) -> None:
    try:
        value = parse_answer(INTENT, answer)
    except DataError:
        return  # refused in words: anything else that is raised fails the test
    assert value in INTENT.labels
