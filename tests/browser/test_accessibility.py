"""axe-core on every page, light and dark: no serious finding.

One fault of Streamlit's own navigation, which an app cannot change, is named in `THEIRS`.
"""

from collections.abc import Callable
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Page

from pipelines.runtime.settings import Settings
from tests.browser.test_pages import PAGES, project, settled

__all__ = ["project"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
NAVIGATION = "[data-testid=stSidebarNavItems]"
THEIRS = ("list", "listitem")
"""Rules that Streamlit's navigation breaks where it has sections: its list holds groups, not items."""
RUN = """async ([navigation, theirs]) => {
  const found = await axe.run(document, {resultTypes: ['violations']});
  const place = (node) => document.querySelector(node.target[0]);
  return found.violations
    .filter((rule) => ['serious', 'critical'].includes(rule.impact))
    .flatMap((rule) => rule.nodes
      .filter((node) => !(theirs.includes(rule.id) && place(node)?.closest(navigation)))
      .map((node) => `${rule.id}: ${node.html.slice(0, 200)} ${node.failureSummary}`));
}"""


def serious(page: Page) -> list[str]:
    """The serious and critical findings, one a rule and place."""
    page.evaluate(AXE)
    found: list[str] = page.evaluate(RUN, [NAVIGATION, list(THEIRS)])
    return found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_page_has_a_serious_finding(run_app: Callable, open_page: Callable, project: Settings, dark: bool) -> None:
    app = run_app(project.project)
    watched = open_page(dark=dark)
    found: dict[str, list[str]] = {}
    for path, title in PAGES.items():
        watched.page.goto(f"{app.url}/{path}")
        settled(watched.page, title)
        watched.page.wait_for_timeout(300)
        if problems := serious(watched.page):
            found[path or "start"] = problems
    assert found == {}, "\n".join(f"{path}: {p}" for path, problems in found.items() for p in problems)
