"""White space as one space, for texts whose case and marks matter."""

import unicodedata


def squeeze(text: str) -> str:
    """The text in Unicode NFKC with runs of white space as one space; case is kept, as SQL needs it.

    >>> squeeze("  two    words ")
    'two words'
    """
    return " ".join(unicodedata.normalize("NFKC", text).split())
