"""Task files: what is accepted, what is refused and why."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import DataError
from curator.records.task import Task, make_task, parse_task

SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}


def no_file(name: str) -> str:
    raise AssertionError(name)


def classification(**more: object) -> Task:
    return make_task({"name": "intent", "labels": ["refund", "delivery"], **more})


def test_a_task_file_names_its_labels_as_a_list_or_with_definitions() -> None:
    listed = parse_task('name = "t"\nkind = "classification"\nlabels = ["a", "b"]', no_file)
    defined = parse_task('name = "t"\n[labels]\na = "the first"\nb = ""', no_file)
    assert (listed.labels, defined.labels) == ({"a": "", "b": ""}, {"a": "the first", "b": ""})
    assert (listed.kind, listed.confidence, listed.max_error) == ("classification", 0.95, None)


def test_the_rubric_and_the_schema_may_stand_in_files_beside_it() -> None:
    text = 'name = "t"\nkind = "extraction"\nrubric_file = "r.md"\nschema = "s.json"'
    task = parse_task(text, lambda name: {"r.md": "Read closely.", "s.json": json.dumps(SCHEMA)}[name])
    assert (task.rubric, task.schema) == ("Read closely.", SCHEMA)


def test_a_schema_may_be_a_table_of_the_file() -> None:
    task = parse_task('name = "t"\nkind = "extraction"\n[schema]\ntype = "object"', no_file)
    assert task.schema == {"type": "object"}


def test_the_hash_names_the_definition() -> None:
    assert classification().content_hash == classification(kind="classification").content_hash
    assert classification().content_hash != classification(rubric="other").content_hash
    again = make_task({k: v for k, v in classification(max_error=0.02).as_json().items() if v is not None})
    assert again == classification(max_error=0.02)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name = ", "not valid TOML"),
        ('labels = ["a", "b"]', "`name` is missing"),
        ('name = "t"\nlabels = ["a"]', "at least two labels"),
        ('name = "t"\nkind = "poetry"', "kind 'poetry' is unknown, expected classification"),
        ('name = "t"\nlabels = ["a", "b"]\ncolour = 1', "unknown key 'colour'"),
        ('name = "t"\nlabels = [1, 2]', "must be a list of names"),
        ('name = "t"\nlabels = [["a"], ["b"]]', "must be a list of names"),
        ('name = "t"\nlabels = ["a", " b"]', "space at its ends"),
        ('name = "t"\nlabels = ["a", "b"]\nmax_error = 2', "`max_error` is 2, expected a number between 0 and 1"),
        ('name = "t"\nlabels = ["a", "b"]\nconfidence = true', "`confidence` is True"),
        ('name = "t"\nlabels = ["a", "b"]\nrubric = 3', "`rubric` must be text"),
        ('name = "t"\nlabels = ["a", "b"]\nrubric_file = 3', "`rubric_file` is 3"),
        ('name = "t"\nkind = "extraction"\nschema = "{"', "not a JSON schema"),
        ('name = "t"\nkind = "extraction"\n[schema]\ntype = "nonsense"', "not a JSON schema"),
    ],
)
def test_a_bad_task_file_is_refused_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        parse_task(text, no_file)


def test_an_unknown_label_comes_with_the_one_that_was_meant() -> None:
    with pytest.raises(DataError, match=r"unknown label 'Refund'.*did you mean 'refund'"):
        classification().check_value("Refund")
    with pytest.raises(DataError, match="the label is empty"):
        classification().check_value("  ")


def test_an_extraction_is_stored_in_one_form_and_checked_by_its_schema() -> None:
    task = make_task({"name": "t", "kind": "extraction", "schema": SCHEMA})
    assert task.check_value('{ "total" : 3, "a": 1 }') == '{"total":3,"a":1}'
    with pytest.raises(DataError, match=r"does not fit the schema at \$: 'total' is a required property"):
        task.check_value("{}")


@pytest.mark.parametrize("value", ["{", '{"total": NaN}', '{"total": Infinity}', r'{"total": 1, "a": "\ud800"}', "[1"])
def test_what_is_not_json_is_no_extraction(value: str) -> None:
    with pytest.raises(DataError, match="not JSON"):
        make_task({"name": "t", "kind": "extraction"}).check_value(value)


def test_half_a_surrogate_pair_is_no_label() -> None:
    with pytest.raises(DataError, match="surrogate"):
        make_task({"name": "t", "kind": "text"}).check_value("ab\ud83d")


@given(st.text())
def test_any_text_is_either_a_label_or_refused_in_words(value: str) -> None:
    for kind in ("text", "extraction", "sql"):
        task = make_task({"name": "t", "kind": kind})
        try:
            kept = task.check_value(value)
        except DataError:
            continue  # refused in words: anything else that is raised fails the test
        assert task.check_value(kept) == kept
        kept.encode()
