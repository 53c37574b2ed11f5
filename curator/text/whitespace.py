"""White space as one space, for texts whose case and marks matter."""

import re
import unicodedata

CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Control characters that no text has: all but tab, line feed and carriage return."""


def squeeze(text: str) -> str:
    """The text in Unicode NFKC with runs of white space as one space; case is kept, as SQL needs it.

    >>> squeeze("  two    words ")
    'two words'
    """
    return " ".join(unicodedata.normalize("NFKC", text).split())


def as_seen(text: str) -> str:
    r"""The text by what a model sees of it: two answers with the same form are a tie, any other difference is one.

    Line ends are one, canonically equal letters are one (NFC), white space at the ends of lines, empty lines at the
    ends of the text and one space before it are nothing. Indentation, line breaks and double spaces inside,
    superscripts, wide letters and ligatures stay: each is another text to a model.

    >>> as_seen("a \r\n  b\n"), as_seen("5 m²") == as_seen("5 m2")
    ('a\n  b', False)
    """
    lines = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    seen = "\n".join(line.rstrip() for line in lines).strip("\n")
    return seen[1:] if seen[:1] == " " and not seen[1:2].isspace() else seen
