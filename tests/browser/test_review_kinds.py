"""Answers that are no labels, in chromium: JSON field by field, SQL and text with what changed. Keyboard alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import serious
from tests.browser.hostile import STRINGS
from tests.browser.test_review_component import SCRIPT, stored, wait_saved

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SCHEMA = {
    "type": "object",
    "required": ["company", "total"],
    "additionalProperties": False,
    "properties": {
        "company": {"type": "string", "minLength": 1},
        "total": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}]},
        "currency": {"enum": ["MYR", "USD"]},
        "paid": {"type": "boolean"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
    },
    "$defs": {"line": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}},
}
TEACHER = '{"company":"ACME","lines":[{"name":"tea"}],"total":9.00}'


@pytest.fixture
def review(run_app: Callable, open_page: Callable, tmp_path: Path) -> Callable[..., Page]:
    """Open a queue of rows of one kind of task, each with a teacher's answer."""

    def start(
        kind: str, answers: list[str], schema: dict[str, Any] | None = None, text: str = "", *, dark: bool = False
    ) -> Page:
        rows = [
            {"task_id": f"t{i}", "text": f"Row {i} {text}", "teacher": answer}
            | {"blind": False, "why": "Its neighbours disagree", "stream": "risk"}
            for i, answer in enumerate(answers)
        ]
        setup = {"labels": [], "kind": kind, "schema": schema, "tasks": rows}
        (tmp_path / "tasks.json").write_text(json.dumps(setup))
        page: Page = open_page(dark=dark).page
        page.goto(run_app(tmp_path, SCRIPT).url)
        expect(page.locator(".card .text")).to_contain_text("Row 0")
        return page

    return start


def field(page: Page, name: str) -> Locator:
    return page.locator(".field", has=page.locator("label", has_text=name))


def values(folder: Path) -> list[tuple[str, str | None]]:
    return [(a["task_id"], a["value"]) for a in stored(folder)]


def test_json_is_corrected_field_by_field_with_the_keyboard_and_what_is_untouched_stays_as_it_was(
    review: Callable[..., Page], tmp_path: Path
) -> None:
    page = review("extraction", [TEACHER] * 3, SCHEMA)
    page.keyboard.press("e")
    expect(page.get_by_label("company")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("Acme Ltd")
    page.keyboard.press("Control+Enter")
    wait_saved(page)
    page.keyboard.press("e")
    page.keyboard.press("Enter")  # on to the total
    expect(page.get_by_label("total", exact=False).first).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("12.50")
    page.keyboard.press("Tab")
    page.keyboard.press("n")  # "null", beside the field
    page.keyboard.press("Tab")
    page.keyboard.type("U")  # USD
    page.keyboard.press("Control+Enter")
    wait_saved(page)
    assert values(tmp_path) == [
        ("t0", '{"company":"Acme Ltd","total":9.00,"lines":[{"name":"tea"}]}'),
        ("t1", '{"company":"ACME","total":null,"currency":"USD","lines":[{"name":"tea"}]}'),
    ]


def test_a_value_against_the_schema_cannot_be_saved_and_the_field_says_why(
    review: Callable[..., Page], tmp_path: Path
) -> None:
    page = review("extraction", [TEACHER] * 2, SCHEMA)
    page.keyboard.press("e")
    page.get_by_label("company").fill("")
    page.locator("textarea#field-form-lines").fill('[{"price": 3}]')
    page.locator("input#field-form-total").fill("1,50")
    page.keyboard.press("Control+Enter")
    expect(field(page, "company").locator(".problem")).to_be_hidden()  # JSON first, then the schema
    expect(field(page, "total").locator(".problem")).to_contain_text("is not a number")
    page.locator("input#field-form-total").fill("-1.5")
    page.keyboard.press("Control+Enter")
    expect(field(page, "company").locator(".problem")).to_have_text("is empty")
    expect(page.get_by_label("company")).to_be_focused()
    expect(field(page, "lines").locator(".problem")).to_contain_text("[0].name: is missing")
    assert values(tmp_path) == []
    page.get_by_label("company").fill("B")
    page.locator("textarea#field-form-lines").fill("[]")
    page.locator("input#field-form-total").fill("1.5")
    expect(page.locator(".editor > .problem")).to_be_hidden()
    page.keyboard.press("Control+Enter")
    wait_saved(page)
    assert values(tmp_path) == [("t0", '{"company":"B","total":1.5,"lines":[]}')]


def test_an_answer_that_the_server_refuses_comes_back_with_the_reason_and_nothing_typed_is_lost(
    review: Callable[..., Page], tmp_path: Path
) -> None:
    page = review("text", ["one", "two", "three"])
    page.keyboard.press("e")
    page.keyboard.press("End")
    page.keyboard.type(" REFUSE this")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".review > .problem")).to_contain_text("1 not stored: the rules say no")
    expect(page.locator(".card")).to_have_attribute("data-task-id", "t1")  # nothing moved on its own
    page.keyboard.press("Enter")
    expect(page.locator(".card")).to_have_attribute("data-task-id", "t0")
    page.reload()
    expect(page.locator(".card")).to_have_attribute("data-task-id", "t0")
    page.keyboard.press("e")
    expect(page.get_by_label("Your answer")).to_have_value("one REFUSE this")
    page.get_by_label("Your answer").fill("one and more")
    page.keyboard.press("Escape")  # closed, not thrown away
    page.keyboard.press("e")
    page.keyboard.press("Control+Enter")
    wait_saved(page)
    assert values(tmp_path) == [("t1", "two"), ("t0", "one and more")]


def test_sql_is_edited_beside_what_changed_word_by_word(review: Callable[..., Page], tmp_path: Path) -> None:
    sql = "SELECT name FROM city\nWHERE size > 10"
    page = review("sql", [sql] * 2)
    page.keyboard.press("e")
    page.get_by_label("Your answer").fill("SELECT DISTINCT name FROM town\nWHERE size > 10")
    assert page.locator(".editor ins").all_text_contents() == ["DISTINCT ", "town"]
    assert page.locator(".editor del").all_text_contents() == ["city"]
    page.keyboard.press("Control+Enter")
    wait_saved(page)
    assert values(tmp_path) == [("t0", "SELECT DISTINCT name FROM town\nWHERE size > 10")]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_hostile_answers_stay_text_in_fields_and_differences_and_the_editors_are_accessible(
    review: Callable[..., Page], tmp_path: Path, dark: bool
) -> None:
    short = [text for text in STRINGS if len(text) < 5_000][dark::2]
    schema = {
        "type": "object",
        "properties": {short[2]: {"type": "string", "description": short[6]}, "b": {"enum": short}},
    }
    page = review(
        "extraction", [json.dumps({short[2]: text, "b": text, text: 1}) for text in short], schema, short[0], dark=dark
    )
    for number in range(len(short)):
        expect(page.locator(".card")).to_have_attribute("data-task-id", f"t{number}")
        page.keyboard.press("e")
        assert page.locator(".form img, .form script, .form svg, .form iframe, .card .text *, .value *").count() == 0
        if number == 0:
            assert serious(page) == []
        if number % 2:
            page.keyboard.press("Control+Enter")
        else:
            page.keyboard.press("Escape")
            page.keyboard.press("s")
    assert not page.evaluate("window.hacked")


def test_rubric_and_similar_settled_rows_come_by_a_key_and_leave_with_the_card(
    run_app: Callable, open_page: Callable, tmp_path: Path
) -> None:
    evil = "<img src=x onerror=window.hacked=1>"
    rows = [
        {"task_id": f"t{i}", "text": f"Row {i} {evil}", "teacher": "yes", "blind": i == 0, "why": "", "stream": "audit"}
        for i in range(3)
    ]
    setup = {"labels": [evil, "no"], "kind": "classification", "tasks": rows}
    setup |= {"rubric": f"Mind {evil}", "definitions": {evil: evil, "no": "not so"}}
    (tmp_path / "tasks.json").write_text(json.dumps(setup))
    watched = open_page()
    page = watched.page
    page.goto(run_app(tmp_path, SCRIPT).url)
    expect(page.locator(".card .text")).to_contain_text("Row 0")
    page.keyboard.press(".")
    expect(page.locator(".near")).to_contain_text("No settled row to compare with yet.")
    page.keyboard.press("2")
    expect(page.locator(".near")).to_be_hidden()
    page.keyboard.press(".")
    expect(page.locator(".near li").first).to_contain_text(f"{evil}88 % alikea row like t1")
    page.keyboard.press(".")
    expect(page.locator(".near")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator(".rubric")).to_contain_text(f"Mind {evil}")
    expect(page.locator(".rubric dd").first).to_have_text(evil)
    assert serious(page) == []
    wait_saved(page)
    assert values(tmp_path) == [("t0", "no")]
    assert page.locator(".review img").count() == 0
    watched.assert_clean()


def test_a_text_and_an_answer_of_several_pages_are_scrolled_by_keyboard_and_changes_are_seen_at_once(
    review: Callable[..., Page], tmp_path: Path
) -> None:
    answer = " ".join(f"word{i % 700}." for i in range(3000))
    page = review("text", [answer] * 2, text="\n".join(f"line {i}" for i in range(60)))
    text, proposed = page.locator(".card .text"), page.locator(".card .value")
    read = "box => [box.scrollTop > 0, box.scrollTop + box.clientHeight >= box.scrollHeight - 1]"
    assert text.evaluate(read) == [False, False]
    page.keyboard.press("PageDown")
    assert text.evaluate("box => box.scrollTop / box.clientHeight") == pytest.approx(0.9, abs=0.01)
    for _ in range(60):
        page.keyboard.press("ArrowDown")
    assert text.evaluate(read) == [True, True]
    assert proposed.evaluate(read)[0]  # the answer goes on where the text ends
    page.set_viewport_size({"width": 900, "height": 400})
    for _ in range(80):
        page.keyboard.press("PageDown")
    assert page.get_by_test_id("stMain").evaluate(read) == [True, True]  # and the page where the answer ends
    page.keyboard.press("e")
    box = page.get_by_label("Your answer")
    box.fill(f"First {answer.replace('word5. word6.', 'word5. six.')} last")
    parts = page.locator(".editor .diff .value > *").evaluate_all("all => all.map(e => [e.localName, e.textContent])")
    changes = [(name, said) for name, said in parts if name in ("ins", "del")]
    assert changes[:3] == [("ins", "First "), ("del", "word6"), ("ins", "six")]
    assert changes[-1] == ("ins", " last")
    assert sum(len(said) for _, said in parts) < 6_000 < len(answer)
    assert "characters as they were" in dict(parts)["small"]
    page.keyboard.press("Control+Enter")
    expect(page.locator(".card")).to_have_attribute("data-task-id", "t1")
    assert [box.evaluate("box => box.scrollTop") for box in (text, proposed)] == [0, 0]
    wait_saved(page)
    assert values(tmp_path)[0][1].endswith("word199. last")
