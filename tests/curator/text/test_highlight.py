from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from curator.duplicates import differing_words
from curator.text.highlight import marked
from curator.text.normal_form import normalise


@given(st.text(), st.lists(st.text(max_size=5), max_size=4))
def test_the_pieces_together_are_the_text(text: str, words: list[str]) -> None:
    pieces = marked(text, words)
    assert "".join(piece for piece, _ in pieces) == text
    assert all(a[1] != b[1] for a, b in pairwise(pieces))


@given(st.lists(st.text("ab xY.-\u200b", max_size=12), min_size=1, max_size=4))
def test_what_differs_is_marked_and_nothing_else_is(texts: list[str]) -> None:
    for text, words in zip(texts, differing_words(texts), strict=True):
        shown = {word for piece, differs in marked(text, words) if differs for word in normalise(piece).split()}
        assert shown == set(words)


def test_a_word_is_marked_in_its_own_spelling() -> None:
    assert marked("the Ｃard, in-store", ["card", "store"]) == [
        ("the ", False),
        ("Ｃard", True),
        (", in-", False),
        ("store", True),
    ]
    assert marked("pass\u200bcode now", ["passcode"])[0] == ("pass\u200bcode", True)


def test_a_text_without_differences_is_one_piece() -> None:
    assert marked("all the same", []) == [("all the same", False)]
    assert marked("", ["x"]) == []
