"""A sheet of an Excel workbook, cell by cell: a number is a number and a text a text, however the column mixes them."""

import datetime
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from curator.errors import RequestError
from pipelines.files.row import RawRow


@dataclass(slots=True)
class WorkbookReader:
    """The first sheet with content. Rows are counted as Excel counts them; the first with content is the header."""

    path: Path
    name: str
    notes: list[str] = field(default_factory=list)

    def columns(self) -> list[str]:
        """The names in the header.

        Raises:
            RequestError: It is no workbook, or a name stands twice.
        """
        return next(self._sheet())[1]

    def rows(self) -> Iterator[RawRow]:
        """The rows in order; empty ones are passed over."""
        sheet = self._sheet()
        _, header = next(sheet)
        for number, values in sheet:
            more = [value for value in values[len(header) :] if value is not None]
            if more:
                detail = f"the row has {len(values)} columns, the header {len(header)}"
                yield RawRow(number, None, "wrong_columns", detail, str(values))
                continue
            values += [None] * (len(header) - len(values))
            yield RawRow(number, dict(zip(header, values, strict=False)))

    def _sheet(self) -> Iterator[tuple[int, list[Any]]]:
        """The header, with its row number, then each row that is not empty."""
        try:
            book = openpyxl.load_workbook(self.path, read_only=True, data_only=True)
        except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
            msg = f"{self.name} cannot be read as an Excel workbook: {error}; save it as .xlsx or as CSV UTF-8"
            raise RequestError(msg) from error
        try:
            header: list[str] | None = None
            for sheet in book.worksheets:
                if header is not None:
                    break
                for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
                    values = [_value(cell) for cell in cells]
                    if all(value is None for value in values):
                        continue
                    if header is None:
                        header = self._header(values)
                        others = [other.title for other in book.worksheets if other is not sheet]
                        self.notes[:] = [
                            f"sheet {sheet.title!r}" + (f"; not read: {', '.join(others)}" if others else "")
                        ]
                        yield number, header
                    else:
                        yield number, values
            if header is None:
                yield 0, []
        finally:
            book.close()

    def _header(self, values: list[Any]) -> list[str]:
        while values and values[-1] is None:
            values.pop()
        header = [
            f"column {place}" if value is None else str(value).strip() for place, value in enumerate(values, start=1)
        ]
        twice = [name for name, n in Counter(header).items() if n > 1]
        if twice:
            msg = f"{self.name}: column {twice[0]!r} stands twice in the header; rename one of them"
            raise RequestError(msg)
        return header


def _value(cell: Any) -> Any:  # noqa: ANN401 - a cell may be of any type
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return cell.isoformat()
    return None if cell == "" else cell
