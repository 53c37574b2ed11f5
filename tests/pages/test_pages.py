"""Every page, rendered through the app's own navigation, on projects from empty to released."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from curator.loop import STAGES
from curator.records import Finding, make_task
from pages.data.parts.group_queue import GroupQueue
from pipelines.analysis import check, decide
from pipelines.bench import synthetic
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.runtime.settings import Settings
from storage.checks import findings
from storage.dataset import datasets, examples
from storage.review import plans
from tests.pages.groups_project import make_rows
from tests.places import ROOT, page_files
from tests.sample_project import make_checked_project, make_finished_project

PAGES = [
    "pages/data/start.py",
    "pages/data/overview.py",
    "pages/data/row.py",
    "pages/data/task.py",
    "pages/data/label.py",
    "pages/data/map.py",
    "pages/data/clusters.py",
    "pages/data/balance.py",
    "pages/data/coverage.py",
    "pages/data/findings.py",
    "pages/data/groups.py",
    "pages/data/suspects.py",
    "pages/review/queue.py",
    "pages/review/preferences.py",
    "pages/review/spot_check.py",
    "pages/review/adjudicate.py",
    "pages/review/agreement.py",
    "pages/review/certificate.py",
    "pages/review/boards.py",
    "pages/training/versions.py",
    "pages/training/runs.py",
    "pages/training/pairs.py",
    "pages/training/evaluation.py",
    "pages/admin/users.py",
    "pages/admin/audit.py",
]
every_page = pytest.mark.parametrize("page", PAGES)


@pytest.fixture
def render(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AppTest]:
    monkeypatch.chdir(ROOT)  # where Streamlit finds its configuration
    monkeypatch.setattr("pages.frame.guard.is_loopback", lambda address: True)

    def render(page: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
        return app.switch_page(page).run()

    return render


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_finished_project(tmp_path_factory.mktemp("finished") / "project")


def texts(app: AppTest) -> str:
    kinds = (app.text, app.subheader, app.success, app.error, app.info, app.markdown)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def button(app: AppTest, label: str) -> None:
    next(b for b in app.button if b.label == label).click()


def test_the_list_of_pages_is_complete() -> None:
    assert {p.relative_to(ROOT).as_posix() for p in page_files()} == set(PAGES)


@every_page
def test_without_a_project_each_page_offers_to_make_one(
    page: str, render: Callable[[str], AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_PROJECT", str(tmp_path / "new"))
    app = render(page)
    assert not app.exception
    assert [b.label for b in app.button] == ["Make the project"]
    app.button[0].click().run()
    assert not app.exception
    assert (tmp_path / "new" / "curator.toml").exists()


@every_page
def test_on_an_empty_project_each_page_leads_on_with_one_button(
    page: str, render: Callable[[str], AppTest], empty_project: Settings
) -> None:
    app = render(page)
    assert not app.exception
    assert len(app.button) == (page != "pages/admin/audit.py")  # nothing leads to it but what people do
    assert "Local single-user mode" in "\n".join(c.value for c in app.sidebar.caption)


@every_page
def test_each_page_shows_a_project_with_rows_and_labels(
    page: str, render: Callable[[str], AppTest], project: Settings
) -> None:
    app = render(page)
    assert not app.exception
    assert app.sidebar.selectbox[0].value == "support"


@every_page
def test_each_page_shows_a_checked_reviewed_and_released_project(
    page: str, render: Callable[[str], AppTest], finished: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_PROJECT", str(finished.project))
    app = render(page)
    assert not app.exception
    shown = {
        "pages/data/start.py": "support: 200 rows, 25 reviewed one by one.",
        "pages/data/overview.py": "Labelled by teacher. Reviewed by ana.",
        "pages/data/row.py": "Name a row, or choose one in a table.",
        "pages/data/task.py": "Version 1 is in force",
        "pages/data/label.py": "Who has labelled how many:",
        "pages/training/pairs.py": "There are no pairs yet.",
        "pages/data/map.py": "have not been embedded",
        "pages/data/clusters.py": "have not been embedded",
        "pages/data/balance.py": "All labels",
        "pages/data/coverage.py": "What does real traffic have that the rows to ship lack?",
        "pages/data/findings.py": "200 rows were checked under the labels of teacher.",
        "pages/data/groups.py": "No two rows are alike",
        "pages/data/suspects.py": "200 of 200 ranked rows are listed, 175 wait for a decision.",
        "pages/review/queue.py": "Review",  # the component shows the rest
        "pages/review/preferences.py": "No comparisons have been drawn yet.",
        "pages/review/adjudicate.py": "What you say here is the last word about a row.",
        "pages/review/agreement.py": "No row was answered by two people yet",
        "pages/review/spot_check.py": "INCOMPLETE (target: at most 10.00 %)",
        "pages/review/certificate.py": "That any single label is right",
        "pages/review/boards.py": "No spot-check was sent there.",
        "pages/training/versions.py": "Manifest SHA-256",
        "pages/training/runs.py": "Loss by step",
        "pages/training/evaluation.py": "Verdict on Teacher: NOT ENOUGH DATA",
        "pages/admin/users.py": "nobody signs in, and whoever sits at this machine has every role",
        "pages/admin/audit.py": "events",
    }
    assert shown[page] in texts(app)


def test_the_versions_page_verifies_the_files_and_sees_a_changed_one(
    render: Callable[[str], AppTest], project: Settings
) -> None:
    make_finished_project(project.project)
    app = render("pages/training/versions.py")
    button(app, "Verify the files")
    app.run()
    assert "Intact" in texts(app)
    (file,) = (project.releases / "support" / "1" / "tinker" / "sft").glob("train.jsonl")
    file.write_bytes(file.read_bytes() + b"{}\n")
    button(app, "Verify the files")
    app.run()
    assert "not what was released" in texts(app)


def test_a_spot_check_is_drawn_by_its_button(render: Callable[[str], AppTest], project: Settings) -> None:
    app = render("pages/review/spot_check.py")
    next(n for n in app.number_input if n.label == "Random rows").set_value(12)
    button(app, "Draw the spot-check")
    app.run()
    assert not app.exception
    (plan,) = plans.of_dataset(project.store, "support")
    assert plan.settings.reviews == 12


def test_a_release_blocked_by_a_gate_says_which_and_writes_nothing(
    render: Callable[[str], AppTest], project: Settings
) -> None:
    app = render("pages/training/versions.py")
    button(app, "Release")
    app.run()
    assert not app.exception
    assert "a gate failed" in texts(app)
    assert not project.releases.exists()


def test_the_rule_is_proposed_for_a_change_before_the_rows_are(
    render: Callable[[str], AppTest], project: Settings
) -> None:
    make_checked_project(project.project)
    run = findings.newest_run(project.store, "support")
    assert run is not None
    ids = tuple(examples.frame(project.store, "support")["example_id"][:3])
    evidence = {"given": "refund", "value": "account", "groups": [], "reviewed": 3, "wrong": 3}
    suggestion = {"action": "relabel", "value": "account", "text": "three rows are wrong in the same way"}
    pattern = Finding("find_x", "label_pattern", 1.0, ids, evidence, suggestion)

    def page(folder, finding):  # type: ignore[no-untyped-def]
        from pathlib import Path

        from pages.data.parts.finding_cards import pattern_card
        from pages.frame.guard import User
        from storage.engine.store import Store

        pattern_card(Store(Path(folder)), "support", User("ana", frozenset()), finding)

    app = AppTest.from_function(page, args=(str(project.store.path), pattern), default_timeout=60).run()
    assert not app.exception
    first = next(i for i, t in enumerate(app.text) if t.value.startswith("1. Fix the rule first"))
    second = next(i for i, t in enumerate(app.text) if t.value.startswith("2. Then give the rows"))
    assert first < second
    assert "Give all rows a new label (3 rows)…" in [b.label for b in app.button]

    app.text_input[0].set_value("wants money back")
    button(app, "Save the rule")
    app.run()
    assert datasets.task_of(project.store, "support").labels["refund"] == "wants money back"


def test_rows_that_are_only_ranked_are_not_called_findings(render: Callable[[str], AppTest], project: Settings) -> None:
    make_checked_project(project.project)
    app = render("pages/data/findings.py")
    labels = [option.content for group in app.get("button_group") for option in group.proto.options]
    assert "Suspect labels: 200 rows ranked" in labels


@pytest.fixture(scope="module")
def left_out(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An embedded, clustered and checked project of which every row was left out by a decision."""
    settings = synthetic.project(tmp_path_factory.mktemp("left_out") / "project", 300)
    rows = examples.frame(settings.store, "large")["example_id"].to_list()
    record = {"action_id": "all", "action": "exclude", "example_ids": rows, "reviewer": "ana", "reason": "a test"}
    assert decide.take([record], "large", settings.store).rows == 300
    return settings


@every_page
def test_each_page_shows_a_project_of_which_every_row_is_left_out(
    page: str, render: Callable[[str], AppTest], left_out: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_PROJECT", str(left_out.project))
    app = render(page)
    assert not app.exception
    shown = {"pages/data/map.py": "Every row of the map is left out.", "pages/data/overview.py": "300 rows"}
    assert shown.get(page, "") in texts(app)


def test_rows_without_labels_are_checked_and_the_labels_again_once_they_are_there(
    render: Callable[[str], AppTest], empty_project: Settings, tmp_path: Path
) -> None:
    datasets.create(empty_project.store, "bare", make_task({"name": "t", "labels": ["a", "b"]}))
    file = tmp_path / "rows.jsonl"
    rows = [{"id": n, "text": text} for n, text in enumerate(["my card", "My card!", "another thing"])]
    file.write_text("\n".join(map(json.dumps, rows)))
    ingest.run(IngestConfig("bare", (file,)), empty_project.store)
    assert "the texts are checked for what needs none" in texts(render("pages/data/findings.py"))
    check.run(check.CheckConfig("bare"), empty_project.store)
    app = render("pages/data/findings.py")
    assert "3 rows were checked without labels." in texts(app)
    file.write_text("\n".join(json.dumps({**row, "label": "a"}) for row in rows))
    ingest.run(IngestConfig("bare", (file,), labeler="gpt"), empty_project.store)
    assert "The labels have not been checked yet." in texts(render("pages/data/findings.py"))
    assert "The labels have not been checked yet." in texts(render("pages/data/overview.py"))


def test_the_chosen_dataset_stays_chosen_on_the_next_page(project: Settings, render: Callable[[str], AppTest]) -> None:
    for name in ("aaa", "zzz"):
        datasets.create(project.store, name, make_task({"name": name, "labels": ["x", "y"]}))
    app = render("pages/data/overview.py")
    app.sidebar.selectbox(key="dataset").set_value("support").run()
    for page in ("pages/review/spot_check.py", "pages/training/versions.py", "pages/review/queue.py"):
        assert app.switch_page(page).run().sidebar.selectbox(key="dataset").value == "support"


def test_the_spot_check_tells_drawn_rows_from_answered_ones(
    render: Callable[[str], AppTest], finished: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_PROJECT", str(finished.project))
    app = render("pages/review/spot_check.py")
    table = next(frame.value for frame in app.dataframe if "drawn" in frame.value.columns)
    (plan,) = plans.of_dataset(finished.store, "support")
    drawn = plans.tasks(finished.store, plan.id).filter(stream="audit").height
    assert table["drawn"].sum() == drawn
    assert 0 < table["answered"].sum() < drawn


def test_the_audit_log_is_a_table_for_people(
    render: Callable[[str], AppTest], finished: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_PROJECT", str(finished.project))
    details = render("pages/admin/audit.py").dataframe[0].value["details"]
    assert details.str.contains(": ").any()
    assert not details.str.contains("{", regex=False).any()


def test_each_page_of_a_dataset_says_how_far_it_is_and_one_next_step(
    render: Callable[[str], AppTest], finished: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_PROJECT", str(finished.project))
    for page in ("pages/data/overview.py", "pages/training/runs.py"):
        app = render(page)
        said = texts(app)
        assert "Curator · support" in said
        assert said.count("Next: ") == 1
        links = [link.proto.label for link in app.get("page_link")]
        assert [name for name in links if name in STAGES][: len(STAGES)] == list(STAGES)


def test_rows_that_contradict_each_other_are_counted_once(tmp_path: Path) -> None:
    rows = [("the same words here", "refund"), ("the same words here", "account"), ("the same words here", "refund")]
    settings = make_rows(tmp_path / "project", [*rows, ("other words", "refund"), ("other words", "refund")])
    run = findings.newest_run(settings.store, "support")
    assert run is not None

    def queue(kind: str) -> GroupQueue:
        return GroupQueue(settings.store, "support", run.run, kind, 0.0, "ana", frozenset(), {})

    assert (queue("contradiction").open_groups(), queue("exact_duplicate").open_groups()) == (1, 1)
    (found,) = findings.frame(settings.store, run.run, "contradiction")
    record = {"action_id": "x", "finding_id": found.id, "action": "relabel", "value": "refund", "reviewer": "ana"}
    decide.take([record], "support", settings.store)
    assert (queue("contradiction").open_groups(), queue("exact_duplicate").open_groups()) == (0, 2)
