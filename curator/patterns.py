"""Consistent mistakes: a part of a label's rows that is of a kind of its own, or that reviews find wrong alike.

A mistake that a rubric or a teacher makes every time leaves no disagreement behind. It shows in two
places. From *shape*: one label lies over two clearly separate groups, in the embedding or in its
character n-grams, far more so than this dataset's other labels do. From *reviews*: inside such a group
the reviewed rows are wrong in the same way, while the label's other rows are not.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import silhouette_score

MIN_LABEL = 20
"""A label with fewer rows has no shape to speak of."""
MIN_GROUP = 8
MIN_WRONG = 3
"""Reviewed rows that must be wrong in the same way before a pattern is proposed."""
_MIN_GAP = 4.5  # distance of the centroids in within-group standard deviations, along their axis
_MIN_STABILITY = 0.95
_MIN_OUTLIER = 4.0  # robust deviations by which the silhouette must exceed that of the other labels
_LABELS_FOR_OUTLIER = 6  # with fewer labels there is no "other labels" to compare with
_MIN_SILHOUETTE_ALONE = 0.1  # …and the silhouette must reach this instead
_MAX_CHANCE = 0.05
_DRAWS = 4
_PARTS = range(2, 6)  # group counts tried where reviews guide the search


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to split a label's rows in groups.

    Attributes:
        view: "embedding" or "characters".
        groups: The rows of each group.
        silhouette: Mean silhouette of the split, -1..1.
        gap: Distance of the two largest groups' centroids in standard deviations along their axis.
        stability: Least share of rows, over random halves, that a split learnt on the other half
            puts in the same group; 0.5..1 for two groups.
    """

    view: str
    groups: tuple[tuple[int, ...], ...]
    silhouette: float
    gap: float
    stability: float


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


@dataclass(slots=True)
class _Views:
    """The matrices of a label's rows, made once."""

    texts: list[str]
    vectors_RD: NDArray[np.float32] | None
    seed: int
    made: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def items(self) -> Iterator[tuple[str, NDArray[np.float64]]]:
        if not self.made:
            if self.vectors_RD is not None:
                self.made["embedding"] = (self.vectors_RD - self.vectors_RD.mean(axis=0)).astype(np.float64)
            characters = _character_view(self.texts, self.seed)
            if characters is not None:
                self.made["characters"] = characters
        yield from self.made.items()


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
        label: _Views([texts[row] for row in rows], None if vectors_ND is None else vectors_ND[rows], seed)
        for label, rows in rows_by_label.items()
        if len(rows) >= MIN_LABEL
    }
    seen: list[Pattern] = []
    for label in views:
        seen += _from_reviews(label, rows_by_label[label], views[label], said, seed)
    known = {pattern.label for pattern in seen}
    shapes = [
        Pattern("shape", label, tuple(sorted(row for group in shape.groups for row in group)), shape)
        for label, shape in _from_shape(rows_by_label, views, seed)
        if label not in known
    ]
    ordered = sorted(seen, key=lambda p: (-p.wrong, p.label)) + sorted(shapes, key=lambda p: (-p.shape.gap, p.label))
    return PatternResult(tuple(_with_neighbours(p, vectors_ND, labels) for p in ordered), tuple(notes))


def _character_view(texts: Sequence[str], seed: int) -> NDArray[np.float64] | None:
    # Letters and their neighbours tell scripts, languages and templates apart where meaning does not. The
    # first axis is what all rows share and is left out.
    try:
        grams = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True, min_df=3, max_features=20_000
        ).fit_transform(texts)
    except ValueError:  # no n-gram stands in three texts
        return None
    axes = min(20, grams.shape[0] - 1, grams.shape[1] - 1)
    if axes < 3 or grams.power(2).mean(axis=0).sum() - np.square(grams.mean(axis=0)).sum() < 1e-9:
        return None  # too few n-grams, or all texts alike
    return np.asarray(TruncatedSVD(axes, random_state=seed).fit_transform(grams)[:, 1:])


def _split(view: str, x_RD: NDArray[np.float64], rows: list[int], parts: int, seed: int) -> Shape | None:
    if _distinct(x_RD) < parts * MIN_GROUP:
        return None  # copies of few texts make no groups
    with_seed = KMeans(parts, n_init=3, random_state=seed)
    group_R = with_seed.fit_predict(x_RD)
    sizes = np.bincount(group_R, minlength=parts)
    if sizes.min() < MIN_GROUP:
        return None
    order = np.argsort(-sizes, kind="stable")
    left, right = x_RD[group_R == order[0]], x_RD[group_R == order[1]]
    axis = right.mean(axis=0) - left.mean(axis=0)
    length = float(np.linalg.norm(axis))
    spread = np.concatenate([(part - part.mean(axis=0)) @ (axis / length) for part in (left, right)]).std()
    row_R = np.array(rows)
    return Shape(
        view=view,
        groups=tuple(tuple(row_R[group_R == group].tolist()) for group in order),
        silhouette=float(silhouette_score(x_RD, group_R, sample_size=min(1000, len(rows)), random_state=seed)),
        gap=length / max(float(spread), 1e-9),
        stability=_stability(x_RD, group_R, parts, seed),
    )


def _distinct(x_RD: NDArray[np.float64]) -> int:
    # Rows that differ differ along a direction of no special kind; copies may differ in the last bits.
    return len(np.unique(np.round(x_RD @ np.sqrt(np.arange(2.0, x_RD.shape[1] + 2)), 6)))


def _stability(x_RD: NDArray[np.float64], group_R: NDArray[np.int32], parts: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    least = 1.0
    for _ in range(_DRAWS):
        shuffled = rng.permutation(len(group_R))
        learn, held = shuffled[: len(shuffled) // 2], shuffled[len(shuffled) // 2 :]
        guess_H = KMeans(parts, n_init=3, random_state=seed).fit(x_RD[learn]).predict(x_RD[held])
        # Groups have no names: each learnt group stands for the one that it overlaps most.
        agree = sum(np.bincount(group_R[held][guess_H == g], minlength=parts).max() for g in np.unique(guess_H))
        least = min(least, float(agree) / len(held))
    return least


def _from_shape(
    rows_by_label: Mapping[str, list[int]], views: Mapping[str, _Views], seed: int
) -> list[tuple[str, Shape]]:
    by_view: dict[str, list[tuple[str, Shape]]] = {}
    for label, label_views in views.items():
        for view, x_RD in label_views.items():
            shape = _split(view, x_RD, rows_by_label[label], 2, seed)
            if shape is not None:
                by_view.setdefault(view, []).append((label, shape))
    best: dict[str, Shape] = {}
    for shapes in by_view.values():
        values = np.array([shape.silhouette for _, shape in shapes])
        if len(values) >= _LABELS_FOR_OUTLIER:
            middle = float(np.median(values))
            spread = max(1.4826 * float(np.median(np.abs(values - middle))), 0.05 * middle, 1e-6)
            limit = middle + _MIN_OUTLIER * spread
        else:
            limit = _MIN_SILHOUETTE_ALONE
        for label, shape in shapes:
            if shape.silhouette > limit and shape.gap >= _MIN_GAP and shape.stability >= _MIN_STABILITY:
                kept = best.get(label)
                if kept is None or (shape.stability, shape.gap) > (kept.stability, kept.gap):
                    best[label] = shape
    return list(best.items())


def _from_reviews(
    label: str, rows: list[int], views: _Views, said: Mapping[int, str], seed: int
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
        if parts * MIN_GROUP <= len(rows) and (shape := _split(view, x_RD, rows, parts, seed)) is not None
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
    if len(shape.groups) == 2 and shape.gap >= _MIN_GAP and shape.stability >= _MIN_STABILITY:
        return True
    right, right_outside = pattern.reviewed - pattern.wrong, pattern.reviewed_outside - pattern.wrong_outside
    table = [[pattern.wrong, right], [pattern.wrong_outside, right_outside]]
    return float(fisher_exact(table, alternative="greater").pvalue) * tried <= _MAX_CHANCE


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
