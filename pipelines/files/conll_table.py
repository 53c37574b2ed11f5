"""Texts in columns: a token a line with its tag in the last column, sentences apart by an empty line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from curator.errors import RequestError
from pipelines.files.row import RawRow, RowShape, shown

KINDS = (".conll", ".conll2003", ".iob", ".iob2", ".bio")


@dataclass(slots=True)
class ConllReader:
    """Each sentence is a row with `tokens` and `tags`."""

    path: Path
    name: str
    notes: list[str] = field(default_factory=list)

    def columns(self) -> list[str]:
        """The two columns that a sentence has."""
        return ["tokens", "tags"]

    def shapes(self) -> list[RowShape]:
        """The first sentence.

        Raises:
            RequestError: There is none with two columns.
        """
        first = next((row for row in self.rows() if row.record is not None), None)
        if first is None:
            msg = (
                f"{self.name} has no token with a tag: expected a token and its tag a line, an empty line between texts"
            )
            raise RequestError(msg)
        return [(first.line, first.record or {})]

    def rows(self) -> Iterator[RawRow]:
        """The sentences, by the line of their first token."""
        start, tokens, tags = 0, list[str](), list[str]()
        for number, line in self._lines():
            cells = line.split()
            if not cells or cells[0].startswith("-DOCSTART-") or (cells[0] == "#" and not tokens):
                yield from _sentence(start, tokens, tags)
                start, tokens, tags = 0, [], []
                continue
            start = start or number
            tokens.append(cells[0])
            tags.append(cells[-1] if len(cells) > 1 else "")
        yield from _sentence(start, tokens, tags)

    def _lines(self) -> Iterator[tuple[int, str]]:
        with self.path.open(encoding="utf-8") as handle:
            for number, line in enumerate(handle, start=1):
                yield number, line.rstrip("\r\n")


def _sentence(line: int, tokens: list[str], tags: list[str]) -> Iterator[RawRow]:
    if not tokens:
        return
    if "" in tags:
        detail = f"token {tokens[tags.index('')]!r} has no tag beside it"
        yield RawRow(line, None, "bad_tags", detail, shown(" ".join(tokens).encode()))
    else:
        yield RawRow(line, {"tokens": tokens, "tags": tags})
