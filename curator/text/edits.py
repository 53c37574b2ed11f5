"""Whether two texts, word by word, are the same but for a slip: a typo, a dropped word, a courtesy at an end."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from unicodedata import category, name

from curator.text.courtesies import is_courtesy, is_light, without_courtesies
from curator.text.normal_form import COURTESIES

END_WORDS = 8  # a greeting or a closing has at most this many words
_LONG = 20  # from here on, each text may lack a word of the other
# Prefixes that turn a meaning, beside none or another one; endings of one party and of the other (payer, payee).
_PREFIXES = (
    *(("", prefix) for prefix in ("un", "dis", "in", "im", "ir", "il", "non")),
    *(("", prefix) for prefix in ("не", "без", "des", "dés", "mis", "mal")),
    ("hyper", "hypo"), ("inter", "intra"), ("macro", "micro"),
)  # fmt: skip
_NAMED = 6  # letters from which a word with digits is a name rather than a code
_PARTIES = ({"er", "ee"}, {"or", "ee"})
_SOUND_ALIKE = ["哪那", "的地得", "在再", "做作", "坐座", "已己以", "帐账", "象像", "气汽", "需须", "带戴"]
_TWO_SLIPS = 6  # letters from which on two slips leave a word that can be told
_LEAST_UNSPACED = 6  # characters
_CORE = 3  # words that a text has beside a courtesy
_SOME = 6  # words of a text in which an unknown word, or a light one, may differ at its first letter too
_ODD_LETTERS = 5
_PERSONS_WORDS = """
i me my mine we us our ours you your yours he him his she her hers it its they them their theirs ich mich mir
mein meine dein deine sein seine ihr ihre ihm ihn ihnen du dich dir wir uns unser euch euer er sie es yo mi mí
tú tu su él ella nos nosotros vos ti te se mío tuyo suyo le les lo la los las je moi mon ma mes toi ton ta tes
il elle lui son sa ses nous notre vous votre ils elles leur leurs io mio mia tuo tua suo sua lei noi voi loro eu
meu minha teu seu ele ela nós vós eles elas ik mij mijn jij jou jouw hij hem zijn zij haar wij ons onze u uw я
меня мне мой моя моё ты тебя тебе твой твоя он его ему она её ей мы нас нам наш вы вас вам ваш они их им هو هي
هم هن أنا أنت أنتم نحن له لها لهم لي لك لنا منه منها به بها
"""
_PERSONS = frozenset(_PERSONS_WORDS.split())
"""Words for persons, none of which is a slip of another one."""
_PINNED_WORDS = re.compile(
    "เขา|เธอ|ฉัน|ผม|คุณ|เรา|มัน|วันนี้|พรุ่งนี้|เมื่อวาน|มะรืน|เช้า|เย็น|ก่อน|หลัง|บน|ล่าง|ซ้าย|ขวา|ปีนี้|ปีหน้า|ปีก่อน"
    "|彼女|彼|私|僕|今日|明日|昨日|今年|来年|去年|今週|来週|先週|今月|来月|先月|午前|午後"
    "|[他她它我你您]们?|今天|明天|昨天|后天|前天|明年|本周|下周|上周|本月|下月|上月|上午|下午|之前|之后|以前|以后"
)
"""Persons and times of scripts without spaces."""
_PINNED, _PHRASE = 1000, 6  # words from which on texts are pinned at phrases of so many words
_MOST_WORK = 250_000  # pairs of equal words that an alignment looks at, at most: 5,000 words of prose on each side
_IN_USE, _OFTEN = 5, 20  # texts that share a spelling; how many times more share the right one


def compare(
    a: Sequence[str], b: Sequence[str], uses: Mapping[str, int] | None = None, known: Collection[str] = ()
) -> tuple[float, str] | None:
    """Compare two token lists that share their marks.

    Args:
        a: Normalised words of one text.
        b: Those of the other.
        uses: How many texts of the corpus use a word: two that are both in use are no spellings of one.
        known: The words of its language (`curator.text.known_words`): a slip for one may be at its first letter.

    Returns:
        Similarity in 0..1 and what differs ("spacing", "typo", "words", "ends", "courtesy"), or None where the two are
        not the same text: a word was replaced by another word, each lacks words of the other, more is missing than one
        word in seven or an end, or a short text goes on with words that say more ("the time", "the time in London").
    """
    if "".join(a) == "".join(b):
        return 0.99, "spacing"
    if unspaced_words(a) and unspaced_words(b):
        return _compare_characters("".join(a), "".join(b))
    sizes = sum(map(len, a)), sum(map(len, b))
    if max(sizes) > 4 * min(sizes) + 200:
        return None  # hardly alike, whatever both share; to align a text of 1 MB with a short one takes seconds
    seen = _Seen()
    for kind, a0, a1, b0, b1 in _aligned(a, b):
        if kind == "equal":
            continue
        left, right = a[a0:a1], b[b0:b1]
        first, last = a0 == 0 and b0 == 0, a1 == len(a) and b1 == len(b)
        if kind == "replace":
            left, right = seen.without_closing(left, right, first=first, last=last)
            if not seen.replaced(left, right, uses or {}, known, min(len(a), len(b))):
                return None
        elif (first or last) and min(len(a), len(b)) >= _CORE and is_courtesy(left or right):
            seen.courteous += sum(map(len, left or right))
        elif last and min(len(a), len(b)) < _LONG and _says_more(left or right):
            return None
        else:
            seen.lacking(left, right, at_end=first or last)
    return seen.verdict(min(len(a), len(b)), sum(sizes))


@dataclass(slots=True)
class _Seen:
    """What was seen of the difference between two texts: characters and words."""

    changed: float = 0.0
    typos: int = 0
    plain_typos: int = 0  # of a word that is known, by one that is none
    loose: int = 0
    ends: int = 0
    courteous: int = 0
    only_left: bool = False
    only_right: bool = False

    def replaced(
        self, left: Sequence[str], right: Sequence[str], uses: Mapping[str, int], known: Collection[str], words: int
    ) -> bool:
        """Take words that stand for each other in texts of so many words; whether they are spellings of each other."""
        if "".join(left) == "".join(right):
            self.typos, self.changed = self.typos + 1, self.changed + 2  # a space too many or too few
            return True
        if len(left) != len(right):
            return False
        for x, y in zip(left, right, strict=True):
            distance, plain = _spelling(x, y, uses, known, words)
            if distance is None:
                return False
            self.typos, self.plain_typos = self.typos + (not plain), self.plain_typos + plain
            self.changed += 2 * distance
        return True

    def without_closing(
        self, left: Sequence[str], right: Sequence[str], *, first: bool, last: bool
    ) -> tuple[Sequence[str], Sequence[str]]:
        """Take the courtesy that follows, or goes before, a misspelt word at an end; what is left of both."""
        if len(left) == len(right) or not (first or last):
            return left, right
        longer, size = max(left, right, key=len), min(len(left), len(right))
        courtesy, rest = (longer[size:], longer[:size]) if last else (longer[:-size], longer[-size:])
        if not is_courtesy(courtesy):
            return left, right
        self.courteous += sum(map(len, courtesy))
        return (left, rest) if len(left) < len(right) else (rest, right)

    def lacking(self, left: Sequence[str], right: Sequence[str], *, at_end: bool) -> None:
        """Take words that one text alone has."""
        self.changed += sum(map(len, left)) + sum(map(len, right))
        self.only_left |= bool(left)
        self.only_right |= bool(right)
        count = max(len(left), len(right))
        self.ends, self.loose = self.ends + count * at_end, self.loose + count * (not at_end)

    def verdict(self, shorter: int, total: int) -> tuple[float, str] | None:
        """Similarity and what differs, for texts of so many words (the shorter one) and characters (both)."""
        if self.only_left and self.only_right and shorter < _LONG:
            return None
        # What a text may bear grows with its length.
        if self.loose > max(1, shorter // 7) or self.ends > END_WORDS or shorter < 2:
            return None
        if self.typos > max(1, shorter // 4) or self.typos + self.plain_typos > max(min(2, shorter // 2), shorter // 4):
            return None
        likeness = max(0.0, 1.0 - self.changed / (total - self.courteous))
        if self.ends > 1:
            return likeness, "ends"
        if self.loose or self.ends:
            return likeness, "words"
        return (0.98 * likeness, "courtesy") if self.courteous else (likeness, "typo")


def _aligned(a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """Yield what differs, as `difflib` says it; what would take too long to align is one replacement.

    Long texts are pinned at the phrases that stand once in each (the idea of Cohen's patience diff): the time of
    `difflib` grows with the square of the words or worse, which are few between two pins.
    """
    if max(len(a), len(b)) < _PINNED:
        yield from SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
        return
    a_end = b_end = 0
    for a_at, b_at, size in _pins(a, b):
        if a_at < a_end or b_at < b_end:
            continue  # a phrase that begins within the one before
        left, right = a[a_end:a_at], b[b_end:b_at]
        in_right = Counter(right)
        if sum(in_right[word] for word in left) > _MOST_WORK:
            yield "replace", a_end, a_at, b_end, b_at
        else:
            for kind, a0, a1, b0, b1 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
                yield kind, a_end + a0, a_end + a1, b_end + b0, b_end + b1
        a_end, b_end = a_at + size, b_at + size


def _pins(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int, int]]:
    """Where the texts are the same, in order (place in a, place in b, words): at both ends, and phrases between."""
    shorter = min(len(a), len(b))
    start = next((at for at in range(shorter) if a[at] != b[at]), shorter)
    end = next((at for at in range(shorter - start) if a[-1 - at] != b[-1 - at]), shorter - start)
    once_a, once_b = _phrases(a, start, len(a) - end), _phrases(b, start, len(b) - end)
    shared = [(at, once_b[phrase]) for phrase, at in once_a.items() if phrase in once_b]
    middle = [(a_at, b_at, _PHRASE) for a_at, b_at in _longest_rising(shared)]
    return [(0, 0, start), *middle, (len(a) - end, len(b) - end, end)]


def _phrases(words: Sequence[str], start: int, end: int) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {}
    twice: set[tuple[str, ...]] = set()
    for at in range(start, end - _PHRASE + 1):
        phrase = tuple(words[at : at + _PHRASE])
        if found.setdefault(phrase, at) != at:
            twice.add(phrase)
    return {phrase: at for phrase, at in found.items() if phrase not in twice}


def _longest_rising(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part, in order, in which the second rises too (Fredman 1975)."""
    ends: list[int] = []  # the least second place with which a part of each length ends
    last: list[int] = []  # which of `places` that is
    before: list[int] = []
    for which, (_, place) in enumerate(places):
        length = bisect_left(ends, place)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1], last[length : length + 1] = [place], [which]
    part: list[tuple[int, int]] = []
    at = last[-1] if last else -1
    while at >= 0:
        part.append(places[at])
        at = before[at]
    return part[::-1]


def only_in(a: Sequence[str], b: Sequence[str]) -> str:
    """Return the words of `a` that `b` does not have, but for those that say nothing more."""
    return " ".join((Counter(a) - Counter({word: len(a) for word in {*b, *COURTESIES}})).elements())


def unspaced_words(tokens: Sequence[str]) -> bool:
    """Whether the text is of a script that does not space its words."""
    # Thai, Chinese, Japanese: white space parts clauses, so a "word" is long or not made of letters with case.
    glued = max(map(len, tokens), default=0) >= 8 and sum(map(len, tokens)) >= 9 * len(tokens)
    return glued or all(not token.isascii() and token.upper() == token.lower() and len(tokens) <= 3 for token in tokens)


def _compare_characters(a: str, b: str) -> tuple[float, str] | None:
    plain_a, plain_b = without_courtesies(a), without_courtesies(b)
    # Courtesies around one text make no other; both may have some, but not one in place of the other.
    courteous = plain_a != a or plain_b != b
    if courteous and plain_a == plain_b and len(plain_a) >= _LEAST_UNSPACED and (plain_a in a) and (plain_a in (a, b)):
        return 0.97, "courtesy"
    if min(len(plain_a), len(plain_b)) < _LEAST_UNSPACED or _pinned(plain_a) != _pinned(plain_b):
        return None
    edits = 0
    for kind, a0, a1, b0, b1 in _aligned(plain_a, plain_b):
        if kind == "replace" and _another_word(plain_a[a0:a1], plain_b[b0:b1]):
            return None
        if kind != "equal":
            edits += max(a1 - a0, b1 - b0)
    if edits > max(1, min(len(plain_a), len(plain_b)) // 8):
        return None
    return 1.0 - edits / max(len(plain_a), len(plain_b)), "courtesy" if courteous and not edits else "typo"


def _pinned(text: str) -> Counter[str]:
    """The words of a text without spaces that no slip makes of each other."""
    return Counter(_PINNED_WORDS.findall(text))


def _another_word(a: str, b: str) -> bool:
    # Another ideograph is another word, but for those of one sound that are often taken for each other; so are two
    # other letters.
    written = any(name(char, "").startswith("CJK") for char in a + b)
    if not written and max(len(a), len(b)) > 1:
        return True
    return written and not any(set(a + b) <= set(alike) for alike in _SOUND_ALIKE)


def _says_more(closing: Sequence[str]) -> bool:
    # One word may have been dropped by mistake.
    return len(closing) > 1 and not COURTESIES.issuperset(closing)


def _spelling(x: str, y: str, uses: Mapping[str, int], known: Collection[str], words: int) -> tuple[int | None, bool]:
    """The edits between two spellings in texts of so many words, or None; and whether just one of them is a word."""
    if x == y:
        return 0, False
    if is_light(x) and is_light(y) and (slip := _light_slip(x, y, words)):
        return slip, False
    shorter, longer = sorted((x, y), key=len)
    if len(shorter) == 1 and len(longer) == 2 and shorter in longer and shorter not in known and shorter.isalpha():
        return 1, True
    used = uses.get(x, 0), uses.get(y, 0)
    in_use = _both_in_use(*used) and not _inflected(x, y)
    if in_use and words < _LONG:
        return None, False
    odd, right = used if y in known else used[::-1]
    seldom = odd < _IN_USE or right >= _OFTEN * odd
    if (x in known) != (y in known) and (seldom or is_light(x if y in known else y)):  # light: in another language
        return _slip_distance(x, y), True
    unheard = (
        bool(known) and x not in known and y not in known and min(used) <= 1 and min(len(x), len(y)) >= _ODD_LETTERS
    )
    if unheard and words >= _SOME and not in_use:
        return _slip_distance(x, y), False
    return typo_distance(x, y), False


def _light_slip(x: str, y: str, words: int) -> int | None:
    """The edits between two words that any text has: letters that changed places, or one slip among many words."""
    turned = len(x) > 1 and sorted(x) == sorted(y)
    if {x, y} & _PERSONS and not turned and (x in _PERSONS and y in _PERSONS):
        return None
    from rapidfuzz.distance import OSA

    distance = OSA.distance(x, y, score_cutoff=1)
    return 1 if distance <= 1 and (turned or words >= _SOME) else None


def _slip_distance(a: str, b: str) -> int | None:
    """The edits by which a word became one that there is not: one anywhere, two from six letters on."""
    if not (a.isalpha() and b.isalpha()):
        return typo_distance(a, b)
    if _opposed(a, b):
        return None
    from rapidfuzz.distance import OSA

    limit = 2 if min(len(a), len(b)) >= _TWO_SLIPS else 1
    distance = OSA.distance(a, b, score_cutoff=limit)
    return distance if distance <= limit else None


def typo_distance(a: str, b: str) -> int | None:
    """Return the edits (insert, delete, replace, swap of neighbours) between two spellings of a word.

    None where they are too far apart to be one word: more than one edit, or two from nine letters on; another first
    letter, which slips seldom hit and other words often have (she, he; send, lend; descending, ascending); words
    under three letters; words that differ by a prefix or an ending that turns the meaning (un-, dis-, hypo-, -ee);
    and amounts, codes and formulas, but for a slip in a name with a number ("course0").
    """
    if not (a.isalpha() and b.isalpha()):
        (a, signs), (b, others) = _letters(a), _letters(b)
        if signs != others or (signs and len(a) < _NAMED):
            return None
    shorter, longer = sorted((a, b), key=len)
    if len(longer) < 3 or (a[:1] != b[:1] and a[:2] != b[1::-1]) or _opposed(a, b):
        return None
    limit = 2 if len(shorter) >= 9 else 1
    if len(longer) - len(shorter) > limit:
        return None
    from rapidfuzz.distance import OSA  # a command that compares no texts starts without it

    distance = OSA.distance(a, b, score_cutoff=limit)
    return distance if distance <= limit else None


def _letters(word: str) -> tuple[str, str]:
    """The letters of a word, with their marks, and what else it is made of."""
    letters = "".join(char for char in word if char.isalpha() or category(char)[0] == "M")
    return letters, "".join(char for char in word if char not in letters)


def _opposed(a: str, b: str) -> bool:
    return any(
        {a, b} == {f"{one}{rest}", f"{other}{rest}"}
        for one, other in _PREFIXES
        for word in (a, b)
        if word.startswith(one) and (rest := word[len(one) :])
    ) or (a[:-2] == b[:-2] and {a[-2:], b[-2:]} in _PARTIES)


def _both_in_use(one: int, other: int) -> bool:
    # A misspelling may stand in several texts, but the right spelling then stands in many more.
    rare, frequent = sorted((one, other))
    return rare >= _IN_USE and frequent < _OFTEN * rare


def _inflected(a: str, b: str) -> bool:
    """Whether one word is the other with an ending: card, cards; change, changed."""
    shorter, longer = sorted((a, b), key=len)
    return longer.startswith(shorter) or shorter[:-1] == longer[:-1]
