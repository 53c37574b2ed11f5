"""Files of other tools become datasets in the browser: each is named, looked at, and comes in as by the command."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from pipelines.runtime import settings as project_settings
from storage.dataset import examples, labels
from storage.engine.store import Store
from storage.review import comparisons, opinions
from storage.views.current import current
from tests.cli.command import write_jsonl

pytestmark = [pytest.mark.browser, pytest.mark.slow]

QUESTIONS = [f"question {number}" for number in range(6)]
SHAREGPT = [
    {"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": f"answer to {q}"}]} for q in QUESTIONS
]
PAIRS = [{"prompt": q, "chosen": f"good answer to {q}", "rejected": f"bad answer to {q}"} for q in QUESTIONS]
LOG = [{"question": q, "answer": f"reply to {q}", "thumbs": "down" if n % 2 else "up"} for n, q in enumerate(QUESTIONS)]
ALPACA = [{"instruction": "Translate", "input": q, "output": f"Frage {n}"} for n, q in enumerate(QUESTIONS)]
FILES: list[tuple[str, list[dict[str, Any]], str]] = [
    ("chats", SHAREGPT, "Recognised as ShareGPT conversations: 6 rows would come in."),
    ("pairs", PAIRS, "Comparisons of two answers: 6."),
    ("log", LOG, "No labels: rejected 3."),
    ("tasks", ALPACA, "Recognised as Alpaca instructions: 6 rows would come in."),
]


def test_files_of_other_tools_become_datasets_in_the_browser(
    run_app: Callable, open_page: Callable, tmp_path: Path
) -> None:
    project = project_settings.init(tmp_path / "project")[0].project
    watched = open_page()
    page = watched.page
    page.goto(run_app(project).url)
    for number, (name, rows, said) in enumerate(FILES):
        fold = page.locator("details").filter(has_text="Bring in another file")
        if number and fold.get_attribute("open") is None:
            fold.locator("summary").click()
        page.locator("input[type=file]").set_input_files(write_jsonl(tmp_path / f"{name}.jsonl", rows))
        expect(page.get_by_text(said, exact=True)).to_be_visible()
        page.get_by_role("button", name="Create the dataset", exact=True).click()
        expect(page.get_by_text(re.compile(rf"^{name}.jsonl: (Share|Alpaca|prefer|answers)"))).to_be_visible()
    watched.assert_clean()
    store = Store(project / "curator.duckdb")
    assert examples.frame(store, "tasks")["text"][0] == "Translate\nquestion 0"
    assert labels.frame(store, "chats")["value"].to_list() == [f"answer to {q}" for q in QUESTIONS]
    assert comparisons.given(store, "pairs")["choice"].to_list() == ["a"] * 6
    assert len(opinions.rejected(store, "log")) == 3
    assert current(store, "log")["value"].null_count() == 3
    assert labels.labelers(store, "log") == ["production"]
