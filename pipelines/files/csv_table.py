"""CSV and TSV, with the line on which each record begins."""

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
import polars as pl

from curator.errors import RequestError
from pipelines.files.csv_form import QuoteDoubt, delimiter, sample, sep_line
from pipelines.files.row import MAX_LINE, RawRow, shown
from pipelines.files.unpack import ENCODING_WORDS

_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


class _Lines:
    """The lines of a file, of which those after the first may be put back."""

    def __init__(self, handle: TextIO) -> None:
        self._handle = handle
        self._back: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._handle)
        self.number += 1
        self.taken.append(line)
        return line

    def put_back(self) -> None:
        """Keep the first line taken; the others come again."""
        self.number -= len(self.taken) - 1
        self._back.extendleft(reversed(self.taken[1:]))
        self.taken = self.taken[:1]


@dataclass(slots=True)
class CsvReader:
    """A CSV file. Columns without a name are called by their place: `column 1`."""

    path: Path
    notes: list[str] = field(default_factory=list)

    def columns(self) -> list[str]:
        """The names in the header.

        Raises:
            RequestError: The header cannot be used.
        """
        with self._open() as handle:
            return _Records(self.path, handle).header

    def rows(self) -> Iterator[RawRow]:
        """The records by line."""
        with self._open() as handle:
            records = _Records(self.path, handle)
            self.notes[:] = records.notes
            yield from records

    def counts(self, column: str, most: int) -> tuple[list[tuple[str, int]], int, int] | None:
        """Count a column's values at once, by a reader that is many times faster and less patient with odd rows.

        Returns:
            The most frequent values without space at their ends (at most `most`, those that are empty aside), how many
            there are, and on how many rows; None where that reader may read the file otherwise. A row with
            too few or too many columns is counted if it has this one.
        """
        with self._open() as handle:
            records = _Records(self.path, handle)
        if not _whole_lines(self.path):
            return None
        place = records.header.index(column)
        try:
            values = (
                pl.scan_csv(
                    self.path,
                    separator=records.sign,
                    infer_schema=False,
                    skip_rows=records.before,
                    new_columns=[str(n) for n in range(len(records.header))],
                )
                .select(pl.nth(place).str.strip_chars().alias("value"))
                .filter(pl.col("value") != "")
                .group_by("value")
                .len()
                .collect(engine="streaming")
            )
        except pl.exceptions.PolarsError:
            return None
        top = _most_frequent(values, most)
        return list(zip(top["value"], top["len"], strict=True)), values.height, int(values["len"].sum())

    def _open(self) -> TextIO:
        return self.path.open(encoding="utf-8", errors="surrogateescape", newline="")


class _Records:
    """The header of an open file, then its records."""

    def __init__(self, path: Path, handle: TextIO) -> None:
        csv.field_size_limit(MAX_LINE)
        first = sample(path)
        self.notes: list[str] = []
        self._lines = _Lines(handle)
        self._row_notes: tuple[str, ...] = ()
        if handle.read(1) == "\ufeff":
            self._row_notes = ("byte order mark removed",)
        else:
            handle.seek(0)
        said = sep_line(first[0]) if first else None
        if said is not None:
            next(self._lines)
            first = first[1:]
            self.notes.append(f"its first line says that {_NAMES.get(said, said)} separate the columns")
        sign = said or delimiter(path, first)
        self.sign, self.before = sign, int(said is not None)
        self._reader = csv.reader(self._lines, delimiter=sign, strict=True)
        self.header = self._header(path)
        self._doubt = QuoteDoubt(first, sign, len(self.header))

    def _header(self, path: Path) -> list[str]:
        try:
            header = self._first_with_content()
        except csv.Error as error:
            msg = f"{path.name}: the header cannot be read: {error}"
            raise RequestError(msg) from error
        if any(_undecoded(name) for name in header):
            msg = f"{path.name}: the header is not UTF-8; {ENCODING_WORDS}"
            raise RequestError(msg)
        unnamed = [place for place, name in enumerate(header, start=1) if not name]
        header = [name or f"column {place}" for place, name in enumerate(header, start=1)]
        twice = [name for name, n in Counter(header).items() if n > 1]
        if twice:
            msg = f"{path.name}: column {twice[0]!r} stands twice in the header; rename one of them"
            raise RequestError(msg)
        if unnamed:
            self.notes.append(f"columns without a name: {', '.join(f'column {place}' for place in unnamed)}")
        return header

    def _first_with_content(self) -> list[str]:
        """The first record of which any cell holds something, as a spreadsheet shows it at the top."""
        while True:
            self._lines.taken = []
            values = next(self._reader, None)
            if values is None:
                return []
            names = [name.strip() for name in values]
            if any(names):
                before = self._lines.number - len(self._lines.taken)
                if before > self.before:
                    self.notes.append(f"the header is on line {before + 1}; what stands above it is empty")
                    self.before = before
                return names

    def __iter__(self) -> Iterator[RawRow]:
        """The records. Where one cannot be read, its first line is rejected and reading goes on after it."""
        while True:
            self._lines.taken = []
            line = self._lines.number + 1
            try:
                values = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._again(line, _quote_words(str(error), line, len(self._lines.taken)))
                continue
            if len(self._lines.taken) > 1 and self._doubt.of(self._lines.taken):
                last = line + len(self._lines.taken) - 1
                yield self._again(
                    line,
                    f"a quote is opened on line {line} and closed on line {last} only, and what lies between are rows",
                )
                continue
            if values:
                yield self._row(line, values)

    def _again(self, line: int, detail: str) -> RawRow:
        """Reject the first line, and read those after it anew."""
        self._lines.put_back()
        return RawRow(line, None, "malformed_csv", detail, shown(self._raw()))

    def _raw(self) -> bytes:
        return "".join(self._lines.taken).rstrip("\r\n").encode("utf-8", "surrogateescape")

    def _row(self, line: int, values: list[str]) -> RawRow:
        if any(_undecoded(value) for value in values):
            detail = f"the row is not UTF-8; {ENCODING_WORDS}"
            return RawRow(line, None, "invalid_utf8", detail, shown(self._raw()))
        width = len(self.header)
        if len(values) > width and not any(values[width:]):  # separators at the end, as spreadsheets write them
            values = values[:width]
        if len(values) != width:
            detail = f"the row has {len(values)} columns, the header {width}"
            return RawRow(line, None, "wrong_columns", detail, shown(self._raw()))
        notes, self._row_notes = self._row_notes, ()
        return RawRow(line, dict(zip(self.header, values, strict=True)), notes=notes)


def _most_frequent(values: pl.DataFrame, most: int) -> pl.DataFrame:
    """The first of the rows (value, len) by count, then by value; of three million values none are put in order."""
    if values.height > most:
        least = values["len"].top_k(most).min()
        more = values.filter(pl.col("len") > least)
        ties = values.filter(pl.col("len") == least).bottom_k(most - more.height, by="value")
        values = pl.concat([more, ties])
    return values.sort(["len", "value"], descending=[True, False])


def _quote_words(error: str, line: int, lines: int) -> str:
    """What a reader's error means to the person who wrote the file."""
    if error == "unexpected end of data":
        return f"a quote is opened on line {line} and never closed"
    if lines > 1:
        return f"a quote is opened on line {line} and not closed before line {line + lines - 1} ({error})"
    return error


def _whole_lines(path: Path) -> bool:
    """Whether each line holds an even number of quotes, so that no field goes over lines and no quote is stray."""
    if not path.stat().st_size:
        return False
    bytes_N = np.memmap(path, dtype=np.uint8, mode="r")
    quotes_Q, lines_L = np.flatnonzero(bytes_N == ord('"')), np.flatnonzero(bytes_N == ord("\n"))
    return len(quotes_Q) % 2 == 0 and not (np.searchsorted(quotes_Q, lines_L) % 2).any()


def _undecoded(text: str) -> bool:
    """Whether bytes that are no UTF-8 were read into the text as surrogates."""
    return not text.isascii() and re.search("[\udc80-\udcff]", text) is not None
