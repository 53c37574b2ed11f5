"""Suite `review`: reviewers on one app server, with an ingest and an embed running beside them.

What is driven is the app itself, as `curator app` serves it: each reviewer is a signed-in websocket session of its own
(`pipelines.bench.visitors`), and a save lasts from the answer to the moment when the browser learns that it is stored.
Drawing in a browser is not part of it (the suite `pages` measures that).
"""

import csv
import itertools
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curator.records import make_task
from pipelines.bench.served import PATIENCE_S, ROOT, end, served
from pipelines.bench.visit import Visit
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from pipelines.runtime import jobs, settings
from storage.access import users
from storage.dataset import datasets, examples, vectors
from storage.engine.store import Store
from storage.review import reviews

REVIEWERS, THINK_S = 20, 6.0
"""Twenty people at 600 answers an hour each, without a pause: 12,000 an hour together."""
CARDS_HELD = 80
"""Cards that a browser holds (`pages.components.protocol`)."""
BESIDE_ROWS = 100_000
SAVE_P95_S = 0.5
QUEUE_LABELS = ("refund", "delivery", "account")


@dataclass(frozen=True, slots=True)
class ReviewBench:
    """What many reviewers met on one server.

    Attributes:
        suite, passed: Which promise, and whether it holds.
        reviewers, saves: People, and answers that they gave.
        lost: Answers that were acknowledged and are not stored.
        duplicate_claims, reviewed_by_two: Tasks handed to two people, and reviewed by two.
        errors: What people saw, and what failed beside them, at most 50 of theirs.
        idle: Who gave no answer.
        ran_dry: How often a queue was empty.
        first_card_p95_s: Seconds to the first card.
        save_p95_allowed_s: The promise.
        save_median_s, save_p95_s, save_p99_s, save_max_s: Seconds of a save; None without one.
        driven: What stands for a person.
        seconds, think_s: How long people review, and look at a card.
        beside_rows, rows_embedded_beside, rows_ingested_beside: The work beside it.
        cores, load_average_at_start: The machine.
    """

    suite: str
    passed: bool
    reviewers: int
    saves: int
    lost: int
    duplicate_claims: int
    reviewed_by_two: int
    errors: tuple[str, ...]
    idle: tuple[str, ...]
    ran_dry: int
    first_card_p95_s: float | None
    save_p95_allowed_s: float
    save_median_s: float | None
    save_p95_s: float | None
    save_p99_s: float | None
    save_max_s: float | None
    driven: str = "websocket sessions of the app's server, each signed in as a reviewer"
    seconds: float = 0.0
    think_s: float = THINK_S
    beside_rows: int = 0
    rows_embedded_beside: int = 0
    rows_ingested_beside: int = 0
    cores: int | None = None
    load_average_at_start: float = 0.0


def run(seconds: float = 300.0, rows: int = BESIDE_ROWS) -> ReviewBench:
    """Review for a while beside an ingest and an embed.

    Passed where nobody was handed a task that somebody else holds, nothing acknowledged is missing, nobody saw an
    error, and the 95th percentile of a save is under 500 ms.

    Args:
        seconds: How long people review.
        rows: Rows that the embed, and each ingest (one after the other), work on.
    """
    with tempfile.TemporaryDirectory(prefix="curator-bench-") as folder:
        project = settings.init(Path(folder) / "project")[0]
        plan = _prepare(project.store, Path(folder), seconds, rows)
        secret, log = secrets.token_hex(32), project.project / "server.log"
        with served(project.project, log, lambda origin: signed_in_by(origin, secret)) as app:
            visit(app.url, secret, 0.0, names()[:1])  # the app has been in use, its modules are loaded
            with _beside(project.project, Path(folder), rows) as failed:
                _wait_for_rows(project.store, failed)
                load = os.getloadavg()[0]
                visits = visit(app.url, secret, seconds, names())
        stored = reviews.frame(project.store, "review", plan=plan)
        embedded = _embedded(project.store)
        ingested = len(examples.known(project.store, "ingested"))
    found = judge(visits, stored)
    return replace(
        found,
        passed=found.passed and not failed,
        errors=(*found.errors, *failed),
        seconds=seconds,
        think_s=THINK_S,
        beside_rows=rows,
        rows_embedded_beside=embedded,
        rows_ingested_beside=ingested,
        cores=os.cpu_count(),
        load_average_at_start=load,
    )


def _prepare(store: Store, folder: Path, seconds: float, rows: int) -> str:
    """A plan with more tasks than the reviewers can answer or hold, 20 reviewers, rows to embed; the plan's id."""
    tasks = round(REVIEWERS * (CARDS_HELD + 1.5 * seconds / THINK_S))
    task = make_task({"name": "support", "labels": list(QUEUE_LABELS), "rubric": "What does the customer want?"})
    for name in ("review", "embedded", "ingested"):
        datasets.create(store, name, task)
    labelled = write_rows(folder / "review.csv", "review", round(tasks * 1.3))
    ingest.run(IngestConfig("review", (labelled,), source="teacher", labeler="teacher"), store)
    plan = planning.run(PlanConfig("review", reviews=tasks), store).plan
    ingest.run(IngestConfig("embedded", (write_rows(folder / "embedded.csv", "embedded", rows),)), store)
    for reviewer in names():
        users.grant(store, name=reviewer, role="reviewer", who="bench", why="curator bench review")
    return plan


def names(count: int | None = None) -> list[str]:
    """Whoever reviews."""
    return [f"reviewer{n:02d}@bench.invalid" for n in range(count or REVIEWERS)]


def write_rows(file: Path, name: str, rows: int) -> Path:
    """Rows of 12 words or so, no two alike."""
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["id", "text", "label"])
        for n in range(rows):
            text = f"Where is parcel {n} of customer {n * 7919 % 99_991}, and who ({name}) answers for it?"
            writer.writerow([f"{name}-{n}", text, QUEUE_LABELS[n % 3]])
    return file


def signed_in_by(origin: str, secret: str) -> dict[str, str]:
    """A sign-in configured for the app, with a cookie secret that is known here."""
    return {
        "CURATOR_AUTH_REDIRECT_URI": f"{origin}/oauth2callback",
        "CURATOR_AUTH_COOKIE_SECRET": secret,
        "CURATOR_AUTH_CLIENT_ID": "bench",
        "CURATOR_AUTH_CLIENT_SECRET": "bench",
        "CURATOR_AUTH_SERVER_METADATA_URL": f"{origin}/never-asked",
    }


@contextmanager
def _beside(project: Path, folder: Path, rows: int) -> Iterator[list[str]]:
    """Embed, and ingest file after file, until the block ends; what failed is in the list."""
    failed: list[str] = []
    stop = threading.Event()

    def work(commands: Iterator[list[str]]) -> None:
        for argv in commands:
            process = command(project, argv)
            while process.poll() is None and not stop.wait(0.2):
                pass
            if stop.is_set():
                end(process)
                return
            if process.returncode:
                failed.append(f"`curator {argv[0]}` ended with {process.returncode}")
                return

    def ingests() -> Iterator[list[str]]:
        for turn in itertools.count():
            file = write_rows(folder / f"in-{turn}.csv", f"in{turn}", rows)
            yield ["ingest", str(file), "--dataset", "ingested"]

    commands = (iter([["embed", "--dataset", "embedded"]]), ingests())
    threads = [threading.Thread(target=work, args=(each,)) for each in commands]
    for thread in threads:
        thread.start()
    try:
        yield failed
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _wait_for_rows(store: Store, failed: Sequence[str]) -> None:
    """Wait until the ingest and the embed beside have written their first rows: their imports are behind them."""
    deadline = time.monotonic() + PATIENCE_S
    while not failed and time.monotonic() < deadline:
        begun = store.rows("select 1 from example where dataset = 'ingested' limit 1")
        if begun and store.rows("select 1 from vector_row limit 1"):
            return
        time.sleep(0.2)


def command(project: Path, argv: list[str], environment: Mapping[str, str] | None = None) -> "subprocess.Popen[bytes]":
    """Start a command as the app starts its jobs."""
    words = [*jobs.BEHIND, sys.executable, "-m", "pipelines.cli", *argv, "--project", str(project), "--json"]
    return subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def visit(origin: str, secret: str, seconds: float, reviewers: Sequence[str]) -> list[Visit]:
    """Let reviewers visit the app for a while; what each saw."""
    request = {
        "origin": origin,
        "secret": secret,
        "page": "queue",
        "query": "dataset=review",
        "reviewers": list(reviewers),
        "labels": QUEUE_LABELS,
        "think_s": THINK_S,
        "until": time.time() + seconds,
        "seed": 0,
    }
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.bench.visitors"],
        input=json.dumps(request),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return [Visit(**each) for each in json.loads(done.stdout)]


def judge(visits: Sequence[Visit], stored: pl.DataFrame) -> ReviewBench:
    """What the visits show, compared with what is stored."""
    handed = Counter(task for visit in visits for task in visit.handed)
    people = stored.group_by("task").agg(pl.col("reviewer").n_unique())["reviewer"]
    acknowledged = [ident for visit in visits for ident in visit.acknowledged]
    saves = np.array([save for visit in visits for save in visit.saves])
    errors = [f"{visit.reviewer}: {error}" for visit in visits for error in (*visit.errors, *visit.refused)]
    p95 = _quantile(saves, 0.95)
    found = ReviewBench(
        suite="review",
        passed=p95 is not None and p95 < SAVE_P95_S,
        reviewers=len(visits),
        saves=len(saves),
        lost=len(set(acknowledged) - set(stored["action_id"])),
        duplicate_claims=sum(n > 1 for n in handed.values()),
        reviewed_by_two=int((people > 1).sum()),
        errors=tuple(errors[:50]),
        idle=tuple(visit.reviewer for visit in visits if not visit.saves),
        ran_dry=sum(visit.ran_dry for visit in visits),
        first_card_p95_s=_quantile([v.first_card_s for v in visits if v.first_card_s is not None], 0.95),
        save_p95_allowed_s=SAVE_P95_S,
        save_median_s=_quantile(saves, 0.5),
        save_p95_s=p95,
        save_p99_s=_quantile(saves, 0.99),
        save_max_s=_quantile(saves, 1.0),
    )
    wrong = found.lost or found.duplicate_claims or found.reviewed_by_two or found.errors or found.idle
    return replace(found, passed=found.passed and not wrong)


def _quantile(seconds: Sequence[float] | NDArray[np.float64], q: float) -> float | None:
    return float(np.quantile(seconds, q)) if len(seconds) else None


def _embedded(store: Store) -> int:
    """Rows of the dataset `embedded` that have a vector."""
    known = vectors.encoders(store)
    hashes = [content for _, content in examples.known(store, "embedded").values()]
    return len(hashes) - len(vectors.missing(store, *known[0], hashes)) if known else 0


def render(report: ReviewBench) -> str:
    """The report for a person."""

    def ms(value: float | None) -> str:
        return "none" if value is None else f"{1000 * value:.0f} ms"

    return (
        f"review {'passed' if report.passed else 'FAILED'}: {report.reviewers} reviewers for "
        f"{report.seconds:.0f} s on one server ({report.driven})\n"
        f"{report.saves:,} saves: median {ms(report.save_median_s)}, p95 {ms(report.save_p95_s)} (allowed "
        f"{ms(report.save_p95_allowed_s)}), p99 {ms(report.save_p99_s)}, longest {ms(report.save_max_s)}; first card "
        f"p95 {ms(report.first_card_p95_s)}\n"
        f"{report.duplicate_claims} tasks handed to two people, {report.reviewed_by_two} reviewed by two, "
        f"{report.lost} answers lost, {len(report.errors)} errors, queue ran dry {report.ran_dry} times\n"
        f"beside it: {report.rows_embedded_beside:,} of {report.beside_rows:,} rows embedded, "
        f"{report.rows_ingested_beside:,} rows ingested; {report.cores} cores, load average at the start "
        f"{report.load_average_at_start:.1f}" + "".join(f"\n  error: {error}" for error in report.errors[:10])
    )
