"""Words that are another word with another case: IT and it, US and us, Polish and polish (capitonyms).

The lists are short and English, since a capital is no proof in prose: "I NEED it" says what "I need it" says. A text
in one case alone (all small, all capitals) or in Title Case says nothing about the case of its words.
"""

import re

_ABBREVIATIONS = frozenset(("it", "us", "who", "aids", "ice", "ram", "sat", "led", "mit", "eu"))
"""Words of which an abbreviation in capitals is another word; it is one in a sentence of other case."""
_NAMED = """
august bath bill carol chad china cork dick faith frank grace guinea jack jersey job joy mark march may mercury
mobile nice norm pat polish reading rich rob rose sandy scone tangier turkey victor wales welsh
"""
_CAPITONYMS = frozenset(_NAMED.split())
_EITHER = _ABBREVIATIONS | _CAPITONYMS
_SOUGHT = re.compile(rf"(?i)(?<![\w'’])(?:{'|'.join(sorted(_EITHER))})(?![\w'’])")
_RUN = re.compile(r"[a-z]+")
_WORD = re.compile(r"[^\W\d_]+")
_BEGINS = re.compile(r"(?:^|[.,!?:;\n…])[\s\"'“‘(]*$")


def cased_in(text: str) -> tuple[str, ...] | None:
    """Return the words that their case makes other words, in order; None where the text does not tell.

    >>> cased_in("I work in IT"), cased_in("I work in it"), cased_in("i work in it"), cased_in("Polish it in May")
    (('IT',), (), None, ('May',))
    """
    if text.isascii() and _EITHER.isdisjoint(_RUN.findall(text.lower())):
        return ()  # as most texts
    found = list(_SOUGHT.finditer(text))
    if not found:
        return ()
    words = _WORD.findall(text)
    capital = sum(word[0].isupper() for word in words)
    if capital == 0 or capital > max(2.0, 0.6 * len(words)) or all(word.isupper() for word in words):
        return None
    return tuple(
        word
        for match in found
        if ((word := match.group()).isupper() and word.lower() in _ABBREVIATIONS)
        or (word.istitle() and word.lower() in _CAPITONYMS and not _BEGINS.search(text, 0, match.start()))
    )
