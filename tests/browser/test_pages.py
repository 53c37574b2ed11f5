"""Each page in chromium: no error, no request that leaves the machine, no serious finding of axe; light and dark."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipelines.adapters.encoder import SentenceEncoder
from pipelines.analysis import cluster as clustering
from pipelines.bench.pages import listed
from pipelines.intake import embed
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from tests.browser.axe import serious
from tests.sample_project import finish_project, make_project

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGES = {
    "": "Start",
    "overview": "Overview",
    "row": "Row",
    "task": "Task",
    "label": "Label",
    "map": "Map",
    "clusters": "Clusters",
    "balance": "Balance",
    "coverage": "Coverage",
    "findings": "Findings",
    "groups": "Duplicates & contradictions",
    "suspects": "Suspect labels",
    "queue": "Review",
    "spot_check": "Spot-check",
    "adjudicate": "Adjudicate",
    "agreement": "Agreement",
    "preferences": "Preferences",
    "boards": "What is where",
    "certificate": "Certificate",
    "versions": "Versions",
    "runs": "Training runs",
    "pairs": "Pairs",
    "evaluation": "Evaluation",
    "users": "Users",
    "audit": "Audit log",
}


BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Rows that were embedded, clustered, checked, spot-checked in part, and released."""
    settings = make_project(tmp_path_factory.mktemp("browser") / "project")
    store = settings.store
    encoder = SentenceEncoder(settings.encoder)
    embed.run(embed.EmbedConfig("support"), store, encoder)
    clustering.run(clustering.ClusterConfig("support", encoder=encoder.name, revision=encoder.revision), store)
    finish_project(settings)
    return settings


def settled(page: Page, title: str) -> None:
    """Wait until the page stands still and shows no error."""
    expect(page.locator("[data-testid=stHeading]", has_text=title).first).to_be_visible()
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_each_page_opens_by_a_deep_link_without_an_error_an_outside_request_or_a_serious_finding_of_axe(
    run_app: Callable, open_page: Callable, project: Settings
) -> None:
    assert list(PAGES) == [path for path, _ in listed()]
    app = run_app(project.project)
    watched = open_page()
    page = watched.page
    found: dict[str, list[str]] = {}
    for path, title in PAGES.items():
        page.emulate_media(color_scheme="light")
        page.goto(f"{app.url}/{path}")
        settled(page, title)
        page.wait_for_timeout(300)  # tables and charts draw themselves after the script has ended
        light = page.evaluate(BACKGROUND)
        found[f"{path} light"] = serious(page)
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(f"light => {BACKGROUND} !== light", arg=light)
        settled(page, title)
        page.wait_for_timeout(300)
        found[f"{path} dark"] = serious(page)
    assert {place: problems for place, problems in found.items() if problems} == {}
    watched.assert_clean()


@pytest.mark.parametrize("path", ["", "versions"])  # test_roles.py asks for each page
def test_a_deep_link_on_a_fresh_server_is_guarded_and_needs_no_entry_script(
    run_app: Callable, open_page: Callable, tmp_path: Path, path: str
) -> None:
    app = run_app(project_settings.init(tmp_path / "empty")[0].project)
    watched = open_page()
    watched.page.goto(f"{app.url}/{path}")
    settled(watched.page, PAGES[path])
    watched.assert_clean()
