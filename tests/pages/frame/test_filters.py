"""What a reader's filter leaves."""

import polars as pl

from pages.frame.filters import containing

ROWS = pl.DataFrame({"text": ["Straße gesperrt", "Die STRASSE", "a+b [c]"]})


def test_text_is_found_in_whatever_case_and_signs_are_taken_as_they_are() -> None:
    assert containing(ROWS, " strasse ")["text"].to_list() == ["Die STRASSE"]
    assert containing(ROWS, "A+B [")["text"].to_list() == ["a+b [c]"]


def test_nothing_typed_leaves_every_row() -> None:
    assert containing(ROWS, "  ").height == ROWS.height
