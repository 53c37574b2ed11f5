"""In which split a row stands: the ledger first, then what the data asked for, else train."""

import polars as pl
import pytest

from curator.records import in_test, in_train, split_now
from curator.release import assign_splits

ROWS = [
    ("train", None, "train"),
    ("train", "test", "train"),
    ("test", None, "test"),
    ("test", "train", "test"),
    (None, "test", "test"),
    (None, "train", "train"),
    (None, None, None),
]


@pytest.fixture
def rows() -> pl.DataFrame:
    """A row for each way in which ledger and data can speak."""
    records = [(f"e{n}", ledger, asked, None, "a") for n, (ledger, asked, _) in enumerate(ROWS)]
    names = ("example_id", "split", "requested_split", "group", "label")
    return pl.DataFrame(records, dict.fromkeys(names, pl.String), orient="row")


def test_the_ledger_has_the_first_word_and_the_data_the_second(rows: pl.DataFrame) -> None:
    assert rows.select(split_now().alias("place"))["place"].to_list() == [place for *_, place in ROWS]


def test_every_row_is_in_train_or_in_test_and_one_without_a_split_trains(rows: pl.DataFrame) -> None:
    train, test = (rows.filter(rule)["example_id"].to_list() for rule in (in_train(), in_test()))
    assert sorted(train + test) == rows["example_id"].to_list()
    assert "e6" in train


def test_the_rule_before_a_freeze_is_what_a_freeze_without_a_draw_assigns(rows: pl.DataFrame) -> None:
    ledger = dict(rows.drop_nulls("split").select("example_id", "split").iter_rows())
    asked = dict(rows.drop_nulls("requested_split").select("example_id", "requested_split").iter_rows())
    made = assign_splits(rows, near_groups={}, test_share=0.0, seed=0, ledger=ledger, requested=asked).assignments
    assert {e for e, split in made.items() if split == "test"} == set(rows.filter(in_test())["example_id"])
