"""Who answers for a release, what it was labelled under, and what a project demands of it."""

import json
from pathlib import Path

from tests.cli.command import Curator

TASK = 'name = "t"\nkind = "classification"\nrubric = "{}"\n[labels]\nyes = ""\nno = ""\n'
WAIVED = ("--waive", "certificate,test_reviewed", "--why", "a test", "--test-share", "0", "--format", "openai")


def project(path: Path, rows: list[dict[str, str]]) -> Curator:
    curator = Curator(path / "project")
    curator.ok("init", path / "project")
    (path / "task.toml").write_text(TASK.format("Say yes."), encoding="utf-8")
    (path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    curator.ok("dataset", "create", "t", "--task", path / "task.toml")
    curator.ok("ingest", path / "rows.jsonl", "--dataset", "t", "--map", "input=text,label=label,id=id")
    return curator


def rows(count: int) -> list[dict[str, str]]:
    return [{"id": f"r{n}", "text": f"{n * 7919:x} goes to {n * 104729:b}", "label": "yes"} for n in range(count)]


def gate(answer: dict[str, list[dict[str, str]]], name: str) -> dict[str, str]:
    (found,) = [each for each in answer["gates"] if each["name"] == name]
    return found


def test_a_named_person_signs_and_a_project_may_demand_it(tmp_path: Path) -> None:
    curator = project(tmp_path, rows(12))
    unsigned = curator.ok("release", "t", *WAIVED)
    assert gate(unsigned, "sign_off")["passed"] is None
    settings = tmp_path / "project" / "curator.toml"
    text = settings.read_text(encoding="utf-8").replace("[release]", '[release]\ndemand = "sign_off"')
    settings.write_text(text, encoding="utf-8")
    held = curator("release", "t", *WAIVED)
    assert held.code == 1
    assert gate(held.json, "sign_off")["passed"] is False
    signed = curator.ok("release", "t", *WAIVED, "--sign-off", "Ana Lee", "--note", "read all twelve")
    assert signed["version"] == "t@2"
    folder = Path(signed["path"])
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["sign_off"] == {"who": "Ana Lee", "note": "read all twelve"}
    assert "Signed by **Ana Lee**: read all twelve" in (folder / "README.md").read_text(encoding="utf-8")
    events = curator.ok("audit")["events"]
    (event,) = [each for each in events if each["action"] == "sign_off"]
    assert event["subject"] == "t@2"
    assert curator.ok("versions", "rebuild", "t@2", "--out", tmp_path / "again")["identical"] is True
    assert curator("release", "t", *WAIVED, "--sign-off", " ").code == 2


def test_personal_data_needs_a_waiver(tmp_path: Path) -> None:
    held = project(tmp_path, [*rows(3), {"id": "mail", "text": "write to ana@example.org", "label": "no"}])
    answer = held("release", "t", *WAIVED)
    assert answer.code == 1
    assert "e-mail address in the input: 1 rows, 'mail'" in gate(answer.json, "personal_data")["why"]
    assert held.ok("release", "t", *WAIVED, "--waive", "personal_data")["version"] == "t@1"


def test_rows_of_an_older_rubric_need_a_waiver_and_the_manifest_says_which_they_are(tmp_path: Path) -> None:
    curator = project(tmp_path, rows(4))
    (tmp_path / "task.toml").write_text(TASK.format("Say yes to what goes."), encoding="utf-8")
    curator.ok("dataset", "create", "t", "--task", tmp_path / "task.toml")
    (tmp_path / "new.jsonl").write_text(
        json.dumps({"id": "late", "text": "a late one", "label": "no"}), encoding="utf-8"
    )
    curator.ok("ingest", tmp_path / "new.jsonl", "--dataset", "t", "--map", "input=text,label=label,id=id")
    held = curator("release", "t", *WAIVED)
    assert held.code == 1
    assert "4 rows under version 1 ('r0', 'r1', 'r2' and 1 more)" in gate(held.json, "rubric")["why"]
    made = curator.ok("release", "t", *WAIVED, "--waive", "rubric")
    under = json.loads((Path(made["path"]) / "manifest.json").read_text(encoding="utf-8"))["labelled_under"]
    assert (under["current_rows"], under["people"]) == (1, 0)
    assert [sorted(ids) for ids in under["older"].values()] == [["r0", "r1", "r2", "r3"]]
