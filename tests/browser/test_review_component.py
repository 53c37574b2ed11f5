"""The real review component in chromium, driven by real keys."""

import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SCRIPT = Path(__file__).parent / "review_app.py"
LABELS = ["ar", "de", "el", "en", "es", "fr", "hi", "ru", "tr", "ur", "vi", "zh", "ot"]
HOSTILE = "<img src='https://evil.example/a.png' onerror='window.hacked=1'><script>window.hacked=1</script>"

# Remembers, for each key, which card was on screen at keydown and what that key meant there. It is added
# before the component's own listener, so it sees the card before the decision changes it.
RECORDER = """
window.seen = [];
const find = () => {
  if (!window.reviewCard?.isConnected) {
    const host = [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('.card'));
    window.reviewCard = host?.shadowRoot.querySelector('.card');
  }
  return window.reviewCard;
};
window.addEventListener('keydown', event => {
  const card = find();
  window.seen.push({key: event.key, task_id: card?.dataset.taskId, second: card?.dataset.second === 'true'});
}, true);
window.onScreen = () => { const c = find(); return c ? [c.dataset.taskId, c.dataset.second] : ['', '']; };
"""


def tasks(n: int, *, blind: Callable[[int], bool] = lambda i: False) -> list[dict[str, Any]]:
    return [
        {
            "task_id": f"t{i:04}",
            "text": f"Sentence number {i} {HOSTILE if i % 50 == 3 else ''}",
            "teacher": LABELS[i % len(LABELS)],
            "blind": blind(i),
            "why": "Drawn at random for the audit" if blind(i) else "Its neighbours disagree",
            "stream": "audit" if blind(i) else "risk",
        }
        for i in range(n)
    ]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    def make(rows: list[dict[str, Any]], labels: list[str] = LABELS, kind: str = "classification") -> Path:
        (tmp_path / "tasks.json").write_text(json.dumps({"labels": labels, "kind": kind, "tasks": rows}))
        return tmp_path

    return make


def stored(folder: Path) -> list[dict[str, Any]]:
    log = folder / "actions.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def open_queue(page: Page, url: str) -> None:
    page.add_init_script(RECORDER)
    page.goto(url)
    expect(page.locator(".card .text")).to_contain_text("Sentence number")


def wait_saved(page: Page) -> None:
    expect(page.locator(".saving")).to_have_text("All changes saved")


def meaning(seen: dict[str, Any], rows: dict[str, dict[str, Any]]) -> tuple[str, str | None]:
    """Say what a key meant for the card that was on screen."""
    row = rows[seen["task_id"]]
    key = seen["key"]
    if key.isdigit():
        label = LABELS[int(key) - 1]
        return ("accept" if not row["blind"] and label == row["teacher"] else "edit"), label
    return {"Enter": ("accept", row["teacher"]), "x": ("reject", None), "s": ("skip", None)}[key]


def test_200_decisions_at_keys_in_quick_succession_are_each_of_the_card_on_screen(run_app, open_page, project) -> None:
    rows = tasks(230)
    folder = project(rows)
    watched = open_page()
    open_queue(watched.page, run_app(folder, SCRIPT).url)
    rng = random.Random(1)
    pressed = [rng.choice([*"123456789", "Enter", "x", "s"]) for _ in range(200)]
    for key in pressed:
        watched.page.keyboard.press(key)
        time.sleep(0.02)
    wait_saved(watched.page)
    seen = watched.page.evaluate("window.seen")
    by_id = {row["task_id"]: row for row in rows}
    expected = [(s["task_id"], *meaning(s, by_id)) for s in seen]
    assert [s["key"] for s in seen] == pressed
    assert [(a["task_id"], a["verdict"], a["value"]) for a in stored(folder)] == expected
    assert len({task for task, _, _ in expected}) == len(pressed)
    assert len({a["action_id"] for a in stored(folder)}) == len(pressed)
    assert not watched.page.evaluate("window.hacked")
    watched.assert_clean()


def test_a_blind_row_hides_the_teacher_until_a_first_look_and_asks_again_only_where_they_differ(
    run_app, open_page, project
) -> None:
    rows = tasks(6, blind=lambda i: True)
    folder = project(rows)
    watched = open_page()
    page = watched.page
    frames: list[Any] = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda data: frames.append(data)))
    for row in rows:
        row["teacher"] = "teacher-says-" + row["teacher"]
    folder = project(rows)
    open_queue(page, run_app(folder, SCRIPT).url)
    assert not any(b"teacher-says" in (f if isinstance(f, bytes) else f.encode()) for f in frames)
    page.keyboard.press("Enter")  # there is nothing to accept yet
    expect(page.locator(".hint")).to_contain_text("choose a label first")
    assert page.evaluate("window.onScreen()") == ["t0000", "false"]
    page.keyboard.press("2")
    wait_saved(page)
    expect(page.locator(".card .text")).to_contain_text("Sentence number 1")  # nothing moved on its own
    page.keyboard.press("3")
    expect(page.locator(".second")).to_contain_text("You said: de. The teacher said: teacher-says-ar.")
    page.keyboard.press("4")  # digits do not decide a second look
    assert page.evaluate("window.onScreen()") == ["t0000", "true"]
    wait_saved(page)  # with it comes the second look that the third key asked for
    page.keyboard.press("t")
    wait_saved(page)
    kept = [(a["task_id"], a["verdict"], a["value"]) for a in stored(folder)]
    assert kept == [
        ("t0000", "edit", "de"),
        ("t0001", "edit", "el"),
        ("t0000", "second_look", "teacher-says-ar"),
    ]
    expect(page.locator(".second")).to_contain_text("You said: el. The teacher said: teacher-says-de.")
    page.keyboard.press("k")
    wait_saved(page)
    assert [(a["task_id"], a["value"]) for a in stored(folder)][-1] == ("t0001", "el")
    page.keyboard.press("u")  # takes the second look back, and asks it again
    wait_saved(page)
    assert page.evaluate("window.onScreen()") == ["t0001", "true"]
    watched.assert_clean()


def test_undo_goes_back_several_steps_also_after_saving_and_after_a_reload(run_app, open_page, project) -> None:
    folder = project(tasks(30))
    page = open_page().page
    open_queue(page, run_app(folder, SCRIPT).url)
    for key in "1234":
        page.keyboard.press(key)
    wait_saved(page)
    page.keyboard.press("u")
    page.keyboard.press("u")
    assert page.evaluate("window.onScreen()")[0] == "t0002"
    wait_saved(page)
    page.reload()
    expect(page.locator(".card .text")).to_contain_text("Sentence number 2")
    page.keyboard.press("u")
    assert page.evaluate("window.onScreen()")[0] == "t0001"
    page.keyboard.press("9")
    wait_saved(page)
    log = stored(folder)
    undone = {a["undoes"] for a in log if a["verdict"] == "undo"}
    kept = [(a["task_id"], a["value"]) for a in log if a["verdict"] != "undo" and a["action_id"] not in undone]
    assert kept == [("t0000", "ar"), ("t0001", "tr")]
    expect(page.locator(".progress-text")).to_have_text("2 of 30 done, 28 left")


def test_500_decisions_survive_three_reloads_and_a_killed_server_and_none_is_doubled(
    run_app, open_page, project
) -> None:
    folder = project(tasks(520))
    watched = open_page()
    page = watched.page
    page.on("dialog", lambda dialog: dialog.accept())  # leaving with unsaved answers
    app = run_app(folder, SCRIPT)
    open_queue(page, app.url)
    decided: list[str] = []

    def decide(until: int, *, wait: bool = True) -> None:
        """Press keys until so many cards have been decided in all."""
        while len(decided) < until:
            if wait:  # for the queue to be filled again, where it ran dry
                expect(page.locator(".card")).not_to_have_attribute("data-task-id", "")
            for _ in range(min(20, until - len(decided))):
                page.keyboard.press("1")
                time.sleep(0.01)
            decided.extend(s["task_id"] for s in page.evaluate("window.seen.splice(0)") if s["task_id"])

    for until in (110, 220, 330):
        decide(until)
        page.reload()  # with answers on their way
        expect(page.locator(".card .text")).to_contain_text("Sentence number")
    decide(400)
    acknowledged = {a["action_id"] for a in stored(folder)}
    app.stop()  # kill -9, with answers on their way
    decide(430, wait=False)
    expect(page.locator(".saving")).to_contain_text("kept in this browser")
    app.start()
    decide(500)
    wait_saved(page)
    log = stored(folder)
    assert acknowledged <= {a["action_id"] for a in log}
    assert len({a["action_id"] for a in log}) == len(log)
    assert len(decided) == len(set(decided)) == 500
    assert sorted(a["task_id"] for a in log) == sorted(decided)
    assert watched.outside == []


def test_type_ahead_finds_one_of_many_labels_with_four_keys(run_app, open_page, project) -> None:
    labels = [f"{word} {i}" for i, word in enumerate(["card", "top up", "exchange rate", "refund", "pin"] * 30)]
    folder = project(tasks(5), labels)
    watched = open_page()
    page = watched.page
    open_queue(page, run_app(folder, SCRIPT).url)
    page.keyboard.type("refund 63")
    page.keyboard.press("Enter")
    page.keyboard.press("/")  # for labels that begin with a command letter
    page.keyboard.type("exch")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    wait_saved(page)
    assert [(a["task_id"], a["value"]) for a in stored(folder)] == [
        ("t0000", "refund 63"),
        ("t0001", "exchange rate 7"),
    ]
    watched.assert_clean()


def test_everything_works_with_the_mouse_and_a_click_never_answers_the_next_card(run_app, open_page, project) -> None:
    folder = project(tasks(9))
    page = open_page().page
    open_queue(page, run_app(folder, SCRIPT).url)
    page.locator(".labels button", has_text="zh").click()
    page.keyboard.press("Enter")  # accepts the next card; it does not click "zh" again
    page.get_by_role("button", name="Note").click()
    page.get_by_label("Note for this row").fill("two languages in one row")
    page.get_by_role("button", name="Skip").click()
    page.get_by_role("button", name="Rubric and keys").click()
    expect(page.locator(".guide")).to_be_visible()
    wait_saved(page)
    assert [(a["verdict"], a["value"], a["note"]) for a in stored(folder)] == [
        ("edit", "zh", None),
        ("accept", "de", None),
        ("skip", None, "two languages in one row"),
    ]


def test_invalid_json_cannot_be_saved(run_app, open_page, project) -> None:
    rows = [{**row, "teacher": '{"total": 3}'} for row in tasks(3)]
    folder = project(rows, [], "extraction")
    page = open_page().page
    open_queue(page, run_app(folder, SCRIPT).url)
    expect(page.locator(".proposal .value")).to_have_text('{ "total": 3 }')
    page.keyboard.press("e")
    page.get_by_label("Your answer").fill('{"total": 4')
    page.keyboard.press("Control+Enter")
    expect(page.locator(".editor .problem")).to_contain_text("not valid JSON")
    page.get_by_label("Your answer").fill('{"total": 4}')
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Enter")
    wait_saved(page)
    assert [(a["verdict"], a["value"]) for a in stored(folder)] == [
        ("edit", '{"total": 4}'),
        ("accept", '{"total": 3}'),
    ]


def test_a_label_is_found_without_its_accents_and_as_it_is_written_before_that(run_app, open_page, project) -> None:
    labels = ["か", "が", "\u00d6lpreis", "O\u0308ffnung", "olive"]
    folder = project(tasks(4), labels)
    page = open_page().page
    open_queue(page, run_app(folder, SCRIPT).url)
    for typed in ("olp", "\u00f6f", "が", "ol"):
        page.keyboard.press("/")
        page.get_by_label("Find a label").fill(typed)
        page.keyboard.press("Enter")
    wait_saved(page)
    assert [a["value"] for a in stored(folder)] == [labels[2], labels[3], "が", "olive"]


def test_what_was_answered_in_another_tab_is_not_asked_again_in_this_one(run_app, open_page, project) -> None:
    folder = project(tasks(20))
    url = run_app(folder, SCRIPT).url
    one = open_page().page
    open_queue(one, url)
    two = one.context.new_page()
    open_queue(two, url)
    for _ in range(5):
        one.keyboard.press("1")
    wait_saved(one)
    two.keyboard.press("2")  # the card that was on screen in both
    wait_saved(two)
    assert two.evaluate("onScreen()") == ["t0001", "false"]  # was there before the server said so: it stays
    two.keyboard.press("2")
    assert two.evaluate("onScreen()") == ["t0005", "false"]
    wait_saved(two)
    said = [a["task_id"] for a in stored(folder)]
    assert said == [*(f"t000{i}" for i in range(5)), "t0000", "t0001"]
