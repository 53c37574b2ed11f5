"""Reviews from files: disputes, adjudication, changes of mind, and files that are read again."""

import json
from pathlib import Path

import pytest

from storage.engine.store import Store
from storage.review import plans
from tests.cli.command import Curator, make_project, run


@pytest.fixture
def curator(tmp_path: Path) -> Curator:
    return make_project(tmp_path)[0]


def _plan(curator: Curator) -> tuple[str, list[dict[str, object]]]:
    plan = curator.ok("plan", "--reviews", 40, "--max-error", 0.5)
    return plan["plan"], plan["tasks"]


def _import(curator: Curator, plan: str, *lines: dict[str, object]) -> dict[str, int]:
    file = curator.project / "reviews.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    answer = curator("review", "import", file, "--plan", plan)
    report: dict[str, int] = answer.json
    assert answer.code == (1 if report["rejected"] and not (report["added"] or report["unchanged"]) else 0)
    return report


def _accept(task: dict[str, object], reviewer: str = "ana") -> dict[str, object]:
    return {"task_id": task["task_id"], "reviewer": reviewer, "verdict": "accept"}


@pytest.mark.slow
def test_a_dispute_waits_until_it_is_adjudicated(curator: Curator) -> None:
    plan, tasks = _plan(curator)
    _import(curator, plan, *(_accept(t) for t in tasks))
    assert curator("certify").json["status"] == "CERTIFIED"
    _import(curator, plan, {"task_id": tasks[0]["task_id"], "reviewer": "ben", "verdict": "reject"})
    disputed = curator("certify", "--plan", plan)
    assert (disputed.code, disputed.json["status"], disputed.json["unsettled"]) == (3, "INCOMPLETE", 1)
    assert curator.ok("dataset", "show", "support")["out"] == {"disputed": 1}
    final = {"task_id": tasks[0]["task_id"], "reviewer": "chris", "verdict": "edit", "value": "delivery"}
    rejected = _import(curator, plan, final | {"value": "no such label", "adjudicates": True})
    assert rejected["by_reason"] == {"bad_value": 1}
    _import(curator, plan, final | {"value": "refund", "adjudicates": True})
    assert curator("certify", "--plan", plan).json["status"] == "CERTIFIED"
    assert curator.ok("dataset", "show", "support")["out"] == {}


def test_a_change_of_mind_and_back_is_news_and_the_same_file_is_not(curator: Curator) -> None:
    plan, tasks = _plan(curator)
    yes, no = _accept(tasks[0]), {**_accept(tasks[0]), "verdict": "reject"}
    assert _import(curator, plan, yes)["added"] == 1
    assert _import(curator, plan, no)["added"] == 1
    assert curator.ok("dataset", "show", "support")["out"] == {"rejected": 1}
    assert _import(curator, plan, yes)["added"] == 1
    assert curator.ok("dataset", "show", "support")["out"] == {}
    again = _import(curator, plan, yes)
    assert (again["added"], again["unchanged"]) == (0, 1)


def test_a_file_with_both_looks_is_taken_once(curator: Curator) -> None:
    plan, tasks = _plan(curator)
    first = {"task_id": tasks[0]["task_id"], "reviewer": "ana", "verdict": "edit", "value": "account", "blind": True}
    second = {**first, "blind": False}
    assert _import(curator, plan, first)["added"] == 1
    assert _import(curator, plan, first, second)["added"] == 1
    both = _import(curator, plan, first, second)
    assert (both["added"], both["unchanged"]) == (0, 2)


def test_a_flag_that_is_no_flag_is_rejected(curator: Curator) -> None:
    plan, tasks = _plan(curator)
    report = _import(curator, plan, {**_accept(tasks[0]), "adjudicates": "yes"})
    assert report["by_reason"] == {"bad_adjudicates": 1}


def test_a_file_of_which_no_line_fits_the_plan_is_no_success(curator: Curator) -> None:
    (plan, _), other = _plan(curator), curator.ok("plan", "--reviews", 40, "--seed", 7)
    file = curator.project / "other.jsonl"
    file.write_text("".join(json.dumps(_accept(task)) + "\n" for task in other["tasks"]))
    answer = curator("review", "import", file, "--plan", plan)
    assert (answer.code, answer.json["by_reason"]) == (1, {"unknown_task": 40})
    told = run("--project", curator.project, "review", "import", file, "--plan", plan)
    assert told.out.count("unknown_task") == 20
    assert "… and 20 more" in told.out


def test_a_value_that_a_verdict_does_not_take_is_refused_and_not_dropped(curator: Curator) -> None:
    plan, tasks = _plan(curator)
    for verdict in ("reject", "skip"):
        report = _import(curator, plan, {**_accept(tasks[0]), "verdict": verdict, "value": "account"})
        assert report["by_reason"] == {"value_not_used": 1}
    refused = {"task_id": tasks[1]["task_id"], "reviewer": "ana", "verdict": "reject"}
    asked = plans.task(Store(curator.project / "curator.duckdb"), str(tasks[1]["task_id"]))
    assert asked is not None
    label = asked.proposed
    for harmless in ("", label):  # the label that is rejected says nothing more
        assert _import(curator, plan, {**refused, "value": harmless})["by_reason"] == {}


def test_nobody_confirms_an_own_first_look_by_a_space_behind_the_name(curator: Curator) -> None:
    plan, tasks = _plan(curator)
    first = {"task_id": tasks[0]["task_id"], "reviewer": "ana", "verdict": "edit", "value": "account", "blind": True}
    report = _import(curator, plan, first, {**first, "reviewer": " ana "})
    assert report["by_reason"] == {}
    assert curator("certify", "--plan", plan).json["reviewers"] == ["ana"]
    assert curator("certify", "--plan", plan).json["unsettled"] == 1


def test_an_accepted_json_answer_may_be_spelled_otherwise_and_free_answers_are_not_listed(tmp_path: Path) -> None:
    folder = tmp_path / "forms"
    curator = Curator(folder)
    assert run("init", folder).code == 0
    (folder / "task.toml").write_text('name = "form"\nkind = "extraction"\n')
    rows = [
        {"id": f"f{n}", "text": f"total {n} of {name}", "json": {"b": n, "a": name}} for n, name in enumerate("xyz")
    ]
    (folder / "rows.jsonl").write_text(
        "".join(json.dumps(row | {"json": json.dumps(row["json"])}) + "\n" for row in rows)
    )
    curator.ok("dataset", "create", "form", "--task", folder / "task.toml")
    curator.ok("ingest", folder / "rows.jsonl", "--map", "input=text,label=json,id=id")
    plan = curator.ok("plan", "--reviews", 3, "--test-share", 0)
    said = {row["id"]: row["json"] for row in rows}
    lines = [{**_accept(task), "value": said[task["external_id"]]} for task in plan["tasks"]]
    assert _import(curator, plan["plan"], *lines)["added"] == 3
    other = {**lines[0], "reviewer": "ben", "value": {"a": "q", "b": 1}}
    assert _import(curator, plan["plan"], other)["by_reason"] == {"accept_with_other_value": 1}
    assert "census: every row was drawn" in curator("certify").json["teacher_error"]["method"]
    assert '"a"' not in run("--project", folder, "dataset", "show", "form").out


def test_the_list_of_tasks_filled_in_is_a_file_of_reviews_and_a_row_that_was_mixed_up_is_told(curator: Curator) -> None:
    plan, tasks = _plan(curator)
    filled = [{**task, "reviewer": "ana", "verdict": "accept"} for task in tasks]
    filled[1]["external_id"] = tasks[0]["external_id"]
    report = _import(curator, plan, *filled)
    assert (report["added"], report["by_reason"]) == (39, {"other_row": 1})


@pytest.mark.parametrize("other", ["ana ", "ANA", "\tAna", "ａｎａ"])
def test_a_name_that_differs_in_case_width_or_white_space_is_no_second_opinion(curator: Curator, other: str) -> None:
    plan, tasks = _plan(curator)
    changed = "account"
    look = {"task_id": tasks[0]["task_id"], "verdict": "edit", "value": changed, "blind": True}
    _import(curator, plan, {**look, "reviewer": "Ana"})
    again = _import(curator, plan, {**look, "reviewer": other})
    assert (again["added"], again["unchanged"]) == (0, 1)
    assert again["same_person"] == ({} if other.strip() == "Ana" else {other.strip(): "Ana"})
    third = _import(curator, plan, {**look, "reviewer": "Anna"})
    assert (third["added"], third["same_person"]) == (1, {})
    assert curator("agreement").json["raters"] == 2


def test_two_spellings_in_one_file_are_one_person_and_said(curator: Curator) -> None:
    plan, tasks = _plan(curator)
    report = _import(curator, plan, _accept(tasks[0], "Ana"), _accept(tasks[1], "ANA"))
    assert report["same_person"] == {"ANA": "Ana"}
    assert (
        "'ANA' is kept as 'Ana'"
        in run("--project", curator.project, "review", "import", curator.project / "reviews.jsonl", "--plan", plan).out
    )
