"""More rows or cleaner rows? A cheap student on growing and on cleaned parts of the data.

The student is logistic regression on embeddings: it trains in seconds and stands for no large model, but what it
gains from more rows or from better labels it gains from the data. Its error falls with the number of rows about as
a power law, error(n) = a · n^-b (Figueroa et al. 2012, "Predicting sample size required for classification
performance"; Hestness et al. 2017, section 3), so that twice the rows would cut it by the factor 2^-b.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from curator.errors import NotEnoughDataError
from curator.label_errors import logistic_log_probabilities

CurveName = Literal["teacher", "current", "pruned"]
_SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
"""Parts of the rows that the student is trained on; each holds the smaller ones of the same repeat."""
REPEATS = 3
MIN_TRAIN, MIN_TEST = 100, 50
_RESAMPLES = 1000
_WORTH = 0.001  # a gain below a tenth of a point is none
_LAST = 4  # points that the power law is fitted to: small parts bend away from it


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share or a difference of shares with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Point:
    """The student's accuracy after so many rows, the mean over the repeats."""

    rows: int
    accuracy: Estimate


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Rows to learn from: places among the vectors, in any order, and a label for each."""

    rows_R: NDArray[np.int64]
    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """The curves and what they answer.

    Attributes:
        curves: Points by curve, growing: `teacher` under the teacher's labels, `current` under what people and
            decisions made of them, `pruned` without the most suspect rows.
        cleaned: Gain of the current labels over the teacher's on all rows. None without both curves.
        pruned: Gain of leaving the most suspect rows out: what cleaning them is worth at the least.
        doubling: Gain expected from twice as many rows of the current kind.
        test_rows: Rows that the student was judged on.
        advice: More rows, cleaner rows, both or neither, in words.
    """

    curves: dict[CurveName, tuple[Point, ...]]
    cleaned: Estimate | None
    pruned: Estimate | None
    doubling: Estimate
    test_rows: int
    advice: str


def learning_curve(
    vectors_ND: NDArray[np.float32],
    sets: Mapping[CurveName, TrainingSet],
    test_T: NDArray[np.int64],
    truth: Sequence[str],
    groups_T: NDArray[np.generic],
    *,
    seed: int,
) -> LearningCurve:
    """Train the student on growing parts of each set and judge it on the same test rows.

    Intervals come from resampling groups of test rows and repeats together (percentile bootstrap, Efron and
    Tibshirani 1993, chapter 13), so differences are paired.

    Args:
        vectors_ND: Embeddings of unit length.
        sets: The training sets; `current` is needed.
        test_T: Places of the test rows; none of them is in a training set.
        truth: The true label of each test row.
        groups_T: Rows of one group rise and fall together.
        seed: Seed of the parts and of the resampling.

    Raises:
        NotEnoughDataError: Fewer than 100 rows to train on, or fewer than 50 to test on.
    """
    current = sets["current"]
    if len(current.rows_R) < MIN_TRAIN or len(test_T) < MIN_TEST:
        msg = (
            f"{len(current.rows_R)} rows to train on and {len(test_T)} to test on are too few for a learning curve; "
            f"at least {MIN_TRAIN} and {MIN_TEST} are needed"
        )
        raise NotEnoughDataError(msg)
    truth_T = np.array(truth, dtype=object)
    correct = {name: _correct(vectors_ND, part, test_T, truth_T, seed) for name, part in sets.items()}
    drawn = _resampled(correct, groups_T, seed)
    sizes = {name: _sizes(len(part.rows_R)) for name, part in sets.items()}
    curves = {
        name: tuple(
            Point(size, _estimate(float(correct[name][place].mean()), drawn[name][:, place]))
            for place, size in enumerate(sizes[name])
        )
        for name in sets
    }
    plain = {name: correct[name].mean(axis=(1, 2)) for name in sets}
    doubling = _estimate(
        float(_doubling(sizes["current"], plain["current"][None, :])[0]), _doubling(sizes["current"], drawn["current"])
    )
    cleaned, pruned = _difference("current", "teacher", plain, drawn), _difference("pruned", "current", plain, drawn)
    return LearningCurve(curves, cleaned, pruned, doubling, len(test_T), _advice(doubling, pruned, len(test_T)))


def _sizes(rows: int) -> list[int]:
    return [max(1, round(share * rows)) for share in _SHARES]


def _correct(
    vectors_ND: NDArray[np.float32],
    part: TrainingSet,
    test_T: NDArray[np.int64],
    truth_T: NDArray[np.object_],
    seed: int,
) -> NDArray[np.float64]:
    """Whether the student is right: [sizes, repeats, T], 0 or 1."""
    rng = np.random.default_rng(seed)
    labels_R = np.array(part.labels, dtype=object)
    right = np.empty((len(_SHARES), REPEATS, len(test_T)))
    for repeat in range(REPEATS):
        order = rng.permutation(len(labels_R))
        for place, size in enumerate(_sizes(len(labels_R))):
            if repeat and size == len(labels_R):  # all rows are the same rows in any order
                right[place, repeat] = right[place, 0]
                continue
            chosen = order[:size]
            said_T = _student(vectors_ND[part.rows_R[chosen]], labels_R[chosen], vectors_ND[test_T])
            right[place, repeat] = said_T == truth_T
    return right


def _student(
    vectors_RD: NDArray[np.float32], labels_R: NDArray[np.object_], test_TD: NDArray[np.float32]
) -> NDArray[np.object_]:
    names, codes_R = np.unique(labels_R.astype(str), return_inverse=True)
    # Cosines differ little, so unit vectors want a weak penalty.
    said_TC = logistic_log_probabilities(vectors_RD, codes_R, test_TD, strength=10.0)
    return np.asarray(names.astype(object)[said_TC.argmax(axis=1)])


def _resampled(
    correct: Mapping[CurveName, NDArray[np.float64]], groups_T: NDArray[np.generic], seed: int
) -> dict[CurveName, NDArray[np.float64]]:
    """Accuracies [resamples, sizes] by curve, over the same resampled groups and repeats."""
    rng = np.random.default_rng(seed)
    _, group_T = np.unique(groups_T, return_inverse=True)
    groups = int(group_T.max()) + 1
    count_G = np.bincount(group_T).astype(np.float64)
    times_BG = rng.multinomial(groups, np.full(groups, 1.0 / groups), size=_RESAMPLES).astype(np.float64)
    repeat_BR = rng.integers(0, REPEATS, size=(_RESAMPLES, REPEATS))
    drawn: dict[CurveName, NDArray[np.float64]] = {}
    for name, right in correct.items():
        sums_SRG = np.apply_along_axis(lambda right_T: np.bincount(group_T, weights=right_T), 2, right)
        share = np.einsum("bg,srg->bsr", times_BG, sums_SRG) / (times_BG @ count_G)[:, None, None]
        drawn[name] = np.take_along_axis(share, repeat_BR[:, None, :], axis=2).mean(axis=2)
    return drawn


def _estimate(value: float, drawn_B: NDArray[np.float64]) -> Estimate:
    low, high = np.quantile(drawn_B, (0.025, 0.975))
    return Estimate(value, min(value, float(low)), max(value, float(high)))


def _difference(
    better: CurveName,
    worse: CurveName,
    plain: Mapping[CurveName, NDArray[np.float64]],
    drawn: Mapping[CurveName, NDArray[np.float64]],
) -> Estimate | None:
    """Gain on all rows of one curve over another."""
    if better not in plain or worse not in plain:
        return None
    return _estimate(float(plain[better][-1] - plain[worse][-1]), drawn[better][:, -1] - drawn[worse][:, -1])


def _doubling(sizes: Sequence[int], accuracy_BS: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gain from twice the rows by the power law through the last points, [B]: error(n) · (1 - 2^-b)."""
    x_S = np.log(np.array(sizes[-_LAST:], dtype=np.float64))
    # Half a mistake keeps the logarithm of a perfect score finite.
    y_BS = np.log(np.clip(1.0 - accuracy_BS[:, -_LAST:], 5e-4, 1.0))
    centred_S = x_S - x_S.mean()
    slope_B = (y_BS * centred_S).sum(axis=1) / float((centred_S**2).sum())
    error_B = np.exp(y_BS.mean(axis=1) + slope_B * float(x_S[-1] - x_S.mean()))
    return np.asarray(error_B * (1.0 - 2.0**slope_B))


def _advice(doubling: Estimate, pruned: Estimate | None, test_rows: int) -> str:
    more = f"twice the rows would add about {_points(doubling)}"
    cleaner = (
        f"leaving the most suspect rows out adds {_points(pruned)}"
        if pruned is not None
        else "nothing is ranked yet, so cleaner rows could not be tried: run `curator check` first"
    )
    rows_help, cleaning_helps = doubling.low > _WORTH, pruned is not None and pruned.low > _WORTH
    if rows_help and cleaning_helps:
        assert pruned is not None
        lead = (
            "cleaner rows first, then more" if pruned.value >= doubling.value else "more rows first, and cleaner ones"
        )
    elif rows_help:
        lead = "more rows"
    elif cleaning_helps:
        lead = "cleaner rows"
    else:
        lead = f"neither shows a gain that these {test_rows:,} test rows can see"
    return f"{lead}: {more}; {cleaner}"


def _points(gain: Estimate) -> str:
    return f"{100 * gain.value:+.1f} points [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
