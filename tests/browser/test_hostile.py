"""Hostile texts as rows, labels, reasons, notes and names, on every page: all of it stays text."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from curator.records import Finding, TrainingOutcome, TrainingRun, make_task
from pages.components.review.component import ReviewAction
from pages.review.parts.native_queue import NativeQueue
from pipelines.adapters.encoder import SentenceEncoder
from pipelines.analysis import check, decide
from pipelines.analysis import cluster as clustering
from pipelines.intake import embed, ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.release import release
from pipelines.release.release import ReleaseConfig
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from pipelines.students import contestants, evaluate
from storage.checks import findings
from storage.dataset import datasets
from storage.release import runs
from storage.review import plans
from tests.browser.hostile import EVIL, STRINGS
from tests.browser.test_pages import PAGES, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LABELS = (f"![label]({EVIL}/label.png)", "<img src=x onerror=window.hacked=1>")
WHO = f"![who]({EVIL}/who.png)"
NAME = "x-onerror-window.hacked"
COPIES = 3
CONTENT = {"groups": "All changes saved", "suspects": "wait for a decision", "evaluation": re.compile("^Verdict")}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A project in which everything that people or files can name is hostile."""
    settings = project_settings.init(tmp_path_factory.mktemp("hostile") / "project")[0]
    store, file = settings.store, settings.project / "hostile.jsonl"
    short = [text for text in STRINGS if len(text) < 100_000]  # the longest is there once
    with file.open("w", encoding="utf-8") as handle:
        for i, text in enumerate([*STRINGS, *(short * (COPIES - 1))]):
            row = {"id": f"{LABELS[1]} {i}", "text": f"{i % 7} {text}", "label": LABELS[i % 2]}
            handle.write(json.dumps(row) + "\n")
    rules = {label: STRINGS[i] for i, label in enumerate(LABELS)}
    task = make_task({"name": NAME, "labels": rules, "rubric": "\n".join(s for s in STRINGS if len(s) < 1_000)})
    datasets.create(store, NAME, task)
    report = ingest.run(IngestConfig(NAME, (file,), source="teacher", labeler=WHO), store)
    assert report.added >= COPIES * (len(STRINGS) - 4)
    encoder = SentenceEncoder(settings.encoder)
    embed.run(embed.EmbedConfig(NAME), store, encoder)
    clustering.run(clustering.ClusterConfig(NAME, encoder=encoder.name, revision=encoder.revision), store)
    check.run(check.CheckConfig(NAME), store)
    run = findings.newest_run(store, NAME)
    assert run is not None
    for finding in _worst(settings, run.run):
        record = {"finding_id": finding.id, "action": "keep", "reviewer": WHO, "reason": STRINGS[38]}
        decide.apply([(1, record, None)], NAME, store, source=finding.id)
    plan = planning.run(PlanConfig(NAME, reviews=20), store).plan
    queue = NativeQueue(store, NAME, plan, WHO)
    tasks = plans.tasks(store, plan).select("task", "proposed").rows()[:5]
    queue.apply([ReviewAction(f"a{t}", t, "edit", value, note=STRINGS[i]) for i, (t, value) in enumerate(tasks)])
    gates = ("certificate", "test_reviewed", "contradictions", "format")
    waived = ReleaseConfig(NAME, waive=gates, why=STRINGS[38], who=WHO)
    version = release.run(waived, store, settings.releases).version
    assert version is not None
    run_1 = TrainingRun("run_1", NAME, 1, "sft", WHO, None, {}, "s", "t", "finished")
    runs.record(store, run_1, TrainingOutcome(losses=(2.0, 1.0, 0.5), seconds=1.5, error=STRINGS[38]))
    who = contestants.parse_models(f"teacher={WHO},{WHO}={WHO}", store, NAME)
    evaluate.run(evaluate.EvaluateConfig(version, who), store, None)
    return settings


def _worst(settings: Settings, run: str) -> list[Finding]:
    kinds = {f.kind: f for f in findings.frame(settings.store, run) if f.kind != "suspect_label"}
    return list(kinds.values())


def _layout_holds(page: Page) -> bool:
    """Whether the heading is where it belongs, nothing lies over the page, and it is not wider than the window."""
    return bool(
        page.evaluate(
            """() => {
              document.querySelector('[data-testid=stMain]').scrollTo(0, 0);  // opening a panel may have scrolled
              const head = document.querySelector('[data-testid=stHeading]').getBoundingClientRect();
              const top = document.elementFromPoint(head.x + 3, head.y + head.height / 2);
              const wide = document.documentElement.scrollWidth > window.innerWidth + 1;
              return head.width > 0 && !wide && Boolean(top && top.closest('[data-testid=stHeading]'));
            }"""
        )
    )


@pytest.mark.parametrize("dark", [False], ids=["light"])
def test_no_page_runs_a_script_sends_a_request_or_breaks_on_hostile_text(
    run_app: Callable, open_page: Callable, project: Settings, dark: bool
) -> None:
    assert len(set(STRINGS)) >= 60
    app = run_app(project.project)
    watched = open_page(dark=dark)
    page = watched.page
    page.on("dialog", lambda dialog: watched.errors.append(f"a dialog: {dialog.message[:80]}"))
    for path, title in PAGES.items():
        page.goto(f"{app.url}/{path}")
        settled(page, title)
        page.wait_for_timeout(300)
        assert not page.evaluate("window.hacked"), path
        if path in CONTENT:  # the page shows its content, not a way there
            assert page.get_by_text(CONTENT[path]).count() >= 1, path
        # All at once, also a fold within a fold, which a mouse could not reach yet.
        page.locator("[data-testid=stMain] details:not([open]) > summary").evaluate_all(
            "all => all.map(f => f.click())"
        )
        page.wait_for_timeout(200)
        assert not page.evaluate("window.hacked"), path
        assert page.locator("iframe, object, embed, base, [onerror], [onload]").count() == 0, path
        assert page.locator("main img, [data-testid=stMain] img").count() == 0, path
        assert _layout_holds(page), path
        for pill in range(page.locator("[data-testid=stButtonGroup] button").count()):
            page.locator("[data-testid=stButtonGroup] button").nth(pill).click()
            settled(page, title)
            assert not page.evaluate("window.hacked"), path
            assert page.locator("[data-testid=stMain] img").count() == 0, path
    watched.assert_clean()


def test_hostile_rows_pass_through_the_review_card_as_text(
    run_app: Callable, open_page: Callable, project: Settings
) -> None:
    app = run_app(project.project)
    watched = open_page()
    page = watched.page
    page.goto(f"{app.url}/queue")
    settled(page, "Review")
    seen = set()
    for _ in range(15):
        task = page.locator(".card").get_attribute("data-task-id")
        seen.add(task)
        assert page.locator(".card .text *").count() == 0
        page.keyboard.press("n")
        page.keyboard.type("<img src=x onerror=window.hacked=1>")
        page.keyboard.press("Enter")
        page.keyboard.press("k" if page.locator(".card").get_attribute("data-second") == "true" else "1")
        page.wait_for_timeout(60)
    assert len(seen) > 10
    assert not page.evaluate("window.hacked")
    watched.assert_clean()
