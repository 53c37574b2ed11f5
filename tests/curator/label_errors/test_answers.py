import json

import numpy as np
import pytest

from curator.checks import run_checks
from curator.label_errors.answers import suspect_answers
from tests.curator.curation_data import frame, task

TOPICS = {"card": "my card is lost since", "loan": "a loan for the house in", "fee": "why did I pay a fee in"}
CITIES = ["Berlin", "Paris", "Madrid", "Lisbon", "Vienna", "Dublin", "Oslo", "Rome"]


def tickets(rows=90):
    topics = [list(TOPICS)[row % 3] for row in range(rows)]
    cities = [CITIES[row * 7 % 8] for row in range(rows)]
    texts = [f"{TOPICS[t]} {c}, ticket number {row}" for row, (t, c) in enumerate(zip(topics, cities, strict=True))]
    return texts, [{"topic": t, "city": c} for t, c in zip(topics, cities, strict=True)]


def test_a_wrong_field_of_a_json_answer_ranks_first_and_the_whole_answer_is_corrected():
    texts, answers = tickets()
    right = dict(answers[5])
    answers[5]["topic"] = "loan"
    result = suspect_answers(None, texts, [json.dumps(a) for a in answers], "extraction", 0)
    assert int(np.argmax(result.score_N)) == 5
    assert result.field_N[5] == "topic"
    assert json.loads(str(result.best_other_N[5])) == right


def test_a_copied_value_that_is_not_in_its_input_is_doubted():
    texts, answers = tickets()
    answers[7]["city"] = "Atlantis"
    result = suspect_answers(None, texts, [json.dumps(a) for a in answers], "extraction", 0)
    assert int(np.argmax(result.score_N)) == 7
    assert result.field_N[7] == "city"


def test_a_field_that_is_missing_where_others_have_it_is_doubted():
    texts, answers = tickets()
    del answers[11]["city"]
    result = suspect_answers(None, texts, [json.dumps(a) for a in answers], "extraction", 0)
    assert 11 in np.argsort(-result.score_N)[:3]


@pytest.mark.parametrize("empty", ["", None, []])
def test_an_empty_field_counts_as_missing(empty):
    texts, answers = tickets()
    answers[11]["city"] = empty
    result = suspect_answers(None, texts, [json.dumps(a) for a in answers], "extraction", 0)
    assert int(np.argmax(result.score_N)) == 11


def test_a_copied_value_that_is_cut_off_within_a_word_is_doubted():
    texts, answers = tickets()
    answers[7]["city"] = answers[7]["city"][:3]
    result = suspect_answers(None, texts, [json.dumps(a) for a in answers], "extraction", 0)
    assert int(np.argmax(result.score_N)) == 7


def test_a_value_copied_from_a_text_without_spaces_is_not_doubted():
    towns = ["北京", "上海", "广州", "深圳", "成都", "杭州", "武汉", "西安"]
    texts = [f"我想在{towns[row % 8]}订一家酒店第{row}间" for row in range(80)]
    answers = [{"city": towns[row % 8]} for row in range(80)]
    answers[7]["city"] = "巴黎"
    result = suspect_answers(None, texts, [json.dumps(a) for a in answers], "extraction", 0)
    assert int(np.argmax(result.score_N)) == 7


def test_a_query_of_another_form_and_a_literal_from_nowhere_rank_first():
    texts, answers = tickets()
    sql = [f"SELECT count(*) FROM {a['topic']}s WHERE city = '{a['city']}'" for a in answers]
    sql[4] = "SELECT count(*) FROM cards WHERE city = 'Atlantis'"
    sql[10] = sql[9]
    result = suspect_answers(None, texts, sql, "sql", 0)
    assert {4, 10} == set(np.argsort(-result.score_N)[:2].tolist())


def test_a_free_answer_that_belongs_to_another_input_ranks_first():
    texts, answers = tickets()
    said = [f"About the {a['topic']} in {a['city']}: {text}" for a, text in zip(answers, texts, strict=True)]
    said[20] = "The weather will be fine, with some clouds."
    result = suspect_answers(None, texts, said, "text", 0)
    assert int(np.argmax(result.score_N)) == 20
    assert ((result.score_N >= 0) & (result.score_N <= 1)).all()


def test_few_answers_no_json_and_empty_texts_are_said_or_survived():
    texts, answers = tickets()
    few = suspect_answers(None, texts[:5], ["{}"] * 5, "extraction", 0)
    assert np.isnan(few.score_N).all()
    assert "needs 20" in few.notes[0]
    values = [None if row % 9 == 0 else "not json" if row % 9 == 1 else json.dumps(a) for row, a in enumerate(answers)]
    mixed = suspect_answers(None, texts, values, "extraction", 0)
    assert np.isnan(mixed.score_N[::9]).all()
    assert suspect_answers(None, [""] * 30, [""] * 30, "text", 0).score_N.shape == (30,)


def test_the_checks_list_suspect_answers_with_their_field():
    texts, answers = tickets()
    answers[5]["topic"] = "loan"
    rows = frame(texts, [json.dumps(a) for a in answers])
    result = run_checks(rows, None, task=task([], kind="extraction"), seed=0)
    first = next(f for f in result.findings if f.kind == "suspect_label")
    assert first.example_ids == ("ex5",)
    assert first.evidence["field"] == "topic"
    assert json.loads(first.suggestion["value"])["topic"] == "fee"
    assert result.counts["suspect_label"] == 90


def _topics(rows=160):
    rng = np.random.default_rng(2)
    words = {"card": "lost card", "loan": "house loan", "fee": "odd fee", "app": "app crash", "login": "login fails"}
    given = [sorted(rng.choice(list(words), rng.integers(1, 4), replace=False).tolist()) for _ in range(rows)]
    texts = [f"{' and '.join(words[t] for t in each)}, ticket {row}" for row, each in enumerate(given)]
    return texts, given


@pytest.mark.parametrize("shape", [lambda each: each, lambda each: {"topics": each}])
def test_answers_of_several_labels_are_ranked_by_element(shape):
    texts, given = _topics()
    wrong = {3: lambda each: each[:-1] or ["app"], 40: lambda each: [*each, "loan" if "loan" not in each else "fee"]}
    for row, change in wrong.items():
        given[row] = change(given[row])
    result = suspect_answers(None, texts, [json.dumps(shape(each)) for each in given], "extraction", 0)
    assert set(np.argsort(-result.score_N)[:4]) >= set(wrong)


def test_the_order_of_elements_is_no_doubt():
    texts, given = _topics()
    one = suspect_answers(None, texts, [json.dumps(each) for each in given], "extraction", 0)
    turned = suspect_answers(None, texts, [json.dumps(each[::-1]) for each in given], "extraction", 0)
    np.testing.assert_allclose(one.score_N, turned.score_N)


def test_lists_of_objects_and_lists_that_never_repeat_are_ranked_as_before():
    texts, _ = _topics()
    objects = [json.dumps([{"n": row % 2}]) for row in range(len(texts))]
    once = [json.dumps([f"x{row}", f"y{row}"]) for row in range(len(texts))]
    for answers in (objects, once):
        assert np.isfinite(suspect_answers(None, texts, answers, "extraction", 0).score_N).all()
