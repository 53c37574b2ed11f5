"""Texts that differ in spacing alone never straddle a split; texts that differ in arithmetic are other texts."""

import pytest

from curator.duplicates import exact_groups, near_pairs
from pipelines.splits import same_text_groups


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Please give me both a visa and a master card.", "Please give me both a visa and a mastercard."),
        ("Why didn`t my topup go through?", "Why didnt my top up go through"),
        ("What is the top-up limit?", "what is the topup limit"),
    ],
)
def test_texts_that_differ_in_spacing_alone_belong_to_one_split_group(one: str, other: str) -> None:
    groups = same_text_groups(["a", "b", "c"], [one, "Where is my order from last week?", other], [None] * 3)
    assert groups["a"] == groups["c"]
    assert "b" not in groups


def test_spaces_between_numbers_keep_texts_apart() -> None:
    assert same_text_groups(["a", "b"], ["12 3", "1 23"], [None, None]) == {}


def test_another_operator_between_the_same_numbers_is_another_text() -> None:
    texts = ["What is 3*4?", "What is 3/4?", "What is 3 + 4?", "What is 3-4?"]
    assert exact_groups(texts) == []
    assert len(near_pairs(texts)) == 0
    assert same_text_groups(list("abcd"), texts, [None] * 4) == {}


def test_one_text_in_two_conversations_is_two_inputs() -> None:
    texts = ["What is shown?", "What is shown?", "what is shown"]
    assert same_text_groups(list("abc"), texts, ["bike.png", "rice.png", "bike.png"]) == {"a": "a", "c": "a"}
