"""Groups of rows that say the same: exact copies, and near pairs clustered around one row that stands for them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from curator.duplicates.lexical import NearPairs
from curator.text import SameText, same_text

DEFAULT_THRESHOLD = 0.7
_SAME = ("spacing", "courtesy")  # reasons that leave the text what it is


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that say the same, around one representative.

    `scores` and `reasons` are by member, in the order of `rows`: the similarity to the
    representative or, where the two were not compared, to the member that links them.
    """

    rows: tuple[int, ...]
    representative: int
    scores: tuple[float, ...]
    reasons: tuple[str, ...]


def exact_groups(texts: Sequence[str], contexts: Sequence[str | None] | None = None) -> list[Group]:
    """Return groups of two or more rows whose texts are the same (`curator.text.same_text`), in row order.

    Args:
        texts: The raw texts, in row order.
        contexts: What each input is beside its text (`curator.records.context_key`); it must be equal as well.
    """
    rows_by_key: dict[tuple[SameText, str | None], list[int]] = defaultdict(list)
    for row, (text, context) in enumerate(zip(texts, contexts or [None] * len(texts), strict=True)):
        rows_by_key[same_text(text), context].append(row)
    return [
        Group(tuple(rows), rows[0], (1.0,) * len(rows),
              tuple("same bytes" if texts[row] == texts[rows[0]] else "same after normalising" for row in rows))
        for rows in rows_by_key.values()
        if len(rows) > 1
    ]  # fmt: skip


def near_groups(pairs: NearPairs, rows: int, *, threshold: float = DEFAULT_THRESHOLD) -> list[Group]:
    """Cluster pairs of at least `threshold` around representatives; each row is in at most one group.

    The row with most open neighbours becomes a representative and takes them; what is left over joins
    the group of its most similar neighbour. Chains therefore do not run together into one giant group. Of rows that
    say more than the representative, each something else ("call me Bob", "call me Carl" beside "call me"), it takes
    the most similar alone. Rows that differ in nothing but spaces and courtesies go as one.

    Args:
        pairs: From `near_pairs`.
        rows: Number of rows, N.
        threshold: Least similarity, 0..1.
    """
    every = _neighbours(pairs, rows, threshold)
    stands = _stands_for(every)
    neighbours = _contracted(every, stands)
    owner: dict[int, int] = {}
    link: dict[int, tuple[float, str]] = {}
    says: dict[int, str] = {}  # what the members of a group may say more than its representative
    for row in sorted(neighbours, key=lambda row: (-len(neighbours[row]), row)):
        open_rows = [other for other in neighbours[row] if other not in owner]
        if row in owner or not open_rows:
            continue
        owner[row], link[row] = row, (1.0, "representative")
        more = [other for other in open_rows if neighbours[row][other].more]
        best = max(more, key=lambda other: (neighbours[row][other].score, -other), default=row)
        says[row] = "" if best == row else neighbours[row][best].more
        for other in open_rows:
            if neighbours[row][other].more in ("", says[row]):
                owner[other], link[other] = row, neighbours[row][other][:2]
    for row in sorted(set(neighbours) - set(owner)):
        allowed = [other for other in neighbours[row] if other in owner
                   and neighbours[other][row].more in ("", says[other] if owner[other] == other else "")]  # fmt: skip
        if allowed:
            best = max(allowed, key=lambda other: (neighbours[row][other].score, -other))
            owner[row], link[row] = owner[best], neighbours[row][best][:2]
    for row, first in stands.items():
        if row != first:
            edge = every[row].get(first) or max(every[row].values())
            owner.setdefault(first, first)
            link.setdefault(first, (1.0, "representative"))
            owner[row], link[row] = owner[first], edge[:2]
    members: dict[int, list[int]] = defaultdict(list)
    for row in sorted(owner):
        members[owner[row]].append(row)
    return [
        Group(tuple(rows_), head, tuple(link[row][0] for row in rows_), tuple(link[row][1] for row in rows_))
        for head, rows_ in sorted(members.items(), key=lambda item: item[1])
        if len(rows_) > 1
    ]


def _stands_for(neighbours: Mapping[int, Mapping[int, "_Edge"]]) -> dict[int, int]:
    """The row that stands for each: of those that differ in spaces and courtesies alone, the best connected one."""
    stands: dict[int, int] = {}
    for start in sorted(neighbours, key=lambda row: (-len(neighbours[row]), row)):
        open_rows = [start]
        while open_rows:
            row = open_rows.pop()
            if row not in stands:
                stands[row] = start
                open_rows += [other for other, edge in neighbours[row].items() if edge.reason in _SAME]
    return stands


def _contracted(
    neighbours: Mapping[int, Mapping[int, "_Edge"]], stands: Mapping[int, int]
) -> dict[int, dict[int, "_Edge"]]:
    """The neighbours of rows that stand for others, each with the best edge of those that it stands for."""
    found: dict[int, dict[int, _Edge]] = {}
    for row, others in neighbours.items():
        for other, edge in others.items():
            left, right = stands[row], stands[other]
            if left != right:
                known = found.setdefault(left, {})
                known[right] = max(edge, known.get(right, edge))
    return found


class _Edge(NamedTuple):
    score: float
    reason: str
    more: str  # what the neighbour says more


def _neighbours(pairs: NearPairs, rows: int, threshold: float) -> dict[int, dict[int, _Edge]]:
    found: dict[int, dict[int, _Edge]] = defaultdict(dict)
    unknown = ("",) * len(pairs)
    for left, right, score, reason, only_left, only_right in zip(
        pairs.left_P.tolist(), pairs.right_P.tolist(), pairs.score_P.tolist(), pairs.reasons,
        pairs.only_left or unknown, pairs.only_right or unknown, strict=True,
    ):  # fmt: skip
        if not 0 <= left < right < rows:
            msg = f"pair ({left}, {right}) does not name two of {rows} rows"
            raise ValueError(msg)
        if score >= threshold:
            found[left][right] = _Edge(score, reason, only_right)
            found[right][left] = _Edge(score, reason, only_left)
    return found


def closed_groups(groups: Sequence[Group], same: Sequence[Group]) -> list[Group]:
    """Return near groups with all exact copies of their rows: a group of copies is never named by one of them alone.

    Args:
        groups: From `near_groups`.
        same: From `exact_groups`, of the same rows.
    """
    copies = {row: group.rows for group in same for row in group.rows}
    closed: list[Group] = []
    for group in groups:
        seen = {
            row: (score, reason) for row, score, reason in zip(group.rows, group.scores, group.reasons, strict=True)
        }
        for row in group.rows:
            for copy in copies.get(row, ()):
                beside = (1.0, "same text") if row == group.representative else seen[row]
                seen.setdefault(copy, beside)
        rows = sorted(seen)
        scores, reasons = zip(*(seen[row] for row in rows), strict=True)
        closed.append(Group(tuple(rows), group.representative, scores, reasons))
    return closed
