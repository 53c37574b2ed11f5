"""What would come in of a file of another tool's format, before there is a dataset that it goes to."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from curator.importers import ImportFormat, RawRecord, Reading, lifted
from curator.records import Given, Parsed, Rejected, make_task, take_in
from pipelines.files import RawRow, Table

_MOST = 20_000
"""Rows that are looked at."""
SHOWN = 20
_ANY = make_task({"name": "first look", "kind": "text"})


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What some rows of a file give.

    Attributes:
        title: What the file is read as.
        rows: Rows that would be taken.
        whole: Whether all rows of the file were looked at.
        labels_by: By labeler, accepted labels; those that name nobody are under "".
        rejected: Answers that somebody said are wrong, and skips, by what they are.
        comparisons: Of two answers.
        attempts: Requests to models, by what became of them.
        values: Each label with its rows, most frequent first.
        shown: The first rows, as text.
        refused: The first rows that would not be taken, with line and reason.
        cannot: What of the format is not read.
    """

    title: str
    rows: int
    whole: bool
    labels_by: Mapping[str, int]
    rejected: Mapping[str, int]
    comparisons: int
    attempts: Mapping[str, int]
    values: tuple[tuple[str, int], ...]
    shown: tuple[Mapping[str, str], ...]
    refused: tuple[str, ...]
    cannot: str


def first_look(table: Table, format: ImportFormat) -> FirstLook:
    """Read the first rows of an open file as a format. Labels are taken as they are: there is no task yet."""
    who, rejected, ends, values = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    rows = compared = seen = 0
    shown: list[Mapping[str, str]] = []
    refused: list[str] = []
    reading = Reading(_ANY, tuple(table.columns()), table.name)
    for seen, row in enumerate(table.rows(), start=1):
        if seen > _MOST:
            break
        try:
            made = _made(row, format, reading)
        except Rejected as error:
            if len(refused) < SHOWN:
                refused.append(f"line {row.line}: {error.reason}: {error}")
            continue
        for parsed in made:
            rows += 1
            accepted = [label for label in parsed.labels if label.status == "accepted"]
            who.update(label.labeler or "" for label in accepted)
            values.update(str(label.value) for label in accepted)
            rejected.update(label.status for label in parsed.labels if label.status != "accepted")
            ends.update(each.status for each in parsed.attempts)
            compared += len(parsed.comparisons)
            if len(shown) < SHOWN:
                shown.append(_shown(parsed))
    top = tuple(sorted(values.items(), key=lambda item: (-item[1], item[0])))
    whole = seen <= _MOST
    return FirstLook(
        format.title, rows, whole, who, rejected, compared, ends, top, tuple(shown), tuple(refused), format.cannot
    )


def _made(row: RawRow, format: ImportFormat, reading: Reading) -> list[Parsed]:
    """What one row gives.

    Raises:
        Rejected: It cannot be taken.
    """
    if row.record is None:
        raise Rejected(row.reason or "unreadable", row.detail or "")
    if not format.table and not format.fits(row.record):
        raise Rejected("other_format", f"the row is no {format.title}")
    return [_taken(given, row.record, format, row.line) for given in format.read(row.record, reading)]


def _taken(given: Given, record: RawRecord, format: ImportFormat, line: int) -> Parsed:
    whole = lifted(given, record, {})
    return take_in(
        whole,
        dataset="",
        task=_ANY,
        source="import",
        split=None,
        fallback_id=f"line {line}",
        by_content=format.by_content,
    )


def _shown(parsed: Parsed) -> Mapping[str, str]:
    labels = [f"{label.status} {label.value or ''} ({label.labeler or 'unnamed'})" for label in parsed.labels]
    compared = [f"{one.a} / {one.b}: {one.choice}" for one in parsed.comparisons]
    return {
        "id": parsed.example.external_id,
        "input": parsed.example.text,
        "labels": "; ".join(labels),
        "comparisons": "; ".join(compared),
        "other columns": ", ".join(parsed.example.metadata),
    }


def look_words(look: FirstLook) -> list[str]:
    """A first look as sentences."""
    some = "" if look.whole else f" among its first {_MOST:,}"
    words = [f"Recognised as {look.title}: {look.rows:,} rows{some} would come in."]
    if look.labels_by:
        said = ", ".join(f"{name or 'nobody named'} {n:,}" for name, n in look.labels_by.items())
        words.append(f"Labels by: {said}.")
    if look.rejected:
        words.append("No labels: " + ", ".join(f"{name} {n:,}" for name, n in look.rejected.items()) + ".")
    if look.comparisons:
        words.append(f"Comparisons of two answers: {look.comparisons:,}.")
    if look.attempts:
        words.append("Requests to models: " + ", ".join(f"{name} {n:,}" for name, n in look.attempts.items()) + ".")
    if look.cannot:
        words.append(f"Not read: {look.cannot}.")
    return words
