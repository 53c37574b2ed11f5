"""Ways to a certificate that is not deserved, each of which once led to one."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import LABELS, TASK, WRONG, Curator, make_project, review_all, write_jsonl

FILE = "support.csv"


def _task(target: float) -> str:
    return TASK.replace('kind = "c', f'max_error = {target}\nkind = "c')


def _gate(curator: Curator, *options: str) -> tuple[bool | None, str]:
    found = curator("release", "support", *options).json["gates"][0]
    assert found["name"] == "certificate"
    return found["passed"], found["why"]


def _decide(curator: Curator, folder: Path, action: str, rows: list[str]) -> None:
    decision: dict[str, Any] = {"external_ids": rows, "action": action, "reviewer": "mia", "reason": "tried"}
    curator.ok("decide", write_jsonl(folder / "decide.jsonl", [decision]))


def _relabelled(folder: Path, count: int = 60) -> Path:
    """A file that labels the first rows of the project anew, all of them wrong."""
    head, *rows = (folder / FILE).read_text().splitlines()
    wrong = [f"{row.rpartition(',')[0]},{LABELS[(i + 1) % 3]}" for i, row in enumerate(rows[:count])]
    (folder / "again.csv").write_text("\n".join([head, *wrong]) + "\n")
    return folder / "again.csv"


def test_the_spot_check_of_one_labelers_labels_certifies_no_release_of_anothers(tmp_path: Path) -> None:
    curator, truth = make_project(tmp_path, task=_task(0.2))
    review_all(curator, curator.ok("plan", "--reviews", 120), truth, tmp_path / "r.jsonl")
    curator.ok("ingest", _relabelled(tmp_path), "--source", "teacher", "--labeler", "other")
    assert _gate(curator, "--labeler", "gpt")[0] is True
    passed, why = _gate(curator, "--labeler", "other")
    assert passed is False
    assert "curator plan --dataset support --labeler other" in why


@pytest.mark.slow
@pytest.mark.parametrize("lax", [("--max-error", 0.9), ("--confidence", 0.5)])
def test_a_spot_check_that_asks_for_less_than_its_dataset_is_judged_by_the_dataset(
    tmp_path: Path, lax: tuple[str, float]
) -> None:
    curator, truth = make_project(tmp_path, task=_task(0.03))
    for seed, (attempt, confidence) in enumerate(((1, 0.95), (2, 0.975))):
        plan = curator.ok("plan", "--reviews", 60, "--seed", seed, *lax)
        assert any("the dataset demands at most 3.00 % at 95 %" in note for note in plan["notes"])
        review_all(curator, plan, truth, tmp_path / "r.jsonl")
        found = curator("certify", "--plan", plan["plan"])
        assert (found.code, found.json["target"], found.json["attempt"]) == (1, 0.03, attempt)
        assert found.json["confidence"] == pytest.approx(confidence)
        assert _gate(curator)[0] is False


def test_a_target_that_is_set_afterwards_counts_the_spot_checks_before_it(tmp_path: Path) -> None:
    curator, truth = make_project(tmp_path)
    for seed in range(2):
        plan = curator.ok("plan", "--reviews", 60, "--seed", seed)
        review_all(curator, plan, truth, tmp_path / "r.jsonl")
    (tmp_path / "task.toml").write_text(_task(0.03))
    curator.ok("dataset", "create", "support", "--task", tmp_path / "task.toml")
    found = curator("certify", "--plan", plan["plan"]).json
    assert (found["target"], found["attempt"], len(found["missed"])) == (0.03, 2, 1)


def test_a_spot_check_of_a_few_good_rows_clears_no_attempt_at_the_others(tmp_path: Path) -> None:
    curator, truth = make_project(tmp_path, task=_task(0.02))
    first = curator.ok("plan", "--reviews", 60)
    review_all(curator, first, truth, tmp_path / "r.jsonl")
    settled = {t["external_id"] for t in first["tasks"]}
    others = [row for row in truth if row not in settled]
    _decide(curator, tmp_path, "exclude", others[5:])
    few = curator.ok("plan", "--reviews", 5)
    review_all(curator, few, truth, tmp_path / "r.jsonl")
    assert curator.ok("certify", "--plan", few["plan"])["attempt"] == 2
    _decide(curator, tmp_path, "undo", others[5:])
    again = curator.ok("plan", "--reviews", 60, "--seed", 1)
    assert any(note.startswith("attempt 2") for note in again["notes"])
    assert curator("certify", "--plan", again["plan"]).json["missed"] == [first["plan"]]


@pytest.mark.slow
def test_a_spot_check_whose_rows_others_covered_is_an_attempt_without_a_review_of_its_own(tmp_path: Path) -> None:
    curator, truth = make_project(tmp_path, task=_task(0.005))
    large, *small = (curator.ok("plan", "--reviews", reviews) for reviews in (90, 50, 70))
    said = []
    for plan in small:
        rows = {t["external_id"] for t in plan["tasks"]}
        part = large | {"tasks": [t for t in large["tasks"] if t["external_id"] in rows]}
        assert len(part["tasks"]) == len(rows), "one seed, one order: the smaller draw lies in the larger"
        review_all(curator, part, truth, tmp_path / "r.jsonl")
        said.append(curator("certify", "--plan", plan["plan"]).json)
    assert [c["status"] for c in said] == ["UNCERTIFIED"] * 2
    assert [c["missed"] for c in said] == [[large["plan"]], [large["plan"], small[0]["plan"]]]
    assert curator("certify", "--plan", large["plan"]).json["attempt"] == 1


def test_raw_labels_are_certified_only_as_the_rows_that_go_out_with_them(tmp_path: Path) -> None:
    curator, truth = make_project(tmp_path, task=_task(0.15))
    review_all(curator, curator.ok("plan", "--reviews", 120), truth, tmp_path / "r.jsonl")
    passed, why = _gate(curator, "--labels", "teacher")
    assert (passed, why[:26]) == (True, "raw labels of the teacher:")
    right = [f"q{i}" for i in range(240 - WRONG - 30)]
    _decide(curator, tmp_path, "exclude", right)
    passed, why = _gate(curator, "--labels", "teacher")
    assert passed is False, "the errors stand among fewer rows"
    _decide(curator, tmp_path, "undo", right)
    curator.ok("ingest", _relabelled(tmp_path), "--source", "teacher", "--labeler", "gpt")
    passed, why = _gate(curator, "--labels", "teacher")
    assert passed is False
    assert "were relabelled by a teacher" in why


def test_raw_labels_that_came_after_the_draw_are_not_covered(tmp_path: Path) -> None:
    curator, truth = make_project(tmp_path, task=_task(0.2))
    review_all(curator, curator.ok("plan", "--reviews", 120), truth, tmp_path / "r.jsonl")
    texts = ["tell me about tulips", "which bus goes north", "my guitar lost a string", "cook rice without salt"]
    late = [{"id": f"late{i}", "input": text, "label": "refund", "split": "train"} for i, text in enumerate(texts)]
    curator.ok("ingest", write_jsonl(tmp_path / "late.jsonl", late), "--source", "teacher", "--labeler", "gpt")
    passed, why = _gate(curator, "--labels", "teacher")
    assert passed is False
    assert "4 releasable rows came after" in why


@pytest.mark.slow
def test_rows_that_came_while_a_spot_check_was_reviewed_make_no_missed_attempt_of_it(tmp_path: Path) -> None:
    curator, truth = make_project(tmp_path, task=_task(0.2))
    plan = curator.ok("plan", "--reviews", 120)
    late = [{"id": "late", "input": "tell me about tulips", "label": "refund", "split": "train"}]
    curator.ok("ingest", write_jsonl(tmp_path / "late.jsonl", late), "--source", "teacher", "--labeler", "gpt")
    review_all(curator, plan, truth, tmp_path / "r.jsonl")
    found = curator("certify").json
    assert (found["status"], found["shipped_error"], found["late_rows"]) == ("UNCERTIFIED", None, 1)
    again = curator.ok("plan", "--reviews", 60)
    assert not any("attempt" in note for note in again["notes"])
