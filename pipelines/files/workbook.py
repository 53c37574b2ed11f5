"""A sheet of an Excel workbook, cell by cell: a number is a number and a text a text, however the column mixes them."""

import datetime
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from curator.errors import RequestError
from pipelines.files.row import RawRow

_EMPTY = object()
"""What stands for the value of a formula that nobody has worked out."""
_NOT_WORKED_OUT = (
    "column {!r} holds a formula without a stored value, which is left out; open the workbook in a spreadsheet, save "
    "it, and read it again"
)


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
            notes = tuple(
                _NOT_WORKED_OUT.format(name) for name, value in zip(header, values, strict=False) if value is _EMPTY
            )
            record = {name: None if value is _EMPTY else value for name, value in zip(header, values, strict=False)}
            yield RawRow(number, record, notes=notes)

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
                for number, values in enumerate(self._cells(sheet.title, sheet), start=1):
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

    def _cells(self, title: str, sheet: Any) -> Iterator[list[Any]]:  # noqa: ANN401 - a sheet of openpyxl
        """The values of each row; `_EMPTY` where a formula has none."""
        if not _has_formulas(self.path):
            yield from ([_value(cell) for cell in cells] for cells in sheet.iter_rows(values_only=True))
            return
        said = openpyxl.load_workbook(self.path, read_only=True, data_only=False)
        try:
            rows = zip(sheet.iter_rows(values_only=True), said[title].iter_rows(values_only=True), strict=False)
            for cells, written in rows:
                yield [
                    _EMPTY if cell is None and text is not None else _value(cell)
                    for cell, text in zip_longest(cells, written)
                ]
        finally:
            said.close()

    def _header(self, values: list[Any]) -> list[str]:
        while values and values[-1] is None:
            values.pop()
        header = [
            f"column {place}" if value in (None, _EMPTY) else str(value).strip()
            for place, value in enumerate(values, start=1)
        ]
        twice = [name for name, n in Counter(header).items() if n > 1]
        if twice:
            msg = f"{self.name}: column {twice[0]!r} stands twice in the header; rename one of them"
            raise RequestError(msg)
        return header


def _has_formulas(path: Path) -> bool:
    """Whether any sheet has a formula; a workbook that cannot be unpacked is told by its reader."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    with archive.open(name) as part:
                        kept = b""
                        while block := part.read(1 << 20):
                            if b"<f>" in (seen := kept + block) or b"<f " in seen:
                                return True
                            kept = block[-2:]
    except (zipfile.BadZipFile, OSError):
        return False
    return False


def _value(cell: Any) -> Any:  # noqa: ANN401 - a cell may be of any type
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return cell.isoformat()
    return None if cell == "" else cell
