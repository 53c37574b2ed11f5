"""One normal form of a text, and the marks in it that must never be lost when texts are compared."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_THOUSANDS = re.compile(r"(?<!\d)\d{1,3}([, '’\u00a0\u202f])\d{3}(?:\1\d{3})*(?!\d)")
_NUMBER = re.compile(r"(?:(?<=\s)|^)[-−]\d+(?:[.,]\d+)*\s?%?|\d+(?:[.,]\d+)*\s?%?")
_OPERATOR = re.compile(r"(?<=\d)\s*([*/×÷+^<>=])\s*(?=\d)")
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])[ `´]+(?=[^\W\d_])")
_SENTENCE_END = re.compile(r"[.!?。！？:;\n]\s*[\"'“‘(]*$")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_CONTRACTED = re.compile(r"^(?:ca|do|does|did|is|was|were|wo|would|should|could|has|have|had|are|ai|must|need)nt$")
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety hundred"
_WORD_NUMBERS = (
    {word: str(value) for value, word in enumerate(_UNITS.split())}
    | {word: str(value * 10) for value, word in enumerate(_TENS.split(), start=2)}
    | {"thousand": "1000", "million": "1000000", "once": "1x", "twice": "2x", "half": "1/2"}
    | {"first": "1st", "second": "2nd", "third": "3rd"}
)
# The common negations of larger written languages; a word that is missing here is compared as any other word.
_NEGATION_WORDS = """
not no never none nobody nothing nowhere neither nor cannot without unable
nicht kein keine keinen keiner keinem nie niemals ohne nichts ne pas jamais sans aucun rien non
nunca sin nada ningún ninguna ninguno jamás não nem sem mai senza nessuno niente niet geen nooit zonder
не нет ни никогда без няма нито нельзя δεν όχι μη μην ποτέ χωρίς değil yok hiç asla olmadan
لا لم لن ليس ليست غير بدون نہیں نہ مت बिना नहीं न मत không chưa chẳng đừng hapana bila ไม่ 不 没 没有 未 无
"""
_NEGATIONS = frozenset(_NEGATION_WORDS.split())
# Scripts without spaces: their negations and numerals are looked for inside the text.
_UNSPACED_NEGATION = re.compile("[不没沒未无無]|ไม่|ない|ません|않")
_NUMERAL = re.compile("[一二两三四五六七八九十百千万]")


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


_TABLE = _Table()


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

    >>> visible("ＰＩ\u200bＮ, please")
    'PIN, please'
    """
    plain = unicodedata.normalize("NFKC", text)
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
    """What two texts must share to be the same: numbers, operators between numbers and names in order, negations."""

    numbers: tuple[str, ...]
    negations: int
    names: tuple[str, ...]
    operators: tuple[str, ...] = ()


def operators_in(text: str) -> tuple[str, ...]:
    """Return the arithmetic between the numbers of a text, which `normalise` takes for punctuation.

    A dash is none: it parts the numbers of dates and telephone numbers as well.

    >>> operators_in("is 3*4 more than 3 / 4?")
    ('*', '/')
    """
    return tuple(_OPERATOR.findall(unicodedata.normalize("NFKC", text)))


def numbers_in(text: str) -> tuple[str, ...]:
    """Return the numbers of a text in order, in one spelling: 1,000 is 1000, ２ and two are 2; any white space is one.

    >>> numbers_in("1,000 of 2.50   or ten")
    ('1000', '2.50', '10')
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
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
    return text.replace(" ", "").replace("−", "-").replace(",", ".")


def negations_in(text: str) -> int:
    """Return how many negations a text holds, contractions included (can't, cannot and cant are one each)."""
    tokens = normalise(text).split()
    count = 0
    for place, token in enumerate(tokens):
        contracted = token == "t" and place > 0 and tokens[place - 1].endswith("n")
        count += contracted or (token in _NEGATIONS and not _UNSPACED_NEGATION.search(token))
        count += _CONTRACTED.match(token) is not None
    return count + len(_UNSPACED_NEGATION.findall(text))


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
                small[word.lower()] += 1
            elif place > 0 and not _SENTENCE_END.search(text, 0, match.start()):
                capital[word.lower()] += 1
            else:
                first[word.lower()] += 1
    return frozenset(
        word for word, count in capital.items()
        if count > small[word] and 2 * count > first[word] and word not in _NEGATIONS
    )  # fmt: skip


def marks(texts: Sequence[str]) -> list[Marks]:
    """Return the marks of each text, with names as this corpus writes them (see `name_words`)."""
    texts = [visible(text) for text in texts]
    names = name_words(texts)
    return [
        Marks(
            numbers_in(text),
            negations_in(text),
            tuple(word for token in _WORD.findall(text) if (word := token.lower()) in names),
            operators_in(text),
        )
        for text in texts
    ]
