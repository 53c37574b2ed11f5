"""Which of two answers is better: what to compare, on which side each stands, and what people's choices amount to."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from curator.preferences.pairs import Candidate, PairSource
from curator.records import answer_seen, digest, short_id

Side = Literal["a", "b"]
ComparisonAnswer = Literal["a", "b", "tie", "skip"]


@dataclass(frozen=True, slots=True)
class AnswerComparison:
    """Two answers to one row. `left` says which of them stands on the left; nobody is told where either comes from."""

    id: str
    dataset: str
    example_id: str
    content_hash: str
    a_source: str
    b_source: str
    a: str
    b: str
    left: Side


@dataclass(frozen=True, slots=True)
class Drawn:
    """Comparisons in their order, and how many rows gave none: equal answers, or a side without an answer."""

    comparisons: tuple[AnswerComparison, ...]
    equal: int
    missing: int


@dataclass(frozen=True, slots=True)
class Preferred:
    """What choices amount to.

    Attributes:
        candidates: What more than half of those who chose prefer.
        ties: Comparisons that most call a tie: never a pair.
        conflicts: Comparisons without a majority: never a pair either.
        by_majority: Candidates against which somebody spoke. Every vote stays in the store.
    """

    candidates: tuple[Candidate, ...]
    ties: int
    conflicts: int
    by_majority: int = 0


def draw(
    rows: Iterable[Mapping[str, Any]],
    answers_a: Mapping[str, str],
    answers_b: Mapping[str, str],
    *,
    dataset: str,
    a_source: str,
    b_source: str,
    count: int | None,
    seed: int,
) -> Drawn:
    """Compare two sources where they differ: `count` rows by a seeded hash, or all.

    A side is on the left by a seeded hash too, so that neither place nor order says anything about the source. A
    comparison's id is made of the row's text, the answers and their sources: a rerun makes the same ones.

    Args:
        rows: The rows: example_id, content_hash.
        answers_a: Example id -> the answer of the first source.
        answers_b: Example id -> the answer of the second.
        dataset: Their dataset.
        a_source: The first source's name.
        b_source: The second's.
        count: How many at most; None for all.
        seed: Fixes rows, order and sides.
    """
    made: list[AnswerComparison] = []
    equal = missing = 0
    for row in rows:
        example = row["example_id"]
        a, b = answers_a.get(example), answers_b.get(example)
        if a is None or b is None or not a.strip() or not b.strip():
            missing += 1
        elif answer_seen(a) == answer_seen(b):
            equal += 1
        else:
            made.append(compared(dataset, example, row["content_hash"], (a_source, a), (b_source, b), seed=seed))
    made.sort(key=lambda c: digest([seed, "order", c.id]))
    return Drawn(tuple(made[:count]), equal, missing)


def compared(
    dataset: str, example_id: str, content_hash: str, first: tuple[str, str], second: tuple[str, str], *, seed: int = 0
) -> AnswerComparison:
    """A comparison of two answers, each with its source; the side of the first is drawn by a seeded hash."""
    (a_source, a), (b_source, b) = first, second
    ident = short_id("cmp", [dataset, example_id, content_hash, a_source, a, b_source, b])
    left: Side = "a" if int(digest([seed, "side", ident])[:8], 16) % 2 else "b"
    return AnswerComparison(ident, dataset, example_id, content_hash, a_source, b_source, a, b, left)


def chosen(side: Literal["left", "right"], left: Side) -> Side:
    """Which answer a side is.

    >>> chosen("right", "a")
    'b'
    """
    if side == "left":
        return left
    return "b" if left == "a" else "a"


def preferred(dataset: str, said: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]] = ()) -> Preferred:
    """One candidate for each comparison of which more than half of the people prefer one answer.

    A tie is a vote like any other and never becomes a pair; without a majority there is no pair either.

    Args:
        dataset: The dataset.
        said: Choices in force, oldest first: comparison, example_id, reviewer, choice, a, b.
        given: What files say of comparisons, in the same form. It counts where nobody was asked here.
    """
    newest = _newest(said)
    from_files = {each: by for each, by in _newest(given).items() if each not in newest}
    asked, brought = _amount(dataset, newest, "preference"), _amount(dataset, from_files, "import")
    return Preferred(
        (*asked.candidates, *brought.candidates),
        asked.ties + brought.ties,
        asked.conflicts + brought.conflicts,
        asked.by_majority + brought.by_majority,
    )


Newest = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Comparison -> reviewer -> the newest choice."""


def _newest(said: Sequence[Mapping[str, Any]]) -> Newest:
    newest: defaultdict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for one in said:
        if one["choice"] != "skip":
            newest[one["comparison"]][one["reviewer"]] = one
    return newest


def _amount(dataset: str, newest: Newest, source: PairSource) -> Preferred:
    candidates: list[Candidate] = []
    ties = conflicts = by_majority = 0
    for by_reviewer in newest.values():
        votes = Counter(one["choice"] for one in by_reviewer.values())
        row = next(iter(by_reviewer.values()))
        choice, most = votes.most_common(1)[0]
        if 2 * most <= votes.total():
            conflicts += 1
        elif choice == "tie":
            ties += 1
        else:
            better, worse = (row["a"], row["b"]) if choice == "a" else (row["b"], row["a"])
            by_majority += len(votes) > 1
            candidates.append(Candidate(row["example_id"], dataset, better, worse, source))
    return Preferred(tuple(candidates), ties, conflicts, by_majority)
