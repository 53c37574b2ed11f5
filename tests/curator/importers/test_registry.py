"""A file is recognised by the shape of its first rows, and what does not fit is told."""

import pytest

from curator.errors import RequestError
from curator.importers import IMPORT_FORMATS, named, of_record, recognise, stranger

ALPACA = {"instruction": "Translate", "input": "good day", "output": "bonjour"}
SHAREGPT = {"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "hello"}]}
ROW = {"text": "hi", "label": "a"}


def test_each_format_has_a_name_of_its_own_and_can_be_asked_for() -> None:
    assert len({each.name for each in IMPORT_FORMATS}) == len(IMPORT_FORMATS)
    assert all(named(each.name) is each for each in IMPORT_FORMATS)
    assert named("rows") is None
    with pytest.raises(RequestError, match=r"--from excel: no such format; choose from rows, alpaca"):
        named("excel")


def test_a_format_is_known_by_the_shape_of_a_record_and_plain_columns_are_none() -> None:
    assert [(found.name if found else None) for found in map(of_record, (ALPACA, SHAREGPT, ROW))] == [
        "alpaca",
        "sharegpt",
        None,
    ]
    assert recognise([]) is None
    assert of_record({}) is None


def test_a_record_of_another_format_is_a_stranger_and_a_broken_one_is_none() -> None:
    sharegpt = named("sharegpt")
    other = stranger(ALPACA, sharegpt)
    assert other is not None
    assert other.name == "alpaca"
    assert stranger(ROW, sharegpt) is None
    assert stranger(SHAREGPT, sharegpt) is None
