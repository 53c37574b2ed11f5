"""Choosing n rows: what is farthest from the rest, what represents it, or a stratified draw."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from curator.errors import RequestError

_REFERENCE = (
    4_000  # facility location is measured on at most this many rows: a share of coverage is off by 0.02 at most
)
_BLOCK = 1024
_LEADERS = 64  # rows that are measured again at a time


def select(
    vectors_ND: NDArray[np.float32],
    n: int,
    method: str,
    seed: int,
    labels: Sequence[str | None] | None = None,
    settled: Sequence[int] = (),
) -> NDArray[np.int64]:
    """Choose n of N rows.

    Args:
        vectors_ND: Embeddings of unit length.
        n: Rows to choose, 0..N less the settled ones.
        method: "kcenter" (greedy k-center, Gonzalez 1985: next to annotate), "facility" (greedy facility
            location: the most representative) or "random" (stratified by `labels` where given).
        seed: Seed of the first row, of the reference sample and of the draw.
        labels: Strata for "random".
        settled: For "kcenter", rows that are annotated already: none is chosen, and what is chosen is far from them
            too (Sener and Savarese 2018).

    Returns:
        Row indices in the order chosen (sorted for "random").

    Raises:
        RequestError: n is out of range, or the method is unknown.
    """
    count = len(vectors_ND) - len(settled)
    if not 0 <= n <= count:
        msg = f"cannot choose {n} of {count} rows: give a number from 0 to {count}"
        raise RequestError(msg)
    rng = np.random.default_rng(seed)
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    match method:
        case "kcenter":
            return _kcenter(vectors_ND, n, settled)
        case "facility":
            return _facility(vectors_ND, n, rng)
        case "random":
            return _stratified(len(vectors_ND), n, labels, rng)
        case _:
            msg = f"unknown method {method!r}: expected kcenter, facility or random"
            raise RequestError(msg)


def _kcenter(vectors_ND: NDArray[np.float32], n: int, settled: Sequence[int]) -> NDArray[np.int64]:
    # Always the row farthest from all chosen ones. Where none is, start at the row nearest to the middle, so that
    # the choice does not hang on a seed.
    if settled:
        centres_SD = vectors_ND[list(settled)]
        blocks = (centres_SD[start : start + _BLOCK] for start in range(0, len(settled), _BLOCK))
        nearest_N = np.max([(vectors_ND @ block_BD.T).max(axis=1) for block_BD in blocks], axis=0)
        nearest_N[list(settled)] = np.inf
    else:
        nearest_N = -(vectors_ND @ vectors_ND.mean(axis=0))
    chosen: list[int] = []
    for _ in range(n):
        chosen.append(int(nearest_N.argmin()))
        cosine_N = vectors_ND @ vectors_ND[chosen[-1]]
        nearest_N = np.maximum(nearest_N, cosine_N) if settled or len(chosen) > 1 else cosine_N
        nearest_N[chosen[-1]] = np.inf
    return np.array(chosen, dtype=np.int64)


def _facility(vectors_ND: NDArray[np.float32], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    # Lazy greedy (Minoux 1978): gains only fall, so a row is measured again only when it leads. On the reference
    # rows the choice covers at least 1 - 1/e of what the best choice would (Nemhauser, Wolsey and Fisher 1978).
    count = len(vectors_ND)
    sample = np.arange(count) if count <= _REFERENCE else np.sort(rng.choice(count, _REFERENCE, replace=False))
    reference_RD = vectors_ND[sample]
    covered_R = np.zeros(len(sample), dtype=np.float32)
    gain_N = np.empty(count)
    for start in range(0, count, _BLOCK):
        block = vectors_ND[start : start + _BLOCK] @ reference_RD.T
        gain_N[start : start + _BLOCK] = np.maximum(block, 0.0).sum(axis=1)
    chosen: list[int] = []
    fresh_N = np.zeros(count, dtype=np.int64)
    while len(chosen) < n:
        best = int(gain_N.argmax())
        if fresh_N[best] == len(chosen):
            chosen.append(best)
            covered_R = np.maximum(covered_R, reference_RD @ vectors_ND[best])
            gain_N[best] = -np.inf
        else:  # the next leaders are measured along with this one: a product of many rows costs little more
            stale = np.flatnonzero(fresh_N < len(chosen))
            if len(stale) > _LEADERS:
                stale = stale[np.argpartition(-gain_N[stale], _LEADERS)[:_LEADERS]]
            stale = stale[np.isfinite(gain_N[stale])]
            block = vectors_ND[stale] @ reference_RD.T
            block -= covered_R
            gain_N[stale] = np.maximum(block, 0.0, out=block).sum(axis=1)
            fresh_N[stale] = len(chosen)
    return np.array(chosen, dtype=np.int64)


def _stratified(count: int, n: int, labels: Sequence[str | None] | None, rng: np.random.Generator) -> NDArray[np.int64]:
    strata = ["" if labels is None or labels[row] is None else str(labels[row]) for row in range(count)]
    rows_by_stratum: dict[str, list[int]] = {}
    for row, stratum in enumerate(strata):
        rows_by_stratum.setdefault(stratum, []).append(row)
    names = sorted(rows_by_stratum)
    share = np.array([len(rows_by_stratum[name]) * n / count for name in names])
    take = np.floor(share).astype(np.int64)
    # Largest remainders get what rounding left over; ties by chance, not by name.
    rest = np.lexsort((rng.random(len(names)), -(share - take)))[: n - int(take.sum())]
    take[rest] += 1
    chosen = [
        rng.choice(rows_by_stratum[name], int(size), replace=False) for name, size in zip(names, take, strict=True)
    ]
    return np.sort(np.concatenate(chosen)).astype(np.int64)
