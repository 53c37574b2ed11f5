"""Duplicates of meaning: rows whose embeddings almost coincide though their words differ."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from curator.dedup import NearPairs
from curator.normalise import Marks, marks, normalise

THRESHOLD = 0.95
"""Cosine from which two rows are shown as one meaning; belongs to all-MiniLM-L6-v2. On template-like data it
catches rows that differ in their slots, so these groups are for looking at and are never merged unseen."""
MAX_ROWS = 30_000
_NEIGHBOURS = 20
_BLOCK = 1024
_BLIND = 0.5  # mean cosine of a script's rows; sets of many intents have 0.1 to 0.3
_FEW = 10  # fewer rows of a script do not tell


def semantic_pairs(
    vectors_ND: NDArray[np.float32], texts: Sequence[str], known: NearPairs, *, threshold: float = THRESHOLD
) -> tuple[NearPairs, tuple[str, ...]]:
    """Return pairs of rows alike in meaning that are neither exact nor near duplicates, and notes in words.

    As everywhere, rows that differ in a number, a negation or a name are no pair, and one row stands for its
    exact copies. Of a row's partners the 20 nearest are kept. A script whose rows all lie close together
    is left out with a note: the encoder cannot read it, or the rows are of one template, and a
    cosine says nothing there.

    Args:
        vectors_ND: Embeddings of unit length, at most `MAX_ROWS` rows (the work grows with N squared).
        texts: The raw texts.
        known: From `curator.dedup.near_pairs`; its pairs are left out.
        threshold: Least cosine, -1..1.
    """
    marks_N = marks(texts)
    first_row: dict[tuple[str, Marks], int] = {}
    for row, text in enumerate(texts):
        first_row.setdefault((normalise(text), marks_N[row]), row)
    rows, notes = _readable(vectors_ND, texts, list(first_row.values()))
    skip = set(zip(known.left_P.tolist(), known.right_P.tolist(), strict=True))
    found: dict[tuple[int, int], float] = {}
    count = min(_NEIGHBOURS + 1, len(rows))
    against = vectors_ND[rows].T
    for start in range(0, len(rows), _BLOCK):
        cosine_BR = vectors_ND[rows[start : start + _BLOCK]] @ against
        for place in np.flatnonzero((cosine_BR >= threshold).sum(axis=1) > 1).tolist():
            nearest = np.argpartition(-cosine_BR[place], count - 1)[:count]
            for other in nearest[cosine_BR[place, nearest] >= threshold].tolist():
                a, b = rows[start + place], rows[other]
                pair = (min(a, b), max(a, b))
                if a != b and pair not in skip and marks_N[a] == marks_N[b]:
                    found[pair] = min(1.0, float(cosine_BR[place, other]))
    pairs = sorted(found)
    result = NearPairs(
        left_P=np.array([left for left, _ in pairs], dtype=np.int64),
        right_P=np.array([right for _, right in pairs], dtype=np.int64),
        score_P=np.array([found[pair] for pair in pairs], dtype=np.float64),
        reasons=("meaning",) * len(pairs),
    )
    return result, notes


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
    found = Counter(unicodedata.name(char, "OTHER").split(" ")[0].split("-")[0] for char in text if char.isalpha())
    return found.most_common(1)[0][0] if found else "OTHER"
