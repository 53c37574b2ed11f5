"""An unfinished spot-check says which of its rows are due, why, and what to do."""

import polars as pl

from curator.certificates.open_rows import NEEDED, due_in_words, due_rows

ROWS = [  # example, audited, status, out
    ("open", True, None, None),
    ("gone", True, None, "excluded"),
    ("gone and judged", True, "settled", "excluded"),
    ("first look", True, "unsettled", "unsettled"),
    ("first look, gone", True, "unsettled", "excluded"),
    ("differ", True, "disputed", "disputed"),
    ("nobody could say", True, "skipped", None),
    ("refused", True, "rejected", "rejected"),
    ("not drawn", False, None, None),
]
NOW = pl.DataFrame(ROWS, schema=["example_id", "audited", "human_status", "out"], orient="row")


def test_each_drawn_row_without_a_verdict_is_due_also_one_that_was_left_out() -> None:
    assert dict(due_rows(NOW).select("example_id", "due").iter_rows()) == {
        "open": "unreviewed",
        "gone": "left_out",
        "first look": "unsettled",
        "first look, gone": "unsettled",
        "differ": "disputed",
    }


def test_each_kind_of_due_row_is_counted_and_says_what_to_do() -> None:
    unreviewed, left_out, unsettled, disputed = due_in_words(NOW)
    assert unreviewed.startswith("1 audit row is not reviewed yet: answer")
    assert "left out of the dataset since the draw" in left_out
    assert unsettled.startswith("2 audit rows are waiting for one more answer: a second look")
    assert "adjudicates: true" in disputed
    assert due_in_words(NOW.filter(pl.col("human_status") == "settled")) == ()


def test_every_kind_of_due_row_has_its_words() -> None:
    assert set(due_rows(NOW)["due"]) == set(NEEDED)
