"""Whether two texts, word by word, are the same but for a slip: a typo, a dropped word, a courtesy at an end."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from unicodedata import category, name

from curator.text.normal_form import COURTESIES

END_WORDS = 8  # a greeting or a closing has at most this many words
_LONG = 20  # from here on, each text may lack a word of the other
# Prefixes that turn a meaning, beside none or another one; endings of one party and of the other (payer, payee).
_PREFIXES = (
    *(("", prefix) for prefix in ("un", "dis", "in", "im", "ir", "il", "non")),
    ("hyper", "hypo"), ("inter", "intra"), ("macro", "micro"),
)  # fmt: skip
_NAMED = 6  # letters from which a word with digits is a name rather than a code
_PARTIES = ({"er", "ee"}, {"or", "ee"})
_UNSPACED_COURTESY_WORDS = """
你好 您好 请 请问 谢谢 多谢 สวัสดี ขอบคุณ ครับ ค่ะ こんにちは すみません お願いします ありがとう
"""
_UNSPACED_COURTESIES = frozenset(_UNSPACED_COURTESY_WORDS.split())
_SOUND_ALIKE = ["哪那", "的地得", "在再", "做作", "坐座", "已己以", "帐账", "象像", "气汽", "需须", "带戴"]
_PINNED, _PHRASE = 1000, 6  # words from which on texts are pinned at phrases of so many words
_MOST_WORK = 250_000  # pairs of equal words that an alignment looks at, at most: 5,000 words of prose on each side
_IN_USE, _OFTEN = 5, 20  # texts that share a spelling; how many times more share the right one


def compare(a: Sequence[str], b: Sequence[str], uses: Mapping[str, int] | None = None) -> tuple[float, str] | None:
    """Compare two token lists that share their marks.

    Args:
        a: Normalised words of one text.
        b: Those of the other.
        uses: How many texts of the corpus use a word: two that are both in use are no spellings of one.

    Returns:
        Similarity in 0..1 and what differs, or None where the two are not the same text: a word
        was replaced by another word, each lacks words of the other, more is missing than one word in
        seven or an end, or a short text goes on with words that say more ("the time", "the time in London").
    """
    if "".join(a) == "".join(b):
        return 0.99, "spacing"
    if unspaced_words(a) and unspaced_words(b):
        return _compare_characters("".join(a), "".join(b))
    sizes = sum(map(len, a)), sum(map(len, b))
    if max(sizes) > 4 * min(sizes) + 200:
        return None  # hardly alike, whatever both share; to align a text of 1 MB with a short one takes seconds
    total = sum(sizes)
    changed, typos, loose, ends = 0.0, 0, 0, 0
    only_in_a = only_in_b = False
    for kind, a0, a1, b0, b1 in _aligned(a, b):
        if kind == "equal":
            continue
        left, right = a[a0:a1], b[b0:b1]
        size = sum(map(len, left)) + sum(map(len, right))
        if kind == "replace":
            distance = _typo_distance(left, right, uses or {})
            if distance is None:
                return None
            typos += 1
            changed += 2 * distance
        else:
            changed += size
            only_in_a |= a1 > a0
            only_in_b |= b1 > b0
            if a1 == len(a) and b1 == len(b) and min(len(a), len(b)) < _LONG and _says_more(left or right):
                return None
            if (a0 == 0 and b0 == 0) or (a1 == len(a) and b1 == len(b)):
                ends += max(a1 - a0, b1 - b0)
            else:
                loose += max(a1 - a0, b1 - b0)
    shorter = min(len(a), len(b))
    if only_in_a and only_in_b and shorter < _LONG:
        return None
    if loose > max(1, shorter // 7) or ends > END_WORDS or typos > max(1, shorter // 4) or shorter < 2:
        return None
    reason = "ends" if ends > 1 else "words" if loose or ends else "typo"
    return max(0.0, 1.0 - changed / total), reason


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
    allowed = max(1, min(len(a), len(b)) // 8)
    if min(len(a), len(b)) < 6:
        return None
    edits = courtesies = 0
    for kind, a0, a1, b0, b1 in _aligned(a, b):
        if kind == "replace" and _another_word(a[a0:a1], b[b0:b1]):
            return None
        at_end = (a0 == 0 and b0 == 0) or (a1 == len(a) and b1 == len(b))
        if at_end and (a[a0:a1] or b[b0:b1]) in _UNSPACED_COURTESIES and kind in ("insert", "delete"):
            courtesies += max(a1 - a0, b1 - b0)
        elif kind != "equal":
            edits += max(a1 - a0, b1 - b0)
    if edits > allowed:
        return None
    return 1.0 - (edits + courtesies) / max(len(a), len(b)), "ends" if courtesies else "typo"


def _another_word(a: str, b: str) -> bool:
    # Another ideograph is another word, but for those of one sound that are often taken for each other.
    written = any(name(char, "").startswith("CJK") for char in a + b)
    return written and not any(set(a + b) <= set(alike) for alike in _SOUND_ALIKE)


def _says_more(closing: Sequence[str]) -> bool:
    # One word may have been dropped by mistake.
    return len(closing) > 1 and not COURTESIES.issuperset(closing)


def _typo_distance(left: Sequence[str], right: Sequence[str], uses: Mapping[str, int]) -> int | None:
    if "".join(left) == "".join(right):
        return 1  # a space too many or too few
    if len(left) != len(right):
        return None
    if any(
        _both_in_use(uses.get(x, 0), uses.get(y, 0)) and not _inflected(x, y) for x, y in zip(left, right, strict=True)
    ):
        return None
    distances = [typo_distance(x, y) for x, y in zip(left, right, strict=True)]
    return None if any(d is None for d in distances) else sum(d for d in distances if d is not None)


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
