"""What real traffic has that a dataset lacks: coverage of a reference sample, by region.

A reference row is covered where a dataset row lies within its own neighbourhood: the ball that reaches to its k-th
nearest fellow reference row (Naeem et al. 2020, "Reliable fidelity and diversity metrics", section 3, coverage), and
at least to `_NEAR`: traffic repeats itself, and around copies the ball alone would have no width.
Beside it stands recall, the other way round: the share of reference rows within the ball of some dataset row
(Kynkäänniemi et al. 2019, section 3). Both are shares of the reference rows, and the ceiling says what a sample of
the traffic itself would reach.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.composition.clustering import CLUSTER_THRESHOLD, cluster
from curator.errors import NotEnoughDataError
from curator.statistics import clopper_pearson

_NEIGHBOURS = 5
"""k of the neighbourhoods; Naeem et al. use 5 as well."""
MIN_SIDE_ROWS = 30
"""Fewer rows on a side say nothing about what is covered."""
_MAX_ROWS = 20_000
"""Rows compared on each side; of more, a random sample (the work grows with their product)."""
_NEAR = CLUSTER_THRESHOLD / 2
"""Cosine distance of rows that are always near enough: rows of one scenario are 0.26 apart for all-MiniLM-L6-v2."""
_BLOCK = 1024
MIN_REGION_ROWS = 3
"""Reference rows that make a region worth a line."""
_THIN = 0.5  # the verdict names regions of which less than half is covered


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the reference: a cluster of its rows.

    Attributes:
        name: Its most telling words.
        rows, share: Reference rows in it, and their share of the reference, 0..1.
        covered: Share of them that the dataset covers, 0..1.
        distance: Median cosine distance from them to the nearest dataset row, 0..2.
        have: Dataset rows whose nearest reference row lies here.
        collect: Rows to collect so that the region has the same share in the dataset as in the reference.
        examples: Ids of the reference rows farthest from the dataset, at most 3.
    """

    name: str
    rows: int
    share: float
    covered: float
    distance: float
    have: int
    collect: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReferenceCoverage:
    """How much of a reference sample a dataset covers.

    Attributes:
        rows, reference_rows: Rows compared on each side.
        coverage, low, high: Share of reference rows covered, with its exact interval (Clopper and Pearson 1934) at
            95 %: over the draw of the reference, the dataset taken as it is.
        ceiling: The same share for a random half of the reference against the other half.
        recall: Share of reference rows within the neighbourhood of some dataset row, 0..1.
        distance: Median cosine distance from a reference row to the nearest dataset row.
        regions: The regions, the one with most uncovered rows first, then the one with most to collect.
        verdict: What it means, in words.
    """

    rows: int
    reference_rows: int
    coverage: float
    low: float
    high: float
    ceiling: float
    recall: float
    distance: float
    regions: tuple[Region, ...]
    verdict: str


def reference_coverage(
    vectors_ND: NDArray[np.float32],
    reference_MD: NDArray[np.float32],
    texts_M: Sequence[str],
    ids_M: Sequence[str],
    *,
    seed: int,
    k: int = _NEIGHBOURS,
) -> ReferenceCoverage:
    """Compare a dataset with a reference sample, such as production logs.

    Args:
        vectors_ND: Embeddings of the dataset's rows, of unit length.
        reference_MD: Embeddings of the reference rows by the same encoder.
        texts_M: The reference rows' texts, for the regions' names.
        ids_M: Their ids, for the regions' examples.
        seed: Seed of the samples and of the halves for the ceiling.
        k: Neighbours that make a neighbourhood, at least 1.

    Raises:
        NotEnoughDataError: A side has fewer than `MIN_SIDE_ROWS` rows.
    """
    for side, count in (("dataset", len(vectors_ND)), ("reference", len(reference_MD))):
        if count < MIN_SIDE_ROWS:
            msg = f"the {side} has {count} rows to compare; at least {MIN_SIDE_ROWS} are needed to say what is covered"
            raise NotEnoughDataError(msg)
    rng = np.random.default_rng(seed)
    places_M = _sample(len(reference_MD), rng)
    ours_ND, theirs_MD = vectors_ND[_sample(len(vectors_ND), rng)], reference_MD[places_M]
    radius_M, radius_N = _radius(theirs_MD, theirs_MD, k), _radius(ours_ND, ours_ND, k)
    nearest_M, _, within_M = _meet(theirs_MD, ours_ND, radius_N)
    covered_M = nearest_M <= radius_M
    shuffled = rng.permutation(len(theirs_MD))
    half, other = theirs_MD[shuffled[::2]], theirs_MD[shuffled[1::2]]
    ceiling = float((_meet(half, other, None)[0] <= _radius(half, half, k)).mean())
    coverage = float(covered_M.mean())
    low, high = clopper_pearson(coverage * len(covered_M), len(covered_M), 0.95)
    regions = _regions(
        theirs_MD, [texts_M[i] for i in places_M], [ids_M[i] for i in places_M], covered_M, nearest_M, ours_ND, seed
    )
    return ReferenceCoverage(
        rows=len(ours_ND),
        reference_rows=len(theirs_MD),
        coverage=coverage,
        low=low,
        high=high,
        ceiling=ceiling,
        recall=float(within_M.mean()),
        distance=float(np.median(nearest_M)),
        regions=regions,
        verdict=_verdict(coverage, high, ceiling, [r for r in regions if r.covered < _THIN]),
    )


def lacking(regions: Iterable[Region]) -> list[Region]:
    """The regions to tell about, in their order: a row is not covered there, or there are too few rows for its share.

    Args:
        regions: Those under `MIN_REGION_ROWS` rows are left out.
    """
    return [r for r in regions if r.rows >= MIN_REGION_ROWS and (r.covered < 1.0 or r.collect)]


def _sample(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.arange(count) if count <= _MAX_ROWS else np.sort(rng.choice(count, _MAX_ROWS, replace=False))


def _radius(rows_AD: NDArray[np.float32], among_BD: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """Cosine distance of each row to its k-th nearest fellow, [A]; the row itself is the nearest and not counted."""
    place = min(k, len(among_BD) - 1)
    radius_A = np.empty(len(rows_AD), dtype=np.float32)
    for start in range(0, len(rows_AD), _BLOCK):
        distance = _distance(rows_AD[start : start + _BLOCK], among_BD)
        radius_A[start : start + _BLOCK] = np.partition(distance, place, axis=1)[:, place]
    return np.maximum(radius_A, _NEAR)


def _meet(
    rows_AD: NDArray[np.float32], others_BD: NDArray[np.float32], radius_B: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
    """For each row: distance to the nearest other [A], which it is [A], and whether some other's ball holds it [A]."""
    nearest_A = np.empty(len(rows_AD), dtype=np.float32)
    which_A = np.empty(len(rows_AD), dtype=np.int64)
    within_A = np.zeros(len(rows_AD), dtype=np.bool_)
    for start in range(0, len(rows_AD), _BLOCK):
        distance = _distance(rows_AD[start : start + _BLOCK], others_BD)
        part = slice(start, start + len(distance))
        which_A[part] = distance.argmin(axis=1)
        nearest_A[part] = distance.min(axis=1)
        if radius_B is not None:
            within_A[part] = (distance <= radius_B).any(axis=1)
    return nearest_A, which_A, within_A


def _distance(rows_AD: NDArray[np.float32], others_BD: NDArray[np.float32]) -> NDArray[np.float32]:
    # The sixth digit differs between ways of adding up: rounded, the order of the rows changes nothing.
    return np.asarray(np.round(1.0 - rows_AD @ others_BD.T, 5))


def _regions(
    theirs_MD: NDArray[np.float32],
    texts_M: Sequence[str],
    ids_M: Sequence[str],
    covered_M: NDArray[np.bool_],
    nearest_M: NDArray[np.float32],
    ours_ND: NDArray[np.float32],
    seed: int,
) -> tuple[Region, ...]:
    found = cluster(theirs_MD, texts_M, seed=seed)
    home_N = found.labels_N[_meet(ours_ND, theirs_MD, None)[1]]
    have_C = np.bincount(home_N, minlength=len(found.sizes))
    regions = []
    for number, (name, size) in enumerate(zip(found.names, found.sizes, strict=True)):
        rows = np.flatnonzero(found.labels_N == number)
        share, have = size / len(theirs_MD), int(have_C[number])
        # x more rows make the share right: (have + x) / (all + x) = share.
        wanted = math.ceil((share * len(ours_ND) - have) / (1.0 - share)) if share < 1.0 else 0
        far = rows[np.argsort(-nearest_M[rows], kind="stable")[:3]]
        regions.append(
            Region(
                name=name,
                rows=size,
                share=share,
                covered=float(covered_M[rows].mean()),
                distance=float(np.median(nearest_M[rows])),
                have=have,
                collect=max(0, wanted),
                examples=tuple(ids_M[row] for row in far),
            )
        )
    return tuple(sorted(regions, key=lambda r: (-(1.0 - r.covered) * r.rows, -r.collect, r.name)))


def _verdict(coverage: float, high: float, ceiling: float, thin: Sequence[Region]) -> str:
    missed = sum(region.rows * (1.0 - region.covered) for region in thin)
    names = "; ".join(f"{r.name} ({r.share:.1%} of the traffic)" for r in thin[:3])
    if high >= ceiling:
        said = f"cover {coverage:.0%} of the reference, as much as a sample of the traffic itself would ({ceiling:.0%})"
    else:
        said = f"cover {coverage:.0%} of the reference, where a sample of the traffic itself would cover {ceiling:.0%}"
    if missed and names:
        said += f"; it lacks above all {names}"
    return said
