"""Duplicates of meaning: rows whose embeddings almost coincide though their words differ."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from curator.duplicates.lexical import NearPairs
from curator.text import Marks, SameText, marks, same_text

THRESHOLD = 0.95
"""Cosine from which two rows are shown as one meaning; belongs to all-MiniLM-L6-v2. On template-like data it
catches rows that differ in their slots, so these groups are for looking at and are never merged unseen."""
MAX_ROWS = 200_000
"""The work grows with N squared: 100,000 rows take half a minute of one core, 200,000 two minutes."""
_NEIGHBOURS = 20
_AXES = 48  # dimensions of the first look
_ROWS, _COLUMNS = 1024, 8192  # a tile of cosines takes 32 MB
_SLACK = 1e-4  # what float32 sums may be off
_BLIND = 0.5  # mean cosine of a script's rows; sets of many intents have 0.1 to 0.3
_Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]
_FEW = 10  # fewer rows of a script do not tell


def semantic_pairs(
    vectors_ND: NDArray[np.float32],
    texts: Sequence[str],
    known: NearPairs,
    *,
    contexts: Sequence[str | None] | None = None,
    threshold: float = THRESHOLD,
) -> tuple[NearPairs, tuple[str, ...]]:
    """Return pairs of rows alike in meaning that are neither exact nor near duplicates, and notes in words.

    As everywhere, rows that differ in a number, a negation or a name are no pair, and one row stands for its
    exact copies. Of a row's partners further down the 20 nearest are kept. A script whose rows all lie close
    together is left out with a note: the encoder cannot read it, or the rows are of one template, and a
    cosine says nothing there.

    Args:
        vectors_ND: Embeddings of unit length, at most `MAX_ROWS` rows (the work grows with N squared).
        texts: The raw texts.
        known: From `curator.duplicates.lexical.near_pairs`; its pairs are left out.
        contexts: What each input is beside its text; only rows that share it are compared.
        threshold: Least cosine, -1..1.
    """
    known_case = [replace(mark, cased=mark.cased or ()) for mark in marks(texts)]
    marks_N = list(zip(known_case, contexts or [None] * len(texts), strict=True))
    first_row: dict[tuple[SameText, str | None], int] = {}
    for row, (text, (_, context)) in enumerate(zip(texts, marks_N, strict=True)):
        first_row.setdefault((same_text(text), context), row)
    rows, notes = _readable(vectors_ND, texts, list(first_row.values()))
    rows_M = np.array(rows, dtype=np.int64)
    code_by_marks: dict[tuple[Marks, str | None], int] = {}
    code_M = np.array([code_by_marks.setdefault(marks_N[row], len(code_by_marks)) for row in rows], dtype=np.int64)
    left_P, right_P, cosine_P = cosine_pairs(vectors_ND[rows_M], threshold, codes_N=code_M, most=_NEIGHBOURS)
    left_P, right_P = rows_M[left_P], rows_M[right_P]
    size = max(1, len(texts))
    kept = np.flatnonzero(~np.isin(left_P * size + right_P, known.left_P * size + known.right_P))
    order = kept[np.lexsort((right_P[kept], left_P[kept]))]
    score_P = np.minimum(1.0, cosine_P[order].astype(np.float64))
    return NearPairs(left_P[order], right_P[order], score_P, ("meaning",) * len(order)), notes


def cosine_pairs(
    vectors_ND: NDArray[np.float32],
    threshold: float,
    *,
    codes_N: NDArray[np.int64] | None = None,
    most: int | None = None,
) -> _Pairs:
    """Return every pair of rows whose cosine is at least `threshold`, in memory that does not grow with N squared.

    A first look folds the vectors onto their main axes and one more coordinate, the length of the rest. By the
    Cauchy-Schwarz inequality that can only raise a cosine, so no pair is lost; the few that pass are measured in full.

    Args:
        vectors_ND: Vectors of unit length.
        threshold: Least cosine, -1..1.
        codes_N: Where given, only rows of equal code are paired.
        most: Where given, of a row's partners further down only so many are kept, the nearest.

    Returns:
        The smaller row, the larger row and the cosine of each pair, by rising smaller row.
    """
    folded_NA = _fold(vectors_ND)
    codes_N = np.zeros(len(vectors_ND), dtype=np.int64) if codes_N is None else codes_N
    found: list[_Pairs] = []
    for top in range(0, len(vectors_ND), _ROWS):
        tiles = [
            _nearest(*_tile(vectors_ND, folded_NA, codes_N, top, left, threshold), most)
            for left in range(top, len(vectors_ND), _COLUMNS)
        ]
        found.append(_nearest(*_joined(tiles), most))
    return _joined(found)


def _joined(parts: Sequence[_Pairs]) -> _Pairs:
    empty = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    left, right, cosine = zip(*parts, empty, strict=True)
    return np.concatenate(left), np.concatenate(right), np.concatenate(cosine)


def _fold(vectors_ND: NDArray[np.float32]) -> NDArray[np.float32]:
    if vectors_ND.shape[1] <= _AXES:
        return vectors_ND
    _, axes_DD = np.linalg.eigh((vectors_ND.T @ vectors_ND).astype(np.float64))
    main_NA = vectors_ND @ axes_DD[:, -_AXES:].astype(np.float32)
    rest_N = np.sqrt(np.maximum(0.0, 1.0 - np.square(main_NA).sum(axis=1)))
    return np.ascontiguousarray(np.column_stack([main_NA, rest_N]), dtype=np.float32)


def _tile(
    vectors_ND: NDArray[np.float32], folded_NA: NDArray[np.float32], codes_N: NDArray[np.int64], top: int, left: int,
    threshold: float,
) -> _Pairs:  # fmt: skip
    down, across = slice(top, top + _ROWS), slice(left, left + _COLUMNS)
    bound = folded_NA[down] @ folded_NA[across].T
    row_P, column_P = np.divmod(np.flatnonzero(bound >= threshold - _SLACK), bound.shape[1])
    row_P, column_P = row_P + top, column_P + left
    keep = (column_P > row_P) & (codes_N[row_P] == codes_N[column_P])
    row_P, column_P = row_P[keep], column_P[keep]
    if len(row_P) > bound.size // 20:  # gathering costs more than the whole product
        cosine_P = (vectors_ND[down] @ vectors_ND[across].T)[row_P - top, column_P - left]
    else:
        cosine_P = np.empty(len(row_P), dtype=np.float32)
        for start in range(0, len(row_P), _COLUMNS):
            part = slice(start, start + _COLUMNS)
            cosine_P[part] = np.einsum("pd,pd->p", vectors_ND[row_P[part]], vectors_ND[column_P[part]])
    alike = cosine_P >= threshold
    return row_P[alike], column_P[alike], cosine_P[alike]


def _nearest(
    row_P: NDArray[np.int64], column_P: NDArray[np.int64], cosine_P: NDArray[np.float32], most: int | None
) -> _Pairs:
    """Keep the `most` nearest partners of each row, ties by the smaller partner."""
    order = np.lexsort((column_P, -cosine_P, row_P))
    if most is not None:
        first_P = np.searchsorted(row_P[order], row_P[order])
        order = order[np.arange(len(order)) - first_P < most]
    return row_P[order], column_P[order], cosine_P[order]


def _readable(
    vectors_ND: NDArray[np.float32], texts: Sequence[str], rows: list[int]
) -> tuple[list[int], tuple[str, ...]]:
    rows_by_script: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        rows_by_script[script(texts[row])].append(row)
    kept: list[int] = []
    notes: list[str] = []
    for name, members in sorted(rows_by_script.items()):
        # The mean cosine of all pairs is the squared length of the mean vector.
        alike = float(np.square(vectors_ND[members].mean(axis=0)).sum())
        if len(members) >= _FEW and alike > _BLIND:
            notes.append(f"semantic_duplicate: {len(members)} {name} texts have a mean cosine of {alike:.2f}: "
                         "the encoder hardly tells them apart, so they are not compared by meaning")  # fmt: skip
        else:
            kept += members
    return sorted(kept), tuple(notes)


def script(text: str) -> str:
    """Return the script of most letters of a text, as Unicode names it, or "OTHER".

    >>> script("как дела"), script("42")
    ('CYRILLIC', 'OTHER')
    """
    if text.isascii():  # most texts, and many times quicker
        return "LATIN" if any(map(str.isalpha, text)) else "OTHER"
    found = Counter(unicodedata.name(char, "OTHER").split(" ")[0].split("-")[0] for char in text if char.isalpha())
    return found.most_common(1)[0][0] if found else "OTHER"
