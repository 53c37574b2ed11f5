"""Which parts of a raw text stand for given words of its normal form: what side by side views mark."""

from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import groupby
from unicodedata import category

from curator.text.normal_form import normalise


@lru_cache(maxsize=4096)
def _parts(char: str) -> bool:
    """Whether a character parts words in the normal form. A zero-width one does not: it vanishes inside a word."""
    return category(char) != "Cf" and not normalise(char)


def marked(text: str, words: Collection[str]) -> list[tuple[str, bool]]:
    """Cut a text into pieces, each with whether it stands for one of the words.

    The pieces together are the text, unchanged.

    Args:
        text: The raw text.
        words: Words of `normalise`, as `curator.duplicates.differing_words` returns them.

    >>> marked("My VIRTUAL card!", ["virtual"])
    [('My ', False), ('VIRTUAL', True), (' card!', False)]
    """
    wanted = set(words)
    pieces: list[tuple[str, bool]] = []
    for piece in _runs(text):
        differs = bool(wanted) and not wanted.isdisjoint(normalise(piece).split())
        if pieces and pieces[-1][1] == differs:
            pieces[-1] = (pieces[-1][0] + piece, differs)
        else:
            pieces.append((piece, differs))
    return pieces


def _runs(text: str) -> Iterator[str]:
    for _, run in groupby(text, _parts):
        yield "".join(run)
