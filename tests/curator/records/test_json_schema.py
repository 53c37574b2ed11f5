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


def fits(schema: dict[str, Any], answer: str) -> bool:
    task = check_task(make_task({"name": "t", "kind": "extraction", "schema": schema}))
    try:
        task.check_value(answer)
    except DataError:
        return False
    return True


@pytest.mark.parametrize(
    ("step", "number", "fit"),
    [
        (0.01, "19.99", True),
        (0.01, "0.07", True),
        (0.01, "19.995", False),
        (0.1, "1e2", True),
        (0.01, "12345678901234567890.01", True),
        (0.01, "12345678901234567890.011", False),
        (2, "12345678901234567890123", False),
        (1e-300, "1e300", True),
        (0.01, "0", True),
        (0.01, "-19.99", True),
    ],
)
def test_a_number_is_a_multiple_by_the_digits_as_they_were_written(step: float, number: str, fit: bool) -> None:
    assert fits({"properties": {"a": {"multipleOf": step}}}, f'{{"a":{number}}}') is fit


@given(st.integers(-(10**12), 10**12))
def test_every_number_of_cents_is_a_multiple_of_a_cent(cents: int) -> None:
    sign, whole, part = "-" * (cents < 0), abs(cents) // 100, abs(cents) % 100
    assert fits({"multipleOf": 0.01}, f"{sign}{whole}.{part:02}")


def test_a_multiple_that_takes_endless_digits_is_given_up_in_words() -> None:
    assert "more than" in str(problem({"multipleOf": 1e-300}, json_schema.Number("1e9000")))


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", "2024-02-29", "2023-02-29"),
        ("date-time", "2024-02-29T10:00:00Z", "2024-02-29 at ten"),
        ("date-time", "2016-12-31t23:59:60.5+02:00", "2024-02-29T10:00:00"),
        ("time", "10:00:00+01:00", "25:00:00Z"),
        ("email", "ana@example.org", "ana"),
        ("ipv4", "192.0.2.1", "192.0.2.256"),
        ("ipv6", "2001:db8::1", "2001:db8::g"),
        ("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08"),
        ("uri", "https://example.org/a?b=c", "no address"),
        ("regex", "a|b", "("),
    ],
)
def test_a_format_is_held_against_texts(name: str, good: str, bad: str) -> None:
    schema = {"properties": {"a": {"format": name}}}
    assert fits(schema, json.dumps({"a": good}))
    assert not fits(schema, json.dumps({"a": bad}))
    assert fits(schema, '{"a": 7}')


def test_a_format_that_nobody_defined_says_what_a_text_is_for() -> None:
    assert fits({"properties": {"a": {"format": "our-own-code"}}}, '{"a": "anything"}')
