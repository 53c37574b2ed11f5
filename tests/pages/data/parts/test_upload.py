"""The form that brings in a file."""

from pathlib import Path

from curator.records import FIELDS
from pages.data.parts.upload import FIELD_NAMES
from pipelines.intake.preview import preview


def test_every_field_that_a_file_can_have_is_named_for_people() -> None:
    assert list(FIELD_NAMES) == list(FIELDS)


def test_columns_are_proposed_by_their_usual_names_in_any_case_where_none_is_the_input(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("ID,frage,Category,team\n1,wo ist es,delivery,x\n2,geld,refund,y\n", encoding="utf-8")
    assert preview(file).mapping == {"id": "ID", "label": "Category"}
