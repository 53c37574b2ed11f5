import random

import numpy as np
import pytest

from curator.label_errors.patterns import find_patterns
from tests.curator.curation_data import languages, shared


def test_a_label_over_two_languages_is_found_by_its_characters_without_a_review():
    texts, labels, truth = languages()
    patterns = find_patterns(None, texts, labels, seed=0).patterns
    assert {pattern.label for pattern in patterns} <= {"ru", "ot"}
    (russian,) = [pattern for pattern in patterns if pattern.label == "ru"]
    assert russian.basis == "shape"
    purities = [
        max(np.mean([truth[row] == lang for row in group]) for lang in ("ru", "bg")) for group in russian.shape.groups
    ]
    assert min(purities) > 0.97


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("wrong", "right"), [(3, 0), (3, 5), (10, 10)])
def test_a_few_reviews_wrong_in_one_way_name_the_whole_group(seed, wrong, right):
    texts, labels, truth = languages()
    rows = [row for row, lang in enumerate(truth) if lang in ("bg", "ru")]
    rng = random.Random(seed)
    reviewed = dict.fromkeys(rng.sample([row for row in rows if truth[row] == "bg"], wrong), "ot")
    reviewed |= dict.fromkeys(rng.sample([row for row in rows if truth[row] == "ru"], right), "ru")
    patterns = find_patterns(None, [texts[r] for r in rows], [labels[r] for r in rows], seed=seed,
                             reviewed={rows.index(row): said for row, said in reviewed.items()}).patterns  # fmt: skip
    (pattern,) = patterns
    assert (pattern.basis, pattern.label, pattern.value, pattern.wrong) == ("reviews", "ru", "ot", wrong)
    found = [truth[rows[row]] for row in pattern.rows]
    assert found.count("bg") >= 130
    assert found.count("ru") <= 4


def test_two_wrong_reviews_or_scattered_ones_propose_nothing():
    texts, labels, truth = languages("bg", "ru", "en")
    bulgarian = [row for row, lang in enumerate(truth) if lang == "bg"]
    two = find_patterns(None, texts, labels, seed=0, reviewed=dict.fromkeys(bulgarian[:2], "ot")).patterns
    assert all(pattern.basis == "shape" for pattern in two)
    mixed = {row: ("ot" if place % 2 else "ru") for place, row in enumerate(bulgarian[:12])}
    assert all(p.basis == "shape" for p in find_patterns(None, texts, labels, seed=0, reviewed=mixed).patterns)


def test_a_borrowed_kind_is_found_where_the_other_labels_are_of_two_kinds_as_well():
    # Each label has two kinds of its own, near each other, as far apart as each likes: the silhouettes tell nothing.
    rng = np.random.default_rng(1)
    centres = 3.0 * rng.normal(size=(13, 24))
    kind = np.repeat(np.arange(13), 40)
    apart = np.linspace(0.2, 1.2, 13)[kind, None] * np.where(np.arange(len(kind)) % 2, 1.0, -1.0)[:, None]
    x = centres[kind] + apart * rng.normal(size=(13, 24))[kind] + 0.5 * rng.normal(size=(len(kind), 24))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    labels = [f"c{min(k, 11)}" for k in kind]  # the thirteenth kind borrows c11
    as_they_are = find_patterns(x[kind < 12], ["x"] * 480, [f"c{k}" for k in kind[kind < 12]], seed=0).patterns
    assert as_they_are == ()
    (pattern,) = find_patterns(x, ["x"] * len(kind), labels, seed=0).patterns
    assert pattern.label == "c11"
    assert pattern.shape.apart > 1.1
    assert {tuple(sorted({int(kind[row]) for row in group})) for group in pattern.shape.groups} == {(11,), (12,)}


def test_embeddings_find_a_borrowed_label_and_name_its_neighbours():
    rng = np.random.default_rng(0)
    centres = 3.0 * rng.normal(size=(9, 24))
    kind = np.repeat(np.arange(9), 40)
    x = centres[kind] + rng.normal(size=(len(kind), 24))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    labels = [f"c{min(k, 7)}" for k in kind]  # the ninth kind borrows c7
    (pattern,) = find_patterns(x, ["x"] * len(kind), labels, seed=0).patterns
    assert (pattern.label, pattern.shape.view) == ("c7", "embedding")
    assert {tuple(sorted({int(kind[row]) for row in group})) for group in pattern.shape.groups} == {(7,), (8,)}
    assert len(pattern.neighbours) == 2


def test_small_labels_are_noted_and_empty_input_is_fine():
    result = find_patterns(None, ["a text", "b text"], ["a", "b"], seed=0)
    assert result.patterns == ()
    assert "2 labels have fewer than" in result.notes[0]
    assert find_patterns(None, [], [], seed=0).patterns == ()


@pytest.mark.slow
def test_clean_intents_raise_at_most_a_handful_of_false_alarms():
    rows = shared("banking77/train.jsonl")
    found = find_patterns(None, [row["text"] for row in rows], [row["label"] for row in rows], seed=0).patterns
    assert len(found) <= 4


def test_copies_of_few_texts_show_no_groups_and_raise_no_warning():
    texts = ["where is my card", "how do I pay"] * 40
    assert find_patterns(None, texts, ["card"] * 80, seed=0).patterns == ()
