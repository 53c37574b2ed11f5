"""A map of the rows: vectors laid out on a plane, like beside like.

The neighbour graph of the rows is drawn by its forces: neighbours attract, all others repel, with the heavy-tailed
kernel of t-SNE (van der Maaten & Hinton 2008) and the repulsion estimated from random rows as in LargeVis (Tang et
al. 2016) and UMAP (McInnes et al. 2018). Every step moves all rows at once, so the layout is a function of the vectors
and the seed, and costs a few array operations a step. Above `DRAWN` rows an even sample is laid out like that, and the
rest stand beside the sampled rows that are nearest to them.

Distances on a map mislead: read nothing from the size of a gap or of a cluster.
"""

from typing import Final

import numpy as np
import scipy
from numpy.typing import NDArray

DRAWN: Final = 12_000
"""Rows laid out by forces; more are placed by the nearest of these."""
AXES: Final = 50
"""Principal components in which neighbours are found."""
_NEIGHBOURS: Final = 15
_STEPS: Final = 300
METHOD: Final = "forces-1"
"""Names this way of drawing; it changes when equal vectors come to stand elsewhere."""
_EARLY: Final = 100  # first steps, in which neighbours attract more, so that clusters find together
_EARLY_PULL: Final = 4.0
_PUSHES: Final = 10  # random rows that push a row in one step
_REPULSION: Final = 5.0  # all pushes together against all pulls together, as five negative samples for each edge
_STEEP: Final = 4.0  # the longest move in one step
_BLOCK: Final = 1_024
_NEAREST: Final = 3  # sampled rows by which another row is placed
_SHARP: Final = 0.05  # the nearest counts e times as much as one this much farther off in cosine


def layout(vectors_ND: NDArray[np.float32], *, seed: int = 0) -> NDArray[np.float32]:
    """Lay rows out on a plane; equal vectors stand side by side.

    Args:
        vectors_ND: Embeddings of unit length.
        seed: Names the random rows of the repulsion. The order of the rows changes nothing but which of several
            equal rows stands where.

    Returns:
        Coordinates [N, 2] within [-1, 1], centred.

    Raises:
        ValueError: The vectors are no matrix, or one is not finite.
    """
    if vectors_ND.ndim != 2 or not np.isfinite(vectors_ND).all():
        msg = f"vectors have shape {vectors_ND.shape}; expected finite numbers, one row for each"
        raise ValueError(msg)
    if len(vectors_ND) == 0:
        return np.zeros((0, 2), np.float32)
    distinct_UD, inverse_N, copy_N = _distinct(np.ascontiguousarray(vectors_ND, dtype=np.float32))
    axes_UA = _principal(distinct_UD)
    drawn_S = np.linspace(0, len(axes_UA) - 1, min(DRAWN, len(axes_UA)), dtype=np.int64)
    xy_S2 = _by_forces(axes_UA[drawn_S], np.random.default_rng(seed))
    xy_U2 = xy_S2 if len(drawn_S) == len(axes_UA) else _beside(axes_UA, drawn_S, xy_S2)
    return _spread_copies(_framed(xy_U2), inverse_N, copy_N)


def _distinct(
    vectors_ND: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Distinct vectors [U, D] in an order of their own, each row's place [N] among them, and its number as a copy."""
    rounded_ND = np.round(vectors_ND, 6) + np.float32(0.0)  # -0.0 becomes 0.0: equal values, equal bytes
    keys_N = rounded_ND.view(np.dtype((np.void, rounded_ND.shape[1] * 4))).ravel()
    _, first_U, inverse_N = np.unique(keys_N, return_index=True, return_inverse=True)
    by_place = np.argsort(inverse_N, kind="stable")
    starts_U = np.searchsorted(inverse_N[by_place], np.arange(len(first_U)))
    copy_N = np.empty(len(keys_N), dtype=np.int64)
    copy_N[by_place] = np.arange(len(keys_N)) - starts_U[inverse_N[by_place]]
    return rounded_ND[first_U], inverse_N, copy_N


def _principal(vectors_UD: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores on the first principal components, at least two; an axis' largest loading is positive."""
    centred_UD = vectors_UD - vectors_UD.mean(axis=0)
    _, axes_DD = np.linalg.eigh((centred_UD.T @ centred_UD).astype(np.float64))
    axes_DA = axes_DD[:, ::-1][:, :AXES]
    axes_DA = axes_DA * np.sign(axes_DA[np.abs(axes_DA).argmax(axis=0), np.arange(axes_DA.shape[1])])
    scores_UA = (centred_UD @ axes_DA.astype(np.float32)).astype(np.float32)
    return np.pad(scores_UA, ((0, 0), (0, max(0, 2 - scores_UA.shape[1]))))


def _by_forces(points_SA: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    count = len(points_SA)
    xy_S2 = points_SA[:, :2] / max(float(points_SA[:, :2].std()), 1e-9) * 5.0
    if count < 4:
        return xy_S2
    graph = _neighbour_graph(points_SA, min(_NEIGHBOURS, count - 1))
    source_E = np.repeat(np.arange(count), np.diff(graph.indptr))
    target_E, weight_E = graph.indices, graph.data.astype(np.float32)
    shuffled = rng.permutation(count)
    back = np.argsort(shuffled)
    speed_S2 = np.zeros_like(xy_S2)
    for step in range(_STEPS):
        gap_E2 = xy_S2[target_E] - xy_S2[source_E]
        pull_E = weight_E / (1.0 + np.einsum("ec,ec->e", gap_E2, gap_E2))
        force_S2 = np.add.reduceat(gap_E2 * pull_E[:, None], graph.indptr[:-1], axis=0)
        if step < _EARLY:
            force_S2 *= _EARLY_PULL
        force_S2 += _pushes(xy_S2[shuffled], rng.integers(1, count, size=_PUSHES))[back]
        np.clip(force_S2, -_STEEP, _STEEP, out=force_S2)
        speed_S2 = 0.5 * (speed_S2 + (1.0 - step / _STEPS) * force_S2)
        xy_S2 = xy_S2 + speed_S2
    return xy_S2


def _pushes(mixed_S2: NDArray[np.float32], shifts: NDArray[np.int64]) -> NDArray[np.float32]:
    """How random rows push each row; in a shuffled order the row so many places on is a random row."""
    push_S2 = np.zeros_like(mixed_S2)
    for shift in shifts.tolist():
        gap_S2 = mixed_S2 - np.roll(mixed_S2, -shift, axis=0)
        square_S = np.einsum("sc,sc->s", gap_S2, gap_S2)
        push_S2 += gap_S2 / ((0.01 + square_S) * (1.0 + square_S))[:, None]
    return push_S2 * np.float32(_REPULSION / len(shifts))


def _neighbour_graph(points_SA: NDArray[np.float32], k: int) -> "scipy.sparse.csr_array":
    """Symmetric weights between near rows, 0..1, that add up to 1 from each row.

    The weights fall with the distance beyond the nearest neighbour, in units that give each row the same effective
    number of neighbours (the fuzzy graph of UMAP).
    """
    count = len(points_SA)
    near_SK = np.empty((count, k), dtype=np.int64)
    square_SK = np.empty((count, k), dtype=np.float32)
    norm_S = np.einsum("sa,sa->s", points_SA, points_SA)
    for start in range(0, count, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, count))
        square_BS = norm_S[rows, None] + norm_S[None, :] - 2.0 * points_SA[rows] @ points_SA.T
        square_BS[np.arange(len(rows)), rows] = np.inf
        near = np.argpartition(square_BS, k - 1, axis=1)[:, :k]
        square = np.take_along_axis(square_BS, near, axis=1)
        order = np.lexsort((near, square), axis=1)
        near_SK[rows] = np.take_along_axis(near, order, axis=1)
        square_SK[rows] = np.take_along_axis(square, order, axis=1)
    distance_SK = np.sqrt(np.maximum(square_SK, 0.0))
    beyond_SK = distance_SK - distance_SK[:, :1]
    low_S, high_S = np.zeros(count), np.full(count, float(beyond_SK.max()) * 10 + 1e-6)
    for _ in range(30):  # by halving: the unit in which the weights add up to log2(k)
        unit_S = (low_S + high_S) / 2
        much = np.exp(-beyond_SK / unit_S[:, None]).sum(axis=1) > np.log2(k + 1)
        high_S, low_S = np.where(much, unit_S, high_S), np.where(much, low_S, unit_S)
    weight_SK = np.exp(-beyond_SK / high_S[:, None])
    source = np.repeat(np.arange(count), k)
    directed = scipy.sparse.csr_array((weight_SK.ravel(), (source, near_SK.ravel())), shape=(count, count))
    both = directed + directed.T - directed * directed.T
    both = scipy.sparse.csr_array(both.multiply(1.0 / both.sum(axis=1)[:, None]))
    both.sort_indices()
    return both


def _beside(
    points_UA: NDArray[np.float32], drawn_S: NDArray[np.int64], xy_S2: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Place every row near the drawn rows that are nearest to it; drawn rows stay where they are."""
    drawn_SA = points_UA[drawn_S]
    xy_U2 = np.empty((len(points_UA), 2), dtype=np.float32)
    norm_S = np.einsum("sa,sa->s", drawn_SA, drawn_SA)
    for start in range(0, len(points_UA), _BLOCK):
        block_BA = points_UA[start : start + _BLOCK]
        score_BS = block_BA @ drawn_SA.T - norm_S / 2  # falls as the distance grows
        lines = np.arange(len(block_BA))
        near, score = [], []
        for _ in range(_NEAREST):
            best = score_BS.argmax(axis=1)
            near.append(best)
            score.append(score_BS[lines, best])
            score_BS[lines, best] = -np.inf
        near_BK, score_BK = np.stack(near, axis=1), np.stack(score, axis=1)
        weight_BK = np.exp((score_BK - score_BK[:, :1]) / _SHARP)
        weight_BK /= weight_BK.sum(axis=1, keepdims=True)
        xy_U2[start : start + _BLOCK] = np.einsum("bk,bkc->bc", weight_BK, xy_S2[near_BK])
        # What sets the row apart from its nearest also sets it aside on the map, by a fraction of the usual gap.
        apart_BA = block_BA - drawn_SA[near_BK[:, 0]]
        xy_U2[start : start + _BLOCK] += _aside(apart_BA)
    xy_U2[drawn_S] = xy_S2
    return xy_U2


def _aside(apart_BA: NDArray[np.float32]) -> NDArray[np.float32]:
    """A short step [B, 2]: its length grows with the distance from the nearest row, its direction is the row's own."""
    length_B = np.linalg.norm(apart_BA, axis=1)
    turn_B = np.arctan2(apart_BA[:, 3::2].sum(axis=1), apart_BA[:, 2::2].sum(axis=1))
    aside_B2: NDArray[np.float32] = 0.35 * length_B[:, None] * np.stack([np.cos(turn_B), np.sin(turn_B)], axis=1)
    return aside_B2


def _framed(xy_U2: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move the middle to 0 and scale to [-1, 1], both axes alike."""
    middle_2 = (xy_U2.max(axis=0) + xy_U2.min(axis=0)) / 2
    reach = float(np.abs(xy_U2 - middle_2).max())
    framed_U2: NDArray[np.float32] = (xy_U2 - middle_2) / np.float32(reach if reach > 0 else 1.0)
    return framed_U2


def _spread_copies(
    xy_U2: NDArray[np.float32], inverse_N: NDArray[np.int64], copy_N: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Set copies around their spot as a sunflower does, so that a text that stands 500 times looks like 500 rows."""
    radius_N, turn_N = 0.002 * np.sqrt(copy_N), copy_N * np.pi * (3 - np.sqrt(5))
    spread_N2 = radius_N[:, None] * np.stack([np.cos(turn_N), np.sin(turn_N)], axis=1)
    spread_N2 = np.clip(xy_U2[inverse_N] + spread_N2, -1.0, 1.0)
    return np.asarray(spread_N2, dtype=np.float32)
