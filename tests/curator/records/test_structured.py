"""JSON and TOML of others are read to a limited depth."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curator.errors import DataError
from curator.records.structured import DEPTH, TooDeepError, nested_too_deep, read_json, read_toml, too_deep

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


def nested(levels: int, *, inner: str = "1") -> str:
    return '{"[": ' * levels + inner + "}" * levels


@given(values, st.integers(0, 2 * DEPTH))
@example({"": []}, DEPTH - 1)
def test_depth_is_the_same_by_the_text_and_by_the_value(value: Any, more: int) -> None:
    for _ in range(more):
        value = [value]
    assert nested_too_deep(json.dumps(value)) == too_deep(value)


@pytest.mark.parametrize("levels", [DEPTH + 1, 1_000, 100_000])
def test_what_is_nested_too_deep_is_refused_in_words_at_any_depth(levels: int) -> None:
    with pytest.raises(TooDeepError, match="the answer is nested deeper than 100 levels"):
        read_json(nested(levels), "the answer")
    assert read_json(nested(DEPTH))


@pytest.mark.parametrize("text", ['"' * 200_001, '\\"' * 100_000 + "[" * 200, "[" * 101 + '"' + "\\" * 100_001])
def test_a_text_that_is_no_json_is_measured_once(text: str) -> None:
    nested_too_deep(text)  # a second look at each character would take minutes


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 3_000 + "]" * 3_000, "a." * 500 + "b = 1", "a = " + "[" * 101 + "]" * 101]
)
def test_toml_is_read_to_the_same_depth(text: str) -> None:
    with pytest.raises(TooDeepError, match=r"curator.toml is nested"):
        read_toml(text, "curator.toml")


def test_toml_has_a_size_and_is_toml() -> None:
    with pytest.raises(DataError, match=r"has 1,000,001 characters"):
        read_toml("#" * 1_000_001, "curator.toml")
    with pytest.raises(DataError, match="not valid TOML"):
        read_toml("= 1", "curator.toml")
