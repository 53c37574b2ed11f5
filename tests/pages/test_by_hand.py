"""What only a command could do, done on pages: the task, one row, pairs, files and differences of versions."""

import ast
import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from curator.ports import Completion
from pages.training.parts.evaluation_view import UNKNOWN_ANSWER, confusion
from pipelines.analysis import decide
from pipelines.release import release
from pipelines.release.release import ReleaseConfig
from pipelines.runtime.settings import Settings
from storage.dataset import datasets, examples
from storage.release import runs, versions
from storage.views import row as rows
from tests.pages.test_pages import button, texts
from tests.places import ROOT, page_files
from tests.sample_project import make_finished_project


@pytest.fixture
def render(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("pages.frame.guard.is_loopback", lambda address: True)

    def render(page: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
        app.switch_page(page)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return render


def test_the_task_is_changed_after_a_look_at_what_differs(render: Callable[..., AppTest], project: Settings) -> None:
    app = render("pages/data/task.py")
    assert "Nothing is changed yet." in texts(app)
    app.text_area[0].set_value("A late refund is a refund.").run()
    assert not app.exception
    assert any("rubric" in code.value and "late refund" in code.value for code in app.code)
    assert datasets.task_of(project.store, "support").rubric == "What does the customer want?", "only shown so far"
    button(app, "Make it so")
    app.run()
    assert not app.exception
    assert datasets.task_of(project.store, "support").rubric == "A late refund is a refund."
    assert "Version 2 is in force." in texts(app)
    assert len(datasets.history(project.store, "support")) == 2


def test_a_task_that_is_none_is_refused_before_it_is_kept(render: Callable[..., AppTest], project: Settings) -> None:
    app = render("pages/data/task.py")
    app.number_input[1].set_value(99.9).run()
    assert not app.exception
    button(app, "Make it so")
    app.run()
    assert datasets.task_of(project.store, "support").confidence == pytest.approx(0.999)


def test_a_row_tells_who_said_what_and_which_versions_hold_it(
    render: Callable[..., AppTest], project: Settings
) -> None:
    settings = make_finished_project(project.project)
    store = settings.store
    (version,) = versions.listing(store, "support")
    held = version.manifest.rows["train"][0]
    story = rows.of_example(store, "support", held.example_id)
    assert story is not None
    assert story.labels["labeler"].to_list() == ["teacher"]
    assert story.versions.rows() == [(1, "train", held.label)]
    assert rows.of_example(store, "another", held.example_id) is None
    tested = version.manifest.rows["test"][0].example_id
    for text in ("account", "refund"):  # asked twice: the newest answer stands
        runs.add_predictions(
            store, dataset="support", version=1, contestant="student", request_key=text, example_ids=[tested],
            completions=[Completion(text, 0.1, 5, 1)],
        )  # fmt: skip
    answered = rows.of_example(store, "support", tested)
    assert answered is not None
    assert answered.answers.rows() == [("student", 1, "refund")]
    assert answered.versions["split"].to_list() == ["test"]

    app = render("pages/data/row.py", row=held.external_id)
    assert not app.exception
    assert f"Row {held.external_id}" in texts(app)
    button(app, "Leave it out")
    app.run()
    assert not app.exception
    changed = rows.of_example(store, "support", held.example_id)
    assert changed is not None
    assert changed.decisions["action"].to_list() == ["exclude"]
    button(app, "Undo")
    app.run()
    again = rows.of_example(store, "support", held.example_id)
    assert again is not None
    assert again.decisions["action"].to_list() == ["exclude", "undo"]


def test_a_row_is_found_by_its_id_first_then_by_words(project: Settings) -> None:
    store = project.store
    assert rows.find(store, "support", "q1")["id"].to_list() == ["q1"]
    found = rows.find(store, "support", "PARCEL", 7)
    assert found.height == 7
    assert found["text"].str.contains("(?i)parcel").all()
    assert rows.find(store, "support", "").is_empty()
    assert rows.find(store, "another", "q1").is_empty()


def test_two_versions_are_compared_and_a_file_is_looked_into(render: Callable[..., AppTest], project: Settings) -> None:
    settings = make_finished_project(project.project)
    ids = examples.frame(settings.store, "support")["example_id"].to_list()
    (first,) = versions.listing(settings.store, "support")
    gone = first.manifest.rows["train"][0]
    record = {"action_id": "x", "action": "exclude", "example_ids": [gone.example_id], "reviewer": "ana", "reason": "y"}
    assert ids
    decide.take([record], "support", settings.store)
    waived = ReleaseConfig("support", waive=("certificate",), why="a test", who="ana")
    release.run(waived, settings.store, settings.releases)
    app = render("pages/training/versions.py")
    assert not app.exception
    tables = [frame.value for frame in app.dataframe]
    assert any({"added", "removed", "unchanged"} <= set(table.columns) for table in tables)
    changes = next(table for table in tables if {"what", "before", "after", "id"} <= set(table.columns))
    assert ((changes["id"] == gone.external_id) & (changes["what"] == "removed")).any()
    assert any("file" in table.columns and "SHA-256" in table.columns for table in tables)


def test_the_confusion_counts_each_answer_and_keeps_what_is_no_label_apart() -> None:
    import polars as pl

    truth = {"a": "x", "b": "x", "c": "y", "d": "y"}
    answers = pl.DataFrame({"example_id": ["a", "b", "c", "d", "e"], "answer": ["x", " y\n", "y", "no idea", "x"]})
    found = confusion(truth, answers, ["x", "y"])
    assert set(found.rows()) == {("x", "x", 1), ("x", "y", 1), ("y", "y", 1), ("y", UNKNOWN_ANSWER, 1)}


def test_a_student_is_compared_with_whom_one_chooses(render: Callable[..., AppTest], project: Settings) -> None:
    make_finished_project(project.project)
    app = render("pages/training/evaluation.py")
    assert not app.exception
    against = next(box for box in app.multiselect if box.label == "Compare it with")
    assert {"base=", "teacher=teacher"} == set(against.value)
    assert any("baseline" in option for option in against.options)


def test_dpo_is_not_offered_without_pairs_and_the_page_leads_to_them(
    render: Callable[..., AppTest], project: Settings
) -> None:
    make_finished_project(project.project)
    app = render("pages/training/runs.py")
    assert not app.exception
    how = next(box for box in app.selectbox if box.label == "How?")
    assert len(how.options) == 1
    assert "DPO needs preference pairs in the version." in texts(app)
    assert "Build pairs, then release again" in [link.proto.label for link in app.get("page_link")]


COMMANDS_ALLOWED = {
    # Where a page names a command beside a way of its own, or for what a browser cannot do.
    "pages/review/boards.py": "a server that the project's configuration names",
    "pages/admin/audit.py": "a head that is kept outside the store",
}


def test_no_page_shows_a_command_as_the_only_way_on() -> None:
    """A text on a page that names a command of ours is an exception that says why."""
    found = {}
    files = [*page_files(), *(ROOT / "pages").rglob("parts/*.py")]
    for file in files:
        name = file.relative_to(ROOT).as_posix()
        texts_of_page = [
            node.value
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        docs = {
            ast.get_docstring(n, clean=False)
            for n in ast.walk(ast.parse(file.read_text()))
            if isinstance(n, ast.Module | ast.FunctionDef | ast.ClassDef)
        }
        named = [t for t in texts_of_page if re.search(r"\bcurator [a-z]+ ", t + " ") and t not in docs]
        if named and name not in COMMANDS_ALLOWED:
            found[name] = named
    assert found == {}
