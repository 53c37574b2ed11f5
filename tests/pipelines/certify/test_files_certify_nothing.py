"""Labels that came in as people's words are measured like any other: a file does not certify itself."""

import json
from pathlib import Path

import pytest

from curator.certificates import Certificate
from curator.records import make_task
from pipelines.certify import judge
from pipelines.intake import ingest
from pipelines.review import answers
from pipelines.review import plan as planning
from storage.dataset import datasets
from storage.engine.store import Store
from storage.views import current as views

ROWS = 60


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """60 rows of train that `ana` has labelled in a file, all of them `a`."""
    made = Store.create(tmp_path / "curator.duckdb")
    datasets.create(made, "d", make_task({"name": "t", "labels": ["a", "b"], "max_error": 0.1}))
    rows = [
        {"id": f"q{n}", "text": f"question {n * 7919} of {n * 104729}", "label": "a", "split": "train"}
        for n in range(ROWS)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest.run(ingest.IngestConfig("d", (tmp_path / "rows.jsonl",), labeler="ana", source="expert"), made)
    return made


def _certificate(store: Store) -> Certificate:
    return judge.judge_newest(store, "d")


def _answer(store: Store, plan: str, wrong: int) -> int:
    """Everybody's task is answered; in the first ones the label is said to be wrong."""
    tasks = store.rows("select task from review_task where plan = ? order by position", [plan])
    for place, (task,) in enumerate(tasks):
        for who in ("ben", "cleo"):
            said = {"task_id": task, "reviewer": who, "verdict": "edit", "value": "b" if place < wrong else "a"}
            answers.import_records([said | {"action_id": f"{who}{task}"}], plan, store)
    return len(tasks)


def test_the_words_of_a_file_set_labels_and_settle_nothing_that_a_spot_check_rests_on(store: Store) -> None:
    assert set(views.current(store, "d")["human_status"]) == {"settled"}
    assert set(views.audited(store, "d")["human_status"]) == {None}


def test_a_spot_check_of_such_labels_asks_about_them_and_certifies_nothing_before_it_is_answered(store: Store) -> None:
    report = planning.run(planning.PlanConfig("d", reviews=40), store)
    assert report.reviews == 40
    assert _certificate(store).status == "INCOMPLETE"
    assert _answer(store, report.plan, wrong=0) == 40
    found = _certificate(store)
    assert found.status == "CERTIFIED"
    assert found.teacher_error is not None
    assert 0 < found.teacher_error.upper_one_sided < 0.1


def test_wrong_labels_of_such_a_file_are_counted(store: Store) -> None:
    report = planning.run(planning.PlanConfig("d", reviews=40), store)
    _answer(store, report.plan, wrong=12)
    found = _certificate(store)
    assert found.teacher_error is not None
    assert found.teacher_error.estimate == pytest.approx(12 / 40, abs=0.02)


def test_a_spot_check_in_which_nothing_is_left_to_ask_is_a_plan(store: Store) -> None:
    first = planning.run(planning.PlanConfig("d", reviews=ROWS), store)
    _answer(store, first.plan, wrong=0)
    assert planning.run(planning.PlanConfig("d", seed=1), store).reviews == 0
