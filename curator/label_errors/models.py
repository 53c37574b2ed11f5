"""The models whose out-of-fold opinions the suspect ranking averages; each learns from weighted labels.

Every model is a function of the labels, of a weight for each row and of the number of classes, and returns
class probabilities [R, C] that the row's own label had no part in. A second pass needs nothing but other
weights, a further field of the answers nothing but other labels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import scipy
from numpy.typing import NDArray

from curator.statistics import unit_rows

FOLDS = 5
LOGISTIC = "logistic"
_NEIGHBOURS = 10
_AXES = 128  # of the character view
_CHUNK = 1000  # rows of a similarity block: 1,000 x 100,000 float32 is 400 MB
_SHRINK = 0.1
_TEMPERATURES = np.geomspace(0.02, 5.0, 18)
_DOUBT = 0.1  # share of labels taken to be wrong when a model's sharpness is set
_SCALE = 3.0  # of centred rows for L-BFGS: it took the fewest steps on four real sets, of 1, 3, 5, 8 and 20

Say = Callable[[NDArray[np.int64], NDArray[np.float64], int], NDArray[np.float64]]
_Rows = TypeVar("_Rows", NDArray[np.float32], "scipy.sparse.csr_matrix")


@dataclass(frozen=True, slots=True)
class Near:
    """Each row's nearest other rows by cosine, best first; both [N, K]."""

    row_NK: NDArray[np.int64]
    cosine_NK: NDArray[np.float32]


def nearest(x_ND: NDArray[np.float32], count: int = _NEIGHBOURS) -> Near:
    """Return the nearest other rows of each unit-length row, by blocked matrix products.

    Args:
        x_ND: Unit-length rows.
        count: Neighbours of each row; fewer where there are not so many rows.
    """
    size = len(x_ND)
    count = min(count, size - 1)
    row_NK = np.zeros((size, count), dtype=np.int64)
    cosine_NK = np.zeros((size, count), dtype=np.float32)
    for start in range(0, size if count > 0 else 0, _CHUNK):
        cosine_BN = x_ND[start : start + _CHUNK] @ x_ND.T
        block = np.arange(len(cosine_BN))
        cosine_BN[block, start + block] = -np.inf
        near_BK = np.argpartition(cosine_BN, size - count, axis=1)[:, size - count :]
        found_BK = np.take_along_axis(cosine_BN, near_BK, axis=1)
        order_BK = np.argsort(-found_BK, axis=1, kind="stable")
        row_NK[start + block] = np.take_along_axis(near_BK, order_BK, axis=1)
        cosine_NK[start + block] = np.take_along_axis(found_BK, order_BK, axis=1)
    return Near(row_NK, cosine_NK)


def stratified_folds(y_R: NDArray[np.int64], folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return a fold for each row; every class is spread over the folds as evenly as it can be.

    Unlike scikit-learn's StratifiedKFold it takes classes with fewer rows than folds.
    """
    fold_R = np.zeros(len(y_R), dtype=np.int64)
    start = 0
    for label in np.unique(y_R):
        members = rng.permutation(np.flatnonzero(y_R == label))
        fold_R[members] = (np.arange(len(members)) + start) % folds
        start += len(members)
    return fold_R


def gram_matrix(texts: Sequence[str]) -> "scipy.sparse.csr_matrix":
    """Return unit-length TF-IDF rows of character 2- to 4-grams within words, shape [N, V].

    Raises:
        ValueError: No text has a character to count.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=2 if len(texts) >= 200 else 1,
        max_features=50_000, dtype=np.float32,
    )  # fmt: skip
    return vectorizer.fit_transform(texts).tocsr()


@dataclass(frozen=True, slots=True)
class Model:
    """One opinion.

    Attributes:
        name: What it looks at.
        prior: Its weight in the average, before its fit is known.
        say: `say(y_R, weight_R, classes)` gives probabilities [R, C]; NaN in a row of which it says nothing.
        most: The largest share of the average that it may have, 0..1.
    """

    name: str
    prior: float
    say: Say
    most: float = 1.0


@dataclass(frozen=True, slots=True)
class Views:
    """What rows are compared by, made once for any labels; None where there is nothing to compare.

    Attributes:
        meaning_ND: Unit-length embeddings.
        near_meaning: The nearest rows by them.
        grams_NV: TF-IDF of character n-grams.
        axes_ND: Their main axes, unit length.
        near_axes: The nearest rows by these.
    """

    meaning_ND: NDArray[np.float32] | None
    near_meaning: Near | None
    grams_NV: "scipy.sparse.csr_matrix | None"
    axes_ND: NDArray[np.float32] | None
    near_axes: Near | None


def views(vectors_ND: NDArray[np.float32] | None, texts: Sequence[str], seed: int) -> Views:
    """Prepare the views of these rows.

    Args:
        vectors_ND: Embeddings, brought to unit length here, or None.
        texts: The raw texts.
        seed: Seed of the main axes.
    """
    vectors_ND = None if vectors_ND is None else unit_rows(vectors_ND)
    near = None if vectors_ND is None else nearest(vectors_ND)
    try:
        grams_NV = gram_matrix(texts)
    except ValueError:  # no text has a character to count
        return Views(vectors_ND, near, None, None, None)
    if min(grams_NV.shape) <= 3:
        return Views(vectors_ND, near, grams_NV, None, None)
    axes_ND = main_axes(grams_NV, seed)
    return Views(vectors_ND, near, grams_NV, axes_ND, nearest(axes_ND))


def models(seen: Views, fold_R: NDArray[np.int64]) -> list[Model]:
    """Return the models that these views allow; none where there is nothing to compare rows by.

    Neighbours, a Gaussian for each class and a logistic regression look at meaning; neighbours, a Gaussian and
    naive Bayes at character n-grams, which tell languages, formats and names apart where meaning does not.

    Args:
        seen: The views.
        fold_R: The fold of each row; a model of one fold learns from the others.
    """
    made: list[Model] = []
    if seen.meaning_ND is not None and seen.near_meaning is not None:
        made.append(Model("neighbours by meaning", 1.0, partial(votes, seen.near_meaning)))
        made.append(Model("gaussian of meaning", 0.5, partial(_out_of_fold, _gaussian, seen.meaning_ND, fold_R)))
    if seen.grams_NV is not None:
        made.append(Model("bayes of characters", 0.5, partial(_out_of_fold, _bayes, seen.grams_NV, fold_R)))
    if seen.axes_ND is not None and seen.near_axes is not None:
        made.append(Model("neighbours by characters", 0.5, partial(votes, seen.near_axes)))
        made.append(Model("gaussian of characters", 0.5, partial(_out_of_fold, _gaussian, seen.axes_ND, fold_R)))
    linear_ND = seen.axes_ND if seen.meaning_ND is None else seen.meaning_ND
    if linear_ND is not None:
        made.append(Model(LOGISTIC, 1.0, partial(_out_of_fold, _logistic, linear_ND, fold_R)))
    return made


def main_axes(grams_RV: "scipy.sparse.csr_matrix", seed: int) -> NDArray[np.float32]:
    """Return the main axes of sparse rows, unit length, [R, up to 128]; they need four rows and columns."""
    from sklearn.decomposition import TruncatedSVD

    axes = min(_AXES, min(grams_RV.shape) - 1)
    with np.errstate(invalid="ignore", divide="ignore"):  # where all rows are alike, the variance is 0, or nearly
        x_RD = TruncatedSVD(axes, n_iter=2, random_state=seed).fit_transform(grams_RV)
    length_R = np.linalg.norm(x_RD, axis=1, keepdims=True)
    return np.asarray(x_RD / np.maximum(length_R, 1e-9), dtype=np.float32)


def _out_of_fold(
    fit: Callable[[_Rows, NDArray[np.int64], NDArray[np.float64], int, _Rows], NDArray[np.float64]],
    x_RD: _Rows, fold_R: NDArray[np.int64], y_R: NDArray[np.int64], weight_R: NDArray[np.float64], classes: int,
) -> NDArray[np.float64]:  # fmt: skip
    """Log-odds or log-probabilities of each row from a model that did not see its fold, made probabilities."""
    logit_RC = np.zeros((len(y_R), classes))
    for fold in np.unique(fold_R):
        test, train = fold_R == fold, fold_R != fold
        if train.any():
            logit_RC[test] = fit(x_RD[train], y_R[train], weight_R[train], classes, x_RD[test])
    return calibrated(logit_RC, y_R)


def softmax(logit_RC: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities over the last axis."""
    odds = np.exp(logit_RC - logit_RC.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def calibrated(logit_RC: NDArray[np.float64], y_R: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return probabilities [R, C] from log-odds, at the temperature under which the given labels are likeliest."""
    # One temperature for a model: the one under which the given labels, some of them wrong, are likeliest.
    # Families then weigh alike in the average, whatever the encoder and the number of classes.
    sample = np.arange(len(y_R))[:: max(1, len(y_R) // 2000)]
    classes = logit_RC.shape[1]

    def likely(temperature: float) -> float:
        own = softmax(logit_RC[sample] / temperature)[np.arange(len(sample)), y_R[sample]]
        return float(np.log((1.0 - _DOUBT) * own + _DOUBT / classes).mean())

    return softmax(logit_RC / max(_TEMPERATURES.tolist(), key=likely))


def votes(near: Near, y_R: NDArray[np.int64], weight_R: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """Return the share of each class among the nearest rows, nearer ones counting more; [R, C]."""
    pull_RK = np.exp((near.cosine_NK - 1.0) / 0.1) * weight_R[near.row_NK]
    votes_RC = np.zeros((len(y_R), classes))
    np.add.at(votes_RC, (np.arange(len(y_R))[:, None], y_R[near.row_NK]), pull_RK)
    votes_RC += _DOUBT / classes * votes_RC.sum(axis=1, keepdims=True) + 1e-12
    return np.asarray(votes_RC / votes_RC.sum(axis=1, keepdims=True))


def _logistic(
    x_RD: NDArray[np.float32], y_R: NDArray[np.int64], weight_R: NDArray[np.float64], classes: int,
    test_TD: NDArray[np.float32],
) -> NDArray[np.float64]:  # fmt: skip
    present = np.unique(y_R)
    logit_TC = np.full((len(test_TD), classes), -30.0)
    logit_TC[:, present] = logistic_log_probabilities(x_RD, y_R, test_TD, strength=1.0, weight_R=weight_R)
    return logit_TC


def logistic_log_probabilities(
    x_RD: NDArray[np.float32], y_R: NDArray[np.int64], test_TD: NDArray[np.float32], *, strength: float,
    weight_R: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:  # fmt: skip
    """Return log-probabilities [T, P] of the P classes that are in `y_R`, ascending, from a logistic regression.

    Args:
        x_RD: Unit-length rows to learn from.
        y_R: Their classes.
        test_TD: Rows to tell the class of.
        strength: Inverse of the L2 penalty (scikit-learn's C) on the rows as they are.
        weight_R: Weights of the rows; default 1.
    """
    from sklearn.linear_model import LogisticRegression

    present = np.unique(y_R)
    if len(present) < 2:
        return np.zeros((len(test_TD), len(present)))
    # Centring is taken up by the intercept and the scale by C: the optimum stays that on the rows as they are,
    # and is reached in half the steps. The gradient of the mean loss shrinks with the number of classes, and so
    # must the bound on it: under one bound for all, 150 classes are "converged" before the first step.
    middle_D = x_RD.mean(axis=0)
    bound = min(1e-3, 0.015 / len(present))
    model = LogisticRegression(C=strength / _SCALE**2, max_iter=200, tol=bound)
    model.fit((x_RD - middle_D) * np.float32(_SCALE), y_R, sample_weight=weight_R)
    return np.asarray(model.predict_log_proba((test_TD - middle_D) * np.float32(_SCALE)))


def _gaussian(
    x_RD: NDArray[np.float32], y_R: NDArray[np.int64], weight_R: NDArray[np.float64], classes: int,
    test_TD: NDArray[np.float32],
) -> NDArray[np.float64]:  # fmt: skip
    # Linear discriminant analysis: a centroid for each class and one shrunk covariance for all.
    member_RC = np.eye(classes, dtype=np.float32)[y_R] * weight_R[:, None].astype(np.float32)
    mass_C = member_RC.sum(axis=0) + 1e-6
    centroid_CD = (member_RC.T @ x_RD) / mass_C[:, None]
    spread_DD = (x_RD * weight_R[:, None].astype(np.float32)).T @ x_RD - (centroid_CD * mass_C[:, None]).T @ centroid_CD
    spread_DD = spread_DD.astype(np.float64) / mass_C.sum()
    level = np.trace(spread_DD) / len(spread_DD)
    spread_DD = (1.0 - _SHRINK) * spread_DD + (_SHRINK * level + 1e-9) * np.eye(len(spread_DD))
    axis_DC = np.linalg.solve(spread_DD, centroid_CD.T.astype(np.float64))
    offset_C = -0.5 * (centroid_CD.T * axis_DC).sum(axis=0) + np.log(mass_C / mass_C.sum())
    return np.asarray(test_TD @ axis_DC + offset_C)


def _bayes(
    x_RV: "scipy.sparse.csr_matrix",
    y_R: NDArray[np.int64],
    weight_R: NDArray[np.float64],
    classes: int,
    test_TV: "scipy.sparse.csr_matrix",
) -> NDArray[np.float64]:
    from sklearn.naive_bayes import ComplementNB

    model = ComplementNB(alpha=0.3).fit(x_RV, y_R, sample_weight=weight_R)
    logit_TC = np.full((test_TV.shape[0], classes), -1e3)
    logit_TC[:, model.classes_] = model.predict_joint_log_proba(test_TV)
    return logit_TC
