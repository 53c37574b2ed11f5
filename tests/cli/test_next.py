"""`curator next`: how far a dataset is, and what is next."""

from pathlib import Path

import pytest

from tests.cli.command import Curator, make_project


@pytest.mark.slow
def test_next_says_the_stages_and_one_step_that_exists_and_ends_with_0(tmp_path: Path) -> None:
    curator = make_project(tmp_path)[0]
    answer = curator("next")
    assert answer.code == 0
    told = answer.json
    assert [stage["name"] for stage in told["stages"]] == [
        "Data", "Check", "Review", "Certify", "Release", "Train", "Compare",
    ]  # fmt: skip
    assert (told["dataset"], told["next"]["code"]) == ("support", "check")
    curator.ok("embed")
    curator.ok("check")
    assert curator.ok("next")["next"]["code"] in ("draw", "decide_patterns")
    plan = curator.ok("plan", "--reviews", 40)["plan"]
    assert curator.ok("next")["next"]["stage"] in ("Review", "Check")
    assert plan


def test_next_of_an_empty_dataset_is_to_bring_in_data(tmp_path: Path) -> None:
    curator = make_project(tmp_path)[0]
    task = tmp_path / "task.toml"
    task.write_text('name = "bare"\nlabels = ["a", "b"]\n')
    curator.ok("dataset", "create", "bare", "--task", task)
    told = curator.ok("next", "--dataset", "bare")
    assert told["next"]["code"] == "ingest"
    assert {stage["state"] for stage in told["stages"][1:]} == {"blocked"}


def test_next_of_a_project_without_a_dataset_is_to_make_one_and_of_several_each_is_told(tmp_path: Path) -> None:
    bare = Curator(tmp_path / "bare")
    bare.ok("init")
    told = bare.ok("next")
    assert (told["dataset"], told["next"]["command"]) == (None, "curator dataset create NAME --task FILE.toml")
    curator = make_project(tmp_path)[0]
    curator.ok("dataset", "create", "other", "--task", tmp_path / "task.toml")
    told = curator.ok("next")
    assert {each["dataset"]: each["next"]["code"] for each in told["datasets"]} == {
        "support": "check",
        "other": "ingest",
    }
