"""Several reviewers by command: overlap, disputes in order, adjudication, agreement and what stands beside it."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Curator, make_project, proposals, run, write_jsonl


def _reviews(curator: Curator, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Ana accepts everything; Ben, who reviews the audit too, sees one row in eight otherwise, blind or not."""
    given = proposals(curator, plan["plan"])
    lines = []
    for n, task in enumerate(plan["tasks"]):
        label = given[task["task_id"]]
        other = "refund" if label != "refund" else "account"
        lines.append({"task_id": task["task_id"], "reviewer": "ana", "verdict": "accept"})
        if task["stream"] == "audit":
            value = other if n % 8 == 0 else label
            verdict = "accept" if value == label else "edit"
            lines.append({"task_id": task["task_id"], "reviewer": "ben", "verdict": verdict, "value": value})
    return lines


@pytest.mark.slow
def test_from_overlap_over_disputes_to_a_certificate_and_to_figures_about_reviewers(tmp_path: Path) -> None:
    curator, _ = make_project(tmp_path)
    plan = curator.ok("plan", "--reviews", 40, "--overlap", 2, "--risk-reviews", 10, "--max-error", 0.5)
    assert plan["overlapped"] == 40
    curator.ok("review", "import", write_jsonl(tmp_path / "r.jsonl", _reviews(curator, plan)), "--plan", plan["plan"])
    assert curator("certify").code == 3

    disputed = curator.ok("review", "disputed")
    assert disputed["disputed"] == len(disputed["rows"]) > 0
    gains = [row["gain"] for row in disputed["rows"]]
    assert gains == sorted(gains, reverse=True)
    assert {said["reviewer"] for said in disputed["rows"][0]["said"]} == {"ana", "ben"}
    assert "wait for adjudication" in run("--project", curator.project, "review", "disputed").out

    final = [
        {"task_id": row["task_id"], "reviewer": "cleo", "verdict": "accept", "adjudicates": True}
        for row in disputed["rows"]
    ]
    curator.ok("review", "import", write_jsonl(tmp_path / "final.jsonl", final), "--plan", plan["plan"])
    assert curator.ok("review", "disputed")["rows"] == []
    assert curator("certify").json["status"] == "CERTIFIED"

    found = curator.ok("agreement")
    assert (found["of"], found["raters"]) == ("reviews", 2)
    assert {c["name"] for c in found["overall"]} >= {"Krippendorff's alpha", "Gwet's AC1"}
    assert found["consensus"]["items"] == 40
    assert [q["reviewer"] for q in found["reviewers"]] == ["ana", "ben"], "by name, not by error"
    ben = found["reviewers"][1]
    assert ben["errors"] == ben["judged"] == len(final)
    assert ben["low"] < ben["rate"] <= ben["high"]
    assert found["anchoring"] is None, "the risk rows were imported as seen, so none of them was blind"
    text = run("--project", curator.project, "agreement").out
    assert "no ranking" in text
    assert "Dawid and Skene" in text


def test_a_rejection_is_an_answer_that_others_may_differ_from_and_a_skip_is_none(tmp_path: Path) -> None:
    curator, _ = make_project(tmp_path)
    plan = curator.ok("plan", "--reviews", 20, "--overlap", 2)
    said = ["reject"] * 5 + ["skip"] * 5 + ["accept"] * 10
    lines = [
        {"task_id": task["task_id"], "reviewer": who, "verdict": "accept" if who == "ana" else verdict}
        for task, verdict in zip(plan["tasks"], said, strict=True)
        for who in ("ana", "ben")
    ]
    curator.ok("review", "import", write_jsonl(tmp_path / "r.jsonl", lines), "--plan", plan["plan"])
    raw = curator.ok("agreement")["overall"][0]
    assert (raw["name"], raw["items"]) == ("raw agreement", 15)
    assert abs(raw["value"] - 10 / 15) < 1e-9


def test_staffing_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    curator, _ = make_project(tmp_path)
    for wrong in (("--overlap", 0), ("--overlap-share", 2), ("--gold", -1), ("--quota", 0), ("--blind-share", 1.5)):
        answer = curator("plan", "--reviews", 20, *wrong)
        assert answer.code == 2, wrong
        assert wrong[0] in answer.err


def test_json_in_another_order_or_with_another_spelling_of_a_number_is_the_same_answer(tmp_path: Path) -> None:
    folder = tmp_path / "forms"
    curator = Curator(folder)
    assert run("init", folder).code == 0
    (folder / "task.toml").write_text('name = "form"\nkind = "extraction"\n')
    curator.ok("dataset", "create", "form", "--task", folder / "task.toml")
    spellings = {"one": '{{"total": {n}, "by": "cash"}}', "two": '{{"by": "cash", "total": {n}.0}}'}
    for labeler, spelled in spellings.items():
        rows = [{"id": f"f{n}", "text": f"total {n}", "json": spelled.format(n=n + 633)} for n in range(6)]
        rows[0]["json"] = spelled.format(n=1 if labeler == "one" else 2)
        file = write_jsonl(tmp_path / f"{labeler}.jsonl", rows)
        curator.ok("ingest", file, "--map", "input=text,label=json,id=id", "--labeler", labeler)
    found = curator.ok("agreement")
    raw = next(c for c in found["overall"] if "agree" in c["name"])
    assert (found["of"], raw["value"]) == ("labels", 5 / 6)

    plan = curator.ok("plan", "--reviews", 6, "--test-share", 0, "--overlap", 2, "--labeler", "one")
    given = [
        {"task_id": task["task_id"], "reviewer": who, "verdict": "edit", "value": value}
        for task in plan["tasks"]
        for who, value in (("ana", {"a": 633, "b": [1, 2]}), ("ben", {"b": [1.0, 2], "a": 633.0}))
    ]
    curator.ok("review", "import", write_jsonl(tmp_path / "r.jsonl", given), "--plan", plan["plan"])
    assert curator.ok("review", "disputed")["rows"] == []
