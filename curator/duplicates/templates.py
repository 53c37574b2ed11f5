"""Templates: the sentences that texts are made from by other numbers, names or words in their slots.

A form keeps the words that all its texts share and says what stands in its slots: `0` for a number, `NAME` for names,
`_` for other words. Words of a normal form are lower case and hold no punctuation, so the three are never words.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from curator.statistics import effective_number
from curator.text import name_words, normalise, visible

NUMBER, NAME, SLOT = "0", "NAME", "_"
_NUMBERS = re.compile(r"\d+(?: \d+)*")
_WORDS = 4  # shared words that a form with slots has at least, and words of a form that counts as a template
_SLOTS = 4  # slots of other words that a form has at most, and a slot for three words at most
_SIDE_BY_SIDE = 2  # slots; more are free text after words that all texts begin with
_LONGEST = 40  # words; longer texts are no sentence with slots
TEMPLATE_ROWS = 5
"""Rows from which a sentence with slots counts as a template."""
_RECENT = 32  # forms that a text is compared with, by each part that it shares with them


@dataclass(frozen=True, slots=True)
class Repetition:
    """How few texts a dataset is made from.

    Attributes:
        rows: All rows whose form stands more than once.
        distinct: Number of distinct forms (`template_forms`).
        effective: exp(entropy) over the forms: 40 for 1,000 rows spread evenly over 40 forms.
        largest: The most frequent forms with their counts.
    """

    rows: tuple[int, ...]
    distinct: int
    effective: float
    largest: tuple[tuple[str, int], ...]


def repetition(forms: Sequence[str]) -> Repetition:
    """Count the forms that texts are made from, in the order of the texts."""
    counts = Counter(forms)
    return Repetition(
        rows=tuple(row for row, form in enumerate(forms) if counts[form] > 1),
        distinct=len(counts),
        effective=effective_number(list(counts.values())),
        largest=tuple(counts.most_common(5)),
    )


def template_forms(texts: Sequence[str]) -> list[str]:
    """Return the form of each text: its words, with what stands in slots masked.

    Numbers are masked in each text, and so are the names of this corpus (`curator.text.normal_form.name_words`).
    Other words are a slot where at least five rows are the same sentence with other words there, at the same places.

    >>> template_forms(["Order 12 345, please!"])
    ['order 0 please']
    >>> template_forms([f"my {thing} broke after a day" for thing in ("sofa", "lamp", "tent", "phone", "kettle")])[0]
    'my _ broke after a day'
    """
    masked = _masked(texts)
    forms = _Sentences()
    places = [forms.place(words) for words in masked]
    counts = Counter(places)
    return [
        forms.form(place) if counts[place] >= TEMPLATE_ROWS else " ".join(words)
        for words, place in zip(masked, places, strict=True)
    ]


def shared_templates(forms: Sequence[str]) -> list[str | None]:
    """Return the template of each row: its form, where it has slots, and five rows or more are made from it."""
    rows = Counter(forms)
    return [form if rows[form] >= TEMPLATE_ROWS and _has_slots(form) else None for form in forms]


def _has_slots(form: str) -> bool:
    words = form.split()
    return len(words) >= _WORDS and not {NUMBER, NAME, SLOT}.isdisjoint(words)


def _masked(texts: Sequence[str]) -> list[tuple[str, ...]]:
    names = name_words([visible(text) for text in texts])
    return [_mask(text, names) for text in texts]


def _mask(text: str, names: frozenset[str]) -> tuple[str, ...]:
    words: list[str] = []
    for word in _NUMBERS.sub(NUMBER, normalise(text)).split():
        if word not in names:
            words.append(word)
        elif words[-1:] != [NAME]:  # a name of several words is one
            words.append(NAME)
    return tuple(words)


class _Sentences:
    """Sentences in the order in which they came, each with the places where texts like it differ.

    Clusters around leaders (Hartigan 1975, ch. 3): a text joins the sentence in which it opens fewest new slots. One
    that differs in at most k places shares at least one of its k + 1 parts, so only those that share a part are tried.
    """

    def __init__(self) -> None:
        self._words: list[tuple[str, ...]] = []
        self._sketches: list[int] = []
        self._slots: list[frozenset[int]] = []
        self._place: dict[tuple[str, ...], int] = {}
        self._sharing: dict[tuple[object, ...], dict[int, None]] = defaultdict(dict)

    def place(self, words: tuple[str, ...]) -> int:
        """Return the sentence of a text; a text unlike all before is a new one."""
        if words not in self._place:
            self._place[words] = self._nearest(words)
        return self._place[words]

    def form(self, place: int) -> str:
        """Return a sentence's words, with its slots."""
        slots = self._slots[place]
        return " ".join(SLOT if at in slots else word for at, word in enumerate(self._words[place]))

    def _nearest(self, words: tuple[str, ...]) -> int:
        allowed = _allowed(words)
        parts = _parts(words, allowed) if allowed else []
        tried = {place for part in parts for place in self._sharing.get(part, ())}
        # Most that share a part are another sentence: a byte for each word says so faster than the words do.
        sketch, alike = _sketch(words), len(words) - allowed
        near = [at for at in tried if (sketch ^ self._sketches[at]).to_bytes(len(words), "big").count(0) >= alike]
        opened = ((place, self._slots[place] | _differing(words, self._words[place])) for place in near)
        fitting = [
            (len(slots - self._slots[at]), len(slots), at, slots)
            for at, slots in opened
            if len(slots) <= allowed and not _free(slots)
        ]
        if fitting:
            *_, place, slots = min(fitting, key=lambda found: found[:3])
            self._slots[place] = slots
        else:
            place = len(self._words)
            self._words.append(words)
            self._sketches.append(sketch)
            self._slots.append(frozenset())
        for part in parts:
            sharing = self._sharing[part]
            if self._words[place] is words or place in sharing:
                sharing.pop(place, None)
                sharing[place] = None  # at the end: what is new, or was found again, stays longest
                if len(sharing) > _RECENT:
                    del sharing[next(iter(sharing))]
        return place


def _sketch(words: tuple[str, ...]) -> int:
    """A byte for each word, of words that are equal the same; different words may share one."""
    return int.from_bytes(bytes(hash(word) & 0xFF for word in words), "big")


def _allowed(words: tuple[str, ...]) -> int:
    """How many slots a sentence of these words may have."""
    shared = sum(word not in (NUMBER, NAME) for word in words)
    return 0 if len(words) > _LONGEST else max(0, min(shared - _WORDS, len(words) // 3, _SLOTS))


def _free(slots: frozenset[int]) -> bool:
    return any(slots.issuperset(range(at, at + _SIDE_BY_SIDE + 1)) for at in slots)


def _parts(words: tuple[str, ...], allowed: int) -> list[tuple[object, ...]]:
    ends = [round(turn * len(words) / (allowed + 1)) for turn in range(allowed + 2)]
    return [(len(words), turn, words[start:end]) for turn, (start, end) in enumerate(pairwise(ends))]


def _differing(a: tuple[str, ...], b: tuple[str, ...]) -> frozenset[int]:
    return frozenset(at for at, (left, right) in enumerate(zip(a, b, strict=True)) if left != right)
