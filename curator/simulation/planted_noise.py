"""Wrong labels planted in a clean set, and how well a ranking finds them: what suspect scores are measured by.

Three kinds of mistake. *Uniform*: a label is replaced by any other with equal chance. *Confusable*: a
label is replaced by the class most like it (nearest centroid). *Teacher*: every label is what a weak
model says that saw a few rows of each class, so its mistakes are systematic and lie where the task is hard.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from curator.label_errors import (
    FOLDS,
    LOGISTIC,
    Views,
    believed,
    first_pass,
    models,
    stratified_folds,
    two_passes,
    with_confidence,
)

OURS, OURS_CONFIDENCE = "ours", "ours, with the teacher's confidence"
TOP_SHARE = 0.1
"""Share of the rows that a person is taken to look through."""
TOP_ROWS = 100


@dataclass(frozen=True, slots=True)
class Found:
    """How well one ranking finds the wrong labels of one planted set; all in 0..1.

    Attributes:
        average_precision: Mean precision over the places of the wrong labels.
        precision_at_errors: Precision among the first k rows, k the number of wrong labels.
        precision_at_100: Precision among the first 100 rows.
        found_in_tenth: Share of the wrong labels among the first 10 % of rows.
    """

    average_precision: float
    precision_at_errors: float
    precision_at_100: float
    found_in_tenth: float


@dataclass(frozen=True, slots=True)
class Gap:
    """The mean of paired differences over seeds, with Student's t interval."""

    mean: float
    low: float
    high: float


def uniform_noise(y_N: NDArray[np.int64], classes: int, rate: float, seed: int) -> NDArray[np.int64]:
    """Return labels of which a share `rate`, drawn without regard to class, is any other class."""
    rng = np.random.default_rng([seed, 1])
    rows = _drawn(len(y_N), rate, rng)
    given_N = y_N.copy()
    given_N[rows] = (y_N[rows] + rng.integers(1, classes, len(rows))) % classes
    return given_N


def confusable_noise(
    y_N: NDArray[np.int64], vectors_ND: NDArray[np.float32], classes: int, rate: float, seed: int
) -> NDArray[np.int64]:
    """Return labels of which a share `rate` is the class whose centroid is nearest by cosine."""
    rng = np.random.default_rng([seed, 2])
    centroid_CD = np.stack([vectors_ND[y_N == label].mean(axis=0) for label in range(classes)])
    centroid_CD /= np.maximum(np.linalg.norm(centroid_CD, axis=1, keepdims=True), 1e-12)
    cosine_CC = centroid_CD @ centroid_CD.T
    np.fill_diagonal(cosine_CC, -2.0)
    rows = _drawn(len(y_N), rate, rng)
    given_N = y_N.copy()
    given_N[rows] = cosine_CC.argmax(axis=1)[y_N[rows]]
    return given_N


def teacher_noise(
    features_NF: "NDArray[np.float32] | scipy.sparse.csr_matrix", y_N: NDArray[np.int64], share: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return what a weak model labels, and its confidence in 0..1.

    A logistic regression that saw a share of each class's rows, at least two, labels every row; those rows,
    its examples, keep their true label.

    Args:
        features_NF: What the teacher sees; not what the ranking sees, or the two err alike.
        y_N: The true classes.
        share: Share of each class that it learns from, 0..1.
        seed: Seed of their choice.
    """
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng([seed, 3])
    members = [rng.permutation(np.flatnonzero(y_N == label)) for label in np.unique(y_N)]
    learnt = np.concatenate([rows[: max(2, round(share * len(rows)))] for rows in members])
    model = LogisticRegression(C=10.0, max_iter=200, tol=1e-3).fit(features_NF[learnt], y_N[learnt])
    probability_NC = model.predict_proba(features_NF)
    given_N = model.classes_[probability_NC.argmax(axis=1)].astype(np.int64)
    confidence_N = probability_NC.max(axis=1)
    given_N[learnt], confidence_N[learnt] = y_N[learnt], 1.0
    return given_N, np.asarray(confidence_N, dtype=np.float64)


def _drawn(size: int, rate: float, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.asarray(rng.choice(size, round(rate * size), replace=False), dtype=np.int64)


def found_among(wrong_N: NDArray[np.bool_], score_N: NDArray[np.float64]) -> Found:
    """Judge one ranking; a row without a score (NaN) comes last.

    Raises:
        ValueError: No label is wrong.
    """
    from sklearn.metrics import average_precision_score

    if not wrong_N.any():
        msg = "no label is wrong: there is nothing to find"
        raise ValueError(msg)
    score_N = np.where(np.isnan(score_N), -np.inf, score_N)
    order = np.argsort(-score_N, kind="stable")
    hit_N = wrong_N[order]
    errors, tenth = int(wrong_N.sum()), max(1, round(TOP_SHARE * len(wrong_N)))
    finite = np.isfinite(score_N)
    floor = float(score_N[finite].min()) - 1.0 if finite.any() else 0.0
    return Found(
        average_precision=float(average_precision_score(wrong_N, np.where(finite, score_N, floor))),
        precision_at_errors=float(hit_N[:errors].mean()),
        precision_at_100=float(hit_N[:TOP_ROWS].mean()),
        found_in_tenth=float(hit_N[:tenth].sum() / errors),
    )


def paired_gap(ours_S: Sequence[float], other_S: Sequence[float], confidence: float = 0.95) -> Gap:
    """Mean and interval of ours less the other's, paired by seed; one seed has no interval (NaN)."""
    difference_S = np.asarray(ours_S, dtype=np.float64) - np.asarray(other_S, dtype=np.float64)
    mean = float(difference_S.mean())
    if len(difference_S) < 2:
        return Gap(mean, float("nan"), float("nan"))
    half = float(scipy.stats.t.ppf(0.5 + confidence / 2, len(difference_S) - 1) * scipy.stats.sem(difference_S))
    return Gap(mean, mean - half, mean + half)


def rankings(
    seen: Views, given_N: NDArray[np.int64], classes: int, seed: int, confidence_N: NDArray[np.float64] | None = None
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Rank one set of given labels by ours and by what it is measured against.

    Args:
        seen: The views of the rows; they need vectors.
        given_N: The given labels, 0..C-1.
        classes: C.
        seed: Seed of the folds and of the random ranking.
        confidence_N: The teacher's confidence in 0..1, or None; adds a ranking that weighs it in.

    Returns:
        Scores by method, higher is more suspect; and the out-of-fold probabilities [N, C] of a logistic
        regression on the vectors and of our pool, for methods that start from probabilities.
    """
    opinions = models(seen, stratified_folds(given_N, FOLDS, np.random.default_rng(seed)))
    first = first_pass(opinions, given_N, classes)
    by_name = {model.name: said for model, said in zip(opinions, first, strict=True)}
    pooled_NC = two_passes(opinions, first, given_N)
    every = np.arange(len(given_N))
    ours_N = 1.0 - believed(pooled_NC, given_N)[every, given_N]
    scores = {
        OURS: ours_N,
        "neighbours alone": 1.0 - by_name["neighbours by meaning"][every, given_N].astype(np.float64),
        "random": np.random.default_rng([seed, 4]).random(len(given_N)),
    }
    if confidence_N is not None:
        scores[OURS_CONFIDENCE] = with_confidence(ours_N, confidence_N.tolist())
    return scores, {"logistic": by_name[LOGISTIC].astype(np.float64), "pool": pooled_NC}
