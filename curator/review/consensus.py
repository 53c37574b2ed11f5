"""One answer from several reviewers: majority vote, and the model of Dawid and Skene.

Dawid and Skene (1979), "Maximum likelihood estimation of observer error-rates using the EM algorithm",
Applied Statistics 28, 20-28: each item has one true label, each rater a confusion matrix of their own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.errors import NotEnoughDataError, RequestError
from curator.review.agreement import Ratings, ratings

MOST_LABELS = 100
"""With more labels than this there is no learning which is taken for which."""
_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Consensus:
    """The agreed label of each item.

    Attributes:
        items: Item ids, [I].
        labels: Label names, [K].
        chosen: The label of each item, [I]; None where the vote is tied.
        probability_IK: Vote shares, or posterior probabilities; above `MOST_LABELS` of the chosen label alone, [I, 1].
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
    vote, fit = majority_vote(rated), by_model(rated)
    best_I = fit.probability_IK.max(axis=1)
    both = zip(rated.items, vote.chosen, fit.chosen, best_I, strict=True)
    rows = [(item, v, str(m), float(p)) for item, v, m, p in both]
    return MethodComparison(
        items=len(rows),
        ties=sum(v is None for _, v, _, _ in rows),
        differ=tuple((item, v, m, p) for item, v, m, p in rows if v is not None and v != m),
        unsure=sum(p < 0.9 for _, _, _, p in rows),
    )


def by_model(rated: Ratings) -> Consensus:
    """The label of each item by the model of Dawid and Skene, or, of very many labels, by one accuracy for each rater.

    Raises:
        NotEnoughDataError: Fewer than two raters.
    """
    return steady_dawid_skene(rated).consensus if len(rated.labels) <= MOST_LABELS else one_accuracy(rated)


def one_accuracy(rated: Ratings) -> Consensus:
    """The model with one accuracy for each rater, whose errors fall evenly on all other labels (Demartini et al. 2012).

    For free answers: a confusion matrix over thousands of labels has nothing to be learnt from, and takes hours. Each
    rater begins with two pseudo-answers, one and a half of them right.

    Raises:
        NotEnoughDataError: Fewer than two raters.
    """
    if len(rated.raters) < 2:
        raise NotEnoughDataError("a consensus needs at least two raters: have a second person review")
    items, size = len(rated.items), len(rated.labels)
    given, cell_N = np.unique(rated.item_N * size + rated.label_N, return_inverse=True)
    item_C, raters = given // size, len(rated.raters)
    chance_C = np.bincount(cell_N) / np.bincount(rated.item_N, minlength=items)[item_C]
    said_R = np.bincount(rated.rater_N, minlength=raters)
    for _ in range(_ROUNDS):
        right_R = np.bincount(rated.rater_N, weights=chance_C[cell_N], minlength=raters)
        accuracy_R = np.clip((right_R + 1.5) / (said_R + 2.0), 1e-3, 1.0 - 1e-3)
        odds_R = np.log(accuracy_R) - np.log((1.0 - accuracy_R) / max(size - 1, 1))
        odds_C = np.bincount(cell_N, weights=odds_R[rated.rater_N])
        top_I = np.zeros(items)
        np.maximum.at(top_I, item_C, odds_C)
        share_C = np.exp(odds_C - top_I[item_C])
        # Labels that nobody gave the item stand against it too, each with odds of 1.
        unsaid_I = (size - np.bincount(item_C, minlength=items)) * np.exp(-top_I)
        chance_C = share_C / (np.bincount(item_C, weights=share_C, minlength=items) + unsaid_I)[item_C]
    order = np.lexsort((given % size, -chance_C, item_C))
    first = order[np.searchsorted(item_C[order], np.arange(items))]  # of each item the likeliest
    chosen = tuple(rated.labels[k] for k in given[first] % size)
    return Consensus(rated.items, rated.labels, chosen, chance_C[first][:, None])


def _vote_of_many(rated: Ratings) -> Consensus:
    """The vote without a table of all items by all labels, which free answers would fill the memory with."""
    size, items = len(rated.labels), len(rated.items)
    given, count_C = np.unique(rated.item_N * size + rated.label_N, return_counts=True)
    item_C = given // size
    order = np.lexsort((given % size, -count_C, item_C))
    first = order[np.searchsorted(item_C[order], np.arange(items))]
    best_I = count_C[first]
    tied_I = np.bincount(item_C, weights=count_C == best_I[item_C], minlength=items) > 1
    share_I = best_I / np.bincount(item_C, weights=count_C, minlength=items)
    chosen = tuple(None if tied else rated.labels[k] for k, tied in zip(given[first] % size, tied_I, strict=True))
    return Consensus(rated.items, rated.labels, chosen, share_I[:, None])


def majority_vote(rated: Ratings) -> Consensus:
    """The label given most often to each item; a tie chooses none."""
    if len(rated.labels) > MOST_LABELS:
        return _vote_of_many(rated)
    counts_IK = rated.counts_IK
    best_I = counts_IK.max(axis=1)
    tied_I = (counts_IK == best_I[:, None]).sum(axis=1) > 1
    chosen = tuple(None if tied else rated.labels[k] for k, tied in zip(counts_IK.argmax(axis=1), tied_I, strict=True))
    return Consensus(rated.items, rated.labels, chosen, _shares(rated))


def _shares(rated: Ratings) -> NDArray[np.float64]:
    counts_IK = rated.counts_IK
    return np.asarray(counts_IK / np.maximum(counts_IK.sum(axis=1, keepdims=True), 1))


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
    posterior_IK = _shares(rated)
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
