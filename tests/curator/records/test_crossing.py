"""Frames that cross rooms are refused in words at the door where a column is missing or holds another type."""

from collections.abc import Callable

import polars as pl
import pytest

from curator.certificates import with_today
from curator.errors import DataError
from curator.records import DECISIONS, EXAMPLES, LABELS, PLAN_ROWS, REVIEWS, TASKS, TODAY, FrameSchema
from curator.review import current_labels, effective_decisions


def empty(schema: FrameSchema) -> pl.DataFrame:
    return pl.DataFrame(schema=schema.dtypes)


def label_now(**other: pl.DataFrame) -> object:
    given = {"labels": empty(LABELS), "reviews": empty(REVIEWS), "decisions": empty(DECISIONS)} | other
    return current_labels(["e"], labeler=None, **given)


@pytest.mark.parametrize(
    ("door", "words"),
    [
        (lambda: label_now(labels=empty(LABELS).drop("value")), r"a label has no column 'value' \(the label\)"),
        (lambda: label_now(labels=empty(LABELS).cast({"sample": pl.String})), "column 'sample' is String, expected"),
        (lambda: label_now(reviews=empty(REVIEWS).cast({"blind": pl.String})), "a review in force: column 'blind'"),
        (lambda: label_now(decisions=empty(DECISIONS).drop("action")), "a row of a decision has no column 'action'"),
        (lambda: effective_decisions(empty(DECISIONS).cast({"seq": pl.Float64})), "'seq' is Float64, expected Int64"),
        (lambda: with_today(empty(PLAN_ROWS).drop("stratum"), [], empty(TODAY)), "drawn from has no column 'stratum'"),
        (lambda: with_today(empty(PLAN_ROWS), [], empty(TODAY).drop("out")), "as of today has no column 'out'"),
    ],
)
def test_a_frame_that_lacks_a_column_or_has_another_type_is_named_at_the_door(
    door: Callable[[], object], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        door()


def test_what_the_core_does_not_read_may_be_missing() -> None:
    needed = empty(LABELS).select("seq", "example_id", "labeler", "sample", "value")
    assert label_now(labels=needed) is not None


@pytest.mark.parametrize("schema", [DECISIONS, EXAMPLES, LABELS, PLAN_ROWS, REVIEWS, TASKS, TODAY])
def test_each_schema_says_what_its_columns_mean(schema: FrameSchema) -> None:
    assert len({each.name for each in schema.columns}) == len(schema.columns)
    assert all(each.meaning for each in schema.columns)
    assert schema.check(empty(schema)).is_empty()
