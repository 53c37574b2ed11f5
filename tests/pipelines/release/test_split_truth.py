"""No row of the frozen test split leaves the count in silence: it is settled, waits, or was taken out."""

import json
from pathlib import Path
from typing import Any

import pytest

from curator.records import make_task
from pipelines.analysis import decide
from pipelines.intake import ingest
from pipelines.release import release
from pipelines.review import answers
from pipelines.review import plan as planning
from storage.dataset import datasets
from storage.engine.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """40 rows of train and 20 of test, t0 to t19, all labelled `a` by the teacher."""
    made = Store.create(tmp_path / "curator.duckdb")
    datasets.create(made, "d", make_task({"name": "t", "labels": ["a", "b"]}))
    for split, count in (("train", 40), ("test", 20)):
        rows = [
            {"id": f"{split[1]}{n}" if split == "train" else f"t{n}", "text": f"{split} {n * 7919} of {n * 104729}"}
            | {"label": "a", "split": split}
            for n in range(count)
        ]
        file = tmp_path / f"{split}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        ingest.run(ingest.IngestConfig("d", (file,), labeler="t"), made)
    return made


def _say(store: Store, plan: str, task: str, who: str, verdict: str, value: str | None = None) -> None:
    record = {"task_id": task, "reviewer": who, "verdict": verdict, "blind": True, "action_id": f"{who}{task}"}
    assert answers.import_records([record | ({"value": value} if value else {})], plan, store).added == 1


def _review(store: Store) -> None:
    """All rows of test: three are blind disagreements, one is rejected, one skipped, one disputed, one excluded."""
    plan = planning.run(planning.PlanConfig("d", "test"), store).plan
    tasks = dict(
        store.rows("select external_id, task from review_task join example using (example_id) where plan = ?", [plan])
    )
    assert len(tasks) == 20
    for n in range(20):
        task = tasks[f"t{n}"]
        match n:
            case 0 | 1 | 2:
                _say(store, plan, task, "ana", "edit", "b")
            case 3:
                _say(store, plan, task, "ana", "reject")
                _say(store, plan, task, "ben", "reject")
            case 4:
                _say(store, plan, task, "ana", "skip")
            case 5:
                _say(store, plan, task, "ana", "edit", "a")
                _say(store, plan, task, "ben", "edit", "b")
            case _:
                _say(store, plan, task, "ana", "edit", "a")
    out = {"external_ids": ["t6"], "action": "exclude", "reviewer": "mia", "reason": "off topic", "action_id": "x"}
    assert decide.take([out], "d", store).decisions == 1


def _gate(report: release.ReleaseReport) -> Any:
    return next(gate for gate in report.gates if gate.name == "test_reviewed")


def test_rows_that_people_contest_fail_the_gate_by_name_until_they_are_settled(store: Store, tmp_path: Path) -> None:
    _review(store)
    held = release.run(release.ReleaseConfig("d", formats=("tinker",)), store, tmp_path / "releases")
    assert held.version is None
    assert _gate(held).passed is False
    assert _gate(held).why == (
        "13 of 18 test rows have an answer that people settled; 3 wait for a second look ('t0', 't1', 't2'); "
        "1 waits for somebody who can say ('t4'); 1 waits for adjudication ('t5'); "
        "1 more was rejected by people ('t3'); 1 more was excluded by people ('t6')"
    )
    plan = store.rows("select plan from plan")[0][0]
    for name in ("t0", "t1", "t2", "t4", "t5"):
        ((task,),) = store.rows(
            "select task from review_task join example using (example_id) where external_id = ? and plan = ?",
            [name, plan],
        )
        record = {"task_id": task, "reviewer": "cleo", "verdict": "edit", "value": "b", "action_id": f"last{name}"}
        assert answers.import_records([record | {"adjudicates": True}], plan, store).added == 1
    passed = release.run(release.ReleaseConfig("d", formats=("tinker",)), store, tmp_path / "releases")
    assert _gate(passed).passed is True
    assert passed.version == "d@1"


def test_the_manifest_counts_every_row_of_the_split_and_says_who_took_rows_out(store: Store, tmp_path: Path) -> None:
    _review(store)
    waived = {"waive": ("test_reviewed",), "why": "train first"}
    report = release.run(release.ReleaseConfig("d", formats=("tinker",), **waived), store, tmp_path / "releases")
    assert report.path is not None
    truth = json.loads((Path(report.path) / "manifest.json").read_text())["test_truth"]
    assert (truth["rows"], truth["settled"]) == (20, 13)
    assert truth["rows"] == truth["settled"] + len(truth["waiting"]) + len(truth["dropped"])
    assert {row["external_id"]: (row["waits_for"], row["who"]) for row in truth["waiting"]} == {
        "t0": ("second look", ["ana"]),
        "t1": ("second look", ["ana"]),
        "t2": ("second look", ["ana"]),
        "t4": ("somebody who can say", ["ana"]),
        "t5": ("adjudication", ["ana", "ben"]),
    }
    assert truth["dropped"] == [
        {"external_id": "t3", "how": "rejected", "who": ["ana", "ben"], "reason": ""},
        {"external_id": "t6", "how": "excluded", "who": ["mia"], "reason": "off topic"},
    ]
