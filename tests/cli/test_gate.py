"""`curator gate`: what a pipeline asks before it goes on."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.cli.command import Curator, make_project, run, write_jsonl

GATES = ("certificate", "test_reviewed", "contradictions", "variety")
GOOD = {"messages": [{"role": "user", "content": "where is it"}, {"role": "assistant", "content": "delivery"}]}


@pytest.fixture(scope="module")
def curator(tmp_path_factory: pytest.TempPathFactory) -> Curator:
    """A project with one version, some of its gates waived by ana."""
    made, _ = make_project(tmp_path_factory.mktemp("gate"))
    waived = [word for name in GATES for word in ("--waive", name)]
    made.ok("release", "support", *waived, "--why", "a trial", "--who", "ana")
    return made


def standings(said: Any, subject: str) -> dict[str, str]:
    return {each["name"]: each["standing"] for each in said["subjects"][subject]}


def rule(curator: Curator, text: str) -> None:
    file = curator.project / "curator.toml"
    before = file.read_text().partition("[gate]")[0]
    file.write_text(f"{before}[gate]\n{text}\n")


def test_a_version_tells_every_gate_of_its_manifest_and_that_its_files_are_whole(curator: Curator) -> None:
    rule(curator, "")
    said = curator.ok("gate", "support@1")
    manifest = json.loads((curator.project / "releases/support/1/manifest.json").read_text())
    assert list(standings(said, "support@1")) == ["files", *(gate["name"] for gate in manifest["gates"])]
    (waived,) = (each for each in said["subjects"]["support@1"] if each["name"] == "certificate")
    assert waived["standing"] in ("waived", "open")
    assert said["failed"] == 0


def test_a_pipeline_stops_where_what_it_demands_does_not_hold(curator: Curator, tmp_path: Path) -> None:
    rule(curator, 'required = ["certificate", "no_such_gate"]\nmax_error = 0.02')
    junit, summary = tmp_path / "gates.xml", tmp_path / "gates.md"
    held = curator("gate", "support@1", "--junit", junit, "--summary", summary)
    assert held.code == 1
    found = standings(held.json, "support@1")
    assert {name for name, standing in found.items() if standing == "failed"} == {
        "certificate",
        "no_such_gate",
        "max_error",
    }
    (suite,) = ET.fromstring(junit.read_text())
    assert (suite.get("name"), suite.get("failures")) == ("support@1", "3")
    assert f"3 of {len(found)} gates failed" in summary.read_text()
    rule(curator, "max_eror = 0.02")
    assert "max_eror" in curator("gate", "support@1").err


def test_a_byte_that_was_changed_after_the_release_fails_in_the_folder_and_in_the_project(
    curator: Curator, tmp_path: Path
) -> None:
    rule(curator, "")
    folder = curator.project / "releases/support/1"
    file = next(path for path in sorted(folder.rglob("train.jsonl")))
    before = file.read_bytes()
    try:
        file.write_bytes(before.replace(b"refund", b"refuns", 1))
        for subject in ("support@1", str(folder)):
            held = curator("gate", subject)
            assert (held.code, standings(held.json, subject)["files"]) == (1, "failed")
    finally:
        file.write_bytes(before)


def test_training_files_are_judged_outside_any_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CURATOR_PROJECT", raising=False)
    good = write_jsonl(tmp_path / "good.jsonl", [GOOD] * 12)
    bad = write_jsonl(tmp_path / "bad.jsonl", [GOOD] * 12 + [{"messages": []}])
    held = run("gate", good, bad, "--format", "trl", "--json")
    assert held.code == 1
    assert standings(held.json, str(good))["trl"] == "passed"
    assert "failed" not in standings(held.json, str(good)).values(), "a warning stops nothing"
    assert standings(held.json, str(bad))["trl"] == "failed"
    assert "line 13" in str(held.json["subjects"][str(bad)])
    assert run("gate", good, "--format", "trl").code == 0
    assert "--format" in run("gate", good).err
    assert run("gate", tmp_path / "none.jsonl", "--format", "trl").code == 2
    assert "no project here" in run("gate", "support@1").err
