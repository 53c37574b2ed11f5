"""The page suite without a browser: its list of pages, its project, and what it says where something is missing."""

from dataclasses import asdict
from pathlib import Path

import pytest

from curator.errors import OutsideError, RequestError
from pipelines.bench import pages, synthetic
from pipelines.bench.pages import PageTime
from pipelines.certify import judge as certificates
from storage.checks import clusters, findings
from storage.views import current as views
from tests.places import page_files


def test_the_pages_are_those_of_the_navigation() -> None:
    listed = pages.listed()
    assert listed[0] == ("", "Start")
    assert {"map", "overview", "queue", "evaluation"} <= {path for path, _ in listed}
    assert {path for path, _ in listed[1:]} == {p.stem for p in page_files()} - {"start"}


def test_the_made_up_project_has_something_for_every_page_and_is_made_once(tmp_path: Path) -> None:
    settings = synthetic.project(tmp_path / "project", 600)
    store, name = settings.store, synthetic.DATASET
    rows = views.current(store, name)
    assert rows.height == 600
    assert rows["value"].null_count() == 0
    run, check = clusters.newest(store, name), findings.newest_run(store, name)
    assert run is not None
    assert check is not None
    assert clusters.members(store, run["run"]).height == 600
    assert findings.scores(store, check["run"], "risk").height == 600
    assert certificates.judge_newest(store, name).status == "INCOMPLETE"
    before = store.seq()
    assert synthetic.project(tmp_path / "project", 600).store.seq() == before


def test_a_missing_chromium_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages.shutil, "which", lambda name: None)
    with pytest.raises(OutsideError, match="Chromium is missing"):
        pages.run(10)
    with pytest.raises(RequestError, match="--rows is 0"):
        pages.run(0)


def test_the_report_names_what_was_too_much() -> None:
    slow = PageTime(
        path="map", title="Map", first_paint_s=0.2, painted_s=0.4, settled_s=9.0, server_s=0.3, fresh_s=None,
        memory_mb=None, passed=False,
    )  # fmt: skip
    allowed = {"painted_s": 2.0, "map_settled_s": 3.0, "memory_mb": 300.0}
    report = {"suite": "pages", "passed": False, "rows": 10, "allowed": allowed, "load": 1.0}
    text = pages.render({**report, "pages": [asdict(slow), {**asdict(slow), "fresh_s": 2.5, "passed": True}]})
    assert "FAILED" in text
    assert text.count("TOO MUCH") == 1
    assert text.count("fresh") == 1
