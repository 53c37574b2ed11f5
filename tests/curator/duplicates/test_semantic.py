import numpy as np
import pytest

from curator.duplicates import semantic
from curator.duplicates.lexical import near_pairs
from curator.duplicates.semantic import cosine_pairs, semantic_pairs


def vectors(*angles):
    radians = np.radians(angles)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def pairs_of(texts, angles, **options):
    found, _ = semantic_pairs(vectors(*angles), texts, near_pairs(texts), **options)
    return list(zip(found.left_P.tolist(), found.right_P.tolist(), strict=True))


def test_other_words_of_one_meaning_are_a_pair_and_distant_rows_are_none():
    assert pairs_of(["my card is lost", "I mislaid the thing I pay with", "hello"], [0, 5, 90]) == [(0, 1)]


def test_what_is_already_a_near_or_exact_duplicate_is_left_out():
    assert pairs_of(["where is my card", "where is my crad", "Where is my card?"], [0, 1, 0]) == []


def test_another_number_or_a_negation_is_never_the_same_meaning():
    assert pairs_of(["I owe 10 euros", "my debt is 20 euros", "I do not owe 10 euros"], [0, 0.1, 0.2]) == []


def test_the_threshold_moves():
    texts = ["my card is lost", "I mislaid the thing I pay with"]
    assert pairs_of(texts, [0, 25]) == []
    assert pairs_of(texts, [0, 25], threshold=0.9) == [(0, 1)]


def test_one_row_and_no_row_have_no_pairs():
    assert pairs_of(["a"], [0]) == []
    assert len(semantic_pairs(np.zeros((0, 2), np.float32), [], near_pairs([]))[0]) == 0


def test_a_script_that_the_encoder_cannot_read_is_left_out_and_said():
    texts = [f"ฉัน{chr(0x0E01 + row)}{chr(0x0E02 + row)}{chr(0x0E03 + row)}" for row in range(12)]
    found, notes = semantic_pairs(vectors(*range(12)), texts, near_pairs(texts))
    assert len(found) == 0
    assert "12 THAI texts" in notes[0]


def unit(rng, rows, dimensions=96):
    found = rng.standard_normal((rows, dimensions)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.mark.parametrize("alike", [0.01, 0.9])
def test_every_pair_above_the_threshold_is_found_and_no_other(monkeypatch, alike):
    monkeypatch.setattr(semantic, "_ROWS", 64)
    monkeypatch.setattr(semantic, "_COLUMNS", 100)
    rng = np.random.default_rng(0)
    kinds = rng.random(400) < alike  # few or most rows belong to one family
    given = unit(rng, 400) + np.where(kinds, 2.0, 0.0)[:, None].astype(np.float32) * unit(rng, 1)
    given /= np.linalg.norm(given, axis=1, keepdims=True)
    for threshold in (0.8, 0.3, -0.5):
        cosine = given @ given.T
        left, right = np.nonzero(np.triu(cosine >= threshold, 1))
        found_left, found_right, found_cosine = cosine_pairs(given, threshold)
        assert set(zip(found_left, found_right, strict=True)) == set(zip(left, right, strict=True))
        assert found_cosine == pytest.approx(cosine[found_left, found_right], abs=1e-5)


def test_of_many_partners_the_nearest_are_kept():
    left, right, cosine = cosine_pairs(vectors(*range(10)), 0.0, most=2)
    assert right[left == 0].tolist() == [1, 2]
    assert right[left == 8].tolist() == [9]
    assert (np.diff(cosine[left == 0]) <= 0).all()


def test_rows_of_another_code_are_no_pair():
    left, right, _ = cosine_pairs(vectors(0, 0, 0, 0), 0.9, codes_N=np.array([0, 1, 0, 1]))
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 2), (1, 3)]
