"""The catalogue of task files: each is a whole task that a dataset can be made of."""

import json
from pathlib import Path
from typing import Any

import pytest

from curator.records import build_prompt, parse_task
from pipelines.cli import main
from pipelines.intake.templates import templates

FOUND = templates()
IMAGES = 8


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*words, "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_twelve_text_and_eight_image_uses_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    listed = run(capsys, "task", "new")["templates"]
    assert len(listed) == 20 == len({each["name"] for each in listed})
    assert sum("Look at the image" in each.text for each in FOUND) == IMAGES


@pytest.mark.parametrize("template", FOUND, ids=lambda template: template.name)
def test_each_is_a_whole_task_that_says_its_hard_cases_and_what_to_measure(template: Any) -> None:
    task = parse_task(template.text, lambda named: named)
    assert task.name == template.name
    assert task.labels or task.schema or task.database
    assert len(task.edge_cases) >= 1
    assert task.max_error is not None
    assert len(template.about) > 20
    assert len(template.measure) > 20
    prompt = build_prompt(task, "THE ROW")
    assert prompt.endswith("THE ROW")
    assert all(each in prompt for each in task.edge_cases)
    assert all(each.output in prompt for each in task.examples)


def test_a_file_that_is_made_from_one_makes_a_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, project = tmp_path / "task.toml", str(tmp_path / "project")
    assert "recall" in run(capsys, "task", "new", str(file), "--template", "pii")["measure"]
    run(capsys, "init", project)
    assert run(capsys, "dataset", "create", "d", "--task", str(file), "--project", project)["kind"] == "extraction"
    assert "is there already" in run(capsys, "task", "new", str(file), "--template", "pii", code=2)["error"]
    assert "no template 'nope'" in run(capsys, "task", "new", "x.toml", "--template", "nope", code=2)["error"]
    assert "--template" in run(capsys, "task", "new", str(tmp_path / "y.toml"), code=2)["error"]
