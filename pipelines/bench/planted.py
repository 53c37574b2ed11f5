"""Copies of real texts, damaged in known ways, and twins that look alike and must stay apart."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

EXACT = ("exact", "case", "spacing", "zero-width", "full-width", "thousands")
NEAR = ("typo", "dropped word", "prefix")
APART = ("another number", "a negation", "another name")
_PREFIXES = ("Hi, ", "Hello there, ", "Please help: ", "Hey, ", "Good morning, ", "Quick question: ", "Excuse me, ")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
# What changes the meaning where it is dropped or misspelt. Kept apart from the product's own lists, which it tests.
_MEANT_WORDS = """
one two three four five six seven eight nine ten eleven twelve twenty thirty fifty hundred thousand once twice first
second third half
no not never none nobody nothing neither nor cannot cant dont doesnt didnt isnt wasnt wont without unable nt
"""
_MEANT = frozenset(_MEANT_WORDS.split())
_NAMES = (
    ("paris", "london", "rome", "madrid", "berlin", "tokyo", "chicago", "boston", "miami", "seattle", "dallas"),
    ("france", "italy", "spain", "germany", "mexico", "canada", "japan", "china", "brazil", "india", "australia"),
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    ("january", "february", "april", "june", "july", "august", "september", "october", "november", "december"),
    ("visa", "mastercard", "amex"), ("google", "apple", "samsung"), ("usd", "gbp", "eur", "aud", "chf"),
    ("dollars", "euros", "pounds", "yen"), ("tom", "john", "mary", "sarah", "steve", "kevin", "mike", "bob", "carl"),
)  # fmt: skip
_AUXILIARY = re.compile(r"(?i)\b(can|could|do|does|did|is|are|was|will|would|should|have|has)\b(?!(?: not|['’]))")


@dataclass(frozen=True, slots=True)
class Twin:
    """Two texts, of which the left one stands in the set already where `row` says so."""

    kind: str
    row: int | None
    left: str
    right: str


def plant(texts: Sequence[str], kinds: Sequence[str], each: int, seed: int) -> list[Twin]:
    """Make up to `each` twins of every kind; a row is copied at most once, so that they do not help each other.

    Args:
        texts: The set. Only rows of four words and more are copied.
        kinds: Of `EXACT`, `NEAR` and `APART`.
        each: Twins of a kind, where so many rows allow it.
        seed: Of the choice and of the damage.
    """
    rng = random.Random(seed)
    rows = [row for row, text in enumerate(texts) if len(text.split()) >= 4]
    rng.shuffle(rows)
    taken: set[int] = set()
    made: list[Twin] = []
    for kind in sorted(kinds, key=lambda kind: (kind != "thousands", kind not in APART)):  # fewest rows allow these
        count = 0
        for row in rows:
            if count == each:
                break
            if row not in taken and (twin := _twin(kind, row, texts[row], rng)) is not None:
                taken |= set() if twin.row is None else {row}
                made.append(twin)
                count += 1
    return made


def _twin(kind: str, row: int, text: str, rng: random.Random) -> Twin | None:
    if kind == "thousands":  # 1,000 and 1000: few real texts have such a number, so one is put in
        if not (found := re.search(r"(?<![\d.,])\d+(?![\d.,]*\d)", text)):
            return None
        number = rng.randrange(1_000, 10_000_000)
        spellings = [text[: found.start()] + spelt + text[found.end() :] for spelt in (str(number), f"{number:,}")]
        return Twin(kind, None, *spellings)
    right = _DAMAGE[kind](text, rng)
    return None if right is None or (right == text and kind != "exact") else Twin(kind, row, text, right)


def _spacing(text: str, rng: random.Random) -> str:
    return rng.choice(["  ", " \t", "\n", "   "]).join(text.split(" ")) + rng.choice(["", " ", "\n"])


def _zero_width(text: str, rng: random.Random) -> str:
    for _ in range(2):
        place = rng.randrange(1, len(text))
        text = text[:place] + rng.choice("\u200b\u200c\u2060\ufeff") + text[place:]
    return text


def _typo(text: str, rng: random.Random) -> str | None:
    words = text.split()
    places = [
        place for place, word in enumerate(words)
        if len(word) >= 4 and word.isalpha() and word.islower() and word.isascii() and not _is_meant(word)
    ]  # fmt: skip
    if not places:
        return None
    place = rng.choice(places)
    word, cut = words[place], rng.randrange(1, len(words[place]) - 1)
    words[place] = rng.choice([
        word[:cut] + word[cut + 1 :],
        word[:cut] + rng.choice(_LETTERS) + word[cut:],
        word[:cut] + rng.choice(_LETTERS) + word[cut + 1 :],
        word[: cut - 1] + word[cut] + word[cut - 1] + word[cut + 1 :],
    ])  # fmt: skip
    return " ".join(words)


def _dropped(text: str, rng: random.Random) -> str | None:
    words = text.split()
    places = [place for place, word in enumerate(words) if not _is_meant(word) and (place == 0 or word.islower())]
    if not places:
        return None
    gone = rng.choice(places)
    return " ".join(words[:gone] + words[gone + 1 :])


def _is_meant(word: str) -> bool:
    plain = re.sub(r"[^\w]", "", word.lower())
    named = any(plain.removesuffix("s") in group or plain in group for group in _NAMES)
    return plain in _MEANT or (plain.endswith("nt") and "'" in word) or any(map(str.isdigit, plain)) or named


def _number(text: str, rng: random.Random) -> str | None:
    found = re.search(r"\d+", text)
    if found:
        value = int(found.group())
        other = rng.choice([value + 1, value * 10, value + 10])
        return text[: found.start()] + str(other) + text[found.end() :]
    words = re.search(r"(?i)\b(two|three|four|five|six|seven|eight|nine|ten)\b", text)
    if not words:
        return None
    other_word = rng.choice([word for word in ("two", "three", "five", "nine") if word != words.group().lower()])
    return text[: words.start()] + other_word + text[words.end() :]


def _negation(text: str, _rng: random.Random) -> str | None:
    if re.search(r"(?i)\bnot\b", text):
        return re.sub(r"(?i)\s*\bnot\b", "", text, count=1)
    found = _AUXILIARY.search(text)
    return text[: found.end()] + " not" + text[found.end() :] if found else None


def _name(text: str, rng: random.Random) -> str | None:
    for group in _NAMES:
        found = re.search(rf"(?i)\b({'|'.join(group)})\b", text)
        if found:
            other = rng.choice([name for name in group if name != found.group().lower()])
            spelt = other.capitalize() if found.group()[0].isupper() else other
            return text[: found.start()] + spelt + text[found.end() :]
    return None


_DAMAGE: dict[str, Callable[[str, random.Random], str | None]] = {
    "exact": lambda text, _: text,
    "case": lambda text, rng: text.upper() if rng.random() < 0.5 else text.lower(),
    "spacing": _spacing,
    "zero-width": _zero_width,
    "full-width": lambda text, _: text.translate(_FULL_WIDTH),
    "typo": _typo,
    "dropped word": _dropped,
    "prefix": lambda text, rng: rng.choice(_PREFIXES) + text,
    "another number": _number,
    "a negation": _negation,
    "another name": _name,
}
