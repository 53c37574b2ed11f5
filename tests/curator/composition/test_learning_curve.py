"""More rows or cleaner rows: the learning curve of a cheap student."""

import numpy as np
import pytest

from curator.composition.learning_curve import CurveName, LearningCurve, TrainingSet, learning_curve
from curator.errors import NotEnoughDataError

DIMENSIONS, CLASSES = 24, 8


def rows(count: int, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, CLASSES, size=count)
    vectors = np.eye(DIMENSIONS)[truth] + spread * rng.normal(size=(count, DIMENSIONS))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), truth.astype(str)


def curve(train: int, *, spread: float, wrong: float = 0.0, test: int = 400) -> LearningCurve:
    """Curves where a share of the teacher's labels is wrong and nobody has corrected one yet."""
    vectors, truth = rows(train + test, spread, 1)
    rng = np.random.default_rng(2)
    bad = rng.random(train) < wrong
    # Wrong in one direction, so that the mistakes do not average out.
    given = np.where(bad, np.char.mod("%d", (truth[:train].astype(int) + 1) % CLASSES), truth[:train])
    places = np.arange(train)
    sets: dict[CurveName, TrainingSet] = {
        "teacher": TrainingSet(places, given),
        "current": TrainingSet(places, given),
        "pruned": TrainingSet(places[~bad], given[~bad]),
    }
    held = np.arange(train, train + test)
    return learning_curve(vectors, sets, held, truth[train:], held, seed=0)


def test_few_rows_of_a_hard_task_ask_for_more_rows() -> None:
    found = curve(160, spread=0.35)
    assert found.doubling.low > 0.0
    assert found.advice.startswith("more rows")
    accuracies = [p.accuracy.value for p in found.curves["current"]]
    assert accuracies[-1] > accuracies[0] + 0.1
    assert [p.rows for p in found.curves["current"]] == [10, 20, 40, 80, 160]


def test_many_rows_with_mistakes_ask_for_cleaner_rows() -> None:
    found = curve(800, spread=0.3, wrong=0.4)
    assert found.pruned is not None
    assert found.pruned.low > 0.0
    assert "cleaner rows" in found.advice.split(":")[0]


def test_an_easy_task_with_right_labels_asks_for_neither() -> None:
    found = curve(800, spread=0.05)
    assert found.curves["current"][-1].accuracy.value == 1.0
    assert found.advice.startswith("neither")


def test_equal_labels_differ_by_exactly_nothing() -> None:
    found = curve(400, spread=0.3)
    assert found.cleaned is not None
    assert (found.cleaned.value, found.cleaned.low, found.cleaned.high) == (0.0, 0.0, 0.0)


def test_the_interval_covers_what_many_test_rows_say() -> None:
    few, many = curve(400, spread=0.35, test=100), curve(400, spread=0.35, test=2_000)
    said, truth = few.curves["current"][-1].accuracy, many.curves["current"][-1].accuracy
    assert said.low < truth.value < said.high
    assert said.high - said.low > 2 * (truth.high - truth.low)


def test_without_a_ranking_it_says_what_to_run() -> None:
    vectors, truth = rows(300, 0.3, 1)
    held = np.arange(200, 300)
    only: dict[CurveName, TrainingSet] = {"current": TrainingSet(np.arange(200), truth[:200])}
    found = learning_curve(vectors, only, held, truth[200:], held, seed=0)
    assert found.pruned is found.cleaned is None
    assert "curator check" in found.advice


def test_the_student_learns_many_balanced_classes() -> None:
    rng = np.random.default_rng(0)
    truth = np.tile(np.arange(100), 34)
    # Embeddings have a direction in common.
    vectors = (3.0 + rng.normal(size=(100, 96)))[truth] + rng.normal(size=(len(truth), 96))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    held, places = np.arange(3_200, 3_400), np.arange(3_200)
    found = learning_curve(
        vectors,
        {"current": TrainingSet(places, truth[places].astype(str))},
        held,
        truth[held].astype(str),
        held,
        seed=0,
    )
    assert found.curves["current"][-1].accuracy.value > 0.9


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="40 rows to train on"):
        curve(40, spread=0.3)
