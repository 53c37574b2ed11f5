"""One answer from several reviewers: majority vote, and the model of Dawid and Skene.

Dawid and Skene (1979), "Maximum likelihood estimation of observer error-rates using the EM algorithm",
Applied Statistics 28, 20-28: each item has one true label, each rater a confusion matrix of their own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.errors import NotEnoughDataError, RequestError
from curator.review.agreement import Ratings, ratings


@dataclass(frozen=True, slots=True)
class Consensus:
    """The agreed label of each item.

    Attributes:
        items: Item ids, [I].
        labels: Label names, [K].
        chosen: The label of each item, [I]; None where the vote is tied.
        probability_IK: Vote shares, or posterior probabilities.
    """

    items: tuple[str, ...]
    labels: tuple[str, ...]
    chosen: tuple[str | None, ...]
    probability_IK: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DawidSkene:
    """The fitted model.

    Attributes:
        consensus: The most probable label of each item.
        prevalence_K: Share of each true label.
        confusion_RKK: Probability that rater r says l where k is true, at [r, k, l].
        accuracy_R: Probability that rater r is right on an item drawn from the prevalences.
        log_likelihood: Of the ratings under the fit, after each iteration.
        converged: Whether the posteriors came to rest within the allowed iterations.
    """

    consensus: Consensus
    prevalence_K: NDArray[np.float64]
    confusion_RKK: NDArray[np.float64]
    accuracy_R: NDArray[np.float64]
    log_likelihood: tuple[float, ...]
    converged: bool


@dataclass(frozen=True, slots=True)
class MethodComparison:
    """Majority vote and the model of Dawid and Skene, side by side, over the items with two ratings or more.

    Attributes:
        items: How many items.
        ties: Items where the vote is tied, so that only the model chooses.
        differ: Items where both choose, and not the same: (item, by vote, by model, the model's probability).
        unsure: Items whose chosen label has a probability under 0.9.
    """

    items: int
    ties: int
    differ: tuple[tuple[str, str, str, float], ...]
    unsure: int


def several(rated: Ratings) -> Ratings:
    """The items with two ratings or more: one answer alone tells nothing about the people who gave it."""
    kept_N = (rated.counts_IK.sum(axis=1) >= 2)[rated.item_N]
    codes = zip(rated.item_N[kept_N], rated.rater_N[kept_N], rated.label_N[kept_N], strict=True)
    return ratings(((rated.items[i], rated.raters[r], rated.labels[k]) for i, r, k in codes), rated.labels)


def steady_dawid_skene(rated: Ratings) -> DawidSkene:
    """The model as reviewers' answers need it: many labels, few ratings each, people who are mostly right.

    Each row of a confusion matrix starts from one pseudo-count spread over the labels and two on the right one.

    Raises:
        NotEnoughDataError: Fewer than two raters.
    """
    return dawid_skene(rated, smoothing=1 / max(len(rated.labels), 1), diagonal=2.0, iterations=200, tolerance=1e-5)


def compare(rated: Ratings) -> MethodComparison:
    """Compare both ways to one answer, over the items with two ratings or more.

    Raises:
        NotEnoughDataError: Fewer than two raters, or no item with two ratings.
    """
    rated = several(rated)
    vote, fit = majority_vote(rated), steady_dawid_skene(rated).consensus
    best_I = fit.probability_IK.max(axis=1)
    both = zip(rated.items, vote.chosen, fit.chosen, best_I, strict=True)
    rows = [(item, v, str(m), float(p)) for item, v, m, p in both]
    return MethodComparison(
        items=len(rows),
        ties=sum(v is None for _, v, _, _ in rows),
        differ=tuple((item, v, m, p) for item, v, m, p in rows if v is not None and v != m),
        unsure=sum(p < 0.9 for _, _, _, p in rows),
    )


def majority_vote(rated: Ratings) -> Consensus:
    """The label given most often to each item; a tie chooses none."""
    counts_IK = rated.counts_IK
    best_I = counts_IK.max(axis=1)
    tied_I = (counts_IK == best_I[:, None]).sum(axis=1) > 1
    chosen = tuple(None if tied else rated.labels[k] for k, tied in zip(counts_IK.argmax(axis=1), tied_I, strict=True))
    share_IK = counts_IK / np.maximum(counts_IK.sum(axis=1, keepdims=True), 1)
    return Consensus(rated.items, rated.labels, chosen, share_IK)


def dawid_skene(
    rated: Ratings,
    *,
    smoothing: float = 0.0,
    diagonal: float = 0.0,
    iterations: int = 500,
    tolerance: float = 1e-8,
) -> DawidSkene:
    """Fit by EM from the vote shares, as in the paper.

    Args:
        rated: The ratings; a rater may have rated an item several times.
        smoothing: Added to each cell of a rater's confusion counts. 0 is the paper's maximum
            likelihood; a little (0.01 to 1) steadies raters with few ratings.
        diagonal: Added to the cells where the rater is right, besides. With many labels and few ratings the model is
            free to call a whole label by another's name; a prior that people are mostly right stops that.
        iterations: Most EM steps.
        tolerance: The fit ends when no posterior moves by more.

    Raises:
        RequestError: A negative smoothing, or no iteration allowed.
        NotEnoughDataError: Fewer than two raters.
    """
    if smoothing < 0 or diagonal < 0 or iterations < 1:
        raise RequestError(
            f"smoothing {smoothing} and diagonal {diagonal} must be at least 0, iterations {iterations} at least 1"
        )
    if len(rated.raters) < 2:
        raise NotEnoughDataError("the Dawid-Skene model needs at least two raters: have a second person review")
    posterior_IK = majority_vote(rated).probability_IK
    history: list[float] = []
    converged = False
    for _ in range(iterations):
        prevalence_K = posterior_IK.mean(axis=0)
        confusion_RKK = _confusion(rated, posterior_IK, smoothing, diagonal)
        moved_IK, likelihood = _posterior(rated, prevalence_K, confusion_RKK)
        history.append(likelihood)
        change = float(np.abs(moved_IK - posterior_IK).max())
        posterior_IK = moved_IK
        if change <= tolerance:
            converged = True
            break
    chosen = tuple(rated.labels[k] for k in posterior_IK.argmax(axis=1))
    accuracy_R = np.einsum("k,rkk->r", prevalence_K, confusion_RKK)
    return DawidSkene(
        Consensus(rated.items, rated.labels, chosen, posterior_IK),
        prevalence_K,
        confusion_RKK,
        accuracy_R,
        tuple(history),
        converged,
    )


def _confusion(
    rated: Ratings, posterior_IK: NDArray[np.float64], smoothing: float, diagonal: float
) -> NDArray[np.float64]:
    """M step: each rater's confusion matrix; a true label that a rater never met is uniform, [R, K, K]."""
    raters, size = len(rated.raters), len(rated.labels)
    cell_N = rated.rater_N * size + rated.label_N
    counts_KRL = np.stack([
        np.bincount(cell_N, weights=posterior_IK[rated.item_N, k], minlength=raters * size) for k in range(size)
    ]).reshape(size, raters, size)  # fmt: skip
    counts_RKL = counts_KRL.transpose(1, 0, 2) + smoothing + diagonal * np.eye(size)
    met_RK1 = counts_RKL.sum(axis=2, keepdims=True)
    confusion_RKK = np.full((raters, size, size), 1 / size)
    np.divide(counts_RKL, met_RK1, out=confusion_RKK, where=met_RK1 > 1e-300)
    return confusion_RKK


def _posterior(
    rated: Ratings, prevalence_K: NDArray[np.float64], confusion_RKK: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """E step: posterior of each item's label, [I, K], and the log-likelihood."""
    tiny = 1e-300  # an impossible rating, in logarithms; far below any that counts
    log_NK = np.log(np.maximum(confusion_RKK[rated.rater_N, :, rated.label_N], tiny))
    log_IK = np.stack(
        [np.bincount(rated.item_N, weights=log_NK[:, k], minlength=len(rated.items)) for k in range(len(rated.labels))],
        axis=1,
    ) + np.log(np.maximum(prevalence_K, tiny))
    top_I1 = log_IK.max(axis=1, keepdims=True)
    odds_IK = np.exp(log_IK - top_I1)
    total_I1 = odds_IK.sum(axis=1, keepdims=True)
    return odds_IK / total_I1, float((top_I1 + np.log(total_I1)).sum())
