"""The most frequent values of a column are what putting all of them in order would give."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.files.csv_table import _most_frequent

SCHEMA = {"value": pl.String, "len": pl.UInt32}


@given(st.dictionaries(st.text(alphabet="abcé", max_size=3), st.integers(1, 4), max_size=40), st.integers(1, 12))
def test_the_most_frequent_are_the_first_of_all_in_order(counts: dict[str, int], most: int) -> None:
    values = pl.DataFrame({"value": list(counts), "len": list(counts.values())}, schema=SCHEMA)
    assert _most_frequent(values, most).equals(values.sort(["len", "value"], descending=[True, False]).head(most))


@pytest.mark.parametrize("rows", [0, 3])
def test_where_there_are_few_all_are_told(rows: int) -> None:
    values = pl.DataFrame({"value": ["b", "a", "c"][:rows], "len": [1, 1, 2][:rows]}, schema=SCHEMA)
    assert _most_frequent(values, 10)["value"].to_list() == ["c", "a", "b"][:rows]
