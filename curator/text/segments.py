"""The words of a text that a title is made of, also in scripts that do not space them."""

import re
from functools import cache
from typing import Any

from curator.text.normal_form import visible

_UNSPACED = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff66-\uff9f\u0e00-\u0e7f"
_RUN = re.compile(
    rf"[{_UNSPACED}]+|[^\W\d_{_UNSPACED}](?:(?![\u0964\u0965{_UNSPACED}])[\w\u0300-\u036f\u0900-\u109f]){{2,}}"
)
_IS_UNSPACED, _KANA, _THAI = (re.compile(f"[{chars}]") for chars in (_UNSPACED, "\u3040-\u30ff", "\u0e00-\u0e7f"))
# Particles and endings that Japanese joins to a word; alone they are no words.
_PARTICLE = re.compile("(?:から|まで|より|ので|のに|を|が|は|に|で|と|の|も|へ|や|か|ね|よ|な|て|た)$")
_HIRAGANA = re.compile("[\u3040-\u309fー]+")
_READ = 20_000
"""Characters of unspaced scripts that are cut into words, of one document: more name it no better."""
_LANGUAGES = ("hi", "ja", "th", "ur", "zh")


def title_words(text: str) -> list[str]:
    """Return the words of a text, in order, that may stand in a title: no punctuation, particles or stop words.

    Words of spaced scripts have three letters or more, others two characters.

    >>> title_words("カードを止めたい。"), title_words("कार्ड नहीं मिला।")
    (['カード', '止めたい'], ['कार्ड', 'मिला'])
    """
    found: list[str] = []
    read = 0
    text = visible(text).replace("\u0e4d\u0e32", "\u0e33")  # NFKC takes a Thai vowel apart
    japanese = _KANA.search(text) is not None
    for run in _RUN.findall(text):
        if not _IS_UNSPACED.match(run):
            found.append(run)
        elif read < _READ:
            read += len(run)
            found += _segments(run, japanese=japanese)
    return [word for word in found if word not in _stop_words()]


def _segments(run: str, *, japanese: bool) -> list[str]:
    kind = "th" if _THAI.search(run) else "ja" if japanese else "zh"
    cut = _parser(kind).parse(run)
    if kind == "ja":
        cut = [_PARTICLE.sub("", word) if not _HIRAGANA.fullmatch(word) else "" for word in cut]
    return [word for word in cut if len(word) > 1]


@cache
def _parser(kind: str) -> Any:  # noqa: ANN401 - a foreign class
    import budoux

    return {
        "ja": budoux.load_default_japanese_parser,
        "th": budoux.load_default_thai_parser,
        "zh": budoux.load_default_simplified_chinese_parser,
    }[kind]()


@cache
def _stop_words() -> frozenset[str]:
    import stopwordsiso

    return frozenset(stopwordsiso.stopwords(_LANGUAGES))
