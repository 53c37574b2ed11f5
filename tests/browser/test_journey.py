"""From a CSV of 200 rows to a reviewed, released and verified dataset, with nothing but the browser."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pages.frame.sections import SECTIONS
from pipelines.certify import judge as certificates
from pipelines.runtime import settings as project_settings
from storage.engine.store import Store
from storage.release import versions
from storage.review import reviews
from tests.sample_project import write_rows

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def click(page: Page, label: str) -> None:
    page.get_by_role("button", name=label, exact=True).click()


def go(page: Page, title: str) -> None:
    """Open a page by its section in the navigation, and by its tab where it is not the first."""
    section = next(section for section in SECTIONS if title in [tab.title for tab in section.tabs])
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=section.name, exact=True).click()
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    if section.tabs[0].title != title:
        page.locator(".st-key-tabs").get_by_role("link", name=title, exact=True).click()
        expect(page.locator("[data-testid=stHeading]", has_text=title).first).to_be_visible()
        expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()


def truth_of(text: str) -> str:
    words = {"refund": r"money back|charged|refund", "delivery": r"parcel|courier", "account": r"log in|e-mail|profile"}
    return next(label for label, pattern in words.items() if re.search(pattern, text))


def review_by_keyboard(page: Page) -> int:
    """Answer every card with the truth, and keep one's answer on every second look; returns the keys pressed."""
    card, saving = page.locator(".card"), page.locator(".saving")
    pressed = 0
    while True:
        expect(saving).to_have_text(re.compile("saved|Saving"))
        task = card.get_attribute("data-task-id")
        if not task:
            if saving.inner_text() == "All changes saved" and "All caught up" in card.inner_text():
                return pressed
            page.wait_for_timeout(50)
            continue
        label = truth_of(page.locator(".card .text").inner_text())
        digit = page.locator(f"button[data-label='{label}'] kbd").inner_text()
        page.keyboard.press("k" if card.get_attribute("data-second") == "true" else digit)
        pressed += 1


def test_a_csv_becomes_a_reviewed_released_and_verified_dataset_in_the_browser(
    run_app: Callable, open_page: Callable, tmp_path: Path
) -> None:
    file = tmp_path / "support questions.csv"
    write_rows(file)
    with file.open("a", encoding="utf-8") as handle:
        handle.write('q0,an id that stands there already,refund\nq900,"   ",refund\n')
    project = project_settings.init(tmp_path / "project")[0].project  # as `curator app` does
    watched = open_page()
    page = watched.page
    page.goto(run_app(project).url)

    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("The first 20 rows")).to_be_visible()
    page.get_by_label("Rubric: how should a careful person decide?").fill("What does the customer want?")
    page.get_by_label("Label error you can live with").fill("0.1")
    page.get_by_label("Name of the dataset").fill("support")
    page.keyboard.press("Tab")
    click(page, "Create the dataset")
    expect(page.get_by_text("Rejected rows, each with its reason")).to_be_visible()

    click(page, "Check it")
    expect(page.get_by_text("Checking the labels: done.")).to_be_visible()
    go(page, "Findings")
    expect(page.get_by_text("200 rows were checked under the labels of teacher.")).to_be_visible()
    go(page, "Clusters")
    expect(page.get_by_text("Map of the rows")).to_be_visible()

    go(page, "Spot-check")
    click(page, "Draw the spot-check")
    expect(page.get_by_text(re.compile("INCOMPLETE"))).to_be_visible()
    go(page, "Review")
    expect(page.locator(".card .text")).not_to_be_empty()
    pressed = review_by_keyboard(page)
    go(page, "Spot-check")
    expect(page.get_by_text(re.compile("^CERTIFIED"))).to_be_visible()

    go(page, "Versions")
    click(page, "Release")
    expect(page.get_by_text("Released a new version.")).to_be_visible()
    click(page, "Verify the files")
    expect(page.get_by_text(re.compile("Intact: all .* files"))).to_be_visible()
    watched.assert_clean()

    store = Store(project / "curator.duckdb")
    assert reviews.frame(store, "support").height == pressed
    certificate = certificates.judge_newest(store, "support")
    (version,) = versions.listing(store, "support")
    assert version.manifest.status == certificate.status == "CERTIFIED"
    rows = version.manifest.rows
    assert len(rows["train"]) + len(rows["test"]) == 200
