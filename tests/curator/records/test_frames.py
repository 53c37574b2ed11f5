"""A frame that crosses a room is checked at the door: what is missing or of another type is named."""

import polars as pl
import pytest

from curator.errors import DataError
from curator.records.frames import Column, FrameSchema

ROW = FrameSchema("a scored row", (Column("id", pl.String, "the row"), Column("score", pl.Float64, "higher is worse")))


def test_a_frame_with_the_columns_passes_whatever_else_it_carries() -> None:
    frame = pl.DataFrame({"score": [0.5], "more": [1], "id": ["a"]})
    assert ROW.check(frame) is frame
    assert ROW.check(pl.DataFrame(schema=ROW.dtypes)).is_empty()


def test_a_missing_column_is_named_with_its_meaning() -> None:
    with pytest.raises(DataError, match=r"a scored row has no column 'score' \(higher is worse\); there are id"):
        ROW.check(pl.DataFrame({"id": ["a"]}))


def test_a_column_of_another_type_is_named_with_both_types() -> None:
    with pytest.raises(DataError, match="column 'score' is Int64, expected Float64"):
        ROW.check(pl.DataFrame({"id": ["a"], "score": [1]}))
