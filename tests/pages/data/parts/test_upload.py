"""The form that brings in a file."""

from curator.records import FIELDS
from pages.data.parts.upload import NAMES


def test_every_field_that_a_file_can_have_is_named_for_people() -> None:
    assert list(NAMES) == list(FIELDS)
