"""Rows that people have settled, to look at beside a row that waits: what was said about the most similar ones?"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curator.records import GOLD
from curator.review.resolution import human_outcome


@dataclass(frozen=True, slots=True)
class Precedent:
    """One settled row.

    `unaided`: its value does not come from the teacher. Somebody gave it without seeing the teacher's answer, or gave
    another one than the teacher, or had the last word about it. A value that people only accepted on sight may echo
    the teacher, and is no help to a blind look, which is there to find out about the teacher.
    """

    example_id: str
    content_hash: str
    value: str
    unaided: bool


def precedents(reviews: Iterable[dict[str, Any]]) -> tuple[Precedent, ...]:
    """The rows whose label people have settled, in the order of their first review.

    Args:
        reviews: Reviews in force, oldest first, with example_id, content_hash and what `human_outcome` reads.
    """
    by_row: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for review in reviews:
        if review["stream"] != GOLD:
            by_row[review["example_id"]].append(review)
    found = []
    for example, said in by_row.items():
        outcome = human_outcome(said)
        if outcome is None or outcome.status != "settled" or outcome.value is None:
            continue
        saying_so = [r for r in said if r["value"] == outcome.value]
        unaided = outcome.adjudicated or any(r["blind"] or r["value"] != r["proposed"] for r in saying_so)
        found.append(Precedent(example, said[-1]["content_hash"], outcome.value, unaided))
    return tuple(found)


def by_similarity(
    query_D: NDArray[np.float32], vectors_ND: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The rows nearest first, equals in their order, and the cosine (-1..1) of each, in that order.

    Args:
        query_D: One vector of unit length.
        vectors_ND: Vectors of unit length.
    """
    cosine_N = np.clip(vectors_ND @ query_D, -1.0, 1.0)
    rows_N = np.argsort(-cosine_N, kind="stable")
    return rows_N, cosine_N[rows_N]
