"""Gates about figures: what fails, what is only said, and what a project may demand."""

import pytest

from curator.errors import RequestError
from curator.release import (
    LabelledUnder,
    ReleaseGate,
    SignOff,
    agreement_gate,
    balance_gate,
    demanded,
    rubric_gate,
    signed_gate,
    size_gate,
)
from curator.review import agreement_figures, ratings


def people(answers):
    """The figures of two people's answers, a pair for each row."""
    rows = [(f"r{n}", who, said) for n, pair in enumerate(answers) for who, said in zip("ab", pair, strict=True)]
    return agreement_figures(ratings(rows), seed=0, repetitions=200)


def test_people_who_disagree_hold_back_and_people_who_agree_pass():
    apart = agreement_gate(people([("x", "y"), ("y", "x"), ("x", "x"), ("y", "y")] * 15))
    assert apart.passed is False
    assert "2 people agree on 50% of 60 rows" in apart.why
    assert agreement_gate(people([("x", "x"), ("y", "y")] * 30)).passed is True
    assert agreement_gate(people([("x", "y"), ("x", "x"), ("y", "y")])).passed is None  # too few
    assert agreement_gate(None).passed is None


def test_a_rare_label_alone_does_not_hold_back():
    gate = agreement_gate(people([("x", "x")] * 96 + [("x", "y"), ("y", "x")] * 2))
    assert gate.passed is None
    assert "agree on 96%" in gate.why


def test_labels_that_are_measured_and_not_taught_hold_back():
    labels = ["a", "b", "c"]
    assert balance_gate({"train": ["a"] * 30 + ["b"] * 30, "test": ["a"] * 9 + ["c"]}, labels).passed is None
    gate = balance_gate({"train": ["a"] * 50 + ["b"] * 50, "test": ["a"] * 9 + ["c"]}, labels)
    assert gate.passed is False
    assert "1 held-out rows have labels that train lacks: 'c'" in gate.why
    rare = balance_gate({"train": ["a"] * 30 + ["b"] * 30, "test": ["a"] * 99 + ["c"]}, labels)
    assert rare.passed is None
    assert "train lacks: 'c'" in rare.why
    assert balance_gate({"train": ["a"] * 100, "test": []}, labels).passed is False
    assert balance_gate({"train": ["a"] * 99, "test": []}, labels).passed is None
    assert balance_gate({"train": labels * 20, "test": labels}, labels).passed is True


def test_few_rows_are_said():
    assert size_gate({"train": 500, "test": 100}).passed is True
    few = size_gate({"train": 20, "test": 99})
    assert few.passed is None
    assert "99 rows test, and a verdict needs 100" in few.why


def test_rows_of_an_older_rubric_hold_back_by_version_and_id():
    assert rubric_gate(LabelledUnder("new", 10, {}, 2), {"new": 1}).passed is True
    gate = rubric_gate(LabelledUnder("new", 10, {"old": ("r1", "r2", "r3", "r4")}, 0), {"old": 1, "new": 2})
    assert gate.passed is False
    assert "4 rows under version 1 ('r1', 'r2', 'r3' and 1 more)" in gate.why


def test_what_the_project_demands_fails_where_it_is_open():
    open_gate, passed = signed_gate(None), ReleaseGate("leak", True)
    assert demanded([open_gate, passed], ()) == [open_gate, passed]
    (held, same) = demanded([open_gate, passed], ("sign_off", "leak"))
    assert (held.passed, same) == (False, passed)
    assert signed_gate(SignOff("Ana", "read it")).why == "signed by Ana: read it"
    with pytest.raises(RequestError, match="names 'signature', which is no gate; there are sign_off, leak"):
        demanded([open_gate, passed], ("signature",))


def test_a_name_that_does_not_show_signs_nothing():
    with pytest.raises(RequestError):
        SignOff("  ", "")
