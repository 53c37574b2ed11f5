"""What tells a chosen answer from a rejected one without reading it: its length, its form, its place on the screen."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log2

import scipy

from curator.records import PreferencePair

_FEW = 20
"""Pairs in which a tell differs, below which its share says nothing."""
_TELLING = 0.65
"""Share above which what is preferred may be the tell."""
_SURE = 0.01
"""Chance, over all tells together (Bonferroni), of calling one that is none."""
_HALF_DOUBLING = 2
"""Bins of a length ratio for each doubling: pairs are balanced among those that differ alike."""

_TELLS: Mapping[str, Callable[[str], object]] = {
    "begins with white space": lambda text: text[:1].isspace(),
    "ends with a line break": lambda text: text.endswith("\n"),
    "ends with a full stop": lambda text: text.rstrip().endswith((".", "。")),
    "has a list": re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.MULTILINE).search,
    "has a heading": re.compile(r"^#{1,6}\s", re.MULTILINE).search,
    "has bold text": re.compile(r"\*\*\S").search,
    "has a code fence": re.compile(r"^```", re.MULTILINE).search,
    "has several lines": lambda text: "\n" in text.strip(),
    "begins with a greeting or a promise": re.compile(
        r"\s*(?:sure|certainly|of course|absolutely|great|here (?:is|are)|here's)\b", re.IGNORECASE
    ).match,
}


@dataclass(frozen=True, slots=True)
class Tell:
    """How often one side has what the other has not.

    Attributes:
        what: What tells.
        chosen: Pairs in which the chosen answer alone has it.
        differing: Pairs in which one of the two has it.
    """

    what: str
    chosen: int
    differing: int

    @property
    def share(self) -> float:
        """Of the differing pairs, those in which the chosen answer has it, 0..1."""
        return self.chosen / self.differing


def length_auc(pairs: Sequence[PreferencePair]) -> float | None:
    """How well length alone tells the chosen answer: the share of pairs in which it is the longer, equal ones half.

    0.5 is chance; this is the area under the ROC curve of the length difference. None without pairs.
    """
    if not pairs:
        return None
    return sum((len(p.chosen) > len(p.rejected)) + 0.5 * (len(p.chosen) == len(p.rejected)) for p in pairs) / len(pairs)


def format_tells(pairs: Sequence[PreferencePair]) -> list[Tell]:
    """Marks of form by which the chosen answer is known, in one direction or the other, beyond chance."""
    found = []
    for what, has in _TELLS.items():
        sides = [(bool(has(pair.chosen)), bool(has(pair.rejected))) for pair in pairs]
        tell = Tell(what, sum(c and not r for c, r in sides), sum(c != r for c, r in sides))
        if tell.differing >= _FEW and _beyond_chance(tell.chosen, tell.differing, len(_TELLS)):
            found.append(tell)
    return found


def position_bias(sides: Sequence[tuple[str, bool]]) -> list[Tell]:
    """Who prefers the answer on one side of the screen beyond chance.

    Args:
        sides: For each choice that is no tie: who chose, and whether it was the left answer.
    """
    by_person: defaultdict[str, list[bool]] = defaultdict(list)
    for who, left in sides:
        by_person[who].append(left)
    return [
        Tell(who, sum(lefts), len(lefts))
        for who, lefts in sorted(by_person.items())
        if len(lefts) >= _FEW and _beyond_chance(sum(lefts), len(lefts), len(by_person))
    ]


def _beyond_chance(hits: int, trials: int, tried: int) -> bool:
    share = hits / trials
    return max(share, 1 - share) > _TELLING and scipy.stats.binomtest(hits, trials).pvalue * tried < _SURE


def balanced_by_length(
    pairs: Sequence[PreferencePair], *, seed: int, fixed: frozenset[str] = frozenset()
) -> tuple[list[PreferencePair], list[PreferencePair]]:
    """Pairs in which no function of the two lengths tells the chosen answer, and those that had to go for it.

    Among pairs whose lengths differ by about the same factor (half a doubling), as many stay with the longer answer
    chosen as with the shorter one; pairs of equal lengths all stay. Which go, a seeded hash decides.

    Args:
        pairs: The pairs.
        seed: Of the hash.
        fixed: Ids that stay whatever happens: they were stored before.
    """
    bins: defaultdict[int, tuple[list[PreferencePair], list[PreferencePair]]] = defaultdict(lambda: ([], []))
    gone: set[str] = set()
    for pair in pairs:
        if len(pair.chosen) != len(pair.rejected):
            factor = abs(log2(max(1, len(pair.chosen)) / max(1, len(pair.rejected))))
            bins[int(_HALF_DOUBLING * factor)][len(pair.chosen) > len(pair.rejected)].append(pair)
    for shorter, longer in bins.values():
        more, fewer = (longer, shorter) if len(longer) > len(shorter) else (shorter, longer)
        free = sorted((p for p in more if p.id not in fixed), key=lambda pair: _hash(seed, pair.id))
        gone.update(pair.id for pair in free[: len(more) - len(fewer)])
    return [p for p in pairs if p.id not in gone], [p for p in pairs if p.id in gone]


def _hash(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}\x1flength\x1f{name}".encode()).hexdigest()
