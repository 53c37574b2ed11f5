"""Planted twins are what they are called, whatever the product thinks of them."""

import unicodedata

import pytest

from pipelines.bench.planted import APART, EXACT, NEAR, plant

TEXTS = [
    f"{opening} {amount} dollars to my friend in Paris on monday"
    for amount in range(20, 60)
    for opening in ("can you please send", "why was there not a charge of", "i would like to transfer")
]


@pytest.fixture(scope="module")
def twins():
    return plant(TEXTS, (*EXACT, *NEAR, *APART), 8, 1)


def of(twins, kind):
    return [(twin.left, twin.right) for twin in twins if twin.kind == kind]


def test_there_are_as_many_of_each_kind_as_asked_and_a_row_is_copied_once(twins):
    assert {kind: len(of(twins, kind)) for kind in (*EXACT, *NEAR, *APART)} == dict.fromkeys((*EXACT, *NEAR, *APART), 8)
    rows = [twin.row for twin in twins if twin.row is not None]
    assert len(rows) == len(set(rows))
    assert all(twin.left == TEXTS[twin.row] for twin in twins if twin.row is not None)


def test_exact_kinds_change_what_nobody_reads(twins):
    for kind in ("case", "spacing", "zero-width", "full-width"):
        for left, right in of(twins, kind):
            assert left != right
            plain = "".join(c for c in unicodedata.normalize("NFKC", right) if unicodedata.category(c) != "Cf")
            assert plain.lower().split() == left.lower().split()
    for left, right in of(twins, "thousands"):
        assert "," in right
        assert right.replace(",", "") == left


def test_near_kinds_leave_numbers_negations_and_names_alone(twins):
    for kind in NEAR:
        for left, right in of(twins, kind):
            kept = [word for word in left.split() if word in {"not", "Paris", "monday", "dollars"} or word.isdigit()]
            assert [word for word in right.split() if word in kept] == kept
    assert all(len(left.split()) - len(right.split()) == 1 for left, right in of(twins, "dropped word"))
    assert all(right.endswith(left) for left, right in of(twins, "prefix"))


def test_twins_that_must_stay_apart_differ_in_what_they_are_called_by(twins):
    for left, right in of(twins, "another number"):
        assert [w for w in left.split() if w.isdigit()] != [w for w in right.split() if w.isdigit()]
    for left, right in of(twins, "a negation"):
        assert abs(left.split().count("not") - right.split().count("not")) == 1
    for left, right in of(twins, "another name"):
        assert sum(a != b for a, b in zip(left.split(), right.split(), strict=True)) == 1


def test_the_seed_makes_the_twins():
    assert plant(TEXTS, NEAR, 3, 4) == plant(TEXTS, NEAR, 3, 4)
    assert plant(TEXTS, NEAR, 3, 4) != plant(TEXTS, NEAR, 3, 5)
