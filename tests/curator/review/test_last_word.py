"""Who may have the last word about a row."""

from typing import Any

import pytest

from curator.review import may_settle, newest_words, settled_alone


def said(by: str, verdict: str, value: str | None = None, *, row: str = "e", **more: Any) -> dict[str, Any]:
    base = {"example_id": row, "reviewer": by, "verdict": verdict, "value": value, "stream": "audit"}
    return base | {"adjudicates": False} | more


@pytest.mark.parametrize(
    ("words", "others", "may"),
    [
        ({"ana": ("reject", None)}, {"ana", "ben"}, False),
        ({"ana": ("reject", None)}, {"ana"}, True),
        ({"ana": ("edit", "b")}, {"ana", "ben"}, True),
        ({"ben": ("reject", None)}, {"ana", "ben"}, True),
        ({"ana": ("reject", None), "ben": ("edit", "a")}, {"ana", "ben"}, True),
        ({"ana": ("reject", None), "ben": ("edit", "c")}, {"ana", "ben"}, False),
        ({"ana": ("reject", None), "ben": ("skip", None)}, {"ana", "ben"}, False),
        ({}, {"ben"}, True),
    ],
)
def test_whoever_rejected_a_row_settles_it_alone_only_where_nobody_else_reviews(
    words: dict[str, tuple[str, str | None]], others: set[str], may: bool
) -> None:
    assert may_settle(words, "ana", "a", others) is may


def test_the_rows_that_one_person_rejected_and_settled_are_told() -> None:
    last = {"adjudicates": True}
    given = [
        said("ana", "reject"), said("ana", "edit", "b", **last),
        said("ana", "reject", row="two"), said("ben", "edit", "b", row="two", **last),
        said("ana", "reject", row="agreed"), said("ben", "edit", "b", row="agreed"),
        said("ana", "edit", "b", row="agreed", **last),
        said("ana", "edit", "b", row="own"), said("ana", "edit", "c", row="own", **last),
        said("ana", "reject", row="gold", stream="gold"), said("ana", "edit", "c", row="gold", **last),
    ]  # fmt: skip
    assert settled_alone(given) == {"e"}
    assert newest_words(given)["agreed"] == {"ana": ("reject", None), "ben": ("edit", "b")}
