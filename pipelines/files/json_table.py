"""JSON in the forms that people have: lines, a list, a list wrapped in an object, one object, objects in a row."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from curator.errors import RequestError
from pipelines.files.json_spans import Items, Span, members, value_end, values, word
from pipelines.files.json_text import object_row
from pipelines.files.row import BOM, MAX_LINE, RawRow, RowShape, filled, shown

WRAPPERS = ("data", "rows", "examples", "items", "records", "samples", "instances", "dataset", "results", "train")
"""Names under which a file's rows stand, where several lists of objects stand beside each other."""
_INPUTS = (b'"messages"', b'"conversations"', b'"text"', b'"input"', b'"prompt"', b'"instruction"', b'"question"')
_LOOK = 20


def json_reader(path: Path) -> "LinesReader | DocumentReader":
    """The reader that fits a file of JSON."""
    return LinesReader(path) if _has_lines(path) else DocumentReader(path)


def _has_lines(path: Path) -> bool:
    """Whether each line is an object of its own."""
    with path.open("rb") as handle:
        first = next((body for body in _bodies(handle) if body.strip()), b"")
        if len(first) >= MAX_LINE:
            return False
        first, others = first.strip(), _some(handle)
    whole = _loads(first)
    if isinstance(whole, list) and whole and isinstance(whole[0], dict):
        return False
    if not others:
        return False  # one value alone may wrap the rows
    if whole is not None:
        return True
    if not first.startswith((b"{", b"[")):
        return True
    if first.endswith((b"{", b"[", b",", b":")):
        return any(isinstance(_loads(body), dict) for body in others[:1])
    return not first.startswith(b"[")


def _bodies(handle: BinaryIO) -> Iterator[bytes]:
    """The next lines; of one that is too long to be a row, the beginning, and then nothing."""
    while body := handle.readline(MAX_LINE):
        yield body.removeprefix(BOM)
        if not body.endswith(b"\n"):
            return


def _some(handle: BinaryIO) -> list[bytes]:
    found = []
    for body in _bodies(handle):
        if body.strip():
            found.append(body)
            if len(found) == _LOOK:
                break
    return found


def _loads(body: bytes) -> Any:  # noqa: ANN401 - raw JSON
    """The value, or None where there is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


@dataclass(slots=True)
class LinesReader:
    """JSON Lines. A line that holds several objects gives several rows."""

    path: Path
    notes: list[str] = field(default_factory=list)

    def shapes(self) -> list[RowShape]:
        """The first object of each set of keys."""
        found: dict[tuple[str, ...], RowShape] = {}
        for number, body, _ in self._lines():
            record = _loads(body) if len(body) <= MAX_LINE else None
            if isinstance(record, dict):
                keys = filled(record)
                if keys not in found:
                    found[keys] = number, record
            else:
                for row in _in_a_row(number, body):
                    found.setdefault(filled(row.record or {}), (number, row.record or {}))
        return list(found.values())

    def rows(self) -> Iterator[RawRow]:
        """The rows by line."""
        for number, body, bom in self._lines():
            row = object_row(number, body, notes=("byte order mark removed",) if bom else ())
            if row.reason == "malformed_json":
                yield from _in_a_row(number, body) or [row]
            else:
                yield row

    def _lines(self) -> Iterator[tuple[int, bytes, bool]]:
        with self.path.open("rb") as handle:
            for number, line in enumerate(handle, start=1):
                body = line.rstrip(b"\r\n")
                bom = body.startswith(BOM)
                if bom:
                    body = body[len(BOM) :]
                if body and not body.isspace():  # blank lines separate nothing and lose nothing
                    yield number, body, bom


def _in_a_row(line: int, body: bytes) -> list[RawRow]:
    """The objects of one line that stand one behind the other; empty where it is no such line."""
    if len(body) > MAX_LINE or not body.lstrip().startswith(b"{"):
        return []
    spans = list(values(body))
    texts = [body[span.start : span.end] for span in spans]
    if len(spans) < 2 or not all(text.startswith(b"{") for text in texts) or not isinstance(_loads(texts[0]), dict):
        return []
    return [object_row(line, text, part=part) for part, text in enumerate(texts)]


@dataclass(slots=True)
class DocumentReader:
    """A file that is one value or a few: a list of objects, an object around one, one object, objects in a row."""

    path: Path
    notes: list[str] = field(default_factory=list)

    def shapes(self) -> list[RowShape]:
        """The first object of each set of keys."""
        found: dict[tuple[str, ...], RowShape] = {}
        for row in self.rows():
            if row.record is not None:
                found.setdefault(filled(row.record), (row.line, row.record))
        return list(found.values())

    def rows(self) -> Iterator[RawRow]:
        """The rows, each by its number in the list, or by its line where there is no list."""
        self.notes.clear()
        if not self.path.stat().st_size:
            return
        with self.path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as document:
            start = word(document, len(BOM) if document[: len(BOM)] == BOM else 0)
            if start == len(document):
                return
            if document[start] == ord("["):
                yield from self._list(document, start, until=len(document))
                return
            within = self._wrapped(document, start)
            if within is None:
                yield from _objects(document, start, self.notes)
            else:
                yield from self._list(document, within, until=None)

    def _wrapped(self, document: Any, start: int) -> int | None:  # noqa: ANN401 - a memory map
        """Where the list begins that a lone object holds, or None.

        Raises:
            RequestError: There are several lists, or the object holds columns.
        """
        end = value_end(document, start)
        several = end is not None and word(document, end) < len(document)
        if several and _loads(_taken(document, start, end)) is not None:
            return None
        keys = list(members(document, start))
        lists = {key: at for key, at in keys if _holds_objects(document, at)}
        if any(key in _INPUTS for key, _ in keys):
            if all(document[at] in b"[{" for _, at in keys) and len(keys) > 1:
                self._refuse_columns(document, keys)
            return None
        if not lists:
            return None
        named = [key for key in lists if key.strip(b'"').decode("utf-8", "replace").lower() in WRAPPERS]
        sole = list(lists) if len(lists) == 1 and self.path.suffix == ".json" else []
        chosen = next(iter(sole or named), None)
        if several and chosen not in named:
            return None
        if chosen is None and self.path.suffix != ".json":
            return None  # one row, of which a field is a list
        if chosen is None or len(sole or named) > 1:
            shown_keys = ", ".join(key.decode("utf-8", "replace") for key in lists)
            msg = (
                f"{self.path.name} holds several lists ({shown_keys}); save the one that you mean as a file of its own"
            )
            raise RequestError(msg)
        beside = [key.decode("utf-8", "replace") for key, _ in keys if key != chosen]
        note = f"read as the list under {chosen.decode('utf-8', 'replace')}"
        self.notes.append(note + (f"; beside it, not read: {', '.join(beside[:10])}" if beside else ""))
        return lists[chosen]

    def _refuse_columns(self, document: Any, keys: list[tuple[bytes, int]]) -> None:  # noqa: ANN401 - a memory map
        """Raise where an object holds a file's columns: of equal length, none a list of objects."""
        sizes = set()
        for _, at in keys:
            end = value_end(document, at)
            value = _loads(document[at:end]) if end is not None else None
            if not isinstance(value, list | dict) or any(isinstance(v, dict | list) for v in value):
                return
            sizes.add((type(value), len(value)))
        if len(sizes) == 1:
            msg = (
                f"{self.path.name} holds columns, not rows; write rows: in pandas "
                'df.to_json("rows.jsonl", orient="records", lines=True)'
            )
            raise RequestError(msg)

    def _list(self, document: Any, start: int, *, until: int | None) -> Iterator[RawRow]:  # noqa: ANN401 - a memory map
        items, lines, number, ended = Items(document, start + 1, wrapped=until is None), _Lines(document), 0, False
        for number, span in enumerate(items, start=1):
            row = self._item(items, number, span, lines)
            ended = row.reason == "cut_off"
            yield row
        if items.trailing_comma:
            self.notes.append("a comma stands before the closing bracket of the list; nothing is missing there")
        if items.end is None and not ended:
            yield _cut_off(number + 1, lines.at(len(document)), b"")
        elif items.end is not None and until is not None and (more := word(document, items.end)) < until:
            detail = f"what follows the list, from line {lines.at(more)} on, is not read"
            yield RawRow(number + 1, None, "after_the_end", detail, shown(document[more : more + 100_000]))

    def _item(self, items: Items, number: int, span: Span, lines: "_Lines") -> RawRow:
        """The row of an item. A broken one is cut where the next one begins."""
        body = _taken(items.document, span.start, span.end)
        row = object_row(number, body)
        if row.reason is None:
            return row
        if row.reason in ("malformed_json", "line_too_long") and items.resume(span):
            body = _taken(items.document, span.start, items.at).rstrip().removesuffix(b",")
        elif span.end is None:
            return _cut_off(number, lines.at(span.start), body)
        detail = f"item {number}, on line {lines.at(span.start)}: {row.detail}"
        return RawRow(number, None, row.reason, detail, shown(body))


def _holds_objects(document: Any, at: int) -> bool:  # noqa: ANN401 - a memory map
    """Whether a list of objects begins there."""
    inner = word(document, at + 1)
    return bool(document[at] == ord("[") and inner < len(document) and document[inner] == ord("{"))


def _taken(document: Any, start: int, end: int | None) -> bytes:  # noqa: ANN401 - a memory map
    """The bytes of a value, of one that is too long a few more than may be."""
    most = start + MAX_LINE + 1
    return bytes(document[start : most if end is None else min(end, most)])


def _cut_off(number: int, line: int, body: bytes) -> RawRow:
    detail = f"the file ends on line {line} inside item {number}; what followed is missing: get the whole file"
    return RawRow(number, None, "cut_off", detail, shown(body))


def _objects(document: Any, start: int, notes: list[str]) -> Iterator[RawRow]:  # noqa: ANN401 - a memory map
    """Objects in a row, each by the line on which it begins."""
    lines, last, part, commas = _Lines(document), 0, 0, 0
    for number, span in enumerate(values(document, start), start=1):
        line = lines.at(span.start)
        last, part = (line, part + 1) if line == last else (line, 0)
        body = _taken(document, span.start, span.end)
        if not body.strip(b", \t\r\n"):
            commas += 1
            continue
        if span.end is None:
            yield RawRow(line, None, "cut_off", _cut_off(number, line, b"").detail, shown(body), part=part)
        else:
            yield object_row(line, body, part=part)
    if commas:
        notes.append(f"a comma stands behind an object, as in a list, {commas:,} times; nothing is missing there")


@dataclass(slots=True)
class _Lines:
    """The lines of a document, counted once as far as they are asked for."""

    document: Any
    seen: int = 0
    line: int = 1

    def at(self, place: int) -> int:
        """The line (from 1) on which a byte stands; places may not go back."""
        while self.seen < place:
            upto = min(place, self.seen + 1_048_576)
            self.line += self.document[self.seen : upto].count(b"\n")
            self.seen = upto
        return self.line
