"""Words that a language has: the resource that tells a misspelling from another word.

The lists are those of the package `pyspellchecker` (from subtitles and books; names are in them). They are read for the
languages that a corpus is written in, and only there does a slip count that could be another word: at a first letter,
in a short word.
"""

from collections.abc import Collection, Mapping
from functools import cache

# Words that stand in most texts of a language and hardly in those of another one; the languages that have a list.
_TELLING = {
    "ar": "في من على أن هذا إلى التي كان",
    "de": "der und nicht ist ich mit ein das",
    "en": "the and is with this that have what",
    "es": "que el los una por para con está",
    "fa": "از به که این را است برای",
    "fr": "les des est une dans pour vous nous",
    "it": "che il di per non sono una della",
    "nl": "het een van niet dat ik voor zijn",
    "pt": "que não uma para com você os em",
    "ru": "и не на что это как в я",
}
_LEAST, _SHARE = 1, 0.002  # texts in a language: at least so many, and this share of all
_SINGLE = {
    "ar": "و", "de": "", "en": "ai", "es": "aoyeu", "fa": "و", "fr": "aày", "it": "aeioè", "nl": "u",
    "pt": "aeoàé", "ru": "ияоувска",
}  # fmt: skip
"""Letters that are words."""
# Share of all words in the sources from which a short spelling is taken for a word: rare ones are mostly slips.
_SHORT, _USED_SHORT = 3, 2e-5
KNOWN_WORD_LANGUAGES = tuple(_TELLING)
"""The languages whose words are known."""


class KnownWords:
    """The words of the languages that a corpus is written in; none of any other."""

    def __init__(self, languages: Collection[str] = ()) -> None:
        self.languages = tuple(sorted(languages))
        self._lists = [_words(language) for language in self.languages]

    def __contains__(self, word: object) -> bool:
        return any(word in words for words in self._lists)

    def of_text(self, words: Collection[str]) -> frozenset[str]:
        """Return the words of the language that has most of some words; none where it has less than half of them."""
        if not self._lists or not words:
            return frozenset()
        best = max(self._lists, key=lambda known: sum(word in known for word in words))
        return best if 2 * sum(word in best for word in words) >= len(words) else frozenset()


def known_words(uses: Mapping[str, int], texts: int) -> KnownWords:
    """Return the words of the languages that many texts are in.

    Args:
        uses: Word of a normal form -> number of texts that use it.
        texts: Number of texts.
    """
    least = max(_LEAST, _SHARE * texts)
    written = [
        language for language, telling in _TELLING.items()
        if sum(uses.get(word, 0) for word in telling.split()) >= 2 * least
    ]  # fmt: skip
    return KnownWords(written)


@cache
def _words(language: str) -> frozenset[str]:
    from spellchecker import SpellChecker

    counts = SpellChecker(language=language).word_frequency
    total = counts.total_words

    def is_word(word: str, uses: int) -> bool:
        if len(word) == 1:
            return word in _SINGLE[language]
        return len(word) > _SHORT or uses >= total * _USED_SHORT

    return frozenset(word for word, uses in counts.dictionary.items() if is_word(word, uses))
