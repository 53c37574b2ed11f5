"""A task can be changed at any time: each change is a version, and rows labelled under other rules are stale."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import main

TASK = 'name = "t"\nkind = "classification"\nlabels = ["en", "de", "ot"]\nrubric = "Name the language."\n'
TEXTS = ("this is plain english text", "das ist ein deutscher satz", "ceci est une phrase")


class Project:
    """A project with three rows labelled by the offline teacher; `run` gives a command's report."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder / "project", capsys
        (folder / "task.toml").write_text(TASK)
        (folder / "rows.jsonl").write_text(
            "".join(json.dumps({"id": n, "text": t}) + "\n" for n, t in enumerate(TEXTS))
        )
        self.run("init", str(self.folder))
        self.run("dataset", "create", "d", "--task", str(folder / "task.toml"))
        self.run("ingest", str(folder / "rows.jsonl"), "--dataset", "d")
        self.run("label", "--dataset", "d")

    def run(self, *words: str, code: int = 0) -> dict[str, Any]:
        self.capsys.readouterr()
        assert main([*words, "--project", str(self.folder), "--json"]) == code, self.capsys.readouterr()
        found: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return found


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    return Project(tmp_path, capsys)


def test_a_changed_rubric_is_a_version_with_a_diff_and_makes_rows_stale_until_they_are_labelled(
    project: Project,
) -> None:
    assert project.run("dataset", "show", "d")["stale"]["rows"] == 0
    report = project.run("task", "set", "--rubric", "Name the main language.", "--label", "de=German, also Swiss")
    assert (report["version"], report["stale"]["rows"], report["stale"]["by_version"]) == (2, 3, {"1": 3})
    assert [change["part"] for change in report["changes"]] == ["label de", "rubric"]
    assert project.run("dataset", "show", "d")["stale"]["rows"] == 3
    assert any("older definition" in note for note in project.run("check", "--dataset", "d")["notes"])
    assert project.run("label")["labeled"] == 3
    assert project.run("dataset", "show", "d")["stale"]["rows"] == 0
    assert project.run("label")["already"] == 3
    versions = project.run("task", "history")["versions"]
    assert [v["version"] for v in versions] == [1, 2]
    assert versions[1]["changes"] == report["changes"]
    assert project.run("task", "diff", "1")["changes"] == report["changes"]
    assert project.run("task", "show", "--version", "1")["task"]["rubric"] == "Name the language."


@pytest.mark.slow
def test_a_definition_that_comes_back_makes_its_newer_labels_stale_and_they_are_given_anew(project: Project) -> None:
    project.run("task", "set", "--rubric", "Another rule.")
    project.run("label")
    assert project.run("task", "set", "--rubric", "Name the language.")["stale"]["by_version"] == {"2": 3}
    assert project.run("label")["labeled"] == 3
    assert project.run("dataset", "show", "d")["stale"]["rows"] == 0


def test_a_changed_target_makes_nothing_stale(project: Project) -> None:
    report = project.run("task", "set", "--max-error", "0.05")
    assert (report["version"], report["stale"]["rows"]) == (2, 0)
    assert project.run("label")["already"] == 3
    assert not project.run("task", "set", "--max-error", "0.05")["changed"]


def test_a_label_that_is_dropped_is_told_with_its_rows(project: Project) -> None:
    report = project.run("task", "set", "--drop-label", "de")
    assert report["unfit"] == {"de": 1}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--drop-label", "fr"), "no such label"),
        (("--label", "fr"), "expected NAME=DEFINITION"),
        ((), "give either --file"),
        (("--rubric", "a", "--rubric-file", "b"), "two rubrics"),
        (("--max-error", "7"), "expected a number between 0 and 1"),
        (("--drop-label", "de", "--drop-label", "ot"), "at least two labels"),
    ],
)
def test_a_change_that_makes_no_task_is_refused_in_words(project: Project, words: tuple[str, ...], said: str) -> None:
    assert said in project.run("task", "set", *words, code=2)["error"]
    assert len(project.run("task", "history")["versions"]) == 1


def test_the_kind_of_a_labelled_dataset_stays(project: Project, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('name = "t"\nkind = "text"\n')
    assert "another dataset" in project.run("task", "set", "--file", str(tmp_path / "other.toml"), code=2)["error"]
