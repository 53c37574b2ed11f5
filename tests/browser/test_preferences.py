"""The page of comparisons in chromium: keys and mouse, sides recorded, hostile answers, light and dark."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from curator.records import make_task
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.preferences import draw as compare
from pipelines.preferences import pairs
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from storage.dataset import datasets
from storage.release import versions
from storage.review import comparisons
from tests.browser.axe import serious
from tests.browser.hostile import STRINGS
from tests.browser.test_pages import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HOSTILE = [text for text in STRINGS if len(text) < 5_000 and text.strip() and "\x00" not in text]


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    """Hostile questions with two hostile answers each."""
    settings = project_settings.init(tmp_path / "project")[0]
    task = make_task({"name": "qa", "kind": "text", "rubric": HOSTILE[2]})
    datasets.create(settings.store, "qa", task)
    for who, step in (("one", 1), ("two", 7)):
        file = tmp_path / f"{who}.jsonl"
        rows = [
            {"id": str(i), "text": f"{i} {text}", "label": f"{who} {HOSTILE[(i + step) % len(HOSTILE)]}"}
            for i, text in enumerate(HOSTILE)
        ]
        file.write_text("\n".join(json.dumps(row) for row in rows))
        ingest.run(IngestConfig("qa", (file,), source="teacher", labeler=who), settings.store)
    compare.run(compare.CompareConfig("qa", a="one", b="two"), settings.store)
    return settings


def saved(page: Page) -> None:
    expect(page.locator(".saving")).to_have_text("All changes saved")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_each_key_prefers_the_answer_that_was_on_that_side_when_it_was_pressed(
    run_app: Callable, open_page: Callable, project: Settings, dark: bool
) -> None:
    watched = open_page(dark=dark)
    page: Page = watched.page
    page.goto(f"{run_app(project.project).url}/preferences")
    settled(page, "Preferences")
    expect(page.locator(".side .value").first).not_to_be_empty()
    expected: list[tuple[str, str, str]] = []
    keys = ["1", "2", "ArrowLeft", "ArrowRight", "t", "s"] * 6
    for key in keys:
        task, left, right = page.evaluate(
            """() => {
              const host = [...document.querySelectorAll('*')].find((e) => e.shadowRoot?.querySelector('.side'));
              const at = (q) => host.shadowRoot.querySelector(q);
              const text = (side) => at(`[data-ref=${side}]`).textContent;
              return [at('.card').dataset.taskId, text('left'), text('right')];
            }"""
        )
        expected.append(
            (task, key, left if key in ("1", "ArrowLeft") else right if key in ("2", "ArrowRight") else key)
        )
        page.keyboard.press(key)
        time.sleep(0.03)
    saved(page)
    stored = comparisons.answers(project.store, "qa").rows(named=True)
    said = {row["comparison"]: row for row in stored}
    assert len(stored) == len(said) == len(keys)
    for task, key, shown in expected:
        choice = said[task]["choice"]
        assert (said[task][choice] if choice in "ab" else choice[0]) == shown, key
    page.keyboard.press("u")
    page.keyboard.press("?")
    saved(page)
    settled(page, "Preferences")
    assert comparisons.answers(project.store, "qa").height == len(keys) - 1
    assert page.locator(".side .value img, .side .value script, .rubric img, .card .text *").count() == 0
    page.wait_for_timeout(500)
    assert serious(page) == []
    assert not page.evaluate("window.hacked")
    watched.assert_clean()
    report = pairs.build("qa", project.store, labeler="one")
    assert report.dropped["tie"] == 6
    preferred = {p.chosen for p in versions.pairs(project.store, "qa") if p.source == "preference"}
    assert preferred
    assert preferred <= {shown for _, key, shown in expected if key not in "ts"}


def test_two_answers_that_are_longer_than_the_screen_are_read_by_keyboard(
    run_app: Callable, open_page: Callable, project: Settings
) -> None:
    page: Page = open_page().page
    page.set_viewport_size({"width": 900, "height": 400})
    page.goto(f"{run_app(project.project).url}/preferences")
    settled(page, "Preferences")
    expect(page.locator(".side .value").first).not_to_be_empty()
    for _ in range(20):
        page.keyboard.press("PageDown")
    end = "box => [box.scrollTop > 0, box.scrollTop + box.clientHeight >= box.scrollHeight - 1]"
    assert page.get_by_test_id("stMain").evaluate(end) == [True, True]
    page.keyboard.press("ArrowUp")
    assert page.get_by_test_id("stMain").evaluate(end) == [True, False]
