"""Identities: equal things have equal ids, and nothing else has."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.records.ids import (
    canonical_json,
    content_hash,
    digest,
    example_id,
    identity_text,
    message_from_json,
    message_json,
    row_external_id,
    short_id,
)
from curator.records.json_text import Number
from curator.records.message import ImagePart, Message, TextPart, ToolCallPart

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
PARTS = st.one_of(st.builds(TextPart, TEXT), st.builds(ImagePart, TEXT), st.builds(ToolCallPart, TEXT, TEXT))
MESSAGES = st.builds(
    Message, st.sampled_from(["system", "user", "assistant", "tool"]), st.lists(PARTS, max_size=3).map(tuple)
)


@given(JSON)
def test_canonical_json_reads_back_as_the_same_value(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(TEXT, JSON, max_size=5))
def test_the_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"a": object()}])
def test_what_no_json_file_can_hold_has_no_digest(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        digest(value)


@given(TEXT, TEXT, TEXT, TEXT)
def test_rows_share_an_id_only_in_one_dataset_under_one_external_id(a: str, b: str, c: str, d: str) -> None:
    assert (example_id(a, b) == example_id(c, d)) == ((a, b) == (c, d))


def test_a_row_without_an_id_is_named_by_its_file_and_row() -> None:
    assert row_external_id("0123456789abcdef" * 4, 7) == "0123456789ab:7"
    assert short_id("f", ["ab"]) != short_id("f", ["a", "b"])


@given(MESSAGES)
def test_a_message_survives_being_stored(message: Message) -> None:
    assert message_from_json(json.loads(json.dumps(message_json(message)))) == message


@given(TEXT)
def test_one_text_has_one_content_hash_however_its_accents_are_written(text: str) -> None:
    def hashed(form: str) -> str:
        return content_hash((Message("user", (TextPart(form),)),))

    assert hashed(unicodedata.normalize("NFD", text)) == hashed(unicodedata.normalize("NFC", text))


def test_who_says_it_is_part_of_the_content() -> None:
    parts = (TextPart("hello"),)
    assert content_hash((Message("user", parts),)) != content_hash((Message("system", parts),))


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ([1, 1.0, Number("1e0"), "1", "1 ", "1.0", b"1"], "1"),
        ([0, 0.0, "0"], "0"),
        ([Number("1e2"), 100, 100.0], "100"),
        ([12345678901234567890124, Number("12345678901234567890124.0")], "12345678901234567890124"),
        ([None, float("nan"), "", "  "], None),
        (["nan"], "nan"),
        (["007"], "007"),
        (["1.10"], "1.10"),
        ([False], "false"),
    ],
)
def test_one_identity_has_one_text_however_a_file_writes_it(forms: list[object], expected: str | None) -> None:
    assert {identity_text(form) for form in forms} == {expected}
