"""One normal form of a text, and the marks in it that must never be lost when texts are compared."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from curator.text.cased import cased_in
from curator.text.courtesies import courtesy_words
from curator.text.negations import NEGATIONS, count_negations
from curator.text.signs import signs_in

_THOUSANDS = re.compile(r"(?<!\d)\d{1,3}([, '’\u00a0\u202f])\d{3}(?:\1\d{3})*(?!\d)")
_DASHES = "-\u2010\u2011\u2012\u2013\u2212"
_ANY_DASH = re.compile(f"[{_DASHES}]")
_NUMBER = re.compile(rf"(?:(?:(?<=[\s(\[{{=<>,:+*/])|^)[{_DASHES}]\.?|(?<![\w.])\.)?\d+(?:[.,]\d+)*\s?%?")
_RAISED = re.compile(r"(?<=\d)([⁰¹²³⁴-⁹]+)")
_DIGIT = re.compile(r"\d")
_LETTER = r"\b[^\W\d_]"  # one that is a word of its own, as a variable is
# Signs that change what a text asks for, though most are punctuation. A dash between numbers is none: it parts the
# numbers of dates and telephone numbers as well; nor is a slash between words: "and/or".
_OPERATOR = re.compile(
    r"!=|[$¢£¥฿\u20a0-\u20bf]|(?<=[^\W\d_])#(?!\w)"
    r"|(?<=[\w)\]%])\s*(?:[<>=]=?|<>|[+^|~×÷±≤≥≠])\s*(?=\S)"
    r"|(?<=[\w)\]]) [*/] (?=[\w(\[])"
    rf"|(?:(?<=[\d)\]])|(?<={_LETTER}))[*/](?=[\d(\[]|{_LETTER}\b)"
    rf"|(?<={_LETTER})(?: - (?=\d|{_LETTER}\b)|-(?={_LETTER}\b))|(?<=\d) - (?={_LETTER}\b)"
)
_MAY_OPERATE = re.compile(r"[!#<>=+^|~×÷±≤≥≠*/$¢£¥฿\u20a0-\u20bf-]")
"""A character that every operator has one of: most prose holds none, which is quickly seen."""
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])[ `´]+(?=[^\W\d_])")
_SENTENCE_END = re.compile(r"[.!?。！？:;\n]\s*[\"'“‘(]*$")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety hundred"
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
# Two to ten in larger written languages, but for words that mean something else as well (Italian "sei").
_TWO_TO_TEN = """
zwei deux dos dois duas twee два две iki اثنان / drei trois tres três tre drie три üç ثلاثة तीन
/ vier quatre cuatro quatro quattro четыре четири dört أربعة चार / fünf cinq cinco cinque vijf пять пет beş خمسة पाँच पांच
/ sechs seis zes шесть шест altı ستة छह / sieben sept siete sete sette zeven семь седем yedi سبعة सात
/ acht huit ocho oito otto восемь осем sekiz ثمانية आठ / neun neuf nueve nove negen девять девет dokuz تسعة नौ
/ zehn dix diez dez dieci tien десять десет عشرة दस
"""
_WORD_NUMBERS = (
    {word: str(value) for value, word in enumerate(_UNITS.split())}
    | {word: str(value * 10) for value, word in enumerate(_TENS.split(), start=2)}
    | {"thousand": "1000", "million": "1000000", "billion": "1000000000", "trillion": "1000000000000", "dozen": "12"}
    | {"once": "1x", "twice": "2x", "thrice": "3x", "half": "1/2"}
    | {word: f"{place}." for place, word in enumerate(_ORDINALS.split(), start=1)}
    | {word: str(value) for value, words in enumerate(_TWO_TO_TEN.split("/"), start=2) for word in words.split()}
)
_NUMERAL = re.compile("[一二两三四五六七八九十百千万]|สอง|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า|สิบ")


# What may be said after a text without another meaning: courtesies, and words that only join others.
_COURTESY_WORDS = """
a about again ahead all an and any anyway are as asap at be been being but by can could did do does doing done for
from get go had has have hello help hey hi how i if in into is it its just know let like me my need now of ok okay
on or our out over please pls possible really right said same say see so some soon sure tell than thank thanks that
the their them then there these they thing this those though thx to too up urgently us very want was
way we well were what when where which while who why will with would yeah yes you your
bitte danke merci por favor gracias obrigado grazie prego
"""
COURTESIES = frozenset(_COURTESY_WORDS.split())
"""Words that say nothing more; never names."""


class _Table(dict[int, str | None]):
    """A translation table that learns each character on first sight: cheaper than 1.1 million entries."""

    def __missing__(self, code: int) -> str | None:
        category = unicodedata.category(chr(code))
        value: str | None = chr(code)
        if category == "Cf":  # zero-width, soft hyphen, direction marks
            value = None
        elif category[0] in "PZ" or category == "Cc":
            value = " "
        self[code] = value
        return value


_TABLE = _Table({ord("ß"): "ss"})  # whose capital is SS


def normalise(text: str) -> str:
    """Return the form in which two texts count as the same text.

    NFKC, lower case, zero-width characters removed, punctuation turned into a space, white space
    collapsed. Symbols (currency, arithmetic) and marks of any script stay.

    >>> normalise("Ｗhere's  my\u200b CARD?!")
    'where s my card'
    """
    return " ".join(unicodedata.normalize("NFKC", text).lower().translate(_TABLE).split())


def visible(text: str) -> str:
    """Return the text as it is read: NFKC, without zero-width characters; case and punctuation stay.

    >>> visible("ＰＩ\u200bＮ, please: 10⁵")
    'PIN, please: 10^5'
    """
    plain = unicodedata.normalize("NFKC", text if text.isascii() else _RAISED.sub(r"^\1", text))
    return plain if plain.isascii() else "".join(char for char in plain if unicodedata.category(char) != "Cf")


def unspaced(text: str) -> str:
    """Return the normal form without the spaces between letters: "master card" is "mastercard", "didn`t" is "didnt".

    Coarser than `normalise`, for keeping test out of train rather than for calling texts equal.

    >>> unspaced("Why didn`t my top-up of 10 5 work?")
    'whydidntmytopupof 10 5 work'
    """
    return _BETWEEN_LETTERS.sub("", normalise(text))


@dataclass(frozen=True, slots=True)
class Marks:
    """What two texts must share to be nearly the same: numbers, signs and names in order, and negations.

    Attributes:
        numbers: As `numbers_in` says.
        negations: How many there are.
        names: Names as the corpus writes them.
        operators: As `operators_in` says.
        signs: As `curator.text.signs.signs_in` says.
        cased: As `curator.text.cased.cased_in` says; None where the text does not tell.
    """

    numbers: tuple[str, ...]
    negations: int
    names: tuple[str, ...]
    operators: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    cased: tuple[str, ...] | None = ()

    def shared_by(self, other: "Marks") -> bool:
        """Whether both have the same marks; a text that is written in one case has any case."""
        return self == other or (
            (self.cased is None or other.cased is None) and replace(self, cased=None) == replace(other, cased=None)
        )


class SameText(NamedTuple):
    """A form in which equal texts are equal: `form` is the normal form, `beside` what it leaves out."""

    form: str
    beside: tuple[tuple[str, ...], ...]

    def __bool__(self) -> bool:
        """Whether the text says anything: "?" and " - " do not, ":)" does."""
        return bool(self.form) or any(self.beside)


def operators_in(text: str) -> tuple[str, ...]:
    """Return the signs of arithmetic, comparison and currency, most of which `normalise` takes for punctuation.

    >>> operators_in("is 3*4 more than x / y in C#?"), operators_in("on/off, 07-355 2616")
    (('*', '/', '#'), ())
    """
    plain = _ANY_DASH.sub("-", unicodedata.normalize("NFKC", text))
    if not _MAY_OPERATE.search(plain):
        return ()
    return tuple(match.group().strip() for match in _OPERATOR.finditer(" ".join(plain.split())))


def same_text(text: str) -> SameText:
    """Return what two equal texts share, and no others: the normal form, and all that it leaves out but that matters.

    Case, white space, widths and the punctuation of prose are left out. Numbers as they are written (-5, 5%), signs
    (`!ok`, `-A`, `:(`), lines of code and words that are others in another case (IT, it) are not.

    >>> same_text("Where is MY  card?") == same_text("where is my card"), same_text("ls -a") == same_text("ls -A")
    (True, False)
    """
    form = normalise(text)
    seen = visible(text)
    numbers = numbers_in(seen) if _DIGIT.search(seen) else ()
    return SameText(form, (numbers, operators_in(seen), signs_in(seen), cased_in(seen) or ()))


def numbers_in(text: str) -> tuple[str, ...]:
    """Return the numbers of a text in order, in one spelling: 1,000 is 1000, ２ and two are 2; any white space is one.

    >>> numbers_in("1,000 of 2.50   or ten")
    ('1000', '2.50', '10')
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if plain.isascii() and not _DIGIT.search(plain):  # words alone
        said = (_WORD_NUMBERS.get(word.lower()) for word in _WORD.findall(plain))
        return tuple(number for number in said if number is not None)
    plain = _THOUSANDS.sub(lambda match: re.sub(r"\D", "", match.group()), plain)
    found = [(match.start(), _digits(match.group())) for match in _NUMBER.finditer(plain)]
    found += [(match.start(), match.group()) for match in _NUMERAL.finditer(plain)]
    found += [
        (match.start(), _WORD_NUMBERS[word])
        for match in _WORD.finditer(plain)
        if (word := match.group().lower()) in _WORD_NUMBERS
    ]
    return tuple(number for _, number in sorted(found))


def _digits(text: str) -> str:
    text = "".join(str(unicodedata.digit(char)) if char.isdigit() else char for char in text)
    text = re.sub(f"^[{_DASHES}]", "-", text.replace(" ", "").replace(",", "."))
    return f"0{text}" if text.startswith(".") else text


def negations_in(text: str) -> int:
    """Return how many negations a text holds, contractions included (can't, cannot and cant are one each)."""
    return count_negations(normalise(text).split())


def name_words(texts: Sequence[str]) -> frozenset[str]:
    """Return the words (lower case) that this corpus writes with a capital inside its sentences.

    A word is taken for a name when, away from sentence starts, it is capitalised more often than
    not, and it does not mostly start sentences (else "Hi, Where is …" would make a name of "Where").
    Texts written mostly in capitals or title case tell nothing and are passed over.
    """
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    first: Counter[str] = Counter()
    for text in texts:
        words = list(_WORD.finditer(text))
        if sum(match.group()[0].isupper() for match in words) > max(2.0, 0.6 * len(words)):
            continue
        for place, match in enumerate(words):
            word = match.group()
            if len(word) < 2 or "'" in word or "’" in word:
                continue
            if not word[0].isupper():
                small[_small(word)] += 1
            elif place > 0 and not _SENTENCE_END.search(text, 0, match.start()):
                capital[_small(word)] += 1
            else:
                first[_small(word)] += 1
    return frozenset(
        word for word, count in capital.items()
        if count > small[word] and 2 * count > first[word] and word not in NEGATIONS | COURTESIES | courtesy_words()
    )  # fmt: skip


def _small(word: str) -> str:
    return word.lower().replace("ß", "ss")  # as `normalise` has it


def marks(texts: Sequence[str]) -> list[Marks]:
    """Return the marks of each text, with names as this corpus writes them (see `name_words`)."""
    texts = [visible(text) for text in texts]
    names = name_words(texts)
    return [
        Marks(
            numbers_in(text),
            negations_in(text),
            tuple(word for token in _WORD.findall(text) if (word := _small(token)) in names),
            operators_in(text),
            signs_in(text),
            cased_in(text),
        )
        for text in texts
    ]
