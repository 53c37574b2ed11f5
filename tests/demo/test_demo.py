"""The demo end to end, and every number of its summary computed again from the store, another way."""

import json
import math
import os
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.frame.sections import SECTIONS
from pipelines.demo import corpus, expert, loop, summary
from pipelines.runtime import settings as project_settings
from storage.engine.store import Store
from storage.release import runs

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished demo: the one that CI ran before the tests, else one made here."""
    made = os.environ.get("CURATOR_DEMO")
    if made and (Path(made) / loop.STEPS_FILE).exists():
        return Path(made)
    folder = tmp_path_factory.mktemp("demo") / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "demo", "--no-app", "--project", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def store(project: Path) -> Store:
    return project_settings.load(project).store


@pytest.fixture(scope="module")
def state(project: Path) -> dict[str, Any]:
    steps = json.loads((project / loop.STEPS_FILE).read_text())
    return {name: step["result"] for name, step in steps.items()}


@pytest.fixture(scope="module")
def found(store: Store, state: dict[str, Any]) -> summary.DemoSummary:
    return summary.collect(store, loop.results(state, 0.0))


@pytest.fixture(scope="module")
def told(found: summary.DemoSummary) -> dict[str, Any]:
    return found.as_json()


@pytest.fixture(scope="module")
def truth() -> dict[str, str]:
    return {line.external_id: line.truth for line in corpus.lines() if line.truth is not None}


def test_the_corpus_is_the_published_file_with_truth_by_position() -> None:
    lines = corpus.lines()
    assert len(lines) == 2100
    assert sum(line.truth is None for line in lines) == 100
    assert Counter(line.truth for line in lines)["ot"] == 134 + 133 + 133
    assert lines[1].external_id == "s000-bg"
    assert lines[1].truth == "ot"


def test_rows_labels_and_splits_are_counted_as_in_the_tables(store: Store, told: dict[str, Any]) -> None:
    assert store.rows("select count(*) from example")[0][0] == told["rows"]["rows"] == 2100
    assert dict(store.rows("select split, count(*) from split_assignment group by 1")) == told["rows"]["splits"]
    excluded = store.rows("select example_ids from decision where action = 'exclude'")
    assert sum(len(json.loads(row[0])) for row in excluded) == told["rows"]["out"]["excluded"] == 100


def test_no_group_of_parallel_sentences_straddles_the_splits(store: Store) -> None:
    straddling = store.rows(
        "select source_group from example join split_assignment using (example_id) "
        "where source_group is not null group by 1 having count(distinct split) > 1"
    )
    assert straddling == []


def test_the_teacher_makes_its_own_mistakes_and_the_estimate_holds_the_truth(
    store: Store, told: dict[str, Any], truth: dict[str, str]
) -> None:
    given = store.rows("select e.external_id, l.value from label l join example e using (example_id)")
    wrong = {external for external, value in given if external in truth and truth[external] != value}
    assert sum(external.endswith("-bg") for external in wrong) >= 130
    train = {
        row[0]
        for row in store.rows(
            "select e.external_id from example e join split_assignment s using (example_id) where s.split = 'train'"
        )
    } & set(truth)
    accuracy = told["teacher_accuracy"]
    assert accuracy["truth"] == pytest.approx(1 - len(wrong & train) / len(train))
    assert accuracy["low"] <= accuracy["truth"] <= accuracy["high"]


def test_the_bulgarian_mistake_surfaces_as_one_pattern_and_not_as_single_rows(
    store: Store, state: dict[str, Any], told: dict[str, Any]
) -> None:
    patterns = store.rows(
        "select suggestion, example_ids from finding where run = ? and kind = 'label_pattern'",
        [state["check-again"]["run"]],
    )
    proposed = [(json.loads(s), json.loads(ids)) for s, ids in patterns if json.loads(s).get("action") == "relabel"]
    assert len(proposed) == 1
    suggestion, ids = proposed[0]
    external = dict(store.rows("select example_id, external_id from example"))
    bulgarian = sum(external[e].endswith("-bg") for e in ids)
    assert bulgarian >= 120
    assert bulgarian / len(ids) > 0.95
    assert suggestion["value"] == "ot"
    assert suggestion["text"].startswith("fix the rubric")
    assert told["pattern"]["rows"] == len(ids)


def test_the_certificate_was_drawn_after_the_decision_and_holds_the_truth(
    store: Store, state: dict[str, Any], told: dict[str, Any]
) -> None:
    decided = store.rows("select max(seq) from decision where action = 'relabel'")[0][0]
    drawn = store.rows("select min(seq) from review_task where plan = ?", [state["certify-plan"]])[0][0]
    assert drawn > decided
    assert told["certificate"]["status"] == "CERTIFIED"
    bound = told["certificate"]["shipped_error"]
    assert told["shipped_error_truth"] <= bound["upper_one_sided"] <= 0.03
    assert (
        bound["reviews"]
        == store.rows("select count(*) from review_task where plan = ? and stream = 'audit'", [state["certify-plan"]])[
            0
        ][0]
    )


def test_every_review_names_the_scripted_expert(store: Store) -> None:
    assert store.rows("select distinct reviewer from review") == [(expert.NAME,)]
    assert "scripted" in expert.NAME


def test_the_release_holds_the_certified_rows_and_verifies(
    project: Path, store: Store, told: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    from pipelines.cli import main

    folder = Path(told["release"]["path"])
    assert main(["versions", "verify", str(folder), "--project", str(project), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["checked_against_store"] is True
    rows = [json.loads(line) for line in (folder / "tinker/sft/train.jsonl").read_text().splitlines()]
    assert len(rows) == told["certificate"]["shipped_error"]["population"]
    assert len((folder / "tinker/sft/test.jsonl").read_text().splitlines()) == told["evaluation"]["items"]


def test_scores_and_what_curation_bought_follow_from_the_stored_answers(
    store: Store, state: dict[str, Any], told: dict[str, Any], truth: dict[str, str]
) -> None:
    external = dict(store.rows("select example_id, external_id from example"))
    test = {e for e, s in store.rows("select example_id, split from split_assignment") if s == "test"}
    test = {e for e in test if external[e] in truth}
    said: dict[str, dict[str, str]] = {}
    for contestant, example, answer in store.rows("select contestant, example_id, answer from prediction"):
        if example in test:
            said.setdefault(contestant, {})[example] = answer
    scores = {
        name: sum(answers[e].strip() == truth[external[e]] for e in answers) / len(answers)
        for name, answers in said.items()
    }
    contestants = told["evaluation"]["contestants"]
    for name, step in (("student", "train-sft"), ("raw", "train-raw"), ("dpo", "train-dpo")):
        assert contestants[name]["accuracy"]["value"] == pytest.approx(scores[state[step]["run"]])
    assert contestants["base"]["accuracy"]["value"] == pytest.approx(scores["base"])
    bought = scores[state["train-sft"]["run"]] - scores[state["train-raw"]["run"]]
    assert told["bought"]["difference"] == pytest.approx(bought)
    assert told["bought"]["low"] > 0


def test_the_curated_student_reaches_95_percent_and_ships(told: dict[str, Any]) -> None:
    evaluation = told["evaluation"]
    assert evaluation["reviewed"] == evaluation["items"] >= 300
    assert evaluation["contestants"]["student"]["accuracy"]["value"] >= 0.95
    assert evaluation["verdict"]["outcome"] == "SHIP"
    assert evaluation["local_student"] is True
    better = (
        evaluation["contestants"]["dpo"]["accuracy"]["value"]
        > evaluation["contestants"]["student"]["accuracy"]["value"]
    )
    assert evaluation["recommendation"]["name"] == ("dpo" if better else "student")


def test_dpo_learns_its_pairs_and_keeps_what_sft_has_learned(
    store: Store, state: dict[str, Any], told: dict[str, Any]
) -> None:
    (outcome,) = (t.outcome for t in runs.listing(store, "langid") if t.run.id == state["train-dpo"]["run"])
    assert outcome is not None
    losses = outcome.losses
    assert losses is not None
    assert losses[-1] < losses[0]
    contestants = told["evaluation"]["contestants"]
    assert contestants["dpo"]["accuracy"]["value"] >= contestants["student"]["accuracy"]["value"] - 0.02


def test_pairs_prefer_the_students_own_errors_and_are_capped(store: Store, state: dict[str, Any]) -> None:
    pairs = store.rows("select chosen, rejected, source from preference_pair")
    by_labels = Counter((chosen, rejected) for chosen, rejected, _ in pairs)
    assert pairs
    assert max(by_labels.values()) <= 40
    assert Counter(source for _, _, source in pairs)["student_error"] > 0
    assert sum(by_labels.values()) == state["pairs"]["pairs"]


def test_the_summary_is_readable_and_says_what_the_student_is(found: summary.DemoSummary) -> None:
    text = summary.render(found)
    assert "what curation bought" in text
    assert "no large model" in text
    assert "scripted expert" in text
    assert max(len(line) for line in text.splitlines()) <= 140
    assert not any(isinstance(v, float) and math.isnan(v) for v in asdict(found.teacher_accuracy).values())


def test_a_second_run_changes_nothing(project: Path, store: Store) -> None:
    before = store.seq()
    manifests = {p: p.read_bytes() for p in project.glob("releases/**/manifest.json")}
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "demo", "--no-app", "--project", str(project), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["release"]["version"] == "langid@2"
    assert store.seq() == before
    assert manifests == {p: p.read_bytes() for p in project.glob("releases/**/manifest.json")}


def test_every_page_of_the_app_shows_the_finished_demo(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # where Streamlit finds its configuration
    monkeypatch.setenv("CURATOR_PROJECT", str(project))
    monkeypatch.setattr("pages.frame.guard.is_loopback", lambda address: True)
    pages = [tab.file for section in SECTIONS for tab in section.tabs]
    assert len(pages) >= 21
    shown = {}
    for page in pages:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run().switch_page(page).run()
        assert not app.exception, f"{page}: {app.exception[0].message}"
        assert [error.value for error in app.error] == [], page
        shown[page] = [text.value for text in app.text]
    assert "From version to version" not in shown["pages/data/overview.py"], "both versions have the same figures"


def test_the_verdict_of_the_student_is_told_again_by_its_run(project: Path, store: Store) -> None:
    (run,) = {evaluation.run for evaluation in runs.reports(store, dataset="langid")}
    command = [sys.executable, "-m", "pipelines.cli", "verdict", "--project", str(project), "--run", run, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert (done.returncode, told["outcome"], told["version"]) == (0, "SHIP", "langid@2")
