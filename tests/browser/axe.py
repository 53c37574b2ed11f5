"""axe-core on a page: its serious findings.

One fault of Streamlit's own navigation, which an app cannot change, is named in `THEIRS`.
"""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

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
