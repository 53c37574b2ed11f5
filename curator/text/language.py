"""Which script and which language a text is in, said only where it is plain."""

import re
from functools import cache
from typing import Any

_SCRIPTS = {
    "LATIN": "A-Za-z\u00c0-\u024f\u1e00-\u1eff",
    "GREEK": "\u0370-\u03ff\u1f00-\u1fff",
    "CYRILLIC": "\u0400-\u052f",
    "ARMENIAN": "\u0530-\u058f",
    "HEBREW": "\u0590-\u05ff",
    "ARABIC": "\u0600-\u06ff\u0750-\u077f",
    "DEVANAGARI": "\u0900-\u097f",
    "BENGALI": "\u0980-\u09ff",
    "TAMIL": "\u0b80-\u0bff",
    "TELUGU": "\u0c00-\u0c7f",
    "THAI": "\u0e00-\u0e7f",
    "GEORGIAN": "\u10a0-\u10ff",
    "HANGUL": "\uac00-\ud7af\u1100-\u11ff",
    "KANA": "\u3040-\u30ff",
    "HAN": "\u4e00-\u9fff\u3400-\u4dbf",
}
_LETTERS = {name: re.compile(f"[{ranges}]") for name, ranges in _SCRIPTS.items()}
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_READ = 600  # characters; more tell nothing new
_MOST = 0.8  # of the letters
_MIN_LETTERS, _MIN_DENSE = 12, 6  # letters that show a script; Han and kana say more with each
_MIN_WORDS = 40  # characters of words that a language is told from
_SURE = 0.95


def script(text: str) -> str | None:
    """The script of nearly all letters of a text, code left out; None where it is mixed or too short to say.

    Japanese is KANA, also where most of its letters are Han.

    >>> script("How do I top up my card?"), script("カードを止めるにはどうすればいいですか"), script("ok")
    ('LATIN', 'KANA', None)
    """
    plain = _CODE.sub(" ", text)[:_READ]
    if plain.isascii():
        return "LATIN" if sum(map(str.isalpha, plain)) >= _MIN_LETTERS else None
    counts = {name: len(pattern.findall(plain)) for name, pattern in _LETTERS.items()}
    total = sum(counts.values())
    if counts["KANA"] >= 0.1 * (counts["KANA"] + counts["HAN"]):
        counts["KANA"] += counts.pop("HAN")
    name = max(counts, key=lambda each: counts[each])
    least = _MIN_DENSE if name in ("HAN", "KANA", "HANGUL") else _MIN_LETTERS
    return name if counts[name] >= max(least, _MOST * total) else None


def language(text: str, sure: float = _SURE) -> str | None:
    """The language of a text as its ISO 639-1 code; None where that is not plain. Code and addresses are left out.

    Args:
        text: Any text.
        sure: Least probability of the language, 0..1.

    >>> language("The parcel that I ordered last week has still not arrived at my house.")
    'en'
    """
    words = " ".join(_WORD.findall(_CODE.sub(" ", text)[:_READ]))
    if len(words) < _MIN_WORDS:
        return None
    name, probability = _identifier().classify(words)
    return str(name) if probability >= sure else None


@cache
def _identifier() -> Any:  # noqa: ANN401 - py3langid has no types
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # a command that reads no texts starts without it

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
