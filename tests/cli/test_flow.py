"""From a CSV to a verified release by commands alone. The tests run in order: each is a step of one flow."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.runtime.settings import load
from storage.views import current as views
from tests.cli.command import WRONG, Curator, make_project, review_all, run, write_jsonl

FINDING_KEYS = {"finding_id", "kind", "score", "external_ids", "example_ids", "evidence", "suggestion", "run"}
KINDS = {
    "exact_duplicate", "near_duplicate", "semantic_duplicate", "contradiction", "suspect_label", "label_pattern",
    "template", "leak", "format", "shortcut", "secret", "personal_data", "imbalance", "too_few",
}  # fmt: skip
BOUND_KEYS = {"estimate", "low", "high", "upper_one_sided", "confidence", "reviews", "population", "method"}


class Flow:
    """The project, and what steps hand on to later ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.curator, self.truth = make_project(folder)
        self.kept: dict[str, Any] = {}


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    return Flow(tmp_path_factory.mktemp("flow"))


@pytest.fixture
def curator(flow: Flow) -> Curator:
    return flow.curator


def findings(curator: Curator, *more: object) -> list[dict[str, Any]]:
    answer = run("--project", curator.project, "findings", "--format", "jsonl", *more)
    assert answer.code == 0, answer.err
    return [json.loads(line) for line in answer.out.splitlines()]


def test_the_dataset_is_listed_and_shown(curator: Curator) -> None:
    (listed,) = curator.ok("dataset", "list")["datasets"]
    assert (listed["dataset"], listed["rows"], listed["labelled"]) == ("support", 242, 242)
    assert curator.ok("dataset", "show", "support")["labelers"] == ["gpt"]


def test_reading_the_file_again_changes_nothing(flow: Flow) -> None:
    report = flow.curator.ok("ingest", flow.folder / "support.csv", "--source", "teacher", "--labeler", "gpt")
    assert (report["added"], report["unchanged"], report["rejected"]) == (0, 242, 0)
    assert (report["by_reason"], report["rejects_file"]) == ({}, None)


def test_checks_run_without_vectors_and_a_rerun_is_the_same_run(curator: Curator) -> None:
    report = curator.ok("check")
    assert report["created"]
    assert any("vector" in note for note in report["notes"])
    again = curator.ok("check", "--dataset", "support", "--labeler", "gpt")
    assert (again["created"], again["run"]) == (False, report["run"])


def test_findings_have_the_promised_shape_and_rank_every_row(flow: Flow) -> None:
    found = findings(flow.curator)
    assert all(set(f) == FINDING_KEYS for f in found)
    assert {f["kind"] for f in found} <= KINDS
    assert len({f["finding_id"] for f in found}) == len(found)
    suspects = [f for f in found if f["kind"] == "suspect_label"]
    assert len(suspects) == 242, "one line for every row that could be ranked"
    assert [f["score"] for f in suspects] == sorted((f["score"] for f in suspects), reverse=True)
    planted = {f"q{n}" for n in range(240 - WRONG, 240)}
    first = [f["external_ids"][0] for f in suspects[:24]]
    assert len(planted & set(first)) >= 9, "wrong labels stand at the top"
    assert findings(flow.curator, "--kind", "suspect_label", "--limit", "3") == suspects[:3]
    assert flow.curator.ok("findings", "--kind", "suspect_label", "--limit", "3")["findings"] == suspects[:3]
    (contradiction,) = findings(flow.curator, "--kind", "contradiction")
    assert set(contradiction["external_ids"]) == {"copy", "copy2"}
    flow.kept |= {"suspects": suspects, "contradiction": contradiction}


def test_a_plan_stores_the_draw_and_the_same_request_gives_the_same_plan(flow: Flow) -> None:
    report = flow.curator.ok("plan", "--reviews", "30", "--risk-reviews", "2", "--seed", "3")
    assert (report["purpose"], report["reviews"], report["risk_reviews"], report["created"]) == (
        "certify",
        30,
        2,
        True,
    )
    assert len(report["tasks"]) == 32
    for task in report["tasks"]:
        assert set(task) == {"task_id", "external_id", "stream", "stratum", "inclusion_probability"}
        assert 0 < task["inclusion_probability"] <= 1
    again = flow.curator.ok("plan", "--reviews", "30", "--risk-reviews", "2", "--seed", "3")
    assert (again["plan"], again["created"], again["tasks"]) == (report["plan"], False, report["tasks"])
    flow.kept["plan"] = report


def test_nothing_is_certified_before_the_plan_is_done(flow: Flow) -> None:
    answer = flow.curator("certify")
    assert (answer.code, answer.json["status"]) == (3, "INCOMPLETE")
    assert "30 audit rows are not reviewed yet" in answer.json["why"][0]


def test_bad_lines_of_reviews_are_rejected_with_reasons(flow: Flow) -> None:
    plan = flow.kept["plan"]
    task = plan["tasks"][0]["task_id"]
    good = {"task_id": task, "reviewer": "ana", "verdict": "skip"}
    rows = [
        {**good, "task_id": "t_nowhere"},
        {**good, "verdict": "shrug"},
        {**good, "verdict": "edit", "value": "zebra"},
        {**good, "verdict": "edit"},
        {**good, "verdict": "accept", "value": "zebra"},
        {**good, "reviewer": " "},
        {**good, "blind": "yes"},
        {**good, "task_id": None, "external_id": "q_nowhere", "colour": "red"},
    ]
    file = write_jsonl(flow.folder / "bad.jsonl", rows)
    with file.open("a", encoding="utf-8") as handle:
        handle.write("not json\n")
    answer = flow.curator("review", "import", file, "--plan", plan["plan"])
    assert answer.code == 1, "no line fits"
    report = answer.json
    assert (report["added"], report["rejected"]) == (0, 9)
    assert [r["reason"] for r in report["rejects"]] == [
        "unknown_task", "unknown_verdict", "bad_value", "bad_value", "accept_with_other_value",
        "no_reviewer", "bad_blind", "unknown_row", "malformed_json",
    ]  # fmt: skip
    assert report["notes"][0].startswith("key 'colour' is not read (1 line)")
    assert [r["line"] for r in report["rejects"]] == list(range(1, 10))
    assert flow.curator("review", "import", flow.folder / "none.jsonl", "--plan", plan["plan"]).code == 2
    assert flow.curator("review", "import", file, "--plan", "plan_none").code == 2


def test_reviews_come_in_once_and_the_plan_is_certified(flow: Flow) -> None:
    plan, file = flow.kept["plan"], flow.folder / "reviews.jsonl"
    first = review_all(flow.curator, plan, flow.truth, file)
    assert (first["rejected"], first["tasks_left"]) == (0, 0)
    again = flow.curator.ok("review", "import", file, "--plan", plan["plan"])
    assert (again["added"], again["unchanged"]) == (0, first["added"])
    pulled = flow.curator.ok("pull", "--plan", plan["plan"])
    assert (pulled["tasks"], pulled["left"], pulled["pulled"]) == (32, 0, 0)
    assert flow.curator.ok("route", "--plan", plan["plan"], "--to", "native")["open"] == 0
    found = flow.curator.ok("certify")
    assert found["status"] == "CERTIFIED"
    assert set(found["teacher_error"]) == set(found["shipped_error"]) == BOUND_KEYS
    train = [e for e in flow.truth if e != "copy2"]
    assert found["teacher_error"]["low"] <= (WRONG + 1) / len(train) <= found["teacher_error"]["high"]
    assert found["shipped_error"]["upper_one_sided"] < found["teacher_error"]["upper_one_sided"]
    assert flow.curator.ok("certify", "--plan", plan["plan"]) == found


def test_the_test_split_can_be_reviewed_in_full(flow: Flow) -> None:
    plan = flow.curator.ok("plan", "--purpose", "test")
    assert plan["reviews"] == plan["population"] == plan["splits"]["test"] > 0
    assert all(t["stream"] == "test" and t["inclusion_probability"] == 1 for t in plan["tasks"])
    assert review_all(flow.curator, plan, flow.truth, flow.folder / "test.jsonl")["tasks_left"] == 0
    assert flow.curator("certify", "--plan", plan["plan"]).code == 2, "a test plan certifies nothing"


def test_decisions_are_taken_by_finding_and_by_row(flow: Flow) -> None:
    late = flow.kept["suspects"][230]
    rows = [
        {"finding_id": late["finding_id"], "action": "keep", "reviewer": "ana", "reason": "looked: it is right"},
        {"finding_id": flow.kept["contradiction"]["finding_id"], "action": "relabel", "value": "refund",
         "reviewer": "ana", "reason": "the rubric says so"},
        {"external_ids": ["q0", "q0"], "action": "exclude", "reviewer": "ana", "reason": "not for us"},
    ]  # fmt: skip
    file = write_jsonl(flow.folder / "decisions.jsonl", rows)
    report = flow.curator.ok("decide", file, "--dataset", "support")
    assert (report["decisions"], report["rows"], report["rejected"]) == (3, 4, 0)
    assert flow.curator.ok("decide", file)["decisions"] == 0, "the same file twice decides nothing"
    shown = flow.curator.ok("dataset", "show", "support")
    assert shown["out"] == {"excluded": 1}
    undo = write_jsonl(
        flow.folder / "undo.jsonl", [{"external_ids": ["q0"], "action": "undo", "reviewer": "ana", "reason": "yet"}]
    )
    flow.curator.ok("decide", undo)
    assert flow.curator.ok("dataset", "show", "support")["out"] == {}


def test_bad_decisions_are_rejected_with_reasons(flow: Flow) -> None:
    good = {"external_ids": ["q1"], "action": "exclude", "reviewer": "ana", "reason": "r"}
    rows = [
        {**good, "action": "burn"},
        {**good, "external_ids": ["nobody"]},
        {**good, "external_ids": "q1"},
        {**good, "external_ids": []},
        {**good, "example_ids": ["ex_none"]},
        {"finding_id": "find_none", "action": "keep", "reviewer": "ana"},
        {**good, "action": "relabel", "value": "zebra"},
        {**good, "action": "merge", "value": "q2"},
        {**good, "reviewer": ""},
        {**good, "why": "unknown key"},
    ]
    answer = flow.curator("decide", write_jsonl(flow.folder / "worse.jsonl", rows))
    assert answer.code == 1
    assert [r["reason"] for r in answer.json["rejects"]] == [
        "unknown_action", "unknown_row", "no_rows", "no_rows", "no_rows", "unknown_finding",
        "bad_value", "bad_value", "no_reviewer", "unknown_key",
    ]  # fmt: skip
    assert flow.curator("decide", flow.folder / "none.jsonl").code == 2


def test_a_group_decision_voids_the_certificate_until_a_fresh_sample(flow: Flow) -> None:
    open_errors = [
        row["external_id"]
        for row in views.current(load(flow.curator.project).store, "support").iter_rows(named=True)
        if row["split"] == "train" and row["human_status"] is None and row["value"] != flow.truth[row["external_id"]]
    ]
    assert open_errors, "the sample left errors for a decision to put right"
    rows = [
        {"external_ids": [e], "action": "relabel", "value": flow.truth[e], "reviewer": "ana", "reason": "rubric"}
        for e in open_errors
    ]
    flow.curator.ok("decide", write_jsonl(flow.folder / "group.jsonl", rows))
    found = flow.curator.ok("certify")
    assert (found["status"], found["shipped_error"]) == ("UNCERTIFIED", None)
    set_by_decision = [
        row["external_id"]
        for row in views.current(load(flow.curator.project).store, "support").iter_rows(named=True)
        if row["split"] == "train" and row["basis"] == "decision" and row["value"] != row["teacher_value"]
    ]
    assert set(open_errors) <= set(set_by_decision)
    assert f"{len(set_by_decision)} released rows were set by a group decision" in found["why"][0]
    fresh = flow.curator.ok("plan", "--reviews", "80", "--seed", "4")
    assert fresh["plan"] != flow.kept["plan"]["plan"]
    assert fresh["known"] > 0
    review_all(flow.curator, fresh, flow.truth, flow.folder / "fresh.jsonl")
    assert flow.curator.ok("certify")["status"] == "CERTIFIED"


def test_pairs_come_from_corrections_and_pass_their_check(flow: Flow) -> None:
    built = flow.curator.ok("pairs", "build")
    assert built["pairs"] == built["added"] > 0
    assert set(built["by_source"]) <= {"review_edit", "decision"}
    assert flow.curator.ok("pairs", "build")["added"] == 0
    assert flow.curator.ok("pairs", "check")["valid"]


def test_a_release_is_made_once_and_verified(flow: Flow) -> None:
    report = flow.curator.ok("release", "support", "--format", "tinker,openai")
    assert (report["version"], report["created"], report["status"]) == ("support@1", True, "CERTIFIED")
    assert all(g["passed"] is not False for g in report["gates"])
    path = Path(report["path"])
    assert path == flow.curator.project / "releases" / "support" / "1"
    again = flow.curator.ok("release", "support", "--format", "tinker,openai")
    assert again["created"] is False
    assert [again[k] for k in ("version", "path", "manifest_sha256")] == [
        report[k] for k in ("version", "path", "manifest_sha256")
    ]
    verified = flow.curator.ok("versions", "verify", path)
    assert (verified["valid"], verified["checked_against_store"]) == (True, True)
    rows = [json.loads(line) for line in (path / "tinker/sft/train.jsonl").read_text().splitlines()]
    assert len(rows) == report["rows"]["train"]
    manifest = json.loads((path / "manifest.json").read_bytes())
    released = {split: {external: label for _, external, label in rows} for split, rows in manifest["rows"].items()}
    assert (released["train"] | released["test"])["copy2"] == "refund"
    assert not set(released["train"]) & set(released["test"])
    flow.kept["release"] = report


def test_the_released_files_are_valid_and_a_broken_one_is_not(flow: Flow) -> None:
    path = Path(flow.kept["release"]["path"])
    assert flow.curator.ok("validate", path / "tinker/sft/train.jsonl", "--format", "tinker")["valid"]
    broken = flow.folder / "broken.jsonl"
    broken.write_text('{"messages": [{"role": "user", "content": "hi"}]}\n\n', encoding="utf-8")
    answer = flow.curator("validate", broken, "--format", "tinker")
    assert answer.code == 1
    assert not answer.json["valid"]
    assert {"rule", "severity", "line", "path", "hint"} <= set(answer.json["problems"][0])
    assert flow.curator("validate", broken, "--format", "papyrus").code == 2
    assert flow.curator("validate", flow.folder / "none.jsonl", "--format", "tinker").code == 2


def test_a_version_is_rebuilt_to_the_same_bytes_after_later_work(flow: Flow) -> None:
    file = write_jsonl(
        flow.folder / "later.jsonl",
        [{"external_ids": ["q3"], "action": "exclude", "reviewer": "ana", "reason": "later"}],
    )
    flow.curator.ok("decide", file)
    rebuilt = flow.curator.ok("versions", "rebuild", "support@1", "--out", flow.folder / "again")
    assert rebuilt["identical"]
    original = Path(flow.kept["release"]["path"])
    for one in (p for p in original.rglob("*") if p.is_file()):
        assert (flow.folder / "again" / one.relative_to(original)).read_bytes() == one.read_bytes(), one


def test_versions_are_listed_and_compared(flow: Flow) -> None:
    second = flow.curator.ok("release", "support")
    assert second["version"] == "support@2"
    listed = flow.curator.ok("versions", "list", "support")["versions"]
    assert [v["version"] for v in listed] == ["support@2", "support@1"]
    diff = flow.curator.ok("versions", "diff", "support@1", "support@2")
    removed = [r["external_id"] if isinstance(r, dict) else r for r in diff["removed"]]
    assert len(removed) == 1
    assert flow.curator("versions", "diff", "support@1", "support@9").code == 2


def test_raw_labels_of_the_teacher_can_be_released_beside_it(flow: Flow) -> None:
    raw = flow.curator.ok("release", "support", "--labels", "teacher", "--out", flow.folder / "raw")
    assert (raw["version"], raw["status"]) == ("support@3", "UNCERTIFIED")
    manifest = json.loads((flow.folder / "raw" / "manifest.json").read_bytes())
    wrong = [external for _, external, label in manifest["rows"]["train"] if label != flow.truth[external]]
    assert len(wrong) >= WRONG // 2


def test_a_changed_file_is_found(flow: Flow) -> None:
    path = Path(flow.kept["release"]["path"]) / "tinker/sft/train.jsonl"
    path.write_bytes(path.read_bytes().replace(b"refund", b"account", 1))
    answer = flow.curator("versions", "verify", flow.kept["release"]["path"])
    assert (answer.code, answer.json["valid"]) == (1, False)
    assert answer.json["problems"][0]["path"] == "tinker/sft/train.jsonl"
    assert flow.curator("versions", "verify", flow.folder).code == 2


def test_agreement_needs_two_reviewers(flow: Flow) -> None:
    assert flow.curator("agreement").code == 3
    plan = flow.kept["plan"]
    rows = [
        {"task_id": t["task_id"], "reviewer": "ben", "verdict": "edit", "value": flow.truth[t["external_id"]]}
        for t in plan["tasks"][:20]
    ]
    flow.curator.ok("review", "import", write_jsonl(flow.folder / "ben.jsonl", rows), "--plan", plan["plan"])
    report = flow.curator.ok("agreement")
    assert report["raters"] == 2
    assert report["items"] >= 20


def test_a_backup_is_a_project_of_its_own(flow: Flow) -> None:
    flow.curator.ok("backup", flow.folder / "backup")
    restored = Curator(flow.folder / "restored")
    restored.ok("restore", flow.folder / "backup")
    assert restored.ok("versions", "list", "support")["versions"][0]["version"] == "support@3"
    assert flow.curator("backup", flow.folder / "backup").code == 2, "a folder that is not empty"
    assert Curator(flow.folder / "else")("restore", flow.folder).code == 2
