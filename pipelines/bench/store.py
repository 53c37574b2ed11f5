"""Suite `store`: acknowledged rows under many writers, and claims beside a pipeline."""

import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from storage.access import audit
from storage.dataset import vectors
from storage.engine.store import Store
from storage.review import plans, reviews

PROCESSES, THREADS = 3, 3
TASKS, BATCH, BULK = 5_000, 20, 20_000
_ROOT = Path(__file__).resolve().parents[2]
CLAIM_P95_S = 0.2
"""A reviewer must not wait longer for the next rows, whatever else writes."""

_CHILD = """
import sys
from pathlib import Path
from pipelines.bench import store
{"writer": store.writer, "pipeline": store.pipeline}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
"""


@dataclass(frozen=True, slots=True)
class StoreBench:
    """What many writers were told, and how soon a claim beside a pipeline came through.

    Attributes:
        suite, passed: Which promise, and whether it holds.
        seconds: Length of the first part.
        processes, threads: Writers.
        acknowledged, stored, lost, twice: Rows.
        exit_codes: Of the writers, and of the pipeline.
        rows_loaded_beside_claims: What the pipeline loaded meanwhile.
        claims, claimed_tasks: Claims made, and the tasks that they handed out.
        claim_median_s, claim_p95_s: Seconds of a claim; None without one.
        claim_p95_allowed_s: The promise.
    """

    suite: str
    passed: bool
    seconds: float
    processes: int
    threads: int
    acknowledged: int
    stored: int
    lost: int
    twice: int
    exit_codes: tuple[int, ...]
    rows_loaded_beside_claims: int
    claims: int
    claimed_tasks: int
    claim_median_s: float | None
    claim_p95_s: float | None
    claim_p95_allowed_s: float


def run(seconds: float = 60.0) -> StoreBench:
    """Three processes of three threads open, write and close one store; then a reviewer claims beside a pipeline.

    Passed where every acknowledged row is stored once, the file reopens, and the 95th percentile of a claim is
    under 200 ms while another process appends rows and vectors in bulk.

    Args:
        seconds: Length of the first part; the second takes a quarter of it.
    """
    with tempfile.TemporaryDirectory(prefix="curator-bench-") as folder:
        made = Store.create(Path(folder) / "bench.duckdb")
        fill_plan(made, "bench", "plan_bench", TASKS)
        writers = [_child("writer", made.path, f"p{n}", seconds) for n in range(PROCESSES)]
        said = [each.communicate(timeout=seconds + 120)[0] for each in writers]
        acknowledged = [row for out in said for row in json.loads(out or "[]")]
        stored = [row[0] for row in Store(made.path).rows("select subject from audit_event where action = 'bench'")]
        loader = _child("pipeline", made.path, "load", seconds / 4)
        claims, claimed = _claim_beside(made, loader)
        loaded = loader.communicate(timeout=120)[0]
    exits = tuple(each.returncode for each in (*writers, loader))
    lost, twice = len(set(acknowledged) - set(stored)), len(stored) - len(set(stored))
    p95 = float(np.percentile(claims, 95)) if claims else None
    served = p95 is not None and p95 < CLAIM_P95_S
    return StoreBench(
        suite="store",
        passed=not any(exits) and not lost and not twice and bool(stored) and served,
        seconds=seconds,
        processes=PROCESSES,
        threads=THREADS,
        acknowledged=len(acknowledged),
        stored=len(stored),
        lost=lost,
        twice=twice,
        exit_codes=exits,
        rows_loaded_beside_claims=int(loaded or 0),
        claims=len(claims),
        claimed_tasks=claimed,
        claim_median_s=float(np.median(claims)) if claims else None,
        claim_p95_s=p95,
        claim_p95_allowed_s=CLAIM_P95_S,
    )


def _child(what: str, path: Path, name: str, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _CHILD, what, str(path), name, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT)


def writer(path: Path, name: str, seconds: float) -> None:
    """Write from several threads for a while, then print what was acknowledged (runs in a process of its own)."""
    end = time.perf_counter() + seconds

    def write(thread: int) -> list[str]:
        done: list[str] = []
        while time.perf_counter() < end:
            row = f"{name}-{thread}-{len(done)}"
            audit.note(Store(path), actor="bench", action="bench", subject=row)
            done.append(row)
        return done

    with ThreadPoolExecutor(THREADS) as pool:
        acknowledged = [row for rows in pool.map(write, range(THREADS)) for row in rows]
    sys.stdout.write(json.dumps(acknowledged))


def pipeline(path: Path, name: str, seconds: float) -> None:
    """Append rows and vectors in bulk for a while, then print how many rows (runs in a process of its own)."""
    rng = np.random.default_rng(0)
    made, end, loaded = Store(path), time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        ids = [f"{name}_{loaded + n}" for n in range(BULK)]
        made.append("example", _examples(ids, name))
        vectors.add(made, name, "1", ids, rng.random((BULK, 384), dtype=np.float32))
        loaded += BULK
    sys.stdout.write(str(loaded))


def _examples(ids: list[str], dataset: str) -> pl.DataFrame:
    return pl.DataFrame({"example_id": ids}).with_columns(
        pl.lit(dataset).alias("dataset"),
        pl.col("example_id").alias("external_id"),
        pl.col("example_id").alias("content_hash"),
        pl.lit("[]").alias("messages"),
        pl.format("Text of row {}, about as long as a question to a help desk.", "example_id").alias("text"),
        pl.lit("import").alias("source"),
    )


def fill_plan(store: Store, dataset: str, plan: str, tasks: int) -> None:
    """A plan with so many open tasks over as many rows, for measuring claims."""
    ids = [f"{plan}_ex_{n}" for n in range(tasks)]
    store.append("example", _examples(ids, dataset))
    rows = pl.DataFrame({"example_id": ids}).with_columns(
        pl.col("example_id").alias("content_hash"), pl.lit("all").alias("stratum")
    )
    plans.add(
        store,
        plan=plan,
        dataset=dataset,
        purpose="certify",
        labeler="bench",
        seed=0,
        as_of_seq=0,
        settings={},
        rows=rows.with_columns(
            pl.lit(None, pl.String).alias("teacher_value"),
            pl.lit(None, pl.String).alias("drawn_value"),
            pl.lit("teacher").alias("drawn_status"),
        ),
        tasks=rows.with_columns(
            pl.format("t_{}", "example_id").alias("task"),
            pl.lit("audit").alias("stream"),
            pl.lit(1.0).alias("inclusion_probability"),
            pl.int_range(pl.len(), dtype=pl.Int64).alias("position"),
            pl.lit(True).alias("blind"),
            pl.lit("bench").alias("why"),
        ),
    )


def _claim_beside(store: Store, loader: "subprocess.Popen[str]") -> tuple[list[float], int]:
    """Claim batches while the loader runs; seconds of each claim once it writes, and the tasks handed out."""
    took: list[float] = []
    handed: set[str] = set()
    begun = store.seq()
    while store.seq() == begun and loader.poll() is None:
        time.sleep(0.02)
    while loader.poll() is None:
        before = time.perf_counter()
        leased = reviews.claim(store, dataset="bench", reviewer=f"r{len(took) % 50}", count=BATCH)
        took.append(time.perf_counter() - before)
        handed |= set(leased["task"].to_list())
        time.sleep(0.05)
    return took, len(handed)


def _ms(seconds: float | None) -> str:
    return "none" if seconds is None else f"{1000 * seconds:.0f} ms"


def render(report: StoreBench) -> str:
    """The report for a person."""
    verdict = "passed" if report.passed else "FAILED"
    return (
        f"store {verdict}: {report.processes} processes of {report.threads} threads for "
        f"{report.seconds:.0f} s: {report.acknowledged:,} rows acknowledged, {report.stored:,} stored, "
        f"{report.lost} lost, {report.twice} twice\n"
        f"claims beside a pipeline that loads {report.rows_loaded_beside_claims:,} rows: {report.claims:,}, "
        f"median {_ms(report.claim_median_s)}, p95 {_ms(report.claim_p95_s)} "
        f"(allowed {_ms(report.claim_p95_allowed_s)})"
    )
