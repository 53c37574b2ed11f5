"""The page of suspect labels in chromium: hostile rows and labels stay text, one row and many, and undo."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from storage.review import reviews
from storage.views import current as views
from tests.browser.axe import serious
from tests.browser.hostile import EVIL, STRINGS
from tests.browser.test_pages import settled
from tests.pages.groups_project import make_rows

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LABELS = (f"![label]({EVIL}/label.png)", "<img src=x onerror=window.hacked=1>", "**bold** :red[x] $x$")


def images(page: Page) -> int:
    return page.locator("[data-testid=stMain] img, [role=dialog] img, [role=listbox] img, iframe, object").count()


def test_hostile_suspects_stay_text_and_are_decided_one_and_all_with_undo(
    run_app: Callable, open_page: Callable, tmp_path: Path
) -> None:
    texts = [text for text in STRINGS if text.strip() and len(text) < 100_000]  # test_hostile.py has the longest
    rows = [(f"{text} question {n}", LABELS[n % 3]) for n, text in enumerate(texts)]
    settings = make_rows(tmp_path / "project", rows, LABELS)
    watched = open_page()
    page = watched.page
    page.goto(f"{run_app(settings.project).url}/suspects")
    settled(page, "Suspect labels")
    table = page.locator("[data-testid=stDataFrame]").first
    expect(table).to_be_visible()
    page.get_by_role("combobox", name="Label", exact=False).first.click()
    expect(page.get_by_role("option").first).to_be_visible()
    assert images(page) == 0
    page.keyboard.press("Escape")
    assert serious(page) == []

    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 17, box["y"] + 50)
    expect(page.get_by_text("1 row ticked:")).to_be_visible()
    settled(page, "Suspect labels")
    assert table.bounding_box() == box, "a tick moves nothing under the mouse"
    page.mouse.click(box["x"] + 17, box["y"] + 85)
    expect(page.get_by_text("2 rows ticked:")).to_be_visible()
    settled(page, "Suspect labels")
    assert table.bounding_box() == box
    page.mouse.click(box["x"] + 17, box["y"] + 85)
    expect(page.get_by_text("1 row ticked:")).to_be_visible()
    assert images(page) == 0
    page.get_by_role("button", name="Accept the suggestion").click()
    expect(page.get_by_text("The suggested label for 1 row: done.")).to_be_visible()
    settled(page, "Suspect labels")
    (one,) = reviews.taken(settings.store, "support")
    assert (one.action, one.rows) == ("relabel", 1)

    page.get_by_role("button", name=re.compile("^Accept the suggestion.*…$")).click()
    asked = page.get_by_role("dialog").get_by_text(re.compile("^Give .* rows the label that is suggested for each"))
    expect(asked).to_be_visible()
    number = int(asked.inner_text().split()[1])
    assert images(page) == 0
    page.get_by_role("button", name=f"Yes, {number} rows").click()
    expect(page.get_by_text(f"The suggested label for {number} rows: done.")).to_be_visible()
    settled(page, "Suspect labels")
    assert (views.current(settings.store, "support")["basis"] == "decision").sum() == number + 1
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The suggested label for 1 row: done.")).to_be_visible()
    settled(page, "Suspect labels")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The suggested label for 1 row: done.")).to_have_count(0)
    assert set(views.current(settings.store, "support")["basis"]) == {"teacher"}
    assert not page.evaluate("window.hacked")
    watched.assert_clean()
