"""Pages with 10,000 findings send what is on the screen, not all of them; `curator bench pages` has the times."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import expect

from curator.checks import CheckedRows, contradiction
from curator.duplicates import Contradiction
from curator.records import Finding, make_task
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from storage.checks import findings
from storage.checks.findings import CheckSummary
from storage.dataset import datasets, examples
from tests.browser.test_pages import settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROWS = 10_001
LIMIT = 500_000
"""Bytes."""
LABELS = ("refund", "delivery", "account")


@pytest.fixture
def crowded(tmp_path: Path) -> Settings:
    """A checked project with 10,000 contradictions and 10,000 suspects, written without the checks that find them."""
    settings = project_settings.init(tmp_path / "project")[0]
    file, store = tmp_path / "rows.jsonl", settings.store
    rows = [{"id": f"r{n}", "text": f"question number {n} about a parcel", "label": LABELS[n % 3]} for n in range(ROWS)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    datasets.create(store, "support", make_task({"name": "support", "labels": list(LABELS)}))
    ingest.run(IngestConfig("support", (file,), source="teacher", labeler="teacher"), store)
    ids, texts = examples.frame(store, "support").select("example_id", "text")
    labels = [row["label"] for row in rows]
    table = CheckedRows(ids.to_list(), texts.to_list(), labels)
    found: list[Finding] = []
    for n in range(ROWS - 1):
        pair = Contradiction((n, n + 1), (labels[n], labels[n + 1]), False, (1.0, 0.9), (("a",), ("b",)), None)
        found.append(contradiction(table, pair))
        evidence = {"given": labels[n], "likely": labels[n + 1], "given_probability": 0.1, "likely_probability": 0.8}
        found.append(Finding(f"find_s{n}", "suspect_label", 1 - n / ROWS, (table.ids[n],), evidence, {}))
    findings.add_run(
        store,
        "support",
        run="ck_many",
        labeler="teacher",
        seed=0,
        as_of_seq=store.seq(),
        findings=tuple(found),
        scores=pl.DataFrame({"example_id": ids, "kind": "suspect_label", "score": 0.5}),
        report=CheckSummary(ROWS, {"contradiction": ROWS - 1, "suspect_label": ROWS - 1}, ()),
    )
    return settings


def test_the_first_paint_with_10_000_findings_sends_no_more_than_a_screen_needs(
    run_app: Callable, open_page: Callable, crowded: Settings
) -> None:
    app = run_app(crowded.project)
    page = open_page().page
    received: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
    pages = {
        "groups": ("Duplicates", ".groups .side"),
        "suspects": ("Suspect labels", "[data-testid=stDataFrame]"),
        "findings": ("Findings", "[data-testid=stDataFrame]"),
    }
    for path, (title, shown) in pages.items():
        received.clear()
        page.goto(f"{app.url}/{path}")
        expect(page.locator(shown).first).to_be_visible()
        settled(page, title)
        assert 1_000 < sum(received) < LIMIT, path
