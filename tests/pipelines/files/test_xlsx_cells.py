"""Each cell of a workbook keeps its own type, however many rows of another type stand above it."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines.files import opened

ROWS = 1_200


@pytest.mark.parametrize("columns", [("label",), ("id", "label")])
def test_a_text_far_down_a_column_of_numbers_is_there_and_so_is_its_row(tmp_path: Path, columns: tuple[str]) -> None:
    cells: list[Any] = [*range(1, ROWS), "late", True, 2.5]
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(columns)
    for number, cell in enumerate(cells):
        sheet.append([f"r{number}", cell][-len(columns) :])
    book.save(tmp_path / "answers.xlsx")
    with opened(tmp_path / "answers.xlsx") as table:
        found = [row.record["label"] for row in table.rows()]
    assert found == cells
    assert [type(value) for value in found[-3:]] == [str, bool, float]
