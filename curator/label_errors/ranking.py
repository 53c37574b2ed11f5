"""Suspect labels: how badly each row's label fits what the other rows teach.

Out-of-fold class probabilities of several models are pooled (a weighted geometric mean), once with all rows
and once more without the rows that the first pass finds most likely wrong. The score is one minus the
probability of the given label, after weighing in which labels are taken for which: the confident joint of
Northcutt et al. 2021 (confident learning), which counts as far as the same confusions repeat.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from curator.label_errors.models import FOLDS, LOGISTIC, Model, Views, models, stratified_folds, views
from curator.label_errors.outside import OutsideProbabilities, agreement_note, outside_model

MIN_CLASS = 3
"""A class with fewer rows has no two others to learn from; its rows are not ranked."""
MIN_CONFIDENCES = 100
"""With fewer rows of known confidence there is no telling what a teacher's confidence is worth."""
_DOUBT = 0.1  # share of labels taken to be wrong when a model's fit is judged
_FIT = 0.2  # nats of fit that cost a model a factor e of its weight
_FLOOR = 1e-3  # least probability of a class times their number: one sure model must not silence the others
_DROPPED = 0.7  # share of the expected errors that the second pass goes without
_DROPPED_WEIGHT = 1e-3


@dataclass(frozen=True, slots=True)
class NoiseResult:
    """Suspect scores with what the models would say instead.

    Attributes:
        score_N: In 0..1, higher is worse; NaN where a row cannot be ranked.
        self_N: Pooled out-of-fold probability of the given label; NaN where not ranked.
        best_other_N: The most probable other label, or None where there is none to name.
        other_N: Its probability.
        notes: The guards that applied, in words.
        field_N: Where the answer has fields: the one that is doubted.
        certain: The rows whose doubt is a fact about them, not a guess from others (see `calibration`).
        wrong: How many labels are probably wrong (`expected_errors`); None where that is not told.
    """

    score_N: NDArray[np.float64]
    self_N: NDArray[np.float64]
    best_other_N: tuple[str | None, ...]
    other_N: NDArray[np.float64]
    notes: tuple[str, ...]
    field_N: tuple[str | None, ...] = ()
    certain: frozenset[int] = frozenset()
    wrong: float | None = None


def suspect(
    vectors_ND: NDArray[np.float32] | None,
    texts: Sequence[str],
    labels: Sequence[str | None],
    seed: int,
    confidences: Sequence[float | None] | None = None,
    outside: OutsideProbabilities | None = None,
) -> NoiseResult:
    """Score every labelled row by how little the other rows support its label.

    Args:
        vectors_ND: Unit-length embeddings, or None to rank by character n-grams alone.
        texts: The raw texts.
        labels: The label of each row, or None.
        seed: Seed of the folds.
        confidences: How sure the teacher was, 0..1, or None where unknown. They count as much as they
            prove to tell: not at all where they say nothing about which labels the other rows doubt.
        outside: What another model says of the rows: one opinion beside ours, for at most half.
    """
    notes: list[str] = []
    given = np.array(["" if label is None else label for label in labels], dtype=object)
    has_label = np.array([label is not None for label in labels], dtype=bool)
    classes, counts = np.unique(given[has_label].astype(str), return_counts=True)
    tiny = [str(name) for name in classes[counts < MIN_CLASS]]
    kept = [str(name) for name in classes[counts >= MIN_CLASS]]
    if tiny:
        notes.append(f"suspect_label: {len(tiny)} labels have fewer than {MIN_CLASS} rows and are not ranked: "
                     + ", ".join(tiny[:10]) + (" …" if len(tiny) > 10 else ""))  # fmt: skip
    rows = np.flatnonzero(has_label & np.isin(given.astype(str), kept))
    if len(kept) < 2:
        notes.append("suspect_label: ranking needs at least two labels with "
                     f"{MIN_CLASS} rows each; there are {len(kept)}")  # fmt: skip
        return unranked(len(labels), notes)
    if vectors_ND is None:
        notes.append("suspect_label: no vectors; ranked by character n-grams alone")
    notes += [] if outside is None else [*outside.notes, agreement_note(outside, labels)]
    code = {name: place for place, name in enumerate(kept)}
    y_R = np.array([code[str(given[row])] for row in rows], dtype=np.int64)
    seen = views(None if vectors_ND is None else vectors_ND[rows], [texts[row] for row in rows.tolist()], seed)
    more = [] if outside is None else outside_model(outside, y_R, rows, kept)
    pooled_RC = pooled(seen, y_R, len(kept), seed, more=more)
    if pooled_RC is None:
        notes.append("suspect_label: neither vectors nor characters to compare rows by")
        return unranked(len(labels), notes)
    belief_RC = believed(pooled_RC, y_R)
    known = None if confidences is None else [confidences[row] for row in rows.tolist()]
    score_R = with_confidence(1.0 - _own(belief_RC, y_R), known)
    result = _spread(pooled_RC, belief_RC, score_R, y_R, rows, kept, len(labels), notes)
    return replace(result, wrong=expected_errors(pooled_RC, y_R))


def unranked(size: int, notes: Sequence[str]) -> NoiseResult:
    """Return a result in which no row is ranked."""
    nan_N = np.full(size, np.nan)
    return NoiseResult(nan_N, nan_N.copy(), (None,) * size, nan_N.copy(), tuple(notes), (None,) * size)


def _spread(
    pooled_RC: NDArray[np.float64], belief_RC: NDArray[np.float64], score_R: NDArray[np.float64],
    y_R: NDArray[np.int64], rows: NDArray[np.int64], kept: list[str], size: int, notes: list[str],
) -> NoiseResult:  # fmt: skip
    every = np.arange(len(rows))
    others_RC = belief_RC.copy()
    others_RC[every, y_R] = -1.0
    best_R = others_RC.argmax(axis=1)
    result = unranked(size, notes)
    result.self_N[rows] = pooled_RC[every, y_R]
    result.other_N[rows] = pooled_RC[every, best_R]
    result.score_N[rows] = score_R
    best: list[str | None] = [None] * size
    for row, other in zip(rows.tolist(), best_R.tolist(), strict=True):
        best[row] = kept[other]
    return NoiseResult(result.score_N, result.self_N, tuple(best), result.other_N, result.notes, result.field_N)


def _own(probability_RC: NDArray[np.float64], y_R: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(probability_RC[np.arange(len(y_R)), y_R])


def pooled(
    seen: Views, y_R: NDArray[np.int64], classes: int, seed: int, *, fast: bool = False, more: Sequence[Model] = ()
) -> NDArray[np.float64] | None:
    """Return what the other rows say of each row, [R, C], or None where there is nothing to compare rows by.

    Args:
        seen: The views of the rows.
        y_R: The given labels, 0..C-1, each with at least `MIN_CLASS` rows.
        classes: C.
        seed: Seed of the folds.
        fast: Go without the logistic regression, which takes nine tenths of the time.
        more: Further opinions about these rows.
    """
    opinions = models(seen, stratified_folds(y_R, FOLDS, np.random.default_rng(seed)))
    opinions = [*(model for model in opinions if not fast or model.name != LOGISTIC), *more]
    return two_passes(opinions, first_pass(opinions, y_R, classes), y_R) if opinions else None


def first_pass(opinions: Sequence[Model], y_R: NDArray[np.int64], classes: int) -> list[NDArray[np.float32]]:
    """Return what each model says, [R, C], where all rows teach."""
    return [model.say(y_R, np.ones(len(y_R)), classes).astype(np.float32) for model in opinions]


def two_passes(
    opinions: Sequence[Model], first: Sequence[NDArray[np.float32]], y_R: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return pooled probabilities [R, C] of the first pass and of a second, in which the credible rows teach."""
    classes = first[0].shape[1]
    share_M = _shares(opinions, first, y_R, classes)
    log_RC = _log_pool(first, share_M, classes)
    doubt_R = 1.0 - _own(believed(_normal(log_RC), y_R), y_R)
    weight_R = np.ones(len(y_R))
    weight_R[np.argsort(-doubt_R, kind="stable")[: int(_DROPPED * doubt_R.sum())]] = _DROPPED_WEIGHT
    again = [model.say(y_R, weight_R, classes).astype(np.float32) for model in opinions]
    return _normal(0.5 * (log_RC + _log_pool(again, share_M, classes)))


def _shares(
    opinions: Sequence[Model], said: Sequence[NDArray[np.float32]], y_R: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    # A model counts by how well it foretells the given labels, some of which are wrong: on parallel sentences in
    # 15 languages the characters lead, on one bank's intents the meaning does.
    every = np.arange(len(y_R))
    fit_M = np.array([_foretells(p_RC[every, y_R], classes) for p_RC in said])
    share_M = np.array([model.prior for model in opinions]) * np.exp((fit_M - fit_M.max()) / _FIT)
    share_M /= share_M.sum()
    for place, model in enumerate(opinions):
        beside = 1.0 - float(share_M[place])
        if share_M[place] > model.most and beside > 0.0:
            share_M *= (1.0 - model.most) / beside
            share_M[place] = model.most
    return np.asarray(share_M)


def _foretells(own_R: NDArray[np.float32], classes: int) -> float:
    known_R = own_R[np.isfinite(own_R)]
    return float(np.log((1.0 - _DOUBT) * known_R + _DOUBT / classes).mean()) if len(known_R) else -np.inf


def _log_pool(said: Sequence[NDArray[np.float32]], share_M: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    total_RC, mass_R = np.zeros(said[0].shape), np.zeros(len(said[0]))
    for share, p_RC in zip(share_M.tolist(), said, strict=True):
        known_R = np.isfinite(p_RC).all(axis=1)  # a row of which one says nothing is left to the others
        total_RC[known_R] += share * np.log(p_RC[known_R] + _FLOOR / classes)
        mass_R += share * known_R
    return np.asarray(total_RC / np.where(mass_R > 0.0, mass_R, 1.0)[:, None])


def _normal(log_RC: NDArray[np.float64]) -> NDArray[np.float64]:
    odds = np.exp(log_RC - log_RC.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def believed(pooled_RC: NDArray[np.float64], y_R: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the probability of each true label once the given one is known, [R, C].

    By Bayes' rule from the pooled probabilities and the chance that one label is given for another. Those
    chances come from the confident joint: rows whose likeliest class reaches the mean probability of that
    class among the rows that have it. Wrong labels are taken to be equally many in every class.

    How a label's confusions spread over the others is a Dirichlet-multinomial (Mosimann 1962) drawn to chance, and
    its intraclass correlation is also the exponent of the chances, for repeating is all the evidence that there
    is of them. Where labels err by chance it is near 0, and the pooled probability of the given label decides
    (self-confidence); where each label is taken for one other it is near 1, and a row is doubted only for that other.

    Args:
        pooled_RC: Out-of-fold probabilities.
        y_R: The given labels, 0..C-1.
    """
    classes = pooled_RC.shape[1]
    wrong_CC, right = _confident_joint(pooled_RC, y_R)
    correlation = _intraclass_correlation(wrong_CC)
    if correlation == 0.0:
        return pooled_RC
    rate = float(wrong_CC.sum()) / (float(wrong_CC.sum()) + right + 1.0)
    # The correlation of a Dirichlet-multinomial is 1 / (1 + its mass).
    mass = 1.0 / correlation - 1.0
    spread_CC = wrong_CC + mass * (1.0 - np.eye(classes)) / (classes - 1)
    spread_CC /= spread_CC.sum(axis=1, keepdims=True)
    mistaken_CC = rate * spread_CC + (1.0 - rate) * np.eye(classes)
    belief_RC = pooled_RC * mistaken_CC[:, y_R].T ** correlation
    return np.asarray(belief_RC / belief_RC.sum(axis=1, keepdims=True))


def _confident_joint(pooled_RC: NDArray[np.float64], y_R: NDArray[np.int64]) -> tuple[NDArray[np.float64], float]:
    """Rows that are surely of one class and labelled as another, [class, label], and how many have their own label."""
    classes = pooled_RC.shape[1]
    own_R, best_R = _own(pooled_RC, y_R), pooled_RC.argmax(axis=1)
    size_C = np.maximum(np.bincount(y_R, minlength=classes), 1)
    usual_C = np.bincount(y_R, weights=own_R, minlength=classes) / size_C
    sure_R = pooled_RC.max(axis=1) >= usual_C[best_R]
    wrong_CC = np.zeros((classes, classes))
    np.add.at(wrong_CC, (best_R[sure_R], y_R[sure_R]), 1.0)
    right = float(wrong_CC.trace())
    np.fill_diagonal(wrong_CC, 0.0)
    return wrong_CC, right


def expected_errors(pooled_RC: NDArray[np.float64], y_R: NDArray[np.int64]) -> float:
    """Return how many labels are probably wrong: the share of the confident joint off its diagonal, of all rows.

    Labels that others outvote are more: rows at the border of two classes are outvoted by chance.
    """
    wrong_CC, right = _confident_joint(pooled_RC, y_R)
    wrong = float(wrong_CC.sum())
    return len(y_R) * wrong / (wrong + right + 1.0)


def _intraclass_correlation(wrong_CC: NDArray[np.float64]) -> float:
    """How much likelier than chance two confusions of one label are the same, 0..1 (1 excluded).

    The share of equal pairs (Simpson 1949) above the one by chance; the mean over the labels with two confusions
    and over one more label, whose are by chance: a few of them prove little.
    """
    others = len(wrong_CC) - 1
    total_C = wrong_CC.sum(axis=1)
    seen = total_C >= 2
    if others < 2 or not seen.any():
        return 0.0
    equal_C = (wrong_CC * (wrong_CC - 1.0)).sum(axis=1)[seen] / (total_C * (total_C - 1.0))[seen]
    return max(0.0, float(((equal_C - 1.0 / others) / (1.0 - 1.0 / others)).sum()) / (len(equal_C) + 1))


def with_confidence(score_R: NDArray[np.float64], confidences: Sequence[float | None] | None) -> NDArray[np.float64]:
    """Return the scores with the teacher's own confidence weighed in.

    The mean score at each confidence, made monotone, says what that confidence is worth; its odds against the
    mean of all rows multiply the odds of the score. A confidence that tells nothing changes nothing.

    Args:
        score_R: Suspect scores in 0..1.
        confidences: 0..1, or None where unknown.
    """
    from sklearn.isotonic import IsotonicRegression

    if confidences is None:
        return score_R
    sure_R = np.array([np.nan if value is None else float(value) for value in confidences])
    known = np.isfinite(sure_R)
    if known.sum() < MIN_CONFIDENCES or np.ptp(sure_R[known]) == 0.0:
        return score_R
    clipped_R = np.clip(score_R, 1e-6, 1.0 - 1e-6)
    line = IsotonicRegression(increasing=False).fit(sure_R[known], clipped_R[known])
    expected = np.clip(line.predict(sure_R[known]), 1e-3, 1.0 - 1e-3)
    usual = float(np.clip(clipped_R[known].mean(), 1e-3, 1.0 - 1e-3))
    odds_R = np.log(clipped_R / (1.0 - clipped_R))
    odds_R[known] += np.log(expected / (1.0 - expected)) - np.log(usual / (1.0 - usual))
    return np.asarray(1.0 / (1.0 + np.exp(-odds_R)))
