"""Which reader a file needs, by what it is rather than by what it is called."""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from curator.errors import NotFoundError, RequestError
from curator.records import json_ready, write_exact
from pipelines.files.arrow_table import as_parquet
from pipelines.files.conll_table import KINDS as CONLL
from pipelines.files.conll_table import ConllReader
from pipelines.files.csv_form import DELIMITERS, delimiter, sample
from pipelines.files.csv_table import CsvReader
from pipelines.files.json_table import DocumentReader, LinesReader, json_reader
from pipelines.files.limits import check_declared
from pipelines.files.parquet_table import ParquetReader
from pipelines.files.row import RawRow, RowShape, filled
from pipelines.files.unpack import as_utf8, unpack
from pipelines.files.workbook import WorkbookReader

JSON = (".jsonl", ".ndjson", ".json", ".manifest")
CSV = (".csv", ".tsv", ".tab")
_KINDS = ".jsonl, .json, .csv, .tsv, .parquet, .xlsx or .conll, also packed (.gz, .zst, .bz2, .xz, .zip)"
ENCODINGS = (
    "utf-8",
    "cp1252",
    "utf-16",
    "cp1250",
    "cp1251",
    "latin-1",
    "mac_roman",
    "shift_jis",
    "gb18030",
    "big5",
    "euc_kr",
)
"""Encodings that people meet, for whoever has to choose one."""
LOOKED = 100
"""Rows of a table that are looked at to see what it is."""
_Reader = LinesReader | DocumentReader | CsvReader | ParquetReader | WorkbookReader | ConllReader
_NO_ROWS = {
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"%PDF-": "a PDF",
    b"SQLite format 3\0": "a database of SQLite",
    b"7z\xbc\xaf": "an archive of 7-Zip",
    b"Rar!\x1a": "an archive of RAR",
    b"\x93NUMPY": "an array of NumPy",
    b"\x89HDF": "a file of HDF5",
    b"Obj\x01": "a file of Avro",
    b"\x80\x02": "a pickle of Python",
    b"\x80\x03": "a pickle of Python",
    b"\x80\x04": "a pickle of Python",
    b"\x80\x05": "a pickle of Python",
}
"""What the first bytes of files say that are given for data now and then."""
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


@dataclass(slots=True)
class Table:
    """An open file."""

    name: str
    _reader: _Reader
    _notes: tuple[str, ...]
    _truncated: str | None
    _shapes: list[RowShape] | None = None

    def columns(self) -> list[str]:
        """All columns, in the order in which they are met; a key that only late rows have is a column too.

        Raises:
            RequestError: The file cannot be read as what it is.
        """
        if isinstance(self._reader, CsvReader | ParquetReader | WorkbookReader | ConllReader):
            return self._reader.columns()
        return list(dict.fromkeys(key for _, record in self.shapes() for key in record))

    def shapes(self) -> list[RowShape]:
        """The first row of each set of columns that are not empty, with its line; of a table, among its first rows.

        Raises:
            RequestError: The file cannot be read as what it is.
        """
        if self._shapes is None:
            if isinstance(self._reader, CsvReader | ParquetReader | WorkbookReader):
                looked = islice((row for row in self._reader.rows() if row.record is not None), LOOKED)
                found: dict[tuple[str, ...], RowShape] = {}
                for row in looked:
                    record = row.record or {}
                    found.setdefault(filled(record), (row.line, record))
                self._shapes = list(found.values())
            else:
                self._shapes = self._reader.shapes()
        return self._shapes

    def rows(self) -> Iterator[RawRow]:
        """The rows; may be asked for again.

        Raises:
            RequestError: The file cannot be read as what it is.
        """
        last = 0
        for row in self._reader.rows():
            last = row.line
            yield row
        if self._truncated:
            yield RawRow(last + 1, None, "cut_off", self._truncated, "")

    def counts(self, column: str, most: int) -> tuple[list[tuple[str, int]], int, int]:
        """A column's most frequent values (at most `most`), how many values there are, and on how many rows."""
        fast = self._reader.counts(column, most) if isinstance(self._reader, CsvReader) else None
        if fast is not None:
            return fast
        values = Counter(filter(None, (as_text((row.record or {}).get(column)).strip() for row in self.rows())))
        top = sorted(values.items(), key=lambda item: (-item[1], item[0]))[:most]
        return top, len(values), values.total()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to read the file; complete once the rows were read."""
        return (*self._notes, *self._reader.notes)


def as_text(value: object) -> str:
    """A raw cell as text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    ready = json_ready(value)  # a Parquet value may be of any type
    return ready if isinstance(ready, str) else "" if ready is None else write_exact(ready)


@contextmanager
def opened(path: Path, encoding: str | None = None) -> Iterator[Table]:
    """Open a file for the length of a block.

    Args:
        path: JSON Lines, JSON, CSV, TSV, Parquet or xlsx, also packed.
        encoding: Of a text file; None finds UTF-8, UTF-16 and UTF-32, and refuses what may be any other.

    Raises:
        NotFoundError: There is no such file.
        RequestError: The file cannot be read; the sentence says what to do.
    """
    _require(path)
    check_declared(path)
    with tempfile.TemporaryDirectory(prefix="curator-read-") as folder:
        plain = unpack(path, Path(folder))
        kind = _kind(plain.path, path.name)
        reader: _Reader
        if kind == "arrow":
            reader = ParquetReader(as_parquet(plain.path, path.name, Path(folder)), path.name)
        elif kind == "parquet":
            reader = ParquetReader(plain.path, path.name)
        elif kind == "workbook":
            reader = WorkbookReader(plain.path, path.name)
        else:
            plain = as_utf8(plain, path.name, Path(folder), encoding)
            reader, more = _text_reader(plain.path, kind, path.name)
            plain = type(plain)(plain.path, (*plain.notes, *more), plain.truncated)
        yield Table(path.name, reader, plain.notes, plain.truncated)


def read_rows(path: Path, encoding: str | None = None) -> Iterator[RawRow]:
    """The rows of a file; errors as of `opened`."""
    _require(path)

    def rows() -> Iterator[RawRow]:
        with opened(path, encoding) as table:
            yield from table.rows()

    return rows()


def columns(path: Path, encoding: str | None = None) -> list[str]:
    """The columns of a file; errors as of `opened`."""
    with opened(path, encoding) as table:
        return table.columns()


def file_hash(path: Path) -> str:
    """SHA-256 of the file's bytes.

    Raises:
        NotFoundError: There is no such file.
    """
    _require(path)
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _require(path: Path) -> None:
    if path.is_dir():
        msg = f"no file {path}: it is a folder; name the files in it"
        raise NotFoundError(msg)
    if not path.is_file():
        msg = f"no file {path}"
        raise NotFoundError(msg)


def _kind(path: Path, name: str) -> str:
    """parquet, arrow, workbook, json or csv, by the first bytes, and for a text by the extension.

    Raises:
        RequestError: It is something else.
    """
    with path.open("rb") as handle:
        head = handle.read(8)
    suffix = path.suffix.lower()
    if head.startswith(b"PAR1") or suffix in (".parquet", ".pq"):
        return "parquet"
    if head.startswith(b"ARROW1") or suffix == ".arrow":
        return "arrow"
    if head.startswith(b"PK\x03\x04") or suffix in (".xlsx", ".xlsm"):
        return "workbook"
    if head.startswith(_OLD_EXCEL) or suffix == ".xls":
        msg = f"{name} is a workbook of an old Excel; save it as .xlsx or as CSV UTF-8"
        raise RequestError(msg)
    _refuse_no_rows(path, name)
    if suffix in JSON:
        return "json"
    if suffix in CSV:
        return "csv"
    if suffix in CONLL:
        return "conll"
    if suffix == ".spacy":
        msg = f"{name} is a DocBin of spaCy; write its documents as JSON Lines, one `doc.to_json()` a line"
        raise RequestError(msg)
    msg = f"{name}: extension {suffix!r} is unknown, expected {_KINDS}"
    raise RequestError(msg)


def _refuse_no_rows(path: Path, name: str) -> None:
    """Raise where the first bytes say that a file is something that holds no rows of text.

    Raises:
        RequestError: It is.
    """
    with path.open("rb") as handle:
        head = handle.read(512)
    page = head.lstrip().lower().startswith((b"<!doctype html", b"<html"))
    found = "a web page (was a download refused?)" if page else None
    found = next((what for mark, what in _NO_ROWS.items() if head.startswith(mark)), found)
    if found is not None:
        msg = f"{name} is {found} and holds no rows; write them as JSON Lines, CSV, Parquet or xlsx"
        raise RequestError(msg)


def _text_reader(path: Path, kind: str, name: str) -> tuple[_Reader, tuple[str, ...]]:
    """The reader of a UTF-8 text, and what has to be said of it."""
    if kind == "conll":
        return ConllReader(path, name), ()
    lines = [line for line in sample(path) if line.strip()][:20]
    begins = lines[0].lstrip()[:1] if lines else ""
    if kind == "csv" and begins in ("{", "[") and any(row.record for row in _few(json_reader(path))):
        return json_reader(path), ("it holds JSON, and is read as such",)
    if (
        kind == "json"
        and lines
        and not any(line.lstrip().startswith(("{", "[")) for line in lines)
        and _is_csv(path, lines)
    ):
        return CsvReader(path), ("it holds a CSV, and is read as such",)
    return (CsvReader(path), ()) if kind == "csv" else (json_reader(path), ())


def _few(reader: _Reader) -> list[RawRow]:
    rows = reader.rows()
    return [row for row, _ in zip(rows, range(3), strict=False)]


def _is_csv(path: Path, lines: list[str]) -> bool:
    """Whether the lines have columns, each as many as the first."""
    sign = delimiter(path, lines)
    widths = {line.count(sign) for line in lines}
    return len(lines) > 1 and sign in DELIMITERS and len(widths) == 1 and widths != {0}
