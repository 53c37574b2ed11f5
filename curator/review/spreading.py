"""Which rows to label first: some of every cluster, so that a few labels cover what there is."""

from collections import defaultdict
from collections.abc import Iterable, Sequence


def spread(rows: Iterable[tuple[str, int | None]], count: int) -> Sequence[str]:
    """Choose rows turn by turn from each cluster, the largest cluster first.

    >>> spread([("a", 1), ("b", 1), ("c", 2), ("d", 1), ("e", None)], 4)
    ('a', 'c', 'e', 'b')

    Args:
        rows: Row and its cluster, in order; rows of no cluster are one of their own.
        count: How many.
    """
    groups: dict[int | None, list[str]] = defaultdict(list)
    for row, cluster in rows:
        groups[cluster].append(row)
    largest = sorted(groups, key=lambda c: (-len(groups[c]), c is None, c or 0))
    turns = max((len(group) for group in groups.values()), default=0)
    chosen = (groups[cluster][turn] for turn in range(turns) for cluster in largest if turn < len(groups[cluster]))
    return tuple(row for _, row in zip(range(count), chosen, strict=False))
