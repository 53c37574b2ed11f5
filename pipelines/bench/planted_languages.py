"""Copies of texts in six languages, of 4 to 200 words, damaged as people damage them, and twins that must stay apart.

Written from what is promised, with word lists of its own: what the product compares by is not looked at here.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.bench.planted import Twin
from pipelines.bench.suspect_sets import texts_and_labels

_LANGUAGES = ("en", "de", "es", "fr", "ru", "ar")
_LENGTHS = ((4, 8), (9, 20), (21, 60), (61, 200))
"""Words of a text, from and to."""
COPIES = ("courtesy", "case", "space", "width", "one slip", "two slips", "dropped word")
_ENDS = ".,?!؟:;"
TWINS_APART = ("number swapped", "negation swapped", "name swapped")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is planted in one language.

    Attributes:
        before, after: Courtesies, some of them long.
        negations: Words that negate; one is put in after a verb of `verbs`, or before it where `leading`.
        numbers: Number words.
        names: Names that are swapped for each other.
        verbs: Words that a negation may stand at.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    negations: frozenset[str]
    numbers: tuple[str, ...]
    names: tuple[str, ...]
    verbs: frozenset[str]
    negation: str
    leading: bool


def _spoken(before: str, after: str, negations: str, numbers: str, names: str, verbs: str, negation: str) -> Spoken:
    lists = [tuple(part.strip() for part in text.split("|")) for text in (before, after)]
    return Spoken(
        lists[0], lists[1], frozenset(negations.split()), tuple(numbers.split()), tuple(names.split()),
        frozenset(verbs.split()), negation.strip("<"), negation.startswith("<"),
    )  # fmt: skip


_SPOKEN = {
    "en": _spoken(
        "Hi,|Good evening!|Hello there, I hope you are well today.|Dear team, could you please help me with this:|"
        "Hi, hope this finds you well and that you had a great weekend.|Sorry to bother you again, quick question:",
        "Thanks!|Thank you very much in advance.|Kind regards|Many thanks for your help, have a nice day.",
        "not no never none nobody nothing cannot without neither nor n't don't doesn't didn't isn't can't won't",
        "two three four five six seven eight nine ten eleven twelve",
        "London Paris Berlin Madrid Anna Peter Maria Thomas Google Amazon Monday Friday",
        "is are was were can will would should could must has have", "not"),
    "de": _spoken(
        "Hallo,|Guten Tag,|Sehr geehrte Damen und Herren,|Hallo zusammen, ich hoffe, es geht Ihnen gut.|"
        "Guten Morgen, könnten Sie mir bitte kurz helfen:",
        "Danke!|Vielen Dank im Voraus.|Mit freundlichen Grüßen|Herzlichen Dank für Ihre Hilfe.",
        "nicht kein keine keinen keiner nie niemals ohne nichts", "zwei drei vier fünf sechs sieben acht neun zehn",
        "London Paris Berlin Madrid Anna Peter Maria Thomas Hamburg Wien",
        "ist sind war waren kann wird würde soll muss hat haben", "nicht"),
    "es": _spoken(
        "Hola,|Buenos días,|Hola, ¿qué tal?|Estimados señores, espero que estén bien.|Buenas tardes, ¿me "
        "pueden ayudar, por favor?",
        "¡Gracias!|Muchas gracias de antemano.|Un saludo|Gracias por su ayuda, que tenga un buen día.",
        "no nunca sin nada ningún ninguna ninguno jamás nadie tampoco ni", "dos tres cuatro cinco seis "
        "siete ocho nueve diez",
        "Londres París Berlín Madrid Ana Pedro María Tomás Sevilla Lima",
        "es son era eran puede será debe ha han está están", "<no"),
    "fr": _spoken(
        "Bonjour,|Bonsoir,|Salut,|Bonjour, j'espère que vous allez bien.|Madame, Monsieur, pourriez-vous "
        "m'aider, s'il vous plaît :",
        "Merci !|Merci beaucoup d'avance.|Cordialement|Merci pour votre aide et bonne journée.",
        "ne n pas jamais sans aucun aucune rien non personne", "deux trois quatre cinq six sept huit neuf dix",
        "Londres Paris Berlin Madrid Anne Pierre Marie Thomas Lyon Lille",
        "est sont était étaient peut sera doit a ont", "pas"),
    "ru": _spoken(
        "Здравствуйте,|Добрый день!|Привет,|Добрый вечер, надеюсь, у вас всё хорошо.|Уважаемые коллеги, "
        "помогите, пожалуйста:",
        "Спасибо!|Большое спасибо заранее.|С уважением|Спасибо за помощь, хорошего дня.",
        "не нет ни никогда без нельзя никто ничего ничто", "два три четыре пять шесть семь восемь девять десять",
        "Лондон Париж Берлин Мадрид Анна Пётр Мария Фома Москва Киев",
        "был была было были может будет должен есть", "<не"),
    "ar": _spoken(
        "مرحبا،|السلام عليكم،|صباح الخير،|السلام عليكم ورحمة الله، أتمنى أن تكونوا بخير.|مساء الخير، هل "
        "يمكنكم مساعدتي من فضلكم:",
        "شكرا!|شكرا جزيلا مقدما.|مع التحية|شكرا على المساعدة وأتمنى لكم يوما سعيدا.",
        "لا لم لن ليس ليست غير بدون ولا ما", "ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة",
        "لندن باريس برلين مدريد أحمد محمد مريم خالد دمشق بغداد",
        "كان كانت يكون يمكن هو هي", "<لا"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """One text with its language."""

    language: str
    text: str


def texts(data: Path | None, english: Sequence[str], each: int, seed: int) -> list[Text]:
    """Texts of every length in every language: sentences of parallel corpora, joined to longer ones."""
    rng = random.Random(seed)
    rows = list(zip(*texts_and_labels("languages", data, False), strict=True))
    made: list[Text] = []
    for language in _LANGUAGES:
        sentences = list(dict.fromkeys(text for text, spoken in rows if spoken == language))
        sentences += list(english) if language == "en" else []
        for least, most in _LENGTHS:
            seen: set[str] = set()
            for _ in range(20 * each):
                text = _joined(sentences, least, most, rng)
                if text is not None and text not in seen:
                    seen.add(text)
                    made.append(Text(language, text))
                if len(seen) == each:
                    break
    return made


def _joined(sentences: Sequence[str], least: int, most: int, rng: random.Random) -> str | None:
    parts: list[str] = []
    aim = rng.randint(least, most)
    for _ in range(60):
        parts.append(rng.choice(sentences).strip())
        words = sum(len(part.split()) for part in parts)
        if words > most:
            parts.pop()
        elif words >= aim:
            return " ".join(part if part[-1] in ".?!؟" else f"{part}." for part in parts)
    words = sum(len(part.split()) for part in parts)
    return " ".join(parts) if least <= words <= most else None


def plant(found: Sequence[Text], each: int, seed: int) -> list[Twin]:
    """Twins of each kind, at most `each` of one language and length; a text is used for several kinds."""
    rng = random.Random(seed)
    made: list[Twin] = []
    for kind in (*COPIES, *TWINS_APART):
        order = list(range(len(found)))
        rng.shuffle(order)
        counts: Counter[tuple[str, int]] = Counter()
        for row in order:
            text, language = found[row].text, found[row].language
            words = len(text.split())
            cell = language, next((at for at, (_, most) in enumerate(_LENGTHS) if words <= most), len(_LENGTHS))
            if counts[cell] >= each:
                continue
            damaged = _DAMAGE[kind](text, _SPOKEN[language], rng)
            left, right = damaged if isinstance(damaged, tuple) else (text, damaged)
            if right is not None and right != left:
                counts[cell] += 1
                made.append(Twin(kind, row if left == text else None, left, right))
    return made


def _courtesy(text: str, spoken: Spoken, rng: random.Random) -> str:
    before, after = f"{rng.choice(spoken.before)} {text}", f"{text} {rng.choice(spoken.after)}"
    return rng.choice([before, before, after, f"{before} {rng.choice(spoken.after)}"])


def _case(text: str, _spoken: Spoken, rng: random.Random) -> str:
    return rng.choice([text.upper(), text.lower(), text.title(), text[:1].swapcase() + text[1:].lower()])


def _space(text: str, _spoken: Spoken, rng: random.Random) -> str:
    spaces = (" ", "  ", "\t", "\n", "\u00a0", "\u2009", " \n ")
    return re.sub(" ", lambda _: rng.choice(spaces), text) + rng.choice(["", " ", "\n\n"])


def _width(text: str, _spoken: Spoken, rng: random.Random) -> str:
    if rng.random() < 0.4 and text.isascii():
        return text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(0, len(text) + 1)
        text = text[:place] + rng.choice("\u200b\u200c\u2060\ufeff\u00ad\u200e") + text[place:]
    return text


def _free_words(text: str, spoken: Spoken) -> tuple[list[str], list[int]]:
    """The words of a text, and those whose loss or misspelling changes no number, negation or name."""
    words = text.split()
    free = []
    for place, word in enumerate(words):
        plain = re.sub(r"[^\w']", "", word).lower()
        named = word[:1].isupper() and place > 0 and words[place - 1][-1] not in ".?!؟:"
        meant = plain in spoken.negations or plain in spoken.numbers or plain.endswith("n't")
        meant |= any(map(str.isdigit, word))
        if plain and not meant and not named and plain.title() not in spoken.names and plain not in spoken.names:
            free.append(place)
    return words, free


def _slips(count: int) -> Callable[[str, Spoken, random.Random], str | None]:
    def slip(text: str, spoken: Spoken, rng: random.Random) -> str | None:
        words, free = _free_words(text, spoken)
        free = [place for place in free if sum(map(str.isalpha, words[place])) >= 2]
        if len(free) < count:
            return None
        for place in rng.sample(free, count):
            words[place] = _slipped(words[place], spoken, rng)
        return " ".join(words)

    return slip


def _slipped(word: str, spoken: Spoken, rng: random.Random) -> str:
    letters = sorted({char for name in (*spoken.before, *spoken.after) for char in name.lower() if char.isalpha()})
    places = [at for at, char in enumerate(word) if char.isalpha()]
    at = rng.choice(places)
    kind = rng.choice(["leave out", "double", "other", "more", "swap"])
    if kind == "leave out":
        return word[:at] + word[at + 1 :]
    if kind == "double":
        return word[:at] + word[at] + word[at:]
    if kind == "other":
        return word[:at] + rng.choice(letters) + word[at + 1 :]
    if kind == "more":
        return word[:at] + rng.choice(letters) + word[at:]
    at = rng.choice(places[:-1])
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _dropped(text: str, spoken: Spoken, rng: random.Random) -> str | None:
    words, free = _free_words(text, spoken)
    if not free or len(words) < 5:
        return None
    gone = rng.choice(free)
    return " ".join(words[:gone] + words[gone + 1 :])


def _swapped(text: str, words: Sequence[str], choices: Sequence[str], rng: random.Random) -> tuple[str, str]:
    """A text with one of some words, and the same with another: one that is there, or one put in."""
    there = [at for at, word in enumerate(words) if word.strip(_ENDS).lower() in {each.lower() for each in choices}]
    spoken = text.split()
    if there:
        at = rng.choice(there)
        one = words[at].strip(_ENDS)
        left = text
    else:
        at, one = rng.randint(1, len(words) - 1), rng.choice(choices)
        left = " ".join([*spoken[:at], one, *spoken[at:]])
    other = rng.choice([each for each in choices if each.lower() != one.lower()])
    right = left.split()
    right[at] = right[at].replace(one, other)
    return left, " ".join(right)


def _number(text: str, spoken: Spoken, rng: random.Random) -> tuple[str, str]:
    words = text.split()
    digits = [at for at, word in enumerate(words) if re.fullmatch(r"\d+", word.strip(_ENDS))]
    if digits:
        at = rng.choice(digits)
        number = words[at].strip(_ENDS)
        other = str(int(number) + rng.choice([1, 2, 10, 100]))
        return text, " ".join([*words[:at], words[at].replace(number, other), *words[at + 1 :]])
    figures = [str(rng.randint(2, 99)), str(rng.randint(100, 9999))]
    return _swapped(text, words, rng.choice([figures, spoken.numbers]), rng)


def _negation(text: str, spoken: Spoken, rng: random.Random) -> tuple[str, str] | None:
    words = text.split()
    there = [at for at, word in enumerate(words) if word.lower() == spoken.negation]
    verbs = [at for at, word in enumerate(words) if word.lower() in spoken.verbs]
    if there and rng.random() < 0.5:
        at = rng.choice(there)
        return text, " ".join(words[:at] + words[at + 1 :])
    if not verbs:
        return None
    at = rng.choice(verbs) + (not spoken.leading)
    return text, " ".join([*words[:at], spoken.negation, *words[at:]])


def _name(text: str, spoken: Spoken, rng: random.Random) -> tuple[str, str]:
    return _swapped(text, text.split(), spoken.names, rng)


_DAMAGE: dict[str, Callable[[str, Spoken, random.Random], str | tuple[str, str] | None]] = {
    "courtesy": _courtesy,
    "case": _case,
    "space": _space,
    "width": _width,
    "one slip": _slips(1),
    "two slips": _slips(2),
    "dropped word": _dropped,
    "number swapped": _number,
    "negation swapped": _negation,
    "name swapped": _name,
}
