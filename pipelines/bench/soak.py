"""Suite `soak`: a working day in small. Reviewers, a labelling job, checks and two releases, on one app server.

The server's memory is read the whole time: after the warm-up it must stay flat. What was acknowledged must be stored,
nobody may see an error, and the store is verified whole in the end.
"""

import itertools
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from curator.records import make_task
from pipelines.bench import review as reviewing
from pipelines.bench.scripted_teacher import ScriptedTeacher
from pipelines.bench.served import ROOT, end, served
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from pipelines.runtime import settings
from storage.access import audit, users
from storage.dataset import datasets
from storage.engine.store import Store
from storage.review import reviews

SECONDS, REVIEWERS = 1_800.0, 10
WARM_UP, WINDOW = 0.25, 0.1
"""Shares of the time: until memory counts, and over which it is averaged."""
FLAT = 0.05
LOOK_S = 5.0
ASKED, CHECKED = 2_000, 600
"""Rows that the teacher is asked about in each turn, and rows of the dataset that is checked and released."""
NAME, TEACHER = "checked", "scripted"


@dataclass
class _Beside:
    """What ran beside the reviewers: command -> how often it ended well; and what failed."""

    done: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SoakBench:
    """What a day in small was like. Memory is the server's, in MB; `commands` says how often each ended well."""

    suite: str
    passed: bool
    seconds: float
    reviewers: int
    saves: int
    lost: int
    duplicate_claims: int
    reviewed_by_two: int
    save_median_s: float | None
    save_p95_s: float | None
    errors: tuple[str, ...]
    server_tracebacks: int
    commands: Mapping[str, int]
    teacher_was_asked: int
    memory_mb: tuple[float, ...]
    memory_after_warm_up_mb: float
    memory_at_the_end_mb: float
    memory_growth: float | None
    memory_growth_allowed: float
    store_is_whole: bool
    audit_is_intact: bool
    audit_events: int
    cores: int | None


def run(seconds: float = SECONDS) -> SoakBench:
    """Use a project for a while, as ten reviewers and its jobs do.

    Passed where the server's memory in the end is within 5 % of what it was after the warm-up, no answer that was
    acknowledged is missing, nobody saw an error, every command ended well, and the store is whole.

    Args:
        seconds: How long.
    """
    with tempfile.TemporaryDirectory(prefix="curator-soak-") as folder:
        project = settings.init(Path(folder) / "project")[0]
        plan = _prepare(project.store, Path(folder), seconds)
        secret, log = secrets.token_hex(32), project.project / "server.log"
        names, beside = reviewing.names(REVIEWERS), _Beside()
        with (
            ScriptedTeacher(
                {label: label for label in reviewing.QUEUE_LABELS}, otherwise=reviewing.QUEUE_LABELS[0]
            ) as teacher,
            served(project.project, log, lambda origin: reviewing.signed_in_by(origin, secret)) as app,
        ):
            reviewing.visit(app.url, secret, 0.0, names[:1])
            with _working(project.project, Path(folder), seconds, teacher.url, beside), _watched(app.pid) as memory:
                visits = reviewing.visit(app.url, secret, seconds, names)
        found = reviewing.judge(visits, reviews.frame(project.store, "review", plan=plan))
        whole, events = _verified(project.project), audit.verify(project.store)
        tracebacks = log.read_text(encoding="utf-8", errors="replace").count("Traceback")
    warm, last = flatness(memory, seconds)
    report = SoakBench(
        suite="soak",
        passed=False,
        seconds=seconds,
        reviewers=found.reviewers,
        saves=found.saves,
        lost=found.lost,
        duplicate_claims=found.duplicate_claims,
        reviewed_by_two=found.reviewed_by_two,
        save_median_s=found.save_median_s,
        save_p95_s=found.save_p95_s,
        errors=(*found.errors, *beside.failed),
        server_tracebacks=tracebacks,
        commands=beside.done,
        teacher_was_asked=teacher.asked,
        memory_mb=tuple(round(mb, 1) for _, mb in memory[:: max(1, len(memory) // 30)]),
        memory_after_warm_up_mb=round(warm, 1),
        memory_at_the_end_mb=round(last, 1),
        memory_growth=last / warm - 1.0 if warm else None,
        memory_growth_allowed=FLAT,
        store_is_whole=whole,
        audit_is_intact=events.intact,
        audit_events=events.events,
        cores=os.cpu_count(),
    )
    return replace(report, passed=kept(report))


def flatness(memory: Sequence[tuple[float, float]], seconds: float) -> tuple[float, float]:
    """The median memory right after the warm-up, and at the end.

    Args:
        memory: (second, MB), in order.
        seconds: Length of the run.
    """
    after = [mb for at, mb in memory if WARM_UP * seconds <= at < (WARM_UP + WINDOW) * seconds]
    last = [mb for at, mb in memory if at >= (1 - WINDOW) * seconds]
    return statistics.median(after or [0.0]), statistics.median(last or [0.0])


def _prepare(store: Store, folder: Path, seconds: float) -> str:
    """A plan with more tasks than ten people can answer, a dataset to check, reviewers; the plan's id."""
    tasks = round(REVIEWERS * (reviewing.CARDS_HELD + 1.5 * seconds / reviewing.THINK_S))
    task = make_task(
        {"name": "support", "labels": list(reviewing.QUEUE_LABELS), "rubric": "What does the customer want?"}
    )
    for name in ("review", "asked", NAME):
        datasets.create(store, name, task)
    for name, rows in (("review", round(tasks * 1.3)), (NAME, CHECKED)):
        file = reviewing.write_rows(folder / f"{name}.csv", name, rows)
        ingest.run(IngestConfig(name, (file,), source="teacher", labeler="teacher"), store)
    for reviewer in reviewing.names(REVIEWERS):
        users.grant(store, name=reviewer, role="reviewer", who="bench", why="curator bench soak")
    return planning.run(PlanConfig("review", reviews=tasks), store).plan


@contextmanager
def _working(project: Path, folder: Path, seconds: float, teacher: str, beside: _Beside) -> Iterator[None]:
    """Label without end, and check and release in turn, until the block ends."""
    stop = threading.Event()

    def labelling() -> Iterator[list[str]]:
        for turn in itertools.count():
            file = reviewing.write_rows(folder / f"asked-{turn}.csv", f"asked{turn}", ASKED)
            yield ["ingest", str(file), "--dataset", "asked", "--map", "label="]
            yield ["label", "--dataset", "asked", "--teacher", TEACHER]

    def releasing() -> Iterator[list[str]]:
        data, begun = ("--dataset", NAME), time.monotonic()
        yield from (["embed", *data], ["cluster", *data], ["check", *data])
        for turn, share in enumerate((1 / 3, 2 / 3)):
            while time.monotonic() - begun < share * seconds and not stop.is_set():
                stop.wait(min(60.0, seconds / 20))
                yield ["check", *data]
            more = reviewing.write_rows(folder / f"more-{turn}.csv", f"more{turn}", CHECKED // 10)
            yield ["ingest", str(more), *data, "--source", "teacher", "--labeler", "teacher"]
            waived = ["--waive", "certificate", "--waive", "templates"]  # its rows are one sentence with numbers
            yield ["release", NAME, *waived, "--why", "a measurement"]

    threads = [
        threading.Thread(target=_commands, args=(project, each, teacher, stop, beside))
        for each in (labelling(), releasing())
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _commands(
    project: Path, commands: Iterator[list[str]], teacher: str, stop: threading.Event, beside: _Beside
) -> None:
    """Run one command after the other; one that fails is told, and the next goes on."""
    environment = {**os.environ, "OPENAI_BASE_URL": teacher, "OPENAI_API_KEY": "none", "OMP_NUM_THREADS": "1"}
    for argv in commands:
        if stop.is_set():
            return
        process = reviewing.command(project, argv, environment)
        while process.poll() is None and not stop.wait(0.2):
            pass
        if stop.is_set():
            end(process)
            return
        if process.returncode not in (0, 3):
            beside.failed.append(f"`curator {argv[0]}` ended with {process.returncode}")
            return
        beside.done[argv[0]] = beside.done.get(argv[0], 0) + 1


@contextmanager
def _watched(pid: int) -> Iterator[list[tuple[float, float]]]:
    """What a process has in memory, every few seconds until the block ends: (second, MB)."""
    memory: list[tuple[float, float]] = []
    stop, begun = threading.Event(), time.monotonic()

    def look() -> None:
        while not stop.wait(LOOK_S):
            pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
            memory.append((time.monotonic() - begun, pages * os.sysconf("SC_PAGE_SIZE") / 2**20))
            if len(memory) % round(60 / LOOK_S) == 0:
                sys.stderr.write(f"{memory[-1][0]:.0f} s: the server has {memory[-1][1]:.0f} MB in memory\n")

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield memory
    finally:
        stop.set()
        thread.join()


def _verified(project: Path) -> bool:
    """Whether `curator doctor --deep` finds nothing wrong."""
    words = [sys.executable, "-m", "pipelines.cli", "doctor", "--deep", "--project", str(project), "--json"]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    sys.stderr.write(said.stderr[-1000:])
    return said.returncode == 0


def kept(report: SoakBench) -> bool:
    """Whether the promises were kept."""
    wrong = report.lost or report.duplicate_claims or report.reviewed_by_two or report.errors
    whole = report.store_is_whole and report.audit_is_intact and report.commands.get("release") == 2
    flat = report.memory_growth is not None and report.memory_growth < FLAT
    return bool(whole and flat and report.saves) and not (wrong or report.server_tracebacks)


def render(report: SoakBench) -> str:
    """The report for a person."""
    ran = ", ".join(f"{name} {times}" for name, times in report.commands.items())
    growth = "unknown" if report.memory_growth is None else f"{report.memory_growth:+.1%}"
    return "\n".join(
        [
            f"soak {'passed' if report.passed else 'FAILED'}: {report.reviewers} reviewers for "
            f"{report.seconds:.0f} s, {report.saves:,} saves, {report.lost} lost, "
            f"{len(report.errors)} errors, {report.server_tracebacks} tracebacks in the server's log",
            f"memory of the server: {report.memory_after_warm_up_mb:.0f} MB after the warm-up, "
            f"{report.memory_at_the_end_mb:.0f} MB at the end ({growth}, allowed "
            f"{report.memory_growth_allowed:+.0%})",
            f"  MB over time: {' '.join(f'{mb:.0f}' for mb in report.memory_mb)}",
            f"beside it: {ran}; the teacher was asked {report.teacher_was_asked:,} times",
            f"the store is {'whole' if report.store_is_whole else 'NOT WHOLE'}, the audit log of "
            f"{report.audit_events:,} events {'intact' if report.audit_is_intact else 'BROKEN'}",
            *(f"  error: {error}" for error in report.errors[:10]),
        ]
    )
