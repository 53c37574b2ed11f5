import numpy as np
import pytest

from curator.errors import DataError
from curator.label_errors import outside_probabilities, suspect

IDS = [(f"ex{row}", f"q{row}") for row in range(4)]
LABELS = ("a", "b", "c")


def read(records, labels=LABELS, **more):
    return outside_probabilities(list(enumerate(records, start=2)), IDS, labels, **more)


def test_rows_are_matched_by_either_id_and_what_is_missing_or_strange_is_told():
    told = read([
        {"id": "q2", "a": "0.7", "b": "0.2", "c": "0.1", "text": "x"},
        {"id": "ex0", "a": 0.1, "b": 0.9, "c": None},
        {"id": "nobody", "a": 1, "b": 0, "c": 0},
        {"id": "gone", "a": 1, "b": 0, "c": 0},
    ], left_out={"gone"})  # fmt: skip
    np.testing.assert_allclose(told.probability_NC[[2, 0]], [[0.7, 0.2, 0.1], [0.1, 0.9, 0.0]])
    assert np.isnan(told.probability_NC[[1, 3]]).all()
    notes = " | ".join(told.notes)
    for said in ("2 of 4 rows have them, for 3 classes", "2 rows have none and are ranked without (q1, q3)",
                 "1 ids of the file are no rows of this dataset (nobody)", "1 rows of the file are left out",
                 "1 columns are no labels and were not read (text)", "1 rows name only some classes"):  # fmt: skip
        assert said in notes, said
    assert told.likely(2, "b") == (pytest.approx(0.2), "a", pytest.approx(0.7))
    assert told.likely(1, "b") is None


@pytest.mark.parametrize(("records", "said"), [
    ([{"id": "q0", "a": 0.5, "b": 0.3, "c": 0.1}], "line 2, row 'q0': the probabilities sum to 0.9; expected 1"),
    ([{"id": "q0", "a": 60, "b": 30, "c": 10}], "line 2, row 'q0': 60 for 'a' is no probability"),
    ([{"id": "q0", "a": -0.5, "b": 1.0, "c": 0.5}], "-0.5 for 'a' is no probability"),
    ([{"id": "q0", "a": "much", "b": 1.0}], "'much' for 'a' is no probability"),
    ([{"id": "q0", "a": float("nan"), "b": 1.0}], "nan for 'a' is no probability"),
    ([{"id": "q0", "a": True, "b": 0.0}], "True for 'a' is no probability"),
    ([{"id": "q0", "a": 0.5, "d": 0.5}], "columns that are no labels and were not counted: d"),
    ([{"id": "q0", "a": 1.0}, {"id": "ex0", "a": 1.0}], "line 3: row 'ex0' stands in line 2 already"),
    ([{"row": "q0", "a": 1.0}], "no column names the row"),
    ([{"id": "q0", "x": 1.0}], "no column names a class of the task; the columns are id, x; its labels are a, b, c"),
    ([{"id": "z", "a": 1.0}], "no line names a row of the dataset by example_id or external_id (the file has z)"),
    ([], "the file has no rows"),
])  # fmt: skip
def test_what_is_no_probability_is_refused_with_its_row(records, said):
    with pytest.raises(DataError) as refused:
        read(records)
    assert said in str(refused.value)


def test_probabilities_that_were_rounded_are_brought_to_a_sum_of_one():
    told = read([{"id": "q0", "a": 0.333, "b": 0.333, "c": 0.333}])
    assert told.probability_NC[0].sum() == pytest.approx(1.0)


def _noise(size=600, classes=5, wrong=60):
    rng = np.random.default_rng(3)
    truth = np.arange(size) % classes
    given = truth.copy()
    given[:wrong] = (given[:wrong] + 1 + rng.integers(0, classes - 1, wrong)) % classes
    sure = rng.dirichlet(np.ones(classes), size) + 1.2 * np.eye(classes)[truth]
    texts = [f"word{rng.integers(0, 40)} thing{rng.integers(0, 40)} k{k if rng.random() < 0.4 else 9}" for k in truth]
    return texts, [f"c{k}" for k in given], sure / sure.sum(axis=1, keepdims=True)


def _found(texts, labels, told, wrong=60):
    score_N = suspect(None, texts, labels, 0, outside=told).score_N
    return np.isin(np.argsort(-score_N)[:wrong], np.arange(wrong)).mean()


def _as_told(sure, rows):
    classes = [f"c{k}" for k in range(sure.shape[1])]
    records = [(row + 2, {"id": str(row)} | dict(zip(classes, sure[row].tolist(), strict=True))) for row in rows]
    return outside_probabilities(records, [(f"e{row}", str(row)) for row in range(len(sure))], classes)


def test_a_model_that_knows_more_finds_more_wrong_labels_and_one_that_knows_nothing_costs_little():
    texts, labels, sure = _noise()
    alone = _found(texts, labels, None)
    assert _found(texts, labels, _as_told(sure, range(600))) > alone + 0.1
    noise = np.random.default_rng(0).dirichlet(np.ones(5), 600)
    assert _found(texts, labels, _as_told(noise, range(600))) > alone - 0.1


def test_rows_that_it_says_nothing_of_are_still_ranked_by_the_others():
    texts, labels, sure = _noise()
    told = _as_told(sure, range(300))
    result = suspect(None, texts, labels, 0, outside=told)
    assert np.isfinite(result.score_N).all()
    assert any("300 of 600 rows have them" in note for note in result.notes)


def test_a_model_that_repeats_the_given_labels_has_half_a_say_and_is_named():
    texts, labels, _ = _noise()
    given = np.array([int(label[1:]) for label in labels])
    repeated = _as_told(np.eye(5)[given] * 0.96 + 0.008, range(600))
    result = suspect(None, texts, labels, 0, outside=repeated)
    assert any("repeats their labels" in note for note in result.notes)
    assert _found(texts, labels, repeated) >= _found(texts, labels, None) - 0.1


def test_a_label_without_a_column_is_ranked_without_the_file():
    texts, labels, _ = _noise()
    rows = [(row + 2, {"id": str(row), "c0": 1.0}) for row in range(600)]
    told = outside_probabilities(rows, [(f"e{row}", str(row)) for row in range(600)], {f"c{k}" for k in range(5)})
    result = suspect(None, texts, labels, 0, outside=told)
    alone = suspect(None, texts, labels, 0)
    others = np.array([label != "c0" for label in labels])
    assert np.corrcoef(result.score_N[others], alone.score_N[others])[0, 1] > 0.95
    assert any("4 labels have no column" in note for note in told.notes)
