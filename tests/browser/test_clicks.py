"""The expert's way from a CSV to a certified release: led by the next step of each page, in few clicks."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipelines import loop
from pipelines.runtime import settings as project_settings
from storage.engine.store import Store
from storage.release import versions
from tests.browser.test_journey import click, review_by_keyboard
from tests.sample_project import write_rows

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MOST_CLICKS = 20
COUNT = "window.clicks = 0; addEventListener('click', event => { window.clicks += event.isTrusted; }, true);"


def still(page: Page) -> None:
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()


def go_on(page: Page, label: str, heading: str) -> None:
    """Follow the next step at the top of the page, which must be called so."""
    page.locator(".st-key-next").get_by_role("link", name=label).click()
    expect(page.locator("[data-testid=stHeading]", has_text=heading).first).to_be_visible()
    still(page)


def test_an_expert_is_led_from_a_csv_to_a_certified_release_in_at_most_twenty_clicks(
    run_app: Callable, open_page: Callable, tmp_path: Path
) -> None:
    file = tmp_path / "support questions.csv"
    write_rows(file)
    project = project_settings.init(tmp_path / "project")[0].project
    watched = open_page()
    page = watched.page
    page.add_init_script(COUNT)
    page.goto(run_app(project).url)

    page.locator("input[type=file]").set_input_files(file)  # one click more, which opens the system's own window
    page.get_by_label("Rubric: how should a careful person decide?").click()
    page.keyboard.type("What does the customer want?")
    page.get_by_label("Label error you can live with").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("0.1\t")
    click(page, "Create the dataset")
    expect(page.get_by_text("Your file is in")).to_be_in_viewport()  # what became of the file is in sight
    click(page, "Check it")
    expect(page.get_by_text("Checking the labels: done.")).to_be_visible()
    store = Store(project / "curator.duckdb")
    (name,) = store.rows("select distinct dataset from example")[0]
    while (step := loop.of_dataset(store, name).next).code == "decide_patterns":
        go_on(page, step.label, "Findings")
        page.get_by_role("button", name=re.compile("Decide otherwise")).first.click()
        page.get_by_role("dialog").get_by_role("button", name=re.compile("^Yes")).click()
        still(page)
    go_on(page, "Draw a spot-check", "Spot-check")
    click(page, "Draw the spot-check")
    expect(page.get_by_text(re.compile("INCOMPLETE"))).to_be_visible()
    go_on(page, "Review", "Review")
    expect(page.locator(".card .text")).not_to_be_empty()
    review_by_keyboard(page)
    page.locator(".st-key-loop").get_by_role("link", name="Release").click()
    expect(page.locator("[data-testid=stHeading]", has_text="Versions").first).to_be_visible()
    still(page)
    expect(page.locator(".st-key-next")).to_contain_text("test split")  # without it no student can be judged
    click(page, "Release")
    expect(page.get_by_text("Released a new version.")).to_be_visible()
    clicks = 1 + page.evaluate("window.clicks")
    assert clicks <= MOST_CLICKS, clicks
    (version,) = versions.listing(store, name)
    assert version.manifest.status == "CERTIFIED"
    watched.assert_clean()
