"""Consistent mistakes: a part of a label's rows that is of a kind of its own, or that reviews find wrong alike.

A mistake that a rubric or a teacher makes every time leaves no disagreement behind. It shows in two places. From
*shape*: one label lies over two clearly separate groups (`curator.label_errors.separability`). From *reviews*: inside
such a group the reviewed rows are wrong in the same way, while the label's other rows are not.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from curator.label_errors.separability import MIN_GROUP, MIN_LABEL, LabelViews, Shape, separate, split

MIN_WRONG = 3
"""Reviewed rows that must be wrong in the same way before a pattern is proposed."""
_MAX_CHANCE = 0.05
_PARTS = range(2, 6)  # group counts tried where reviews guide the search


@dataclass(frozen=True, slots=True)
class Pattern:
    """A consistent mistake, suspected (from shape) or seen (from reviews).

    Attributes:
        basis: "shape" or "reviews".
        label: The label that all rows have.
        rows: For reviews the rows of the group; for shape all rows of the split.
        shape: The split in which the group was found.
        neighbours: For each group of the split, the most frequent label among its nearest rows of
            other labels, with its share; empty without vectors.
        reviewed: Reviewed rows in `rows`.
        wrong: Those for which a person said `value`.
        reviewed_outside, wrong_outside: The same counts in the label's other rows.
        value: The label that people gave, None for shape.
    """

    basis: str
    label: str
    rows: tuple[int, ...]
    shape: Shape
    neighbours: tuple[tuple[str, float], ...] = ()
    reviewed: int = 0
    wrong: int = 0
    reviewed_outside: int = 0
    wrong_outside: int = 0
    value: str | None = None


@dataclass(frozen=True, slots=True)
class PatternResult:
    """The patterns, reviews first and larger groups first, and the guards that applied, in words."""

    patterns: tuple[Pattern, ...]
    notes: tuple[str, ...]


def find_patterns(
    vectors_ND: NDArray[np.float32] | None,
    texts: Sequence[str],
    labels: Sequence[str | None],
    *,
    seed: int,
    reviewed: Mapping[int, str] | None = None,
) -> PatternResult:
    """Find labels that lie over separate groups, and groups whose reviews are wrong in the same way.

    Args:
        vectors_ND: Unit-length embeddings, or None to look at character n-grams alone.
        texts: The raw texts.
        labels: The label of each row, or None.
        seed: Seed of the clusterings.
        reviewed: What a person said, by row, for rows reviewed under their present label.
    """
    said = reviewed or {}
    rows_by_label: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        if label is not None:
            rows_by_label.setdefault(label, []).append(row)
    small = sorted(label for label, rows in rows_by_label.items() if len(rows) < MIN_LABEL)
    notes = [f"label_pattern: {len(small)} labels have fewer than {MIN_LABEL} rows and show no shape"] if small else []
    views = {
        label: LabelViews([texts[row] for row in rows], None if vectors_ND is None else vectors_ND[rows], seed)
        for label, rows in rows_by_label.items()
        if len(rows) >= MIN_LABEL
    }
    seen: list[Pattern] = []
    for label in views:
        seen += _from_reviews(label, rows_by_label[label], views[label], said, seed)
    known = {pattern.label for pattern in seen}
    shapes = [
        Pattern("shape", label, tuple(sorted(row for group in shape.groups for row in group)), shape)
        for label, shape in separate(rows_by_label, views, vectors_ND, seed)
        if label not in known
    ]
    ordered = sorted(seen, key=lambda p: (-p.wrong, p.label)) + sorted(shapes, key=lambda p: (-p.shape.gap, p.label))
    return PatternResult(tuple(_with_neighbours(p, vectors_ND, labels) for p in ordered), tuple(notes))


def _from_reviews(
    label: str, rows: list[int], views: LabelViews, said: Mapping[int, str], seed: int
) -> list[Pattern]:  # fmt: skip
    reviewed = [row for row in rows if row in said]
    values = Counter(said[row] for row in reviewed if said[row] != label)
    wanted = sorted(value for value, count in values.items() if count >= MIN_WRONG)
    if not wanted:
        return []
    groups = [
        (group, shape)
        for view, x_RD in views.items()
        for parts in _PARTS
        if parts * MIN_GROUP <= len(rows) and (shape := split(view, x_RD, rows, parts, seed)) is not None
        for group in shape.groups
    ]
    found: list[Pattern] = []
    for value in wanted:
        candidates = [_reviewed_group(label, value, group, shape, reviewed, said) for group, shape in groups]
        credible = [pattern for pattern in candidates if pattern is not None and _credible(pattern, len(groups))]
        if credible:
            found.append(max(credible, key=_merit))
    return found


def _reviewed_group(
    label: str, value: str, group: tuple[int, ...], shape: Shape, reviewed: list[int], said: Mapping[int, str]
) -> Pattern | None:
    inside = set(group)
    seen = [row for row in reviewed if row in inside]
    wrong = sum(said[row] == value for row in seen)
    outside = len(reviewed) - len(seen)
    wrong_outside = sum(said[row] == value for row in reviewed if row not in inside)
    if wrong < MIN_WRONG or wrong < 0.75 * len(seen):
        return None
    if outside and wrong_outside / outside > 0.5 * wrong / len(seen):
        return None  # the rest of the label is wrong as well: this group is not what sets the mistake apart
    return Pattern("reviews", label, group, shape, (), len(seen), wrong, outside, wrong_outside, value)


def _credible(pattern: Pattern, tried: int) -> bool:
    # One of two clearly separate groups needs no more than reviews that agree. Where groups were merely cut out,
    # some cut holds the wrong rows by chance: Fisher's exact test, times the cuts tried (Bonferroni), must say no.
    shape = pattern.shape
    if len(shape.groups) == 2 and shape.clear:
        return True
    right, right_outside = pattern.reviewed - pattern.wrong, pattern.reviewed_outside - pattern.wrong_outside
    table = [[pattern.wrong, right], [pattern.wrong_outside, right_outside]]
    return float(scipy.stats.fisher_exact(table, alternative="greater").pvalue) * tried <= _MAX_CHANCE


def _merit(pattern: Pattern) -> tuple[float, float]:
    # First what explains the reviews (wrong ones inside, right ones outside), then the cleaner split.
    explained = pattern.wrong - (pattern.reviewed - pattern.wrong) - pattern.wrong_outside
    return float(explained), pattern.shape.stability + max(0.0, pattern.shape.silhouette)


def _with_neighbours(pattern: Pattern, vectors_ND: NDArray[np.float32] | None, labels: Sequence[str | None]) -> Pattern:
    if vectors_ND is None:
        return pattern
    others = np.array([row for row, label in enumerate(labels) if label not in (None, pattern.label)])
    if len(others) == 0:
        return pattern
    neighbours: list[tuple[str, float]] = []
    for group in pattern.shape.groups:
        sample = list(group[:: max(1, len(group) // 200)])
        cosine = vectors_ND[sample] @ vectors_ND[others].T
        near = others[np.argpartition(-cosine, min(4, len(others) - 1), axis=1)[:, :5]]
        label, count = Counter(str(labels[row]) for row in near.ravel().tolist()).most_common(1)[0]
        neighbours.append((label, count / near.size))
    return Pattern(
        pattern.basis, pattern.label, pattern.rows, pattern.shape, tuple(neighbours), pattern.reviewed, pattern.wrong,
        pattern.reviewed_outside, pattern.wrong_outside, pattern.value,
    )  # fmt: skip
