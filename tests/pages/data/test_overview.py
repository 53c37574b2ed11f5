"""The rows of a dataset: filtered by what was kept with them, and downloaded as the filter leaves them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from curator.records import make_task
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from storage.access import audit
from storage.dataset import datasets
from storage.views import current as views
from storage.views.where import kept_columns, kept_values
from tests.places import ROOT


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = project_settings.init(tmp_path / "project")[0]
    file = tmp_path / "rows.jsonl"
    rows = [
        {"id": f"r{n}", "text": f"text number {n}", "label": "ab"[n % 2], "team": ["x", "y", 7, None][n % 4], "n": n}
        for n in range(8)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    datasets.create(made.store, "d", make_task({"name": "d", "labels": ["a", "b"]}))
    ingest.run(IngestConfig("d", (file,), source="teacher"), made.store)
    return made


@pytest.fixture
def render(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AppTest]:
    monkeypatch.setenv("CURATOR_PROJECT", str(settings.project))
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("pages.frame.guard.is_loopback", lambda address: True)

    def render(page: str) -> AppTest:
        return AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run().switch_page(page).run()

    return render


def select(app: AppTest, label: str, value: str) -> None:
    next(box for box in app.selectbox if box.label.startswith(label)).select(value).run()
    assert not app.exception


def test_columns_and_values_that_were_kept_are_told_with_their_rows(settings: Settings) -> None:
    rows = views.current(settings.store, "d")
    assert kept_columns(rows) == ["n", "team"]
    assert kept_values(rows, "team", 2) == [("7", 2), ("x", 2)]


def test_the_filter_by_a_kept_column_is_what_the_download_holds(
    settings: Settings, render: Callable[[str], AppTest]
) -> None:
    app = render("pages/data/overview.py")
    assert not app.exception
    select(app, "Column kept", "team")
    select(app, "Its value", "7")
    select(app, "File", ".csv")
    assert [e.label for e in app.expander] == ["Download these rows (2 of 8)"]
    next(b for b in app.button if b.label == "Make the file").click().run()
    assert not app.exception
    _, content, notes = app.session_state["row_download"]
    lines = content.decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ['"id"', '"r2"', '"r6"']
    assert any("a CSV holds text alone" in note for note in notes)
    assert "download of d.csv" in str(audit.events(settings.store, actions=["export"]).to_dicts())


def test_a_changed_filter_takes_the_old_file_away(render: Callable[[str], AppTest]) -> None:
    app = render("pages/data/overview.py")
    next(b for b in app.button if b.label == "Make the file").click().run()
    assert len(app.get("download_button")) == 1
    select(app, "Label", "a")
    assert not app.get("download_button")


@pytest.mark.parametrize("page", ["pages/training/versions.py", "pages/review/spot_check.py"])
def test_the_share_that_tests_is_asked_while_nothing_is_frozen(page: str, render: Callable[[str], AppTest]) -> None:
    app = render(page)
    assert [n.value for n in app.number_input if n.label == "Rows that test, %"] == [20]


def test_an_upload_says_what_its_rows_are_for(settings: Settings, render: Callable[[str], AppTest]) -> None:
    app = render("pages/data/start.py")
    body = b"id,text,label\n1,one text,a\n2,two texts,b\n3,three texts,a\n4,four texts,b\n"
    app.file_uploader[0].upload("held.csv", body, "text/csv").run()
    assert not app.exception
    select(app, "What are these rows for", "all to test")
    next(b for b in app.button if b.label == "Create the dataset").click().run()
    assert not app.exception
    assert set(views.current(settings.store, "held")["requested_split"]) == {"test"}
