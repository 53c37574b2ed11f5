"""The page of groups in chromium, driven by real keys: what is stored is what was on screen."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from curator.review import TakenDecision
from pipelines.runtime.settings import Settings
from storage.review import reviews
from tests.browser.axe import serious
from tests.browser.hostile import STRINGS
from tests.browser.test_pages import settled
from tests.pages.groups_project import LABELS, make_groups, make_rows

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Remembers, for each key, which group was on screen at keydown and which labels its digits meant. It is added
# before the component's own listener, so it sees the group before the decision changes it.
RECORDER = """
window.seen = [];
const find = () => {
  if (!window.groupCard?.isConnected) {
    const host = [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('.groups .card'));
    window.groupCard = host?.shadowRoot.querySelector('.groups .card');
  }
  return window.groupCard;
};
window.addEventListener('keydown', event => {
  const card = find(), id = card?.dataset.taskId;
  const heads = card ? [...card.querySelectorAll('.side > button')].filter(b => b.querySelector('kbd')) : [];
  const choices = Object.fromEntries(heads.map(b => [b.querySelector('kbd').textContent, b.childNodes[1].textContent]));
  window.seen.push({key: event.key, id, choices});
}, true);
window.onScreen = () => find()?.dataset.taskId ?? '';
"""
HELD = {"k": "keep", "x": "exclude"}


def open_groups(page: Page, url: str) -> None:
    page.add_init_script(RECORDER)
    page.goto(f"{url}/groups")
    expect(page.locator(".groups .side").first).to_be_visible()
    settled(page, "Duplicates & contradictions")


def wait_saved(page: Page) -> None:
    expect(page.locator(".saving")).to_have_text("All changes saved")


def stored(settings: Settings) -> list[TakenDecision]:
    return reviews.taken(settings.store, "support")


def test_groups_at_keys_in_quick_succession_are_each_decided_as_on_screen(
    run_app: Callable, open_page: Callable, tmp_path: Path
) -> None:
    settings = make_groups(tmp_path / "project", conflicts=60)
    watched = open_page()
    page = watched.page
    open_groups(page, run_app(settings.project).url)
    rng = random.Random(3)
    # A digit means the label of that place in the task on every card; one that is on no side of a card does nothing.
    keys = [rng.choice("1234kx") for _ in range(60)]
    for key in keys:
        page.keyboard.press(key)
        time.sleep(0.02)
    wait_saved(page)
    seen = page.evaluate("window.seen")
    assert [s["key"] for s in seen] == keys
    expected = [
        (s["id"], "relabel", s["choices"][s["key"]]) if s["key"].isdigit() else (s["id"], HELD[s["key"]], None)
        for s in seen
        if not s["key"].isdigit() or s["key"] in s["choices"]
    ]
    assert all(LABELS[int(digit) - 1] == label for s in seen for digit, label in s["choices"].items())
    n = len(expected)
    assert 25 < n < 60
    assert [(d.finding_id, d.action, d.value) for d in stored(settings)] == expected
    assert len({finding for finding, _, _ in expected}) == n
    expect(page.locator(".progress-text")).to_have_text(f"{n} of 60 done, {60 - n} left")

    for _ in range(3):
        page.keyboard.press("u")
    assert page.evaluate("window.onScreen()") == expected[n - 3][0]
    wait_saved(page)
    page.reload()
    expect(page.locator(".groups .side").first).to_be_visible()
    expect(page.locator(".progress-text")).to_have_text(f"{n - 3} of 60 done, {63 - n} left")
    page.keyboard.press("u")  # a decision from before the reload
    assert page.evaluate("window.onScreen()") == expected[n - 4][0]
    page.keyboard.press("s")
    wait_saved(page)
    undone = [d.value for d in stored(settings) if d.action == "undo"]
    assert undone == [d.decision for d in stored(settings)[:n][: n - 5 : -1]]
    expect(page.locator(".progress-text")).to_have_text(f"{n - 4} of 60 done, {64 - n} left")
    watched.assert_clean()


def test_groups_decided_while_the_server_is_away_are_stored_once_when_it_is_back(
    run_app: Callable, open_page: Callable, tmp_path: Path
) -> None:
    settings = make_groups(tmp_path / "project", conflicts=12)
    page = open_page().page
    app = run_app(settings.project)
    open_groups(page, app.url)
    page.keyboard.press(page.locator(".groups .side kbd").first.inner_text())
    wait_saved(page)
    app.stop()
    for _ in range(5):
        page.keyboard.press("k")
    expect(page.locator(".saving")).to_contain_text("kept in this browser")
    app.start()
    wait_saved(page)
    assert [d.action for d in stored(settings)] == ["relabel"] + ["keep"] * 5
    assert len({d.finding_id for d in stored(settings)}) == 6


def test_duplicates_keep_the_marked_row_by_enter_another_by_its_digit_and_any_label_is_found_by_typing(
    run_app: Callable, open_page: Callable, tmp_path: Path
) -> None:
    settings = make_groups(tmp_path / "project", conflicts=2, copies=3)
    watched = open_page()
    page = watched.page
    open_groups(page, run_app(settings.project).url)
    page.keyboard.press("Enter")  # says what to do: nothing is marked in a contradiction
    expect(page.locator(".hint")).to_contain_text("Choose a label")
    page.keyboard.press("/")
    page.keyboard.type("card")
    page.keyboard.press("Enter")
    page.keyboard.press("n")
    page.keyboard.type("both are fine")
    page.keyboard.press("Enter")
    page.keyboard.press("k")
    wait_saved(page)
    assert page.locator(".why").inner_text() == "All groups of this kind are settled."
    expect(page.get_by_text("Open groups: contradictions 0, exact duplicates 3")).to_be_visible()
    page.get_by_role("radio", name="Exact duplicates").click()
    expect(page.locator(".side.suggested")).to_have_count(1)
    expect(page.locator(".saving")).to_have_count(1)
    marked = page.locator(".side.suggested .facts").inner_text()
    page.keyboard.press("Enter")
    page.locator(".side:not(.suggested) > button").click()
    wait_saved(page)
    first, second, third, fourth = stored(settings)
    assert (first.action, first.value) == ("relabel", "card_lost")
    assert (second.action, second.reason) == ("keep", "both are fine")
    assert (third.action, fourth.action) == ("merge", "merge")
    assert marked.endswith(("r4", "r6", "r8"))
    watched.assert_clean()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Hostile texts in pairs under two labels; nothing is decided about them."""
    texts = [text for text in STRINGS if text.strip()]
    rows = [(text, LABELS[place % 2]) for place, text in enumerate(texts)]
    rows += [(f"{text} ", LABELS[(place + 1) % 2]) for place, text in enumerate(texts)]
    return make_rows(tmp_path_factory.mktemp("hostile") / "project", rows)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_hostile_groups_are_text_and_the_page_is_accessible(
    run_app: Callable, open_page: Callable, hostile: Settings, dark: bool
) -> None:
    watched = open_page(dark=dark)
    page = watched.page
    open_groups(page, run_app(hostile.project).url)
    assert serious(page) == []
    seen = set()
    for _ in range(60):
        seen.add(page.evaluate("window.onScreen()"))
        assert page.locator(".groups .text :not(mark)").count() == 0
        assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")
        page.keyboard.press("s")
    assert len(seen) > 40
    assert not page.evaluate("window.hacked")
    assert page.locator("[data-testid=stMain] img, iframe, object, embed").count() == 0
    watched.assert_clean()
