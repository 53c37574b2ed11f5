"""The form that brings in a file."""

from curator.records import FIELDS
from pages.data.parts.upload import FIELD_NAMES


def test_every_field_that_a_file_can_have_is_named_for_people() -> None:
    assert list(FIELD_NAMES) == list(FIELDS)
