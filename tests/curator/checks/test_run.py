import dataclasses
import json

import numpy as np
import polars as pl
import pytest

from curator.checks.doubts import TOP_SUSPECTS, listed
from curator.checks.run import run_checks
from curator.errors import DataError
from curator.label_errors import NoiseResult
from tests.curator.curation_data import LANGUAGES, frame, languages, task

SMALL = [
    ("Where is my card?", "arrival"), ("where is my CARD", "arrival"), ("Why was I charged twice?", "fee"),
    ("why was i charged twice", "refund"), ("I want to close the account", "close"),
]  # fmt: skip


SOME = ("bg", "ru", "en", "de", "sw", "th")
"""Languages under four labels, two of which are of two languages each; `make demo` has all."""


def small_frame(**columns):
    return frame([text for text, _ in SMALL], [label for _, label in SMALL], **columns)


def kinds(result):
    return {finding.kind for finding in result.findings}


def test_a_small_set_gets_its_duplicates_contradiction_and_thin_labels_named():
    result = run_checks(small_frame(), None, task=task(["arrival", "fee", "refund", "close"]), seed=0)
    assert {"exact_duplicate", "contradiction", "too_few"} <= kinds(result)
    conflict = next(finding for finding in result.findings if finding.kind == "contradiction")
    assert set(conflict.example_ids) == {"ex2", "ex3"}
    assert any("vectors" in note for note in result.notes)
    assert any("at least two labels" in note for note in result.notes)


def test_ids_are_unique_stable_and_findings_are_json():
    first = run_checks(small_frame(), None, task=task(["arrival", "fee", "refund", "close"]), seed=0)
    again = run_checks(small_frame(), None, task=task(["arrival", "fee", "refund", "close"]), seed=0)
    ids = [finding.id for finding in first.findings]
    assert len(ids) == len(set(ids))
    assert ids == [finding.id for finding in again.findings]
    json.dumps([dataclasses.asdict(finding) for finding in first.findings], allow_nan=False)


def test_a_test_row_in_train_is_a_leak_whether_equal_near_or_of_one_group():
    texts = ["Where is my new card?", "where is my new card", "Please close my savings account today",
             "Please close my savings acount today", "Good morning to you", "An answer to another thing"]  # fmt: skip
    rows = frame(texts, ["a"] * 6, split=["train", "test"] * 3, group=[None] * 4 + ["g", "g"])
    result = run_checks(rows, None, task=task(["a"]), seed=0)
    assert sorted(f.evidence["how"] for f in result.findings if f.kind == "leak") == ["exact", "group", "near"]


def test_every_row_has_a_risk_and_contradictions_raise_it():
    result = run_checks(small_frame(), None, task=task(["arrival", "fee", "refund", "close"]), seed=0)
    risk = dict(result.scores.filter(pl.col("kind") == "risk").select("example_id", "score").iter_rows())
    assert set(risk) == {f"ex{row}" for row in range(5)}
    assert all(0.0 <= value <= 1.0 for value in risk.values())
    assert min(risk["ex2"], risk["ex3"]) > max(risk["ex0"], risk["ex4"])


def test_a_low_confidence_of_the_teacher_raises_the_risk():
    rows = small_frame(confidence=[0.01, 0.99, 0.99, 0.99, 0.99])
    result = run_checks(rows, None, task=task(["arrival", "fee", "refund", "close"]), seed=0)
    risk = dict(result.scores.filter(pl.col("kind") == "risk").select("example_id", "score").iter_rows())
    assert risk["ex0"] > risk["ex1"]


@pytest.mark.parametrize("labels", [[None] * 5, ["one"] * 5, ["a", "b", "c", "d", "e"]])
def test_unlabelled_single_label_and_all_tiny_sets_are_said_to_be_unrankable(labels):
    result = run_checks(frame([text for text, _ in SMALL], labels), None, task=task(["one", *"abcde"]), seed=0)
    assert "suspect_label" not in result.counts
    assert any("suspect_label" in note for note in result.notes)


def test_free_answers_are_not_ranked_as_classes_and_the_note_says_so():
    result = run_checks(small_frame(), None, task=task([], kind="text"), seed=0)
    assert {"contradiction", "suspect_label", "too_few"}.isdisjoint(kinds(result))
    assert any("contradiction" in note for note in result.notes)


def test_an_empty_frame_has_no_findings():
    assert run_checks(frame([], []), None, task=task(["a"]), seed=0).findings == ()


def test_vectors_of_another_length_missing_columns_and_repeated_ids_are_refused():
    with pytest.raises(DataError, match="one vector for each row"):
        run_checks(small_frame(), np.zeros((4, 3), dtype=np.float32), task=task(["a"]), seed=0)
    with pytest.raises(DataError, match="confidence"):
        run_checks(small_frame().drop("confidence"), None, task=task(["a"]), seed=0)
    with pytest.raises(DataError, match="'x'"):
        run_checks(small_frame(example_id=["x"] * 5), None, task=task(["a"]), seed=0)


def test_a_thousand_rows_of_forty_texts_are_said_to_be_so():
    texts = [f"{word} request" for word in ("".join(chr(97 + (i * 7 + j) % 26) for j in range(6)) for i in range(40))]
    result = run_checks(frame(texts * 25, ["a"] * 1000), None, task=task(["a"]), seed=0)
    said = next(finding for finding in result.findings if finding.kind == "template")
    assert "1,000 rows are made from" in said.suggestion["text"]
    assert said.evidence["effective"] <= 40.1
    assert said.suggestion["action"] == "keep", "to merge them would leave one row of forty texts"


def test_the_bulgarian_mistake_is_one_shape_finding_before_any_review():
    texts, labels, _ = languages(*SOME)
    result = run_checks(frame(texts, labels), None, task=task(list(LANGUAGES)), seed=0)
    patterns = [finding for finding in result.findings if finding.kind == "label_pattern"]
    assert len(patterns) <= 3
    russian = [finding for finding in patterns if finding.evidence["given"] == "ru"]
    assert len(russian) == 1
    assert russian[0].suggestion["action"] == "review"


def test_three_wrong_reviews_turn_it_into_one_proposed_decision_for_the_rest():
    texts, labels, truth = languages(*SOME)
    wrong = [row for row, lang in enumerate(truth) if lang == "bg"][5:65:20]
    right = [row for row, lang in enumerate(truth) if lang == "ru"][::40]
    reviewed = pl.DataFrame(
        [{"example_id": f"ex{row}", "given": "ru", "value": "ot"} for row in wrong]
        + [{"example_id": f"ex{row}", "given": "ru", "value": "ru"} for row in right]
    )
    result = run_checks(frame(texts, labels), None, task=task(list(LANGUAGES)), seed=0, reviewed=reviewed)
    patterns = [f for f in result.findings if f.kind == "label_pattern" and f.evidence["given"] == "ru"]
    assert len(patterns) == 1
    assert patterns[0].suggestion["action"] == "relabel"
    assert patterns[0].suggestion["value"] == "ot"
    assert patterns[0].suggestion["text"].startswith("fix the rubric and relabel")
    inside = [truth[int(example_id[2:])] for example_id in patterns[0].example_ids]
    assert inside.count("bg") >= 130
    assert len(inside) - inside.count("bg") <= 4


def test_reviews_of_a_label_that_has_changed_since_are_left_out():
    texts, labels, truth = languages(*SOME)
    wrong = [row for row, lang in enumerate(truth) if lang == "bg"][:4]
    reviewed = pl.DataFrame([{"example_id": f"ex{row}", "given": "en", "value": "ot"} for row in wrong])
    result = run_checks(frame(texts, labels), None, task=task(list(LANGUAGES)), seed=0, reviewed=reviewed)
    assert all(f.suggestion["action"] == "review" for f in result.findings if f.kind == "label_pattern")


def test_every_row_whose_label_has_less_support_than_another_is_listed():
    number = TOP_SUSPECTS + 100
    own = np.full(number, 0.6)
    own[-10:] = 0.3
    noise = NoiseResult(np.linspace(1, 0, number), own, ("other",) * number, np.full(number, 0.4), ())
    assert listed(range(number), noise) == [*range(TOP_SUSPECTS), *range(number - 10, number)]


def test_a_row_that_nothing_speaks_against_is_ranked_but_no_other_label_is_proposed():
    texts = [f"{word} {n} please" for n in range(30) for word in ("refund the money", "track the parcel")]
    result = run_checks(frame(texts, ["refund", "track"] * 30), None, task=task(["refund", "track"]), seed=0)
    suspects = [finding for finding in result.findings if finding.kind == "suspect_label"]
    assert {finding.suggestion["action"] for finding in suspects} == {"review"}
    assert all("nothing speaks against it" in finding.suggestion["text"] for finding in suspects)
    assert "suspect_label: 60 rows are ranked; rows like them speak against 0 of their labels" in result.notes


def test_the_group_that_reviews_find_wrong_is_the_first_of_its_finding_though_it_is_the_smaller():
    texts, labels, truth = languages()
    rows = [row for row, lang in enumerate(truth) if lang == "ru"]
    rows += [row for row, lang in enumerate(truth) if lang == "bg"][:60]
    wrong = [f"r{place}" for place, row in enumerate(rows) if truth[row] == "bg"][:8]
    data = frame([texts[row] for row in rows], [labels[row] for row in rows])
    ids = data["example_id"].to_list()
    said = [ids[int(name[1:])] for name in wrong]
    reviewed = pl.DataFrame({"example_id": said, "given": ["ru"] * len(said), "value": ["ot"] * len(said)})
    result = run_checks(data, None, task=task(list(LANGUAGES)), seed=0, reviewed=reviewed)
    (pattern,) = [found for found in result.findings if found.evidence.get("basis") == "reviews"]
    first, *others = pattern.evidence["groups"]
    assert first["example_ids"] == list(pattern.example_ids)
    assert first["wrong"] == 8
    assert first["size"] < max(other["size"] for other in others)


def test_copies_whose_answers_differ_are_not_proposed_for_merging():
    rows = frame(
        ["Where is my card?", "where is my card", "Why was I charged?", "why was i charged"], ["a", "a", "a", "b"]
    )
    found = run_checks(rows, None, task=task(["a", "b"]), seed=0).findings
    proposed = {f.example_ids: f.suggestion["action"] for f in found if f.kind == "exact_duplicate"}
    assert proposed == {("ex0", "ex1"): "merge", ("ex2", "ex3"): "keep"}


def test_a_dropped_word_that_goes_with_another_answer_makes_no_duplicate():
    card, virtual = "I would like to order a new card today", "I would like to order a new virtual card today"
    for labels, near in ((["a", "b"], 0), (["a", "a"], 1)):
        found = run_checks(frame([card, virtual], labels), None, task=task(["a", "b"]), seed=0).findings
        assert sum(f.kind == "near_duplicate" for f in found) == near
    free = run_checks(frame([card, virtual], ["Fine.", "Sure."]), None, task=task([], kind="text"), seed=0).findings
    assert [f.suggestion["action"] for f in free if f.kind == "near_duplicate"] == ["keep"]


QUERIES = [
    ("what is the population of maine", "SELECT population FROM state WHERE name = 'maine'"),
    ("what is the population density of maine", "SELECT density FROM state WHERE name = 'maine'"),
    ("what is the capital of utah", "SELECT capital FROM state WHERE name = 'utah'"),
    ("what is capital of utah", "SELECT s.capital FROM state AS s WHERE 'utah' = s.name;"),
    ("which rivers run through ohio", "SELECT river FROM river WHERE state = 'ohio'"),
    ("which river run through ohio", "SELECT length FROM river WHERE state = 'ohio'"),
    ("name the rivers that cross ohio", "select river from River where state='ohio'"),
]


def test_questions_that_differ_in_a_word_are_no_contradiction_of_queries_and_a_slip_is_one():
    sql = dataclasses.replace(task([], kind="sql"), labels={})
    rows = frame([text for text, _ in QUERIES], [query for _, query in QUERIES])
    found = [set(f.example_ids) for f in run_checks(rows, None, task=sql, seed=0).findings if f.kind == "contradiction"]
    assert found == [{"ex4", "ex5"}]


def test_a_query_of_test_that_stands_in_train_is_a_leak_whatever_the_question():
    sql = dataclasses.replace(task([], kind="sql"), labels={})
    splits = ["train", "train", "train", "train", "train", None, "test"]
    rows = frame([text for text, _ in QUERIES], [query for _, query in QUERIES], split=splits)
    (leak,) = (f for f in run_checks(rows, None, task=sql, seed=0).findings if f.kind == "leak")
    assert (leak.evidence["how"], leak.rows_for("exclude")) == ("query", ("ex4",))


def test_queries_that_the_database_cannot_answer_are_findings_and_without_tables_that_is_said():
    sql = dataclasses.replace(task([], kind="sql"), labels={}, schema={"state": ["name", "population", "capital"]})
    rows = frame([text for text, _ in QUERIES], [query for _, query in QUERIES])
    rules = {f.evidence["rule"]: f.example_ids for f in run_checks(rows, None, task=sql, seed=0).findings
             if f.kind == "format"}  # fmt: skip
    assert rules == {"sql_unknown_column": ("ex1",), "sql_unknown_table": ("ex4", "ex5", "ex6")}
    notes = run_checks(rows, None, task=dataclasses.replace(sql, schema=None), seed=0).notes
    assert any("the task gives no tables" in note for note in notes)


def test_rows_without_a_vector_are_named_and_the_others_are_still_compared():
    texts = [f"the {'cat' if row % 2 else 'dog'} sits near place {row}" for row in range(60)]
    vectors = np.array([[1.0, 0.1] if row % 2 else [0.1, 1.0] for row in range(60)], dtype=np.float32)
    vectors[[7, 20]] = 0.0
    result = run_checks(frame(texts, ["cat" if row % 2 else "dog" for row in range(60)]), vectors,
                        task=task(["cat", "dog"]), seed=0)  # fmt: skip
    assert any("2 rows have no vector (7, 20)" in note for note in result.notes)
    ranked = result.scores.filter(pl.col("kind") == "suspect_label")["example_id"].to_list()
    assert len(ranked) == 58
    assert not {"ex7", "ex20"} & set(ranked)


def test_an_array_that_the_schema_calls_a_set_contradicts_no_other_order_of_it():
    fields = {"tags": {"type": "array", "uniqueItems": True}, "steps": {"type": "array"}}
    schema = {"type": "object", "properties": fields}
    json_task = dataclasses.replace(task([], kind="extraction"), labels={}, schema=schema)
    answers = ['{"tags": ["a", "b"]}', '{"tags": ["b", "a"]}', '{"steps": [1, 2]}', '{"steps": [2, 1]}']
    rows = frame(["the same question"] * 2 + ["one more question"] * 2, answers)
    found = run_checks(rows, None, task=json_task, seed=0)
    assert [set(f.example_ids) for f in found.findings if f.kind == "contradiction"] == [{"ex2", "ex3"}]


def test_a_near_group_with_a_copy_of_another_label_is_not_proposed_for_merging():
    texts = ["where is my card", "Where is my card?", "where is my crad", "Hi, hope you are well. Where is my card?"]
    result = run_checks(frame(texts, ["a", "b", "a", "a"]), None, task=task(["a", "b"]), seed=0)
    (group,) = [finding for finding in result.findings if finding.kind == "near_duplicate"]
    assert set(group.example_ids) == {"ex0", "ex1", "ex2", "ex3"}
    assert group.suggestion["action"] == "keep"
    assert "their 2 answers differ" in group.suggestion["text"]
