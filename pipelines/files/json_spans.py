"""Where the values of a JSON document begin and end, found without decoding it, and found again after a broken one."""

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass

Bytes = bytes | mmap.mmap
"""A document in memory, or a memory-mapped file."""

_STRING = rb'"(?:[^"\\\n\r]++|\\.)*+"'
_NESTED = re.compile(_STRING + rb"|[{}\[\]]", re.S)
_LISTED = re.compile(_STRING + rb"|[{}\[\],]", re.S)
_WORD = re.compile(rb"\S")
_AFTER = re.compile(rb"\s*([,\]])")
_KEY = re.compile(rb"\s*(" + _STRING + rb")\s*:\s*(?=\S)", re.S)
_FIRST_KEY = re.compile(rb"\{\s*(" + _STRING + rb")\s*:", re.S)
_ON = re.compile(rb"\s*(,\s*[{\[]|,?\s*\]\s*\Z)")
_WRAPPED_ON = re.compile(rb'\s*(,\s*[{\[]|,?\s*\]\s*(\}\s*\Z|,\s*"))')
_STRAY = re.compile(rb"\}\s*,\s*(?=\{)")


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value stands: its first byte and the byte after it. `end` is None where the document ends within it."""

    start: int
    end: int | None


def word(document: Bytes, at: int) -> int:
    """The next byte that is no white space, or the document's length."""
    found = _WORD.search(document, at)
    return found.start() if found else len(document)


def value_end(document: Bytes, start: int) -> int | None:
    """The byte after the object or list that begins at `start`, or None."""
    depth = 0
    for token in _NESTED.finditer(document, start):
        sign = document[token.start()]
        if sign in b"{[":
            depth += 1
        elif sign in b"}]":
            depth -= 1
            if depth <= 0:
                return token.end()
    return None


def values(document: Bytes, at: int = 0) -> Iterator[Span]:
    """The objects and lists that follow each other in a document, with or without white space between them.

    What is neither object nor list is one span up to the next `{`.
    """
    size = len(document)
    while (at := word(document, at)) < size:
        if document[at] in b"{[":
            end = value_end(document, at)
        else:
            found = re.compile(rb"[{\[]").search(document, at)
            end = found.start() if found else size
        yield Span(at, end)
        if end is None:
            return
        at = end


def members(document: Bytes, at: int) -> Iterator[tuple[bytes, int]]:
    """The keys of the object that begins at `at`, each (with its quotes) with the place where its value begins."""
    at += 1
    while key := _KEY.match(document, at):
        yield key[1], key.end()
        if document[key.end()] in b"{[":
            end = value_end(document, key.end())
            if end is None:
                return
            at = end
        else:
            at = key.end()
        comma = _LISTED.search(document, at)
        while comma and document[comma.start()] not in b",}":
            comma = _LISTED.search(document, comma.end())
        if comma is None or document[comma.start()] == ord("}"):
            return
        at = comma.end()


@dataclass(slots=True)
class Items:
    """The items of a list, one after the other; `at` is the place from which the next one is looked for.

    After the last one `end` is the byte after the list, or None where the document ends before it. `trailing_comma`
    says whether a comma stood before the closing bracket.
    """

    document: Bytes
    at: int
    wrapped: bool = False
    end: int | None = None
    trailing_comma: bool = False

    def __iter__(self) -> Iterator[Span]:
        comma = False
        while (at := word(self.document, self.at)) < len(self.document):
            sign = self.document[at]
            if sign == ord("]"):
                self.end, self.trailing_comma = at + 1, comma
                return
            comma = sign == ord(",")
            if comma:
                self.at = at + 1
                continue
            span = Span(at, self._item_end(at))
            self.at = len(self.document) if span.end is None else span.end
            yield span

    def _item_end(self, at: int) -> int | None:
        """The end of an item; of one that is neither object nor list, or that something odd follows, the next comma."""
        document = self.document
        end = value_end(document, at) if document[at] in b"{[" else at
        if end is None or (end > at and _AFTER.match(document, end)):
            return end
        depth = 0
        for token in _LISTED.finditer(document, end):
            sign = document[token.start()]
            if sign in b"{[":
                depth += 1
            elif sign in b"}]" and depth:
                depth -= 1
            elif sign in b",]}" and not depth:
                return token.start()
        return None

    def resume(self, broken: Span) -> bool:
        """Go on within a span that is broken, at the next item that begins as it does; False where there is none.

        A quote too many turns the rest of a list inside out, up to the next one. An item that begins with the same
        first key is the next item; an object within the broken one seldom does.
        """
        first = _FIRST_KEY.match(self.document, broken.start)
        if first is None:
            return False
        sure = broken.end is not None and (_WRAPPED_ON if self.wrapped else _ON).match(self.document, broken.end)
        stop = broken.end if sure and broken.end is not None else len(self.document)
        for found in _STRAY.finditer(self.document, broken.start, stop):
            again = _FIRST_KEY.match(self.document, found.end())
            if again and again[1] == first[1]:
                self.at = found.end()
                return True
        return False
