"""Each page in chromium: no error on it, and no request that leaves the machine; light and dark."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipelines.adapters.encoder import SentenceEncoder
from pipelines.analysis import cluster as clustering
from pipelines.intake import embed
from pipelines.runtime.settings import Settings
from tests.sample_project import finish_project, make_project

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGES = {
    "": "Start",
    "overview": "Overview",
    "map": "Map",
    "clusters": "Clusters",
    "balance": "Balance",
    "coverage": "Coverage",
    "findings": "Findings",
    "groups": "Duplicates & contradictions",
    "suspects": "Suspect labels",
    "queue": "Review",
    "adjudicate": "Adjudicate",
    "agreement": "Agreement",
    "preferences": "Preferences",
    "spot_check": "Spot-check",
    "certificate": "Certificate",
    "boards": "What is where",
    "versions": "Versions",
    "runs": "Training runs",
    "evaluation": "Evaluation",
    "users": "Users",
    "audit": "Audit log",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Rows that were embedded, clustered, checked, spot-checked in part, and released."""
    settings = make_project(tmp_path_factory.mktemp("browser") / "project")
    store = settings.store
    encoder = SentenceEncoder(settings.encoder)
    embed.run("support", store, encoder)
    clustering.run("support", store, encoder=encoder.name, revision=encoder.revision)
    finish_project(settings)
    return settings


def settled(page: Page, title: str) -> None:
    """Wait until the page stands still and shows no error."""
    expect(page.locator("[data-testid=stHeading]", has_text=title).first).to_be_visible(timeout=60_000)
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(timeout=60_000)
    expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0, timeout=60_000)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_each_page_opens_by_a_deep_link_without_an_error_or_an_outside_request(
    run_app: Callable, open_page: Callable, project: Settings, tmp_path: Path, dark: bool
) -> None:
    app = run_app(project.project)
    watched = open_page(dark=dark)
    for path, title in PAGES.items():
        watched.page.goto(f"{app.url}/{path}")
        settled(watched.page, title)
        watched.page.wait_for_timeout(300)  # tables and charts draw themselves after the script has ended
        watched.page.screenshot(path=tmp_path / f"{path or 'start'}-{'dark' if dark else 'light'}.png", full_page=True)
    watched.assert_clean()


@pytest.mark.parametrize("path", ["", "versions"])  # test_roles.py asks for each page
def test_a_deep_link_on_a_fresh_server_is_guarded_and_needs_no_entry_script(
    run_app: Callable, open_page: Callable, tmp_path: Path, path: str
) -> None:
    app = run_app(tmp_path / "nothing")
    watched = open_page()
    watched.page.goto(f"{app.url}/{path}")
    settled(watched.page, "No project yet")
    watched.assert_clean()


def test_hostile_text_is_shown_inert_on_the_pages_that_show_rows(
    run_app: Callable, open_page: Callable, project: Settings
) -> None:
    app = run_app(project.project)
    watched = open_page()
    watched.page.add_init_script("window.alert = () => { window.hacked = true; };")
    for path in ("overview", "clusters", "findings", "queue"):
        watched.page.goto(f"{app.url}/{path}")
        settled(watched.page, PAGES[path])
        assert not watched.page.evaluate("window.hacked")
        assert watched.page.locator("img[src*=evil], img[src=x]").count() == 0
    watched.assert_clean()
