"""A project with 200 labelled rows, made by the same pipelines as the command line; and its CSV."""

import csv
import random
from pathlib import Path

from curator.records import TrainingOutcome, TrainingRun, make_task
from pages.components.review.component import ReviewAction
from pages.review.parts.native_queue import NativeQueue
from pipelines.analysis import check
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.release import release
from pipelines.release.release import ReleaseConfig
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from pipelines.students import contestants, evaluate
from pipelines.students.evaluate import EvaluateConfig
from storage.dataset import datasets
from storage.release import runs
from storage.review import plans
from tests.templates import copy_of

LABELS = ("refund", "delivery", "account")
HOSTILE = "<img src=x onerror=alert(1)> ![a](https://evil.example/a.png) <script>alert(1)</script>"
OPENINGS = ("Hello, ", "Good morning: ", "Please help. ", "Quick question, ", "")
BODIES = {
    "refund": ("I want my money back for order {}", "you charged order {} twice", "refund {} has not arrived"),
    "delivery": ("where is parcel {}", "the courier lost package {}", "parcel {} is three days late"),
    "account": ("I cannot log in as user {}", "change the e-mail of account {}", "delete profile {} for good"),
}


def write_rows(path: Path, count: int = 200, wrong: int = 6) -> dict[str, str]:
    """Write a CSV of support questions; the last `wrong` labels are mistakes. Returns the truth by row id."""
    rng = random.Random(5)
    truth: dict[str, str] = {}
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["id", "text", "label"])
        for i in range(count):
            label = LABELS[i % 3]
            text = rng.choice(OPENINGS) + rng.choice(BODIES[label]).format(10_000 + 7 * i)
            truth[f"q{i}"] = label
            given = LABELS[(i + 1) % 3] if i >= count - wrong else label
            writer.writerow([f"q{i}", f"{text} {HOSTILE}" if i == 4 else text, given])
    return truth


def make_project(folder: Path, *, rows: int = 200) -> Settings:
    """A project with the dataset `support`: rows labelled by `teacher`."""
    copy_of(("sample", rows), lambda template: _make(template, rows), folder)
    return project_settings.load(folder.resolve())


def make_checked_project(folder: Path) -> Settings:
    """A project with 200 rows whose labels were checked."""
    copy_of(
        "sample, checked",
        lambda template: check.run(check.CheckConfig("support"), make_project(template).store),
        folder,
    )
    return project_settings.load(folder.resolve())


def make_finished_project(folder: Path) -> Settings:
    """A project with 200 rows that `finish_project` has worked on."""
    copy_of("sample, finished", lambda template: finish_project(make_project(template)), folder)
    return project_settings.load(folder.resolve())


def _make(folder: Path, rows: int) -> Settings:
    settings = project_settings.init(folder)[0]
    file = folder / "support.csv"
    write_rows(file, rows)
    task = make_task(
        {"name": "support", "labels": list(LABELS), "rubric": "What does the customer want?", "max_error": 0.1}
    )
    datasets.create(settings.store, "support", task)
    ingest.run(IngestConfig("support", (file,), source="teacher", labeler="teacher"), settings.store)
    return settings


def finish_project(settings: Settings) -> None:
    """Check, spot-check in part, release, note a run and evaluate the teacher: something for every page to show."""
    store = settings.store
    check.run(check.CheckConfig("support"), store)
    plan = planning.run(PlanConfig("support", reviews=40, risk_reviews=10), store).plan
    queue = NativeQueue(store, "support", plan, "ana")
    answers = plans.tasks(store, plan).select("task", "proposed").rows()[:25]
    queue.apply([ReviewAction(f"a{task}", task, "edit", value) for task, value in answers])
    waived = ReleaseConfig("support", waive=("certificate",), why="not reviewed to the end", who="ana")
    version = release.run(waived, store, settings.releases).version
    assert version is not None
    run = TrainingRun("run_1", "support", 1, "sft", "local/base", None, {"local": True}, "s", "t", "finished")
    runs.record(store, run, TrainingOutcome(3, 96, (2.0, 1.0, 0.5), 1.5))
    who = contestants.parse_models("teacher=teacher,again=teacher", store, "support")
    evaluate.run(EvaluateConfig(version, who), store, None)
