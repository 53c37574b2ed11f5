"""What separates the columns of a CSV, and when a quote was opened and never closed."""

import csv
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

DELIMITERS = ",;\t|"
_SEP_LINE = re.compile(r"sep=(.)\s*$", re.IGNORECASE)
_SAMPLE = 1_000


def sample(path: Path) -> list[str]:
    """The first lines, as they stand, without a byte order mark."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as handle:
        return [line[:100_000] for line in islice(handle, _SAMPLE)]


def sep_line(line: str) -> str | None:
    """What a first line `sep=;`, as Excel writes and hides it, says."""
    found = _SEP_LINE.match(line)
    return found[1] if found else None


def delimiter(path: Path, lines: Sequence[str]) -> str:
    """What separates the columns: a tab in a TSV; else what gives most records as many columns as the header.

    A sign within quotes separates nothing. In doubt more columns are better, then a comma.
    """
    if path.suffix.lower() in (".tsv", ".tab"):
        return "\t"
    return max(DELIMITERS, key=lambda sign: _fit(lines, sign))


def _fit(lines: Sequence[str], sign: str) -> tuple[bool, float, int]:
    try:
        widths = [len(values) for values in islice(csv.reader(lines, delimiter=sign), 100) if values]
    except csv.Error:
        widths = []
    if not widths or widths[0] < 2:
        return False, 0.0, 0
    return True, sum(width == widths[0] for width in widths) / len(widths), widths[0]


class QuoteDoubt:
    """Says of a record that runs over several lines whether its lines were rows of their own."""

    def __init__(self, lines: Sequence[str], sign: str, width: int) -> None:
        self._sign, self._width = sign, width
        plain = [parts for line in lines if '"' not in line and len(parts := self._parts(line)) == width]
        self._first = {_shape(parts[0]) for parts in plain}
        self._last = {parts[-1] for parts in plain}
        self._closed = re.compile(f'(?:^|{re.escape(sign)})"[^\r\n]*"(?:{re.escape(sign)}|\\s*$)')

    def _parts(self, line: str) -> list[str]:
        return line.rstrip("\r\n").split(self._sign)

    def of(self, lines: Sequence[str]) -> bool:
        """Whether each line has as many columns as a row has, and begins as rows of this file do.

        And, as that may be chance: the first line closes its quote, if one may stand within a text, or each ends with a
        value that ends other rows too.
        """
        parts = [self._parts(line) for line in lines]
        if self._width < 2 or any(len(each) != self._width for each in parts):
            return False
        if any(_shape(each[0]) not in self._first for each in parts[1:]):
            return False
        return self._closed.search(lines[0]) is not None or all(each[-1] in self._last for each in parts)


def _shape(text: str) -> str:
    """What a value looks like: digits and letters as such, however many.

    >>> _shape("r12"), _shape("2026-01-02")
    ('a0', '0-0-0')
    """
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", text))
