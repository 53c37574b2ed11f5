"""The figures of agreement that a manifest carries are those of the report, and name nobody."""

import json

import pytest

from curator.errors import NotEnoughDataError
from curator.review import agreement, agreement_figures, ratings

TRIPLES = [(f"e{n}", who, "b" if (who, n % 4) == ("ben", 0) else "a") for n in range(20) for who in ("ana", "ben")]
TRIPLES += [(f"f{n}", "ana", "b") for n in range(5)]


def test_the_figures_are_those_of_the_report() -> None:
    rated = ratings(TRIPLES)
    found, report = agreement_figures(rated, seed=0), agreement(rated, seed=0)
    assert found.overall == report.overall
    assert found.notes == report.notes
    assert (found.items, found.shared, found.raters, found.ratings) == (25, 20, 2, 45)


def test_as_plain_values_they_name_nobody_and_carry_six_places() -> None:
    told = agreement_figures(ratings(TRIPLES), seed=0).as_json()
    assert "ana" not in json.dumps(told)
    raw = told["overall"][0]
    assert (raw["name"], raw["value"], raw["items"]) == ("raw agreement", 0.75, 20)
    assert all(raw[name] == round(raw[name], 6) for name in ("low", "high"))


def test_without_a_row_that_two_people_answered_there_are_none() -> None:
    with pytest.raises(NotEnoughDataError):
        agreement_figures(ratings([("e1", "ana", "a"), ("e2", "ben", "a")]), seed=0)
