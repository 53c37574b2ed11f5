"""The map in chromium: lasso, keys, legend, what is done with the rows, the table, and a browser without WebGL 2."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipelines.analysis import cluster as clustering
from pipelines.bench import synthetic
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from storage.checks import clusters
from storage.review import plans, reviews
from storage.views import current as views

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROWS = 2_000
NAME = synthetic.DATASET


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.project(tmp_path_factory.mktemp("map") / "made", ROWS).project


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Settings:
    shutil.copytree(made, tmp_path / "project")
    return project_settings.load(tmp_path / "project")


def open_map(page: Page, url: str) -> None:
    page.goto(f"{url}/map")
    expect(page.locator("[data-ref=map][data-settled]:not([data-settled=''])")).to_be_visible()


def draw(page: Page, corners: list[tuple[float, float]]) -> None:
    """Drag along corners given as shares of the map's width and height."""
    box = page.locator("[data-ref=plane]").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def said(page: Page, words: str) -> None:
    expect(page.locator("[data-ref=said]")).to_contain_text(words)


def shows(page: Page, words: str) -> None:
    expect(page.get_by_text(words).first).to_be_visible()


def number(page: Page) -> int:
    return int(page.locator("[data-ref=map]").get_attribute("data-chosen") or 0)


def test_a_lasso_lists_the_rows_and_two_clicks_leave_them_out_send_them_or_cap_them_and_undo_brings_them_back(
    run_app: Callable, open_page: Callable, project: Settings
) -> None:
    watched = open_page()
    page, store = watched.page, project.store
    open_map(page, run_app(project.project).url)
    said(page, "2,000 rows")
    page.locator("[data-do=lasso]").click()
    draw(page, [(0.3, 0.3), (0.5, 0.28), (0.55, 0.5), (0.35, 0.55)])
    count = number(page)
    assert 0 < count < ROWS
    shows(page, f"{count} rows chosen on the map:")

    page.get_by_role("button", name="Leave out…").click()
    page.get_by_role("button", name=f"Yes, {count} rows").click()
    said(page, f"{ROWS - count:,} rows")  # drawn anew without them
    out = views.current(store, NAME).filter(out="excluded")
    assert out.height == count
    page.get_by_role("button", name="Undo").click()
    said(page, "2,000 rows")
    assert views.current(store, NAME).filter(out="excluded").is_empty()

    draw(page, [(0.3, 0.3), (0.5, 0.28), (0.55, 0.5), (0.35, 0.55)])
    page.get_by_role("button", name="Send to review…").click()
    page.get_by_role("button", name=f"Yes, {count} rows").click()
    shows(page, "Sent to review:")
    (sent,) = plans.of_dataset(store, NAME, "sent")
    audit = set(plans.tasks(store, "plan_made_up")["example_id"])
    waiting = audit - set(reviews.frame(store, NAME)["example_id"])  # open audit rows stay blind
    assert set(plans.tasks(store, sent.id)["example_id"]) == set(out["example_id"]) - waiting

    page.get_by_role("spinbutton", name="Keep at most").fill("5")
    page.get_by_role("spinbutton", name="Keep at most").press("Enter")
    page.get_by_role("button", name="Cap…").click()
    shows(page, f"keep 5 of {count} rows, the most redundant go first")
    page.get_by_role("button", name="Yes,").click()
    shows(page, "Left out:")
    gone = views.current(store, NAME).filter(out="excluded")
    assert gone["human_status"].null_count() == gone.height  # no reviewed row is among them
    assert count - gone.height >= 5
    watched.assert_clean()


def test_the_map_is_used_by_keys_and_by_its_legend(run_app: Callable, open_page: Callable, project: Settings) -> None:
    watched = open_page(dark=True)
    page = watched.page
    open_map(page, run_app(project.project).url)
    plane = page.locator("[data-ref=plane]")
    plane.focus()
    for key in ("+", "+", "+", "ArrowLeft", "ArrowUp", "v"):
        plane.press(key)
    assert 0 < number(page) < ROWS / 2
    shows(page, f"{number(page)} rows chosen on the map:")
    plane.press("Escape")
    said(page, "No row is chosen.")
    shows(page, "Draw a lasso or a box")
    plane.press("0")
    page.get_by_label("Colour by").select_option("reviewer")
    page.locator("[data-ref=legend] button", has_text="ana").click()
    page.locator("[data-do=these]").click()
    said(page, "75 rows chosen")
    shows(page, "75 rows chosen on the map:")
    watched.assert_clean()


def test_the_table_stands_in_for_the_map(run_app: Callable, open_page: Callable, project: Settings) -> None:
    watched = open_page()
    page = watched.page
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        "  return kind === 'webgl2' ? null : get.call(this, kind, ...more); };"
    )
    open_map(page, run_app(project.project).url)
    shows(page, "This browser shows no WebGL 2")
    page.get_by_test_id("stCheckbox").get_by_text("As a table").click()
    shows(page, "2,000 rows under these filters:")
    page.get_by_label("Text contains").fill("(scenario 7)")
    page.get_by_label("Text contains").press("Enter")
    expect(page.get_by_text("rows under these filters:")).not_to_contain_text("2,000")
    page.get_by_role("button", name="Send to review…").click()
    page.get_by_role("button", name="Yes,").click()
    shows(page, "Sent to review:")
    watched.assert_clean()


def test_an_older_run_is_shown_and_can_be_drawn_anew(run_app: Callable, open_page: Callable, project: Settings) -> None:
    watched = open_page()
    open_map(watched.page, run_app(project.project).url)
    expect(watched.page.get_by_role("button", name="Draw it anew")).to_be_visible()
    before = clusters.newest(project.store, NAME)
    clustering.run(clustering.ClusterConfig(NAME, encoder="made-up", revision="1"), project.store)
    after = clusters.newest(project.store, NAME)
    assert before is not None
    assert after is not None
    assert after.run != before.run
    open_map(watched.page, watched.page.url.split("/map")[0])
    expect(watched.page.get_by_role("button", name="Draw it anew")).to_have_count(0)
    watched.assert_clean()
