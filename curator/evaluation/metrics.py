"""Scores of one contestant on human-reviewed items, each with an interval that respects groups."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from curator.errors import DataError, NotEnoughDataError, RequestError
from curator.evaluation.significance import group_sums
from curator.statistics import clopper_pearson


@dataclass(frozen=True, slots=True)
class Metric:
    """A score in 0..1 with its two-sided interval, over `n` items."""

    name: str
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class ClassMetrics:
    """One class. `n` rows truly have the label, `predicted` rows were given it.

    A ratio is None where its denominator is 0: there is nothing to be right or wrong about.
    """

    label: str
    n: int
    predicted: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds for one answer: median and 95th percentile over `n` answers."""

    n: int
    p50: float
    p95: float


def accuracy(
    correct_N: NDArray[np.generic],
    groups_N: NDArray[np.generic],
    *,
    confidence: float = 0.95,
    name: str = "accuracy",
) -> Metric:
    """Share of right answers, with Clopper-Pearson's interval on the effective number of items.

    The effective number is n divided by the design effect: the variance of the share over groups
    (ratio estimator) over its variance if items were independent, at least 1. Where every answer is
    right, or every one wrong, the data say nothing about that effect and groups count as items.
    The effective number is lowered by the ratio of Student's t quantiles with n - 1 and groups - 1
    degrees of freedom, squared, as in Korn and Graubard (1998), Survey Methodology 24, 193-201.
    Like every interval from the sample's own spread, it cannot know of groups that fail as a whole but
    are too rare to have been seen: with few groups (under about 100) and few errors read it with care.

    Args:
        correct_N: Right (1) or wrong (0), or a score in 0..1, for each item.
        groups_N: Group of each item.
        confidence: Of the interval, in (0, 1).
        name: What the metric is called.

    Raises:
        NotEnoughDataError: Fewer than two groups.
        DataError: Lengths differ or a score is outside 0..1.
        RequestError: A confidence outside (0, 1).
    """
    scores_N = np.asarray(correct_N, dtype=np.float64)
    if len(scores_N) != len(groups_N):
        raise DataError(f"{len(scores_N)} scores but {len(groups_N)} groups: each item needs both")
    if scores_N.size and not (scores_N.min() >= 0 and scores_N.max() <= 1):
        raise DataError(f"{name}: expected scores in 0..1, got {scores_N.min()} to {scores_N.max()}")
    if not 0.0 < confidence < 1.0:
        raise RequestError(f"confidence must lie between 0 and 1, got {confidence}")
    sums_G, counts_G = group_sums(scores_N, groups_N)
    n, groups = len(scores_N), len(sums_G)
    if groups < 2:
        raise NotEnoughDataError(f"{name}: an interval needs at least two groups of items, got {groups}")
    share = float(scores_N.mean())
    spread = groups / (groups - 1) * float(((sums_G - share * counts_G) ** 2).sum()) / n**2
    plain = share * (1 - share) / n
    effective = n / max(spread / plain, 1.0) if plain > 0 and spread > 0 else float(groups)
    many, few = scipy.special.stdtrit([n - 1, groups - 1], (1 + confidence) / 2)
    trials = effective * float(many / few) ** 2
    low, high = clopper_pearson(share * trials, trials, confidence)
    return Metric(name, share, low, high, n)


def macro_f1(
    truth: Sequence[str],
    predicted: Sequence[str | None],
    labels: Sequence[str],
    groups_N: NDArray[np.generic],
    *,
    seed: int,
    confidence: float = 0.95,
    repetitions: int = 2000,
) -> Metric:
    """Mean F1 over the classes that occur, with a bootstrap interval that resamples whole groups.

    A prediction outside `labels` (a parse failure is None) is a miss for the true class. Where every
    answer is right the bootstrap shows no spread; the lower end is then that of the accuracy.

    Raises:
        NotEnoughDataError: Fewer than two groups.
        DataError: Lengths differ, or a true label is not among `labels`.
    """
    correct_N = np.array([t == p for t, p in zip(_same_length(truth, predicted), predicted, strict=True)])
    fallback = accuracy(correct_N, groups_N, confidence=confidence)
    _, inverse_N = np.unique(groups_N, return_inverse=True)
    hits_GC, misses_GC, alarms_GC = _counts(truth, predicted, labels, inverse_N)
    value = float(_mean_f1(hits_GC.sum(0)[None], misses_GC.sum(0)[None], alarms_GC.sum(0)[None])[0])
    if correct_N.all():
        return Metric("macro_f1", value, fallback.low, 1.0, len(truth))
    groups = len(hits_GC)
    weights_RG = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), repetitions)
    f1_R = _mean_f1(weights_RG @ hits_GC, weights_RG @ misses_GC, weights_RG @ alarms_GC)
    low, high = np.quantile(f1_R, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Metric("macro_f1", value, min(float(low), value), max(float(high), value), len(truth))


def mean_score(
    scores_N: NDArray[np.generic], groups_N: NDArray[np.generic], *, name: str, confidence: float = 0.95
) -> Metric:
    """The mean of scores in 0..1, with a t interval on group sums (cluster-robust ratio estimator).

    Where no score differs from any other, the interval is that of `accuracy`, which does not shrink to a point.

    Raises:
        NotEnoughDataError: Fewer than two groups.
        DataError: Lengths differ or a score is outside 0..1.
    """
    plain = accuracy(scores_N, groups_N, confidence=confidence, name=name)
    values_N = np.asarray(scores_N, dtype=np.float64)
    sums_G, counts_G = group_sums(values_N, groups_N)
    groups = len(sums_G)
    error = math.sqrt(groups / (groups - 1) * float(((sums_G - plain.value * counts_G) ** 2).sum())) / plain.n
    if error == 0.0:
        return plain
    reach = float(scipy.special.stdtrit(groups - 1, (1 + confidence) / 2)) * error
    return Metric(name, plain.value, max(plain.value - reach, 0.0), min(plain.value + reach, 1.0), plain.n)


def pooled_ratio(
    top_N: NDArray[np.float64],
    bottom_N: NDArray[np.float64],
    groups_N: NDArray[np.generic],
    *,
    seed: int,
    name: str,
    confidence: float = 0.95,
    repetitions: int = 2000,
) -> Metric | None:
    """sum(top) / sum(bottom) over all items, with a bootstrap interval that resamples whole groups.

    Where every group has the same ratio the bootstrap shows no spread; the interval is then that of the share of
    items whose ratio is whole, which does not shrink to a point.

    Returns:
        The ratio over `n` items; None where nothing is counted below.
    """
    if float(bottom_N.sum()) == 0:
        return None
    value = float(top_N.sum() / bottom_N.sum())
    whole = accuracy(np.isclose(top_N, bottom_N) if value > 0 else top_N > 0, groups_N, confidence=confidence)
    tops_G, _ = group_sums(top_N, groups_N)
    bottoms_G, _ = group_sums(bottom_N, groups_N)
    groups = len(tops_G)
    weights_RG = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), repetitions)
    below_R = weights_RG @ bottoms_G
    ratio_R = (weights_RG @ tops_G)[below_R > 0] / below_R[below_R > 0]
    low, high = (float(q) for q in np.quantile(ratio_R, [(1 - confidence) / 2, (1 + confidence) / 2]))
    if low == high:
        low, high = min(whole.low, value), max(whole.high, value)
    return Metric(name, value, min(low, value), max(high, value), len(top_N))


def per_class(truth: Sequence[str], predicted: Sequence[str | None], labels: Sequence[str]) -> tuple[ClassMetrics, ...]:
    """Precision, recall and F1 for each label, in the order of `labels`.

    Raises:
        DataError: Lengths differ, or a true label is not among `labels`.
    """
    zeros_N = np.zeros(len(_same_length(truth, predicted)), dtype=np.int64)
    counts = _counts(truth, predicted, labels, zeros_N) if truth else (np.zeros((1, len(labels))),) * 3
    hits_C, misses_C, alarms_C = (count_GC[0] for count_GC in counts)
    return tuple(
        ClassMetrics(
            label=label,
            n=int(hit + miss),
            predicted=int(hit + alarm),
            precision=float(hit / (hit + alarm)) if hit + alarm else None,
            recall=float(hit / (hit + miss)) if hit + miss else None,
            f1=float(2 * hit / (2 * hit + miss + alarm)) if hit + miss + alarm else None,
        )
        for label, hit, miss, alarm in zip(labels, hits_C, misses_C, alarms_C, strict=True)
    )


def latency(seconds: Sequence[float]) -> Latency:
    """Median and 95th percentile of the seconds that answers took.

    Raises:
        NotEnoughDataError: No answer was timed.
    """
    if not seconds:
        raise NotEnoughDataError("no answer was timed: there is no latency to report")
    p50, p95 = np.quantile(np.asarray(seconds, dtype=np.float64), [0.5, 0.95])
    return Latency(len(seconds), float(p50), float(p95))


def _same_length(truth: Sequence[str], predicted: Sequence[str | None]) -> Sequence[str]:
    if len(truth) != len(predicted):
        raise DataError(f"{len(truth)} true labels but {len(predicted)} predictions: each item needs both")
    return truth


def _counts(
    truth: Sequence[str], predicted: Sequence[str | None], labels: Sequence[str], group_N: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Hits, misses and false alarms for each group and class, each [G, C]."""
    index = {label: c for c, label in enumerate(labels)}
    stray = next((i for i, label in enumerate(truth) if label not in index), None)
    if stray is not None:
        raise DataError(f"item {stray}: true label {truth[stray]!r} is not among the {len(labels)} labels")
    shape = (int(group_N.max()) + 1, len(labels))
    hits_GC, misses_GC, alarms_GC = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    true_N = np.array([index[label] for label in truth])
    said_N = np.array([index.get(label, -1) if label is not None else -1 for label in predicted])
    right_N, named_N = true_N == said_N, said_N >= 0
    np.add.at(hits_GC, (group_N[right_N], true_N[right_N]), 1)
    np.add.at(misses_GC, (group_N[~right_N], true_N[~right_N]), 1)
    np.add.at(alarms_GC, (group_N[~right_N & named_N], said_N[~right_N & named_N]), 1)
    return hits_GC, misses_GC, alarms_GC


def _mean_f1(
    hits_RC: NDArray[np.float64], misses_RC: NDArray[np.float64], alarms_RC: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean F1 over the classes that occur in truth or prediction, [R]."""
    size_RC = 2 * hits_RC + misses_RC + alarms_RC
    f1_RC = np.divide(2 * hits_RC, size_RC, out=np.zeros_like(size_RC), where=size_RC > 0)
    mean_R: NDArray[np.float64] = f1_RC.sum(axis=1) / np.maximum((size_RC > 0).sum(axis=1), 1)
    return mean_R
