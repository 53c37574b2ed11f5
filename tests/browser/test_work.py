"""Long work from the app: it shows its progress, outlives page and server, can be stopped, trains and judges."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pages.components.review.component import ReviewAction
from pages.review.parts.native_queue import NativeQueue
from pipelines.release import release
from pipelines.release.release import ReleaseConfig
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from pipelines.runtime import jobs
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from storage.checks import clusters, findings
from storage.engine.store import Store
from storage.jobs import Job
from storage.release import runs
from storage.review import plans, reviews
from storage.views import current as views
from tests.sample_project import make_checked_project, make_project

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LONG_S = 600.0


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    """Rows and labels, nothing else."""
    return make_project(tmp_path / "project")


def click(page: Page, label: str) -> None:
    page.get_by_role("button", name=label, exact=True).click()


def finish(project: Path) -> Job:
    """Wait for the only job of the project."""
    (job,) = jobs.listing(project)
    ended = jobs.wait(project, job.id, LONG_S)
    assert ended is not None
    return ended


def test_a_chain_goes_on_to_its_end_when_page_and_app_are_gone(
    run_app: Callable, open_page: Callable, project: Settings
) -> None:
    app = run_app(project.project)
    watched = open_page()
    watched.page.goto(f"{app.url}/findings")
    click(watched.page, "Check it now")
    expect(watched.page.get_by_text("the work goes on")).to_be_visible()
    watched.page.reload()
    expect(watched.page.get_by_text("Checking the labels…")).to_be_visible()
    watched.page.close()
    app.stop()

    job = finish(project.project)
    assert job.state == "done"
    store = Store(project.store.path)
    assert clusters.newest(store, "support") is not None
    assert findings.newest_run(store, "support") is not None

    app.start()
    later = open_page()
    later.page.goto(f"{app.url}/findings")
    expect(later.page.get_by_text("200 rows were checked")).to_be_visible()
    later.assert_clean()


def test_the_demo_starts_from_an_empty_project_and_can_be_stopped(
    run_app: Callable, open_page: Callable, tmp_path: Path
) -> None:
    folder = project_settings.init(tmp_path / "new")[0].project
    watched = open_page()
    watched.page.goto(run_app(folder).url)
    click(watched.page, "Run the demo in this project")
    expect(watched.page.get_by_text("The demo: the whole loop on real data…")).to_be_visible()
    expect(watched.page.get_by_text(re.compile(r"\d of [\d,]+$"))).to_be_visible()
    expect(watched.page.get_by_role("button", name="Run the demo in this project")).to_be_disabled()
    click(watched.page, "Stop")
    expect(watched.page.get_by_text(re.compile("stopped. What was stored stays"))).to_be_visible()
    assert finish(folder).state == "cancelled"
    watched.assert_clean()


def test_a_group_decision_says_how_many_rows_before_it_is_taken_and_can_be_taken_back(
    run_app: Callable, open_page: Callable, project: Settings
) -> None:
    make_checked_project(project.project)
    watched = open_page()
    page = watched.page
    page.goto(f"{run_app(project.project).url}/findings")
    page.get_by_role("button", name="Decide otherwise…").first.click()
    yes = page.get_by_role("button", name=re.compile("^Yes, decide about"))
    expect(yes).to_be_visible()
    rows = int(yes.inner_text().split()[3].replace(",", ""))
    page.get_by_role("dialog").get_by_role("combobox", name="Decision").click()
    page.get_by_role("option", name="Leave all rows out").click()
    expect(page.get_by_role("dialog").get_by_text(f"this is about {rows} rows")).to_be_visible()
    assert reviews.decisions(project.store, "support").is_empty()
    yes.click()
    expect(page.get_by_text(f"Decided about {rows} rows.")).to_be_visible()
    assert views.overview(project.store, "support").out == {"excluded": rows}

    click(page, "Take it back")
    expect(page.get_by_text(f"Taken back for {rows} rows.")).to_be_visible()
    assert views.overview(project.store, "support").out == {}
    watched.assert_clean()


def test_a_student_is_trained_and_judged_from_the_app(
    run_app: Callable, open_page: Callable, project: Settings
) -> None:
    store = project.store
    plan = planning.run(PlanConfig("support", "test"), store).plan
    answers = plans.tasks(store, plan).select("task", "proposed").rows()
    NativeQueue(store, "support", plan, "ana").apply([ReviewAction(f"a{t}", t, "edit", value) for t, value in answers])
    waived = ReleaseConfig("support", waive=("certificate", "test_reviewed"), why="a short test", who="ana")
    assert release.run(waived, store, project.releases).version == "support@1"

    app = run_app(project.project)
    watched = open_page()
    page = watched.page
    page.goto(f"{app.url}/runs")
    page.get_by_text("Settings", exact=True).click()
    page.get_by_label("Epochs").fill("1")
    page.keyboard.press("Tab")
    click(page, "Train")
    expect(page.get_by_text("Training a student: done.")).to_be_visible()
    expect(page.get_by_text("Loss by step").first).to_be_visible()

    page.goto(f"{app.url}/evaluation")
    click(page, "Evaluate")
    expect(page.get_by_text(re.compile("^Verdict on .*: (SHIP|HOLD|NOT ENOUGH DATA)"))).to_be_visible()
    expect(page.get_by_text("This is a small local student")).to_be_visible()
    (report,) = runs.reports(store, dataset="support")
    assert report.report.local_student
    assert set(report.report.contestants) == {"student", "base", "teacher"}
    watched.assert_clean()
    shutil.rmtree(project.project / "tinker", ignore_errors=True)
