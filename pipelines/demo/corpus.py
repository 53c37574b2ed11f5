"""The demo's real data: parallel sentences in 15 languages, read from the installed tinker-cookbook package.

The file's first 2,000 lines are parallel sentences in a fixed order of languages, which gives the truth by
position and a group for each sentence; the other 100 are edge cases that nobody has an answer for.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from curator.errors import NotFoundError

LANGUAGES = ("ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")
PARALLEL = 2000
TASK = """\
name = "language"
kind = "classification"
max_error = 0.03
rubric = '''
Name the language of the text with exactly one label.
1. Leave out addresses, numbers, code and emoji; look at what is left.
2. The script decides first: Devanagari is hi, Greek is el, Cyrillic is ru, Han characters are zh;
   Arabic script is ur where letters or words of Urdu occur, else ar.
3. In Latin script look for the letters and small words of de, en, es, fr, tr and vi.
4. Any other language, no language at all, or no way to tell: ot.
'''
[labels]
ar = "Arabic"
de = "German"
el = "Greek"
en = "English"
es = "Spanish"
fr = "French"
hi = "Hindi"
ru = "Russian"
tr = "Turkish"
ur = "Urdu"
vi = "Vietnamese"
zh = "Chinese"
ot = "any other language, or none"
"""
NAMED = frozenset(LANGUAGES) - {"bg", "sw", "th"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file. `truth` is None for an edge case; `group` is the parallel sentence."""

    external_id: str
    text: str
    group: str | None
    truth: str | None


def lines() -> list[Line]:
    """The 2,100 lines.

    Raises:
        NotFoundError: tinker-cookbook is not installed, or carries the file no more.
    """
    spec = importlib.util.find_spec("tinker_cookbook")
    file = Path(spec.origin or "").parent / "example_data" / "multilingual.txt" if spec else None
    if file is None or not file.is_file():
        msg = "the installed tinker-cookbook carries no example_data/multilingual.txt; install version 0.5.8"
        raise NotFoundError(msg)
    texts = file.read_text(encoding="utf-8").splitlines()
    return [_line(number, text) for number, text in enumerate(texts)]


def _line(number: int, text: str) -> Line:
    if number >= PARALLEL:
        return Line(f"edge-{number - PARALLEL:03}", text, None, None)
    sentence, place = divmod(number, len(LANGUAGES))
    language = LANGUAGES[place]
    truth = language if language in NAMED else "ot"
    return Line(f"s{sentence:03}-{language}", text, f"sentence-{sentence:03}", truth)
