"""Every page, rendered through the app's own navigation, on projects from empty to released."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.native_queue import NativeQueue
from pages.shared.review_component import ReviewAction
from pipelines import check, release
from pipelines import plan as planning
from pipelines.plan import PlanConfig
from pipelines.release import ReleaseConfig
from pipelines.settings import Settings
from storage import plans

ROOT = Path(__file__).parents[2]
PAGES = [
    "pages/data/start.py",
    "pages/data/overview.py",
    "pages/data/clusters.py",
    "pages/data/findings.py",
    "pages/review/queue.py",
    "pages/review/spot_check.py",
    "pages/training/versions.py",
    "pages/training/runs.py",
    "pages/training/evaluation.py",
]
every_page = pytest.mark.parametrize("page", PAGES)


@pytest.fixture
def render(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AppTest]:
    monkeypatch.chdir(ROOT)  # where Streamlit finds its configuration
    monkeypatch.setattr("pages.shared.guard.is_loopback", lambda address: True)

    def render(page: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
        return app.switch_page(page).run()

    return render


def texts(app: AppTest) -> str:
    kinds = (app.text, app.subheader, app.success, app.error, app.info, app.markdown)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def button(app: AppTest, label: str) -> None:
    next(b for b in app.button if b.label == label).click()


def test_the_list_of_pages_is_complete() -> None:
    files = {f"pages/{p.parent.name}/{p.name}" for p in (ROOT / "pages").glob("*/*.py")}
    assert {f for f in files if "/shared/" not in f and "__init__" not in f} == set(PAGES)


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
    assert len(app.button) == 1
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
    page: str, render: Callable[[str], AppTest], project: Settings
) -> None:
    check.run("support", project.store)
    plan = planning.run(PlanConfig("support", reviews=20), project.store).plan
    queue = NativeQueue(project.store, "support", plan, "ana")
    answers = plans.tasks(project.store, plan).select("task", "proposed").rows()
    queue.apply([ReviewAction(f"a{task}", task, "edit", value) for task, value in answers])
    waived = ReleaseConfig("support", waive=("certificate",), why="only 20 rows were reviewed", who="ana")
    assert release.run(waived, project.store, project.releases).version == "support@1"
    app = render(page)
    assert not app.exception
    if page == "pages/training/versions.py":
        assert "Manifest SHA-256" in texts(app)
    if page == "pages/review/spot_check.py":
        assert "Label error of the teacher: 0.0 %" in texts(app)


def test_a_spot_check_is_drawn_by_its_button(render: Callable[[str], AppTest], project: Settings) -> None:
    app = render("pages/review/spot_check.py")
    next(n for n in app.number_input if n.label == "Random rows").set_value(12)
    button(app, "Draw the spot-check")
    app.run()
    assert not app.exception
    (plan,) = plans.of_dataset(project.store, "support")
    assert plan["settings"]["reviews"] == 12


def test_a_release_blocked_by_a_gate_says_which_and_writes_nothing(
    render: Callable[[str], AppTest], project: Settings
) -> None:
    app = render("pages/training/versions.py")
    button(app, "Release")
    app.run()
    assert not app.exception
    assert "a gate failed" in texts(app)
    assert not project.releases.exists()


def test_a_group_decision_from_a_finding_is_stored(render: Callable[[str], AppTest], project: Settings) -> None:
    check.run("support", project.store)
    app = render("pages/data/findings.py")
    next(s for s in app.selectbox if s.label == "Decision").set_value("exclude")
    next(b for b in app.button if b.label.startswith("Decide about")).click()
    app.run()
    assert not app.exception
    assert "Decided about" in texts(app)
