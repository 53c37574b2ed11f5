"""Class balance: counts, entropy, effective classes, and a cap plan that holds on the final set."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.errors import RequestError
from curator.statistics import effective_number

MIN_LABEL_ROWS = 10
"""Least rows of a label: OpenAI's fine-tuning guide asks for ten examples at the least (and sees clear gains
from 50 to 100); SetFit (Tunstall et al. 2022) starts from eight for each class."""
MAX_RATIO = 10.0
"""Largest label to smallest. Google's course on machine learning calls a minority of 1–20 % moderate imbalance."""
MAX_SHARE = 0.3
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Balance:
    """How evenly rows spread over labels.

    Attributes:
        counts: Rows by label, largest first.
        entropy: Shannon entropy in nats.
        effective: Effective number of labels, exp(entropy); equals their number when even (Hill 1973).
        ratio: Largest count over smallest; 1.0 for a single label.
        largest_share: Share of the largest label, 0..1.
    """

    counts: dict[str, int]
    entropy: float
    effective: float
    ratio: float
    largest_share: float


def balance(labels: Sequence[str | None]) -> Balance:
    """Describe how labels are spread; rows without a label are left out."""
    counts = dict(sorted(Counter(x for x in labels if x is not None).items(), key=lambda item: (-item[1], item[0])))
    if not counts:
        return Balance({}, 0.0, 0.0, 1.0, 0.0)
    sizes = list(counts.values())
    effective = effective_number(sizes)
    return Balance(counts, float(np.log(effective)), effective, sizes[0] / sizes[-1], sizes[0] / sum(sizes))


@dataclass(frozen=True, slots=True)
class CapPlan:
    """How many rows each label keeps so that none exceeds `cap` of what is left.

    Attributes:
        cap: The largest share allowed in the final set, 0..1.
        keep: Rows to keep, by label.
        drop: Rows to drop, by label; labels that lose none are left out.
    """

    cap: float
    keep: dict[str, int]
    drop: dict[str, int]


def cap_plan(counts: Mapping[str, int], cap: float = MAX_SHARE, *, what: str = "labels") -> CapPlan:
    """Return the largest set in which every label has at most `cap` of the *final* rows.

    For one dominant label this is n_dom <= cap / (1 - cap) * n_rest: 0.4286 · n_rest at 30 %, and not
    30 % of the rows that there were.

    Raises:
        RequestError: With this few labels no set can meet the cap.
    """
    present = {label: count for label, count in counts.items() if count > 0}
    if not 0.0 < cap <= 1.0 or (present and len(present) * cap < 1.0 - 1e-9):
        msg = (
            f"a cap of {cap:.0%} cannot hold with {len(present)} {what}: "
            f"give a cap in (0, 1] of at least 1 divided by the number of {what}"
        )
        raise RequestError(msg)
    low, high = 0, max(present.values(), default=0)
    while low < high:  # the largest common limit under which the cap holds
        limit = (low + high + 1) // 2
        total = sum(min(count, limit) for count in present.values())
        if limit <= cap * total + 1e-9:
            low = limit
        else:
            high = limit - 1
    keep = {label: min(count, low) for label, count in present.items()}
    return CapPlan(cap, keep, {label: n - keep[label] for label, n in present.items() if n > keep[label]})


def rows_to_drop(
    labels: Sequence[str | None], redundancy_N: NDArray[np.float64], plan: CapPlan, *, protected: AbstractSet[int]
) -> list[int]:
    """Choose the rows that a cap plan drops: the most redundant first, never a protected one.

    Args:
        labels: The label of each row, or None.
        redundancy_N: Higher is more redundant (for example the similarity to the nearest kept row).
        plan: From `cap_plan`.
        protected: Rows that stay whatever happens, such as those a person has reviewed. Where too many are
            protected, fewer rows are dropped than planned.
    """
    dropped: list[int] = []
    for label, count in plan.drop.items():
        rows = [row for row, given in enumerate(labels) if given == label and row not in protected]
        rows.sort(key=lambda row: (-float(redundancy_N[row]), row))
        dropped += rows[:count]
    return sorted(dropped)


def redundancy(
    vectors_ND: NDArray[np.float32], labels: Sequence[str | None], *, protected: AbstractSet[int]
) -> NDArray[np.float64]:
    """How much each row repeats a row of its label that comes before it: their greatest cosine, [N], -1..1.

    Protected rows come first, then the others in order, so that of two copies only the second is redundant, and a
    copy of a protected row always is. The first row of a label repeats nothing (-1).

    Args:
        vectors_ND: Embeddings of unit length.
        labels: The label of each row, or None; rows without one repeat nothing.
        protected: Places of the rows that stay.
    """
    found_N = np.full(len(labels), -1.0)
    rows_by_label: dict[str, list[int]] = {}
    for row in sorted(range(len(labels)), key=lambda row: (row not in protected, row)):
        if (label := labels[row]) is not None:
            rows_by_label.setdefault(label, []).append(row)
    for rows in rows_by_label.values():
        ordered_RD = vectors_ND[rows]
        for start in range(0, len(rows), _BLOCK):
            block_BD = ordered_RD[start : start + _BLOCK]
            cosine_BR = block_BD @ ordered_RD[: start + len(block_BD)].T
            before_BR = np.arange(cosine_BR.shape[1]) < (start + np.arange(len(block_BD)))[:, None]
            best_B = np.where(before_BR, cosine_BR, -1.0).max(axis=1)
            found_N[rows[start : start + _BLOCK]] = np.round(best_B, 5)
    return found_N


def most_redundant(
    labels: Sequence[str | None],
    vectors_ND: NDArray[np.float32] | None,
    plan: CapPlan,
    *,
    protected: AbstractSet[int],
) -> list[int]:
    """Choose the rows that a cap plan drops, in the order in which they go.

    Args:
        labels: The label of each row, or None.
        vectors_ND: Embeddings of unit length. Without them the last rows of each label go first.
        plan: From `cap_plan`.
        protected: Places of the rows that stay.
    """
    redundancy_N = np.arange(len(labels), dtype=np.float64)
    if vectors_ND is not None:
        over = [label if label in plan.drop else None for label in labels]
        redundancy_N = redundancy(vectors_ND, over, protected=protected)
    dropped = rows_to_drop(labels, redundancy_N, plan, protected=protected)
    return sorted(dropped, key=lambda row: (-redundancy_N[row], row))


def top_up(counts: Mapping[str, int]) -> dict[str, int]:
    """Rows to collect by label, most first: up to `MIN_LABEL_ROWS`, and to a tenth (`MAX_RATIO`) of the largest label.

    >>> top_up({"a": 500, "b": 30, "c": 4, "d": 60})
    {'c': 46, 'b': 20}
    """
    enough = max(MIN_LABEL_ROWS, int(np.ceil(max(counts.values(), default=0) / MAX_RATIO)))
    short = {label: enough - count for label, count in counts.items() if count < enough}
    return dict(sorted(short.items(), key=lambda item: (-item[1], item[0])))
