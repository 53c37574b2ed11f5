"""A task's schema stands alone, and a value is held against it with limited work."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import DataError
from curator.records import json_schema, make_task
from curator.records.json_schema import DIALECTS, check_schema, problem
from curator.records.task import check_task

SLOW = {"type": "object", "properties": {"code": {"type": "string", "pattern": "^(a|a)*$"}}}
"""Two ways for each letter: 2 ** 40 for forty of them, unless somebody stops."""


@pytest.mark.parametrize(
    "reference",
    [
        "http://127.0.0.1:9/a.json",
        "https://example.org/a",
        "file:///etc/hostname",
        "/etc/hostname",
        "other.json",
        "../a",
    ],
)
@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef"])
def test_what_lies_outside_the_schema_is_refused_and_never_fetched(
    reference: str, keyword: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reached(*args: object, **_: object) -> None:
        raise AssertionError(args)

    monkeypatch.setattr("socket.socket.connect", reached)
    monkeypatch.setattr("urllib.request.urlopen", reached)
    schema = {"properties": {"a": {keyword: reference}}}
    with pytest.raises(DataError, match="nothing is fetched"):
        check_schema(schema)
    # A store that was made before may hold it: its answers are refused, in words.
    with pytest.raises(DataError, match="nothing is fetched"):
        make_task({"name": "t", "kind": "extraction", "schema": schema}).check_value('{"a": 1}')


def test_references_inside_the_schema_and_to_the_dialects_are_followed() -> None:
    inside = {"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}
    named = {
        "$id": "https://schemas.example/a",
        "$defs": {"n": {"$id": "n", "type": "integer"}},
        "properties": {"a": {"$ref": "n"}},
    }
    dialect = {"properties": {"a": {"$ref": "https://json-schema.org/draft/2020-12/schema"}}}
    for schema in (inside, named, dialect):
        check_schema(schema)
        assert problem(schema, {"a": "no"}) is not None
    assert problem(inside, {"a": 1}) is None
    with pytest.raises(DataError, match="which is not in it"):
        check_schema({"$ref": "#/$defs/missing"})


def test_words_that_only_look_like_keywords_are_data() -> None:
    check_schema({"properties": {"$ref": {"type": "string"}, "pattern": {"const": {"$ref": "http://a.example"}}}})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_dialect_is_read_as_what_it_says(dialect: str) -> None:
    # `exclusiveMaximum` is a number since draft 6, and says something about `maximum` before.
    old = "draft-03" in dialect or "draft-04" in dialect
    schema = {"$schema": dialect, "maximum": 3, "exclusiveMaximum": True if old else 3}
    check_schema(schema)
    assert (problem(schema, 2), problem(schema, 3) is None) == (None, False)
    with pytest.raises(DataError):
        check_schema(schema | {"exclusiveMaximum": 3 if old else True})


def test_an_unknown_dialect_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(DataError, match=r"dialect 'urn:other' is unknown; .*draft-07"):
        check_schema({"$schema": "urn:other"})


def test_a_slow_pattern_gives_the_value_up_in_words() -> None:
    start = time.process_time()
    found = problem(SLOW, {"code": "a" * 40 + "b"})
    assert found is not None
    assert "takes too long" in found
    assert time.process_time() - start < 30  # not a figure: unguarded it would not end
    assert problem(SLOW, {"code": "aaa"}) is None


@pytest.mark.parametrize(
    "schema",
    [
        {"patternProperties": {"^(a|a)*$": {}}},
        {"patternProperties": {"^(a|a)*$": {}}, "additionalProperties": False},
        {"propertyNames": {"pattern": "^(a|a)*$"}},
        {"items": {"pattern": "^(a|a)*$"}},
    ],
)
def test_a_slow_pattern_is_stopped_wherever_it_stands(schema: dict[str, Any]) -> None:
    slow = "a" * 40 + "b"
    found = problem(schema, [slow] if "items" in schema else {slow: 1})
    assert found is not None
    assert "takes too long" in found


def test_many_steps_are_given_up_and_a_long_list_is_not_many(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = {"items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}, "uniqueItems": True}
    assert problem(schema, list(range(5_000))) is None
    monkeypatch.setattr(json_schema, "STEPS", 500)
    found = problem(schema, list(range(5_000)))
    assert found is not None
    assert "more than 500 steps" in found


def test_a_schema_that_refers_to_itself_for_ever_is_told() -> None:
    found = problem({"$ref": "#"}, 1)
    assert found is not None
    assert "refers to itself" in found


@given(st.recursive(st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-2, 2) | st.text(max_size=1), st.lists))
def test_items_are_unique_as_the_library_has_it(value: Any) -> None:
    import jsonschema

    schema = {"uniqueItems": True}
    assert (problem(schema, value) is None) == jsonschema.Draft202012Validator(schema).is_valid(value)


@given(st.dictionaries(st.sampled_from(["a", "b", "aa", "x1", "ba"]), st.integers(0, 3)))
def test_named_patterned_and_other_properties_are_as_the_library_has_them(value: dict[str, int]) -> None:
    import jsonschema

    for other in (False, True, {"maximum": 1}):
        schema = {
            "properties": {"a": {"minimum": 1}},
            "patternProperties": {"^b": {"maximum": 2}, "a$": {"type": "integer"}},
            "additionalProperties": other,
        }
        assert (problem(schema, value) is None) == jsonschema.Draft202012Validator(schema).is_valid(value)


def test_a_schema_has_a_depth_and_a_size() -> None:
    deep: dict[str, Any] = {}
    for _ in range(60):
        deep = {"properties": {"a": deep}}
    with pytest.raises(DataError, match="nested deeper than 100"):
        check_schema(deep)
    with pytest.raises(DataError, match="at most 1,000,000"):
        check_schema({"description": "x" * 1_000_001})


@pytest.mark.parametrize("levels", [101, 500, 50_000])
def test_a_deeply_nested_answer_is_refused_in_words(levels: int) -> None:
    for schema in (None, {"properties": {"a": {"$ref": "#"}}}):
        task = make_task({"name": "t", "kind": "extraction", **({"schema": schema} if schema else {})})
        with pytest.raises(DataError, match="nested deeper than 100"):
            task.check_value('{"a":' * levels + "1" + "}" * levels)
        assert json.loads(task.check_value('{"a":' * 50 + "1" + "}" * 50))


def test_an_old_schema_opens_and_a_new_one_is_checked() -> None:
    task = make_task({"name": "t", "kind": "extraction", "schema": {"type": "nonsense"}})
    with pytest.raises(DataError, match="`schema` is not a JSON schema"):
        check_task(task)
