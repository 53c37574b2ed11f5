"""Each kind of task is measured by its own metrics, each with an interval over groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from curator.evaluation.by_kind import Executed, chrf, measure
from curator.evaluation.fields import count_fields, read_answer, set_path
from curator.records import make_task, write_exact

EACH = np.arange(4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)


def by_name(measured):
    return {m.name: m for m in measured.metrics}


def test_a_classification_says_which_label_was_taken_for_which():
    task = make_task({"name": "t", "labels": ["a", "b", "c"]})
    found = measure(task, ["a", "a", "b", "c"], ["b", "b", "b", None], EACH, seed=0)
    assert [(c.truth, c.said, c.n) for c in found.confusion] == [("a", "b", 2), ("c", None, 1)]
    assert by_name(found)["accuracy"].value == 0.25
    assert by_name(found)["macro_f1"].value == pytest.approx((0 + 0.5 + 0) / 3)
    assert found.decides == "accuracy"


def test_json_is_measured_field_by_field_with_typed_equality():
    task = make_task({"name": "t", "kind": "extraction", "schema": {"type": "object", "required": ["n"]}})
    truth = ['{"n":1,"s":"x"}'] * 4
    said = ['{"n":1.0,"s":"x"}', '{"n":"1","s":"x"}', None, None]
    found = measure(task, truth, said, EACH, seed=0, readable=[*said[:2], '{"s":"x"}', None])
    metrics = by_name(found)
    assert metrics["accuracy"].value == 0.25
    assert metrics["valid JSON"].value == 0.75
    assert metrics["fits the schema"].value == 0.5
    assert metrics["field precision"].value == pytest.approx(4 / 5)
    assert metrics["field recall"].value == pytest.approx(4 / 8)
    assert {f.label: (f.n, f.predicted, f.recall) for f in found.per_field} == {"n": (4, 2, 0.25), "s": (4, 3, 0.75)}


def test_sets_of_labels_are_scored_as_scikit_learn_scores_them():
    schema = {"type": "array", "uniqueItems": True, "items": {"type": "string"}}
    task = make_task({"name": "t", "kind": "extraction", "schema": schema})
    rng, names = np.random.default_rng(3), ["red", "green", "blue"]
    truth_NC, said_NC = rng.random((60, 3)) < 0.5, rng.random((60, 3)) < 0.5
    answers = [
        [write_exact([n for n, on in zip(names, row, strict=True) if on]) for row in m] for m in (truth_NC, said_NC)
    ]
    found = measure(task, *answers, np.arange(60), seed=0)
    assert by_name(found)["label F1"].value == pytest.approx(f1_score(truth_NC, said_NC, average="micro"))
    assert by_name(found)["set F1"].value == pytest.approx(
        f1_score(truth_NC, said_NC, average="samples", zero_division=1.0)
    )
    ours = {c.label: c.f1 for c in found.per_class}
    theirs = f1_score(truth_NC, said_NC, average=None)
    assert [ours[name] for name in names] == pytest.approx(list(theirs))


def test_where_a_schema_holds_one_set_it_is_found_and_two_are_ambiguous():
    tags = {"type": "array", "uniqueItems": True}
    assert set_path({"properties": {"tags": tags, "note": {"type": "string"}}}) == "tags[]"
    assert set_path({"properties": {"a": tags, "b": tags}}) is None
    assert set_path({"type": "array", "uniqueItems": True, "items": {"type": "object"}}) is None


@given(JSON)
def test_an_answer_equals_itself_in_every_field(value):
    read = read_answer(write_exact(value))
    counts = count_fields(read, read)
    assert (counts.missed, counts.made_up) == (0, 0)
    assert counts.hits == sum(read.leaves.values()) >= 1


@given(JSON, JSON)
def test_what_one_misses_the_other_makes_up(one, other):
    a, b = read_answer(write_exact(one)), read_answer(write_exact(other))
    there, back = count_fields(a, b), count_fields(b, a)
    assert (there.hits, there.missed, there.made_up) == (back.hits, back.made_up, back.missed)


def test_a_query_is_right_by_its_rows_and_by_form_where_these_tell_nothing():
    task = make_task({"name": "t", "kind": "sql"})
    truth = ["select a from t"] * 4
    said = ["select a from t where 1", "select b from t", "SELECT a FROM t", None]
    executed = [Executed(True), Executed(False), Executed(None), Executed(False, "no query")]
    found = measure(task, truth, said, EACH, seed=0, executed=executed)
    assert found.right_N.tolist() == [True, False, True, False]
    assert by_name(found)["the same by form"].value == 0.25
    assert by_name(found)["runs on the database"].value == 0.75
    assert found.by_form == 1


def test_free_text_is_compared_by_chrf_and_a_missing_answer_scores_nothing():
    task = make_task({"name": "t", "kind": "text"})
    found = measure(task, ["Hello, world."] * 4, ["Hello, world.", "hello world", "hello wrld", None], EACH, seed=0)
    assert found.decides == "chrF"
    assert by_name(found)["accuracy"].value == 0.25
    assert by_name(found)["normalised match"].value == 0.5
    assert found.scores_N[0] == pytest.approx(1.0)
    assert found.scores_N[3] == 0.0
    assert found.scores_N[2] == pytest.approx(chrf("hello wrld", "Hello, world."))
