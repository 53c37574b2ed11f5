"""The manifest says what left rows out and how far people agreed, with real values, as of its seq."""

import json
from pathlib import Path
from typing import Any

import pytest

from curator.records import make_task
from curator.release import read_manifest
from pipelines.analysis import decide
from pipelines.intake import ingest
from pipelines.release import release
from pipelines.review import answers
from pipelines.review import plan as planning
from storage.dataset import datasets
from storage.engine.store import Store

CAP = "cap: no label above 30% of the final set, the most redundant rows first"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """60 labelled rows and one without a label."""
    made = Store.create(tmp_path / "curator.duckdb")
    datasets.create(made, "d", make_task({"name": "t", "labels": ["a", "b"]}))
    rows = [{"id": f"q{n}", "text": f"question {n * 7919} about {n * 104729}", "label": "ab"[n % 2]} for n in range(60)]
    rows.append({"id": "bare", "text": "a row that nobody labelled"})
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest.run(ingest.IngestConfig("d", (tmp_path / "rows.jsonl",), labeler="t"), made)
    return made


def _decide(store: Store, ident: str, action: str, rows: list[str], reason: str) -> None:
    record = {"external_ids": rows, "action": action, "reviewer": "mia", "reason": reason, "action_id": ident}
    assert decide.take([record], "d", store).decisions == 1


def _review(store: Store, *, people: tuple[str, ...], differ: int) -> str:
    """Everybody answers every audit row; the last of the people says otherwise about the first `differ` rows."""
    plan = planning.run(planning.PlanConfig("d", reviews=20), store)
    for task, proposed in _proposed(store, plan.plan)[:20]:
        for who in people:
            other = who == people[-1] and differ > 0
            value = {"a": "b", "b": "a"}[proposed] if other else proposed
            record = {"task_id": task, "reviewer": who, "verdict": "edit", "value": value, "action_id": f"{who}{task}"}
            assert answers.import_records([record], plan.plan, store).added == 1
        differ -= 1
    return plan.plan


def _proposed(store: Store, plan: str) -> list[tuple[str, str]]:
    return store.rows("select task, proposed from review_task where plan = ? order by position", [plan])


def _release(store: Store, folder: Path, **options: Any) -> dict[str, Any]:
    waived = {"waive": ("contradictions",), "why": "none matters here"}
    report = release.run(release.ReleaseConfig("d", formats=("tinker",), **waived, **options), store, folder)
    assert report.path is not None
    manifest: dict[str, Any] = json.loads((Path(report.path) / "manifest.json").read_text())
    return manifest


def test_filters_say_by_decision_and_reason_what_left_each_row_out(store: Store, tmp_path: Path) -> None:
    _decide(store, "a", "exclude", [f"q{n}" for n in range(5)], "off topic")
    _decide(store, "b", "exclude", [f"q{n}" for n in range(5, 8)], CAP)
    _decide(store, "c", "merge", ["q10", "q11", "q12"], "copies")
    _decide(store, "d", "keep", ["q20"], "looked at it")
    manifest = _release(store, tmp_path / "releases")
    found = manifest["filters"]
    assert [(each["by"], each["reason"], each["rows"]) for each in found["left_out"]] == [
        ("exclude", "off topic", 5),
        ("exclude", CAP, 3),
        ("merge", "copies", 2),
        ("unlabelled", None, 1),
    ]
    assert [len(each["decisions"]) for each in found["left_out"]] == [1, 1, 1, 0]
    assert manifest["excluded"] == {"excluded": 10, "unlabelled": 1}
    assert found["rows"] == 61 == found["kept"] + 11
    assert found["kept"] == sum(len(rows) for rows in manifest["rows"].values())


def test_agreement_is_of_the_rows_that_two_people_answered_as_of_the_versions_seq(store: Store, tmp_path: Path) -> None:
    assert _release(store, tmp_path / "releases")["agreement"] is None
    plan = _review(store, people=("ana", "ben"), differ=4)
    manifest = _release(store, tmp_path / "releases")
    said = manifest["agreement"]
    raw = said["overall"][0]
    assert (said["shared"], said["raters"], raw["name"], raw["value"]) == (20, 2, "raw agreement", 0.8)
    assert raw["low"] < 0.8 < raw["high"]
    assert manifest["excluded"]["disputed"] == 4
    ((task, proposed),) = _proposed(store, plan)[:1]
    record = {"task_id": task, "reviewer": "cleo", "verdict": "edit", "value": proposed, "action_id": "later"}
    answers.import_records([record], plan, store)
    again = release.rebuild(f"d@{manifest['number']}", store, tmp_path / "again")
    assert json.loads((tmp_path / "again" / "manifest.json").read_text())["agreement"] == said
    assert again
    assert _release(store, tmp_path / "releases")["agreement"]["raters"] == 3


def test_the_same_store_gives_the_same_bytes(store: Store, tmp_path: Path) -> None:
    _decide(store, "a", "exclude", ["q1"], "off topic")
    _review(store, people=("ana", "ben"), differ=2)
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "curator.duckdb").write_bytes(store.path.read_bytes())
    _release(store, tmp_path / "one")
    _release(Store(copy / "curator.duckdb"), tmp_path / "two")
    one, two = (
        {f.relative_to(folder): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
        for folder in (tmp_path / "one", tmp_path / "two")
    )
    assert len(one) >= 4
    assert one == two


def test_a_manifest_whose_two_fields_are_still_empty_reads_as_it_was_written(store: Store, tmp_path: Path) -> None:
    content = _release(store, tmp_path / "releases") | {"filters": {}, "agreement": None}
    old = read_manifest(content)
    assert (old.filters.left_out, old.agreement) == ((), None)
    assert old.as_json() == content
