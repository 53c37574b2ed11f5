"""What `certify` and `accept` say: attempts in a row, the live answer, the document, error by class."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.command import TASK, Curator, make_project, review_all, run, write_jsonl

TARGET = TASK.replace('kind = "classification"', 'kind = "classification"\nmax_error = 0.02')


@pytest.fixture(scope="module")
def row_of_attempts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Curator, list[dict]]:
    """Three spot-checks of a dataset with a target, each certified after its review; the last is a census."""
    folder = tmp_path_factory.mktemp("attempts")
    curator, truth = make_project(folder, task=TARGET)
    certificates = []
    for seed, reviews in enumerate((50, 50, 1_000)):
        plan = curator.ok("plan", "--reviews", reviews, "--seed", seed)
        assert curator("certify", "--plan", plan["plan"]).code == 3
        review_all(curator, plan, truth, folder / f"{seed}.jsonl")
        answer = curator("certify", "--plan", plan["plan"])
        certificates.append(answer.json | {"code": answer.code})
    return curator, certificates


@pytest.mark.slow
def test_a_spot_check_after_one_that_missed_spends_confidence_and_says_so(
    row_of_attempts: tuple[Curator, list[dict]],
) -> None:
    first, second, third = row_of_attempts[1]
    assert [c["status"] for c in (first, second, third)] == ["UNCERTIFIED", "UNCERTIFIED", "CERTIFIED"]
    assert [c["code"] for c in (first, second, third)] == [1, 1, 0]
    assert [c["attempt"] for c in (first, second, third)] == [1, 2, 3]
    assert [c["confidence"] for c in (first, second, third)] == pytest.approx([0.95, 0.975, 0.9875])
    assert [c["shipped_error"]["confidence"] for c in (first, second, third)] == pytest.approx([0.95, 0.975, 0.9875])
    assert second["missed"] == [first["plan"]]
    assert third["missed"] == [first["plan"], second["plan"]]
    assert not any("attempt" in why for why in first["why"])
    assert any(why.startswith("attempt 2") and "97.5 % instead of 95 %" in why for why in second["why"])


def test_an_earlier_attempt_stays_what_it_was_whatever_came_after(row_of_attempts: tuple[Curator, list[dict]]) -> None:
    curator, (first, _, third) = row_of_attempts
    again = curator("certify", "--plan", first["plan"]).json
    assert (again["attempt"], again["confidence"]) == (1, 0.95)
    assert curator("certify").json["plan"] == third["plan"], "the newest finished one"


def test_the_manifest_carries_the_attempt(row_of_attempts: tuple[Curator, list[dict]]) -> None:
    curator, (*_, third) = row_of_attempts
    released = curator.ok("release", "support", "--format", "tinker")
    manifest = json.loads((Path(released["path"]) / "manifest.json").read_text())
    assert manifest["certificate"]["attempt"] == third["attempt"] == 3
    assert manifest["certificate"]["overall_confidence"] == pytest.approx(1 - 0.05 * 1.75)
    assert any("attempt 3" in why for why in manifest["certificate"]["why"])


def test_the_count_begins_anew_after_a_spot_check_that_met_the_target(
    row_of_attempts: tuple[Curator, list[dict]],
) -> None:
    from pipelines.certify import judge as certificates
    from pipelines.runtime.settings import load
    from storage.review import plans

    curator, (first, second, third) = row_of_attempts
    store = load(curator.project).store
    census = plans.get(store, third["plan"])
    asked = (census.settings.target, census.settings.confidence)
    before = certificates.missed_before(store, "support", labeler=census.labeler, asked=asked, plan=census.id)
    assert before == (first["plan"], second["plan"])
    assert certificates.missed_before(store, "support", labeler=census.labeler, asked=asked) == ()


@pytest.mark.slow
def test_a_spot_check_that_nobody_began_costs_nothing_and_one_left_unfinished_does(tmp_path: Path) -> None:
    curator, truth = make_project(tmp_path, task=TARGET)
    curator.ok("plan", "--reviews", "40", "--seed", 1)
    second = curator.ok("plan", "--reviews", "40", "--seed", 2)
    assert curator("certify", "--plan", second["plan"]).json["attempt"] == 1
    some = second | {"tasks": second["tasks"][:3]}
    review_all(curator, some, truth, tmp_path / "some.jsonl")
    third = curator.ok("plan", "--reviews", "40", "--seed", 3)
    found = curator("certify", "--plan", third["plan"]).json
    assert (found["attempt"], found["missed"]) == (2, [second["plan"]])


@pytest.mark.slow
def test_spot_checks_drawn_ahead_spend_confidence_in_the_order_of_their_review(tmp_path: Path) -> None:
    curator, truth = make_project(tmp_path, task=TARGET)
    drawn = [curator.ok("plan", "--reviews", "40", "--seed", seed) for seed in range(3)]
    said = []
    for place in (2, 0, 1):
        review_all(curator, drawn[place], truth, tmp_path / f"{place}.jsonl")
        said.append(curator("certify", "--plan", drawn[place]["plan"]).json)
    assert [c["attempt"] for c in said] == [1, 2, 3]
    assert said[2]["missed"] == [drawn[2]["plan"], drawn[0]["plan"]]
    assert curator("certify", "--plan", drawn[2]["plan"]).json["attempt"] == 1, "what came after changes nothing"


def test_a_spot_check_that_was_drawn_to_find_takes_no_confidence_and_passes_no_target(tmp_path: Path) -> None:
    curator, truth = make_project(tmp_path, task=TARGET)
    find = curator.ok("plan", "--purpose", "find", "--reviews", "1000")
    review_all(curator, find, truth, tmp_path / "find.jsonl")
    answer = curator("certify")
    assert (answer.code, answer.json["status"]) == (1, "UNCERTIFIED")
    assert answer.json["shipped_error"]["upper_one_sided"] == 0.0, "all rows are reviewed and put right"
    assert "purpose certify" in answer.json["why"][0]


@pytest.mark.slow
def test_the_live_answer_grows_with_the_reviews_and_never_waits_for_the_end(tmp_path: Path) -> None:
    curator, truth = make_project(tmp_path, task=TASK.replace('kind = "c', 'max_error = 0.2\nkind = "c'))
    assert curator("certify", "--live").code == 3
    plan = curator.ok("plan", "--reviews", "120")
    nothing = curator("certify", "--live")
    assert (nothing.code, nothing.json["may_stop"], nothing.json["in_turn"]) == (3, False, 0)
    tasks = sorted(plan["tasks"], key=lambda task: task["task_id"] in {t["task_id"] for t in plan["tasks"][80:]})
    review_all(curator, plan | {"tasks": tasks[:80]}, truth, tmp_path / "some.jsonl")
    some = curator("certify", "--live")
    assert (some.code, some.json["may_stop"], some.json["in_turn"]) == (0, True, 80)
    assert some.json["shipped_upper"] <= 0.2
    assert curator("certify").code == 3, "a release needs the finished plan all the same"
    told = run("certify", "--live", "--project", curator.project)
    assert "you may stop: at most" in told.out
    test = curator.ok("plan", "--purpose", "test")["plan"]
    assert curator("certify", "--live", "--plan", test).code == 2


@pytest.mark.parametrize(("ending", "start"), [("html", "<!doctype html>"), ("md", "# Certificate"), ("txt", "Cert")])
def test_the_certificate_is_written_for_people(
    row_of_attempts: tuple[Curator, list[dict]], tmp_path: Path, ending: str, start: str
) -> None:
    curator, (*_, third) = row_of_attempts
    file = tmp_path / f"certificate.{ending}"
    assert curator.ok("certify", "--plan", third["plan"], "--out", file)["out"] == str(file)
    text = file.read_text(encoding="utf-8")
    assert text.startswith(start)
    for word in (
        "What is claimed",
        "What was sampled",
        "Who reviewed",
        "What is not claimed",
        "If reviewers err",
        "ana",
    ):
        assert word in text


def test_a_file_whose_ending_says_nothing_is_refused(
    row_of_attempts: tuple[Curator, list[dict]], tmp_path: Path
) -> None:
    curator, _ = row_of_attempts
    answer = curator("certify", "--out", tmp_path / "certificate.docx")
    assert answer.code == 2
    assert ".html" in answer.json["error"]


def test_error_by_class_comes_on_request(row_of_attempts: tuple[Curator, list[dict]]) -> None:
    curator, (first, *_) = row_of_attempts
    told = curator("certify", "--plan", first["plan"], "--by-class").json
    assert {each["name"] for each in told["by_class"]} == {"refund", "delivery", "account"}
    assert sum(each["reviews"] for each in told["by_class"]) == 50
    assert "by_class" not in curator("certify", "--plan", first["plan"]).json


def test_an_acceptance_plan_comes_with_its_curve(tmp_path: Path) -> None:
    curator = Curator(tmp_path)
    plan = curator.ok("accept", "--limit", "0.05", "--acceptable", "0.01", "--lot", "2000")
    assert (plan["sample"], plan["accept"]) == (176, 4)
    chances = [point["chance"] for point in plan["curve"]]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == 1.0
    assert chances[24] == pytest.approx(plan["consumers_risk"])
    assert curator("accept", "--limit", "2").code == 2
    assert curator("accept", "--limit", "0.05", "--lot", "0").code == 2
    assert "59 rows" in run("accept", "--limit", "0.05").out


def test_an_unfinished_spot_check_names_the_rows_that_are_due_also_those_left_out_since(tmp_path: Path) -> None:
    curator, truth = make_project(tmp_path)
    plan = curator.ok("plan", "--reviews", "30")
    review_all(curator, plan | {"tasks": plan["tasks"][4:]}, truth, tmp_path / "r.jsonl")
    due = [t["external_id"] for t in plan["tasks"][:4]]
    leave_out = {"external_ids": due[1:2], "action": "exclude", "reviewer": "ana", "reason": "a double"}
    curator.ok("decide", write_jsonl(tmp_path / "decide.jsonl", [leave_out]))
    answer = curator("certify")
    assert answer.code == 3
    assert [row["external_id"] for row in answer.json["due"]] == due
    assert [row["due"] for row in answer.json["due"]] == ["unreviewed", "left_out", "unreviewed", "unreviewed"]
    assert [why.partition(":")[0] for why in answer.json["why"]] == [
        "3 audit rows are not reviewed yet",
        "1 audit row is left out of the dataset since the draw and not reviewed yet",
    ]
    assert f"due: {due[1]} (left out)" in run("--project", curator.project, "certify").out
    review_all(curator, plan | {"tasks": plan["tasks"][:4]}, truth, tmp_path / "r.jsonl")
    assert "due" not in curator("certify").json


@pytest.mark.slow
def test_the_document_says_how_many_draws_there_were_to_choose_from(tmp_path: Path) -> None:
    curator, truth = make_project(tmp_path)
    drawn = [curator.ok("plan", "--reviews", "20", "--seed", seed) for seed in range(3)]
    review_all(curator, drawn[1], truth, tmp_path / "r.jsonl")
    curator.ok("plan", "--reviews", "20", "--seed", 9)
    said = curator("certify", "--text").json["text"]
    assert "2 more spot-checks of these labels had been drawn when the review began" in said
    first = curator("certify", "--text", "--plan", drawn[0]["plan"]).json["text"]
    assert "2 more spot-checks" in first, "not the one that was reviewed"


@pytest.mark.slow
def test_a_certificate_says_when_what_is_right_was_defined_anew_after_the_draw(tmp_path: Path) -> None:
    curator, truth = make_project(tmp_path)
    plan = curator.ok("plan", "--reviews", "20")
    review_all(curator, plan, truth, tmp_path / "r.jsonl")
    drawn_by = curator.ok("certify", "--text")
    for changed, said in ((TARGET, False), (TASK.replace("a parcel", "a parcel or a letter"), True)):
        (tmp_path / "task.toml").write_text(changed)
        curator.ok("dataset", "create", "support", "--task", tmp_path / "task.toml")
        found = curator("certify", "--text").json
        assert any("labels or rubric were changed after" in why for why in found["why"]) is said
    definition = re.search(r"definition [0-9a-f]{16}", drawn_by["text"])
    assert definition is not None
    assert definition[0] in found["text"], "the one that it speaks of"
