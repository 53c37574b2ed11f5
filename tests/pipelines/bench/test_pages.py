"""The page suite: its list of pages, its project, what it says where something is missing, and a short run of it."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from curator.errors import OutsideError, RequestError
from pipelines.bench import keys, pages, synthetic
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
    assert clusters.members(store, run.run).height == 600
    assert findings.scores(store, check.run, "risk").height == 600
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
    both = (slow, replace(slow, fresh_s=2.5, passed=True))
    allowed, card = pages.Allowed(2.0, 3.0, 300.0, 20.0), keys.NextCard(99, 4.0, 9.0)
    text = pages.render(pages.PagesBench("pages", False, 10, allowed, 1.0, card, both))
    assert "FAILED" in text
    assert text.count("TOO MUCH") == 1
    assert text.count("fresh") == 1


@pytest.mark.browser
@pytest.mark.slow
def test_pages_are_opened_measured_and_within_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [("", "Start"), ("map", "Map"), ("findings", "Findings")]
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        reason = "chromium is missing; on Debian: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    monkeypatch.setattr(pages, "listed", lambda: some)
    for name, visits in {"WARM": 0, "VISITS": 1, "FRESH": 0}.items():
        monkeypatch.setattr(pages, name, visits)
    report = pages.run(600, slack=1e6)  # how long it takes is no matter here
    assert [(p.path, p.title) for p in report.pages] == some
    assert all(p.settled_s >= p.painted_s > 0 and p.server_s > 0 for p in report.pages)
    assert report.next_card.keys > 50, report.next_card
    assert report.passed, pages.render(report)
