import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from curator.errors import DataError
from curator.label_errors.models import stratified_folds
from curator.label_errors.ranking import believed, suspect, with_confidence
from tests.curator.curation_data import shared


def blobs(seed=0, per_class=40, classes=4):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, 16))
    y = np.repeat(np.arange(classes), per_class)
    x = centres[y] + 0.5 * rng.normal(size=(len(y), 16))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    words = ["alpha beta", "gamma delta", "epsilon zeta", "eta theta"]
    return x.astype(np.float32), [f"{words[c]} {row}" for row, c in enumerate(y)], [f"c{c}" for c in y]


def test_flipped_labels_rank_above_clean_ones_and_the_right_label_is_named():
    x, texts, labels = blobs()
    flipped = [3, 50, 90, 130]
    given = [("c0" if label != "c0" else "c1") if row in flipped else label for row, label in enumerate(labels)]
    result = suspect(x, texts, given, 0)
    assert set(np.argsort(-result.score_N)[:4]) == set(flipped)
    assert [result.best_other_N[row] for row in flipped] == [labels[row] for row in flipped]


def test_scores_stay_in_range_and_repeat_under_one_seed():
    x, texts, labels = blobs()
    scores = suspect(x, texts, labels, 1).score_N
    assert ((scores >= 0) & (scores <= 1)).all()
    np.testing.assert_array_equal(scores, suspect(x, texts, labels, 1).score_N)


def test_tiny_classes_missing_labels_and_a_single_class_are_not_ranked_and_said():
    x, texts, labels = blobs()
    given = [*labels[:-2], "rare", None]
    result = suspect(x, texts, given, 0)
    assert np.isnan(result.score_N[-2:]).all()
    assert np.isfinite(result.score_N[:-2]).all()
    assert "rare" in result.notes[0]
    alone = suspect(x, texts, ["same"] * len(texts), 0)
    assert np.isnan(alone.score_N).all()
    assert "two labels" in alone.notes[0]


def test_texts_alone_still_rank_and_empty_texts_do_not_break_it():
    x, texts, labels = blobs()
    assert np.isfinite(suspect(None, texts, labels, 0).score_N).all()
    assert np.isfinite(suspect(x, [""] * len(texts), labels, 0).score_N).all()
    assert suspect(None, [], [], 0).score_N.shape == (0,)


def test_nothing_to_compare_by_is_said_and_not_scored():
    _, texts, labels = blobs()
    result = suspect(None, [""] * len(texts), labels, 0)
    assert np.isnan(result.score_N).all()
    assert any("no vectors" in note for note in result.notes)


def test_folds_spread_every_class_evenly():
    y = np.array([0] * 7 + [1] * 2 + [2] * 11)
    fold = stratified_folds(y, 5, np.random.default_rng(0))
    for label in range(3):
        counts = np.bincount(fold[y == label], minlength=5)
        assert counts.max() - counts.min() <= 1


@pytest.mark.slow
def test_flips_in_real_intents_are_found_by_characters_alone():
    rows = shared("banking77/train.jsonl")[::3]
    rng = np.random.default_rng(0)
    truth = np.array([row["label"] for row in rows])
    names = np.unique(truth)
    flip = rng.random(len(rows)) < 0.1
    given = np.where(flip, rng.choice(names, len(rows)), truth)
    scores = suspect(None, [row["text"] for row in rows], given.tolist(), 0).score_N
    assert average_precision_score(given != truth, scores) > 0.75


def test_a_teachers_confidence_counts_as_much_as_it_tells():
    rng = np.random.default_rng(0)
    wrong = rng.random(400) < 0.2
    scores = np.clip(0.3 + 0.3 * wrong + 0.3 * rng.normal(size=400), 0.01, 0.99)
    telling = np.where(wrong, 0.4, 0.9) + 0.1 * rng.random(400)
    better = with_confidence(scores, telling.tolist())
    assert average_precision_score(wrong, better) > average_precision_score(wrong, scores) + 0.05
    np.testing.assert_allclose(with_confidence(scores, [0.9] * 400), scores)
    few = [0.5 if row % 10 == 0 else None for row in range(400)]
    np.testing.assert_array_equal(with_confidence(scores, few), scores)


def test_a_label_that_is_often_taken_for_another_is_believed_less_where_that_one_is_likely():
    y = np.array([0] * 50 + [1] * 60 + [2] * 50)
    probability = np.full((160, 3), 0.02)
    probability[np.arange(160), y] = 0.96
    probability[50:60] = [0.98, 0.01, 0.01]  # ten rows given 1 are surely 0: 0 is often taken for 1
    probability[109] = [0.45, 0.5, 0.05]
    probability[159] = [0.45, 0.05, 0.5]
    belief = believed(probability, y)
    np.testing.assert_allclose(belief.sum(axis=1), 1.0)
    assert belief[109, 1] < belief[159, 2]


def pool_and_truth(seed, classes=20, per_class=60):
    """Class probabilities of rows in pairs of similar classes, none of them quite sure, and the true classes."""
    rng = np.random.default_rng(seed)
    centres = 1.6 * np.repeat(rng.normal(size=(classes // 2, 8)), 2, axis=0) + 0.7 * rng.normal(size=(classes, 8))
    y = np.repeat(np.arange(classes), per_class)
    x = centres[y] + rng.normal(size=(len(y), 8))
    log = -0.5 * ((x[:, None, :] - centres[None]) ** 2).sum(axis=2) + 0.5 * rng.normal(size=(len(y), classes))
    odds = np.exp(0.8 * (log - log.max(axis=1, keepdims=True))) + 1e-4
    return odds / odds.sum(axis=1, keepdims=True), y


def doubts(probability, labels):
    """Ours, one minus the given label's probability, and the best other label's lead over it."""
    every = np.arange(len(labels))
    own, others = probability[every, labels], probability.copy()
    others[every, labels] = -1.0
    return 1.0 - believed(probability, labels)[every, labels], 1.0 - own, others.max(axis=1) - own


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rate", [0.03, 0.1, 0.2])
def test_uniform_mistakes_are_found_as_by_the_given_labels_probability_and_similar_ones_better_than_by_either(
    seed, rate
):
    probability, y = pool_and_truth(seed)
    rng = np.random.default_rng([seed, 1])
    wrong = rng.random(len(y)) < rate
    uniform = np.where(wrong, (y + rng.integers(1, 20, len(y))) % 20, y)
    ours, own, margin = (average_precision_score(wrong, score) for score in doubts(probability, uniform))
    assert own > margin
    assert ours > own - 0.02
    similar = np.where(wrong, y ^ 1, y)
    ours, own, margin = (average_precision_score(wrong, score) for score in doubts(probability, similar))
    assert ours > max(own, margin)


def test_a_row_torn_between_two_other_labels_is_doubted_unless_its_own_is_only_taken_for_a_third():
    labels = np.repeat(np.arange(4), 30)
    probability = np.full((120, 4), 0.02)
    probability[np.arange(120), labels] = 0.94
    probability[28] = [0.08, 0.02, 0.02, 0.88]
    probability[29] = [0.08, 0.45, 0.45, 0.02]  # both are given 0
    one, torn = 1.0 - believed(probability, labels)[[28, 29], 0]
    assert one == torn == pytest.approx(0.92)  # nothing repeats: the given label's probability decides
    for other in range(4):  # 0 and 3 are given for each other, and 1 and 2
        rows = 30 * other + np.arange(6)
        probability[rows] = 0.02
        probability[rows, 3 - other] = 0.94
    one, torn = 1.0 - believed(probability, labels)[[28, 29], 0]
    assert one > 0.5 > torn


def test_without_repeated_confusions_the_pool_is_believed_as_it_is():
    probability, y = pool_and_truth(0)
    sure = np.eye(20)[y] * 0.9 + 0.005
    np.testing.assert_array_equal(believed(sure, y), sure)
    two = probability[:, :2] / probability[:, :2].sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(believed(two, y % 2), two)  # two classes: each can only be taken for the other


@settings(max_examples=60, deadline=None)
@given(classes=st.integers(2, 9), rows=st.integers(2, 80), sharp=st.floats(0.1, 12.0), seed=st.integers(0, 2**16))
def test_beliefs_are_probabilities_and_do_not_depend_on_the_order_of_the_classes(classes, rows, sharp, seed):
    rng = np.random.default_rng(seed)
    odds = np.exp(sharp * rng.normal(size=(rows, classes)))
    probability = odds / odds.sum(axis=1, keepdims=True)
    labels = rng.integers(0, classes, rows)
    belief = believed(probability, labels)
    assert ((belief >= 0.0) & (belief <= 1.0)).all()
    np.testing.assert_allclose(belief.sum(axis=1), 1.0)
    order = rng.permutation(classes)
    place = np.argsort(order)
    np.testing.assert_allclose(believed(probability[:, order], place[labels])[:, place], belief, atol=1e-12)


@pytest.mark.parametrize("text", ["hello there", "the very same text"])  # whose variance is 0, and nearly 0
def test_rows_that_are_all_alike_are_ranked_without_a_warning(text):
    result = suspect(None, [text] * 60, ["a", "b"] * 30, 0)
    assert np.isfinite(result.score_N).all()


@pytest.mark.parametrize("scale", [1e-4, 1.0, 50.0, 1e4])
def test_vectors_of_any_length_rank_like_those_of_length_one(scale):
    rng = np.random.default_rng(3)
    raw_ND = (rng.normal(size=(120, 16)) * scale).astype(np.float32)
    raw_ND[7] = 0.0
    texts = [f"a text about {'cats' if row % 2 else 'dogs'} number {row}" for row in range(120)]
    labels = ["cat" if row % 2 else "dog" for row in range(120)]
    unit_ND = raw_ND / np.maximum(np.linalg.norm(raw_ND, axis=1, keepdims=True), 1e-12)
    found, expected = suspect(raw_ND, texts, labels, 0), suspect(unit_ND, texts, labels, 0)
    assert np.isfinite(found.score_N).all()
    np.testing.assert_allclose(found.score_N, expected.score_N, atol=1e-4)


def test_a_vector_that_is_no_number_is_refused_with_its_row():
    raw_ND = np.ones((30, 4), dtype=np.float32)
    raw_ND[11, 2] = np.nan
    with pytest.raises(DataError, match="row 12"):
        suspect(raw_ND, ["a b c"] * 30, ["x", "y", "z"] * 10, 0)


def test_the_number_of_wrong_labels_is_told_nearer_than_by_those_that_are_outvoted():
    rng = np.random.default_rng(0)
    size, classes, wrong = 600, 6, 60
    truth = np.arange(size) % classes
    given = truth.copy()
    given[:wrong] = (given[:wrong] + 1 + rng.integers(0, classes - 1, wrong)) % classes
    texts = [f"a{rng.integers(0, 60)} b{rng.integers(0, 60)} k{k if rng.random() < 0.7 else 9}" for k in truth]
    result = suspect(None, texts, [f"c{k}" for k in given], 0)
    outvoted = int((result.other_N > result.self_N).sum())
    assert result.wrong is not None
    assert abs(result.wrong - wrong) < outvoted - wrong
