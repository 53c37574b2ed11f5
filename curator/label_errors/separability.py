"""The shape of a label: whether its rows lie in two clearly separate groups, and how far apart.

A label lies over separate groups in the embedding, or in its character n-grams, where a split in two is clear and
stable, and either far clearer than this dataset's other labels show, or so wide that each of the two is nearer another
label than the other half of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

MIN_LABEL = 20
"""A label with fewer rows has no shape to speak of."""
MIN_GROUP = 8
_MIN_GAP = 4.5  # distance of the centroids in within-group standard deviations, along their axis
_MIN_STABILITY = 0.95
_MIN_OUTLIER = 4.0  # robust deviations by which the silhouette must exceed that of the other labels
_MIN_APART = 1.1  # on 60 labels each of Banking77 and CLINC150: 4 and 1 flagged as they are, 32 and 33 of 40 mixed ones
_LABELS_FOR_OUTLIER = 6  # with fewer labels there is no "other labels" to compare with
_MIN_SILHOUETTE_ALONE = 0.1  # …and the silhouette must reach this instead
_DRAWS = 4


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
        apart: Distance of the two largest groups' centroids over the larger of their distances to the nearest
            centroid of another label; above 1, each is nearer another label. 0 in views that labels do not share.
    """

    view: str
    groups: tuple[tuple[int, ...], ...]
    silhouette: float
    gap: float
    stability: float
    apart: float = 0.0

    @property
    def clear(self) -> bool:
        """Whether the two largest groups lie well apart and come out again from half of the rows."""
        return self.gap >= _MIN_GAP and self.stability >= _MIN_STABILITY


@dataclass(slots=True)
class LabelViews:
    """The matrices of a label's rows, made once."""

    texts: list[str]
    vectors_RD: NDArray[np.float32] | None
    seed: int
    made: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def items(self) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Name and matrix [R, D] of each view."""
        if not self.made:
            if self.vectors_RD is not None:
                self.made["embedding"] = (self.vectors_RD - self.vectors_RD.mean(axis=0)).astype(np.float64)
            characters = _character_view(self.texts, self.seed)
            if characters is not None:
                self.made["characters"] = characters
        yield from self.made.items()


def _character_view(texts: Sequence[str], seed: int) -> NDArray[np.float64] | None:
    # Letters and their neighbours tell scripts, languages and templates apart where meaning does not. The
    # first axis is what all rows share and is left out.
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

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


def split(view: str, x_RD: NDArray[np.float64], rows: list[int], parts: int, seed: int) -> Shape | None:
    """Split a label's rows in groups by k-means, or return None where a group would have fewer than `MIN_GROUP`.

    Args:
        view: The name of the view.
        x_RD: The view's matrix, one line for each of the rows.
        rows: The rows' numbers.
        parts: Number of groups.
        seed: Of k-means.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

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
    from sklearn.cluster import KMeans

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


def separate(
    rows_by_label: Mapping[str, list[int]],
    views: Mapping[str, LabelViews],
    vectors_ND: NDArray[np.float32] | None,
    seed: int,
) -> list[tuple[str, Shape]]:
    """Find the labels that lie over two separate groups, each with its clearest split.

    Args:
        rows_by_label: The rows of each label.
        views: The views of the labels with enough rows.
        vectors_ND: Unit-length embeddings of all rows, or None.
        seed: Of the splits.
    """
    by_view: dict[str, list[tuple[str, Shape]]] = {}
    centre_by_label = (
        {} if vectors_ND is None else {label: vectors_ND[rows].mean(axis=0) for label, rows in rows_by_label.items()}
    )
    for label, label_views in views.items():
        for view, x_RD in label_views.items():
            shape = split(view, x_RD, rows_by_label[label], 2, seed)
            if shape is not None:
                if view == "embedding" and vectors_ND is not None:
                    shape = replace(shape, apart=_apart(label, shape, vectors_ND, centre_by_label))
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
            if shape.clear and (shape.silhouette > limit or shape.apart > _MIN_APART):
                kept = best.get(label)
                if kept is None or (shape.stability, shape.gap) > (kept.stability, kept.gap):
                    best[label] = shape
    return list(best.items())


def _apart(
    label: str, shape: Shape, vectors_ND: NDArray[np.float32], centre_by_label: Mapping[str, NDArray[np.float32]]
) -> float:
    others = [centre for other, centre in centre_by_label.items() if other != label]
    if not others:
        return 0.0
    one, two = (vectors_ND[list(group)].mean(axis=0) for group in shape.groups[:2])
    nearest = [float(np.linalg.norm(np.stack(others) - half, axis=1).min()) for half in (one, two)]
    return float(np.linalg.norm(one - two)) / max(*nearest, 1e-9)
