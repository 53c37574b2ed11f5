"""Rows are chosen by what was kept with them: texts letter by letter, numbers by value."""

from typing import Any

import pytest

from curator.errors import RequestError
from curator.records import narrow, parse_where, read_exact

ROWS = [
    {"team": "red", "n": 1, "on": True, "tags": ["x"], "a=b": "c"},
    {"team": "1", "n": read_exact("1.50"), "on": False},
    {"n": 12345678901234567890123},
]


@pytest.mark.parametrize(
    ("asked", "places"),
    [
        (["team=red"], (0,)),
        (["team=Red"], ()),
        (["team=1"], (1,)),
        (["team=1.0"], ()),
        (["n=1.0"], (0,)),
        (["n=1.5"], (1,)),
        (["n=12345678901234567890123"], (2,)),
        (["n=one"], ()),
        (["on=true"], (0,)),
        (["on=1"], ()),
        (['tags=[ "x" ]'], (0,)),
        (["tags=x"], ()),
        (["a=b=c"], (0,)),
        (["n=1", "n=1.5"], (0, 1)),
        (["n=1", "on=false"], ()),
    ],
)
def test_a_row_is_chosen_where_it_has_each_column_with_a_value_asked_for(asked: list[str], places: Any) -> None:
    columns = [column for row in ROWS for column in row]
    assert narrow(ROWS, parse_where(asked, columns)).kept == places


def test_rows_without_the_column_are_counted() -> None:
    found = narrow(ROWS, parse_where(["team=red", "n=1"], ["team", "n"]))
    assert found.lacking == {"team": 1, "n": 0}
    assert found.notes == ("1 rows have no column 'team' and are not among them",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("team", "is not COLUMN=VALUE"),
        ("tema=red", "no row has a metadata column 'tema'; the metadata columns are n, team"),
    ],
)
def test_what_cannot_be_asked_names_what_can(text: str, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        parse_where([text], ["team", "n"])


def test_a_value_that_is_null_is_asked_for_as_null() -> None:
    found = narrow([{"a": None}, {"a": "null"}, {"a": 0}, {}], parse_where(["a=null"], ["a"]))
    assert found.kept == (0, 1)
