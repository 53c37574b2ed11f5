"""How well a teacher labels under a definition of the task, on rows whose truth people settled."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curator.evaluation.metrics import accuracy
from curator.evaluation.significance import PairedComparison, paired_comparison
from curator.statistics import clopper_pearson

_MIN_CLUSTER: Final = 3
"""Rows; of fewer a rate says nothing."""
_SHOWN_CLUSTERS: Final = 10
_SHOWN_CONFUSIONS: Final = 30


@dataclass(frozen=True, slots=True)
class TriedRow:
    """A row with settled truth, as it was answered.

    Attributes:
        external_id: Its id outside.
        text: What it says.
        truth: What people settled.
        answer: The teacher's value; None where it gave none that fits.
        status: What came of the request.
        right: Whether the answer is the truth; a refused, cut or unfitting answer is wrong.
        unit: Its source group, else itself: rows of one group are no independent evidence.
        cluster: The name of its cluster; None without clusters.
    """

    external_id: str
    text: str
    truth: str
    answer: str | None
    status: str
    right: bool
    unit: str
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many rows of one truth were answered in one wrong way; `answer` None is an answer that fits nothing."""

    truth: str
    answer: str | None
    rows: int


@dataclass(frozen=True, slots=True)
class WorstCluster:
    """A cluster with wrong answers, and the lower end of the exact 95 % interval of its error rate."""

    cluster: str
    rows: int
    wrong: int
    error_at_least: float


@dataclass(frozen=True, slots=True)
class RubricScore:
    """One definition's score.

    Attributes:
        rows: That were answered, whatever the answer is.
        right: Of them.
        accuracy: right / rows.
        low: Of its exact (Clopper-Pearson) 95 % interval, which counts groups as they are alike.
        high: The upper end.
        statuses: Rows by what came of their request; each that is not `answered` is wrong.
        confusions: Most frequent first; for classes.
        worst: Clusters, those with the most certain trouble first.
    """

    rows: int
    right: int
    accuracy: float
    low: float
    high: float
    statuses: Mapping[str, int]
    confusions: tuple[Confusion, ...]
    worst: tuple[WorstCluster, ...]


def score(rows: Sequence[TriedRow], *, classes: bool) -> RubricScore:
    """The score of the rows that were answered; needs at least one.

    Args:
        rows: Those.
        classes: Whether answers are classes, so that confusions can be counted.
    """
    right = sum(row.right for row in rows)
    low, high = _interval(rows, right)
    wrong = Counter((row.truth, row.answer) for row in rows if not row.right) if classes else Counter()
    return RubricScore(
        rows=len(rows),
        right=right,
        accuracy=right / len(rows),
        low=low,
        high=high,
        statuses=dict(Counter(row.status for row in rows).most_common()),
        confusions=tuple(Confusion(t, a, n) for (t, a), n in wrong.most_common(_SHOWN_CONFUSIONS)),
        worst=_worst(rows),
    )


def _interval(rows: Sequence[TriedRow], right: int) -> tuple[float, float]:
    units = {row.unit for row in rows}
    if len(units) in (1, len(rows)):
        return clopper_pearson(right, len(rows), 0.95)
    found = accuracy(np.array([row.right for row in rows]), _units(rows))
    return found.low, found.high


def _worst(rows: Sequence[TriedRow]) -> tuple[WorstCluster, ...]:
    by_cluster: defaultdict[str, list[bool]] = defaultdict(list)
    for row in rows:
        if row.cluster is not None:
            by_cluster[row.cluster].append(not row.right)
    found = [
        WorstCluster(name, len(wrong), sum(wrong), clopper_pearson(sum(wrong), len(wrong), 0.95)[0])
        for name, wrong in by_cluster.items()
        if len(wrong) >= _MIN_CLUSTER and any(wrong)
    ]
    return tuple(sorted(found, key=lambda c: (-c.error_at_least, -c.wrong, c.cluster))[:_SHOWN_CLUSTERS])


@dataclass(frozen=True, slots=True)
class RubricDifference:
    """Two definitions on the same rows.

    Attributes:
        rows: That both answered.
        both_right: Of them.
        only_first: Right under the first alone.
        only_second: Right under the second alone.
        both_wrong: Of them.
        difference: Accuracy of the first less that of the second, in -1..1.
        low: Of its 95 % interval.
        high: The upper end.
        p: Two-sided; where each row stands for itself it is McNemar's exact test on the rows that only one gets right.
        method: What was computed, in words.
    """

    rows: int
    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    difference: float
    low: float
    high: float
    p: float
    method: str


def difference(first: Sequence[TriedRow], second: Sequence[TriedRow], *, seed: int) -> RubricDifference | None:
    """Compare two definitions row by row, on rows in the same order; None where they are of fewer than two groups."""
    a_N, b_N = np.array([row.right for row in first]), np.array([row.right for row in second])
    units_N = _units(first)
    if len(np.unique(units_N)) < 2:
        return None
    found: PairedComparison = paired_comparison(a_N, b_N, units_N, seed=seed)
    alone = len(np.unique(units_N)) == len(first)
    return RubricDifference(
        rows=len(first),
        both_right=int((a_N & b_N).sum()),
        only_first=int((a_N & ~b_N).sum()),
        only_second=int((~a_N & b_N).sum()),
        both_wrong=int((~a_N & ~b_N).sum()),
        difference=found.difference,
        low=found.low,
        high=found.high,
        p=found.p,
        method="McNemar's exact test; t interval of the difference" if alone else found.method,
    )


def _units(rows: Sequence[TriedRow]) -> NDArray[np.str_]:
    return np.array([row.unit for row in rows])
