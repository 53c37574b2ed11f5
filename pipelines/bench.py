"""Promises measured on this machine: the coverage of the certificate, and the store under many writers."""

import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from curator.coverage import Score, Setting, simulate_coverage
from curator.coverage_decisions import Groups, simulate_decisions
from curator.coverage_stopping import Stream, simulate_peeking
from storage import audit, plans, reviews, vectors
from storage.store import Store

POPULATIONS = (200, 2_000, 20_000)
REVIEWS = (60, 100, 200, 400)
ERRORS = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.065, 0.1)
CONFIDENCE = 0.95
SHARES = ("two_sided", "one_sided", "shipped_two_sided", "shipped_one_sided")

STREAMS = (*(Stream(2_000, 400, rate) for rate in ERRORS), Stream(20_000, 400, 0.05), Stream(200, 200, 0.05))
"""Where somebody looks at the live bound after every review."""
_SCORES: tuple[Score, ...] = ("good", "useless", "misleading")
GROUPS = tuple(Groups(n, score, affected=share) for n in (1, 2, 3) for score in _SCORES for share in (0.05, 0.2))
"""Where groups are decided from so many reviewed rows."""

PROCESSES, THREADS = 3, 3
TASKS, BATCH, BULK = 5_000, 20, 20_000
ROOT = Path(__file__).resolve().parents[1]
CLAIM_P95_S = 0.2
"""A reviewer must not wait longer for the next rows, whatever else writes."""

_CHILD = """
import sys
from pathlib import Path
from pipelines import bench
{"writer": bench.writer, "pipeline": bench.pipeline}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
"""


def certificate_settings() -> list[Setting]:
    """The grid: every population, number of reviews, error rate, score and allocation; a census is left out."""
    scores, purposes = ("good", "useless", "misleading"), ("certify", "find")
    grid = itertools.product(POPULATIONS, REVIEWS, ERRORS, scores, purposes)
    return [Setting(*each) for each in grid if each[1] < each[0]]  # type: ignore[arg-type]  # literals by construction


def certificate(repetitions: int, settings: Iterable[Setting] | None = None) -> dict[str, Any]:
    """Simulate the bounds over a grid of situations, the live bound under peeking, and group decisions.

    Passed where each share of repetitions that hold, two- and one-sided, for the teacher's and for the shipped
    error, for the live bound at every look, and for a fresh audit after group decisions, is at least the confidence
    less three Monte Carlo standard errors.

    Args:
        repetitions: Simulated plans for each setting.
        settings: The situations; default the whole grid.
    """
    chosen = list(certificate_settings() if settings is None else settings)
    started = time.perf_counter()
    simulate = partial(simulate_coverage, repetitions=repetitions, confidence=CONFIDENCE, seed=0)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        results = list(pool.map(simulate, chosen, chunksize=8))
    sequence, decisions = _sequence(repetitions), _group_decisions(repetitions)
    least = CONFIDENCE - 3 * results[0].standard_error
    shares = [{name: getattr(result, name) for name in SHARES} for result in results]
    failed = [
        {**asdict(setting), **share}
        for setting, share in zip(chosen, shares, strict=True)
        if min(share.values()) < least
    ]
    worst = min(range(len(chosen)), key=lambda i: min(shares[i].values()))
    return {
        "suite": "certificate",
        "passed": not failed and sequence["passed"] and decisions["passed"],
        "settings": len(chosen),
        "repetitions": repetitions,
        "confidence": CONFIDENCE,
        "least_allowed": least,
        "least_covered": {name: min(share[name] for share in shares) for name in SHARES},
        "worst": {**asdict(chosen[worst]), **shares[worst]},
        "failed": failed,
        "sequence": sequence,
        "group_decisions": decisions,
        "seconds": time.perf_counter() - started,
    }


def _sequence(repetitions: int) -> dict[str, Any]:
    """The live bound, looked at after every review; Wilson's interval, looked at as often, is the contrast."""
    ever = [simulate_peeking(stream, repetitions=repetitions, confidence=CONFIDENCE) for stream in STREAMS]
    allowed = 1 - CONFIDENCE + 3 * ever[0].standard_error
    most = {name: max(getattr(each, name) for each in ever) for name in ("one_sided", "two_sided", "wilson")}
    return {
        "passed": max(most["one_sided"], most["two_sided"]) <= allowed,
        "most_allowed": allowed,
        "most_wrong": most,
        "streams": [asdict(stream) | asdict(each) for stream, each in zip(STREAMS, ever, strict=True)],
    }


def _group_decisions(repetitions: int) -> dict[str, Any]:
    """Bounds after group decisions: by a fresh audit, and by the audit that suggested them (the contrast)."""
    held = [simulate_decisions(groups, repetitions=repetitions, confidence=CONFIDENCE) for groups in GROUPS]
    allowed = CONFIDENCE - 3 * held[0].standard_error
    names = ("fresh_one_sided", "fresh_two_sided", "same_one_sided", "same_two_sided")
    least = {name: min(getattr(each, name) for each in held) for name in names}
    return {
        "passed": min(least["fresh_one_sided"], least["fresh_two_sided"]) >= allowed,
        "least_allowed": allowed,
        "least_covered": least,
        "groups": [asdict(groups) | asdict(each) for groups, each in zip(GROUPS, held, strict=True)],
    }


def store(seconds: float) -> dict[str, Any]:
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
    exits = [each.returncode for each in (*writers, loader)]
    lost, twice = len(set(acknowledged) - set(stored)), len(stored) - len(set(stored))
    p95 = float(np.percentile(claims, 95)) if claims else None
    served = p95 is not None and p95 < CLAIM_P95_S
    return {
        "suite": "store",
        "passed": not any(exits) and not lost and not twice and bool(stored) and served,
        "seconds": seconds,
        "processes": PROCESSES,
        "threads": THREADS,
        "acknowledged": len(acknowledged),
        "stored": len(stored),
        "lost": lost,
        "twice": twice,
        "exit_codes": exits,
        "rows_loaded_beside_claims": int(loaded or 0),
        "claims": len(claims),
        "claimed_tasks": claimed,
        "claim_median_s": float(np.median(claims)) if claims else None,
        "claim_p95_s": p95,
        "claim_p95_allowed_s": CLAIM_P95_S,
    }


def _child(what: str, path: Path, name: str, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _CHILD, what, str(path), name, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


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
        rows=rows.with_columns(pl.lit("teacher").alias("drawn_status")),
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


def render(report: dict[str, Any]) -> str:
    """A suite's report for a person."""
    verdict = "passed" if report["passed"] else "FAILED"
    if report["suite"] == "store":
        return (
            f"store {verdict}: {report['processes']} processes of {report['threads']} threads for "
            f"{report['seconds']:.0f} s: {report['acknowledged']:,} rows acknowledged, {report['stored']:,} stored, "
            f"{report['lost']} lost, {report['twice']} twice\n"
            f"claims beside a pipeline that loads {report['rows_loaded_beside_claims']:,} rows: {report['claims']:,}, "
            f"median {_ms(report['claim_median_s'])}, p95 {_ms(report['claim_p95_s'])} "
            f"(allowed {_ms(report['claim_p95_allowed_s'])})"
        )
    covered = ", ".join(f"{name.replace('_', ' ')} {share:.4f}" for name, share in report["least_covered"].items())
    failed = "".join(f"\n  below it: {setting}" for setting in report["failed"][:20])
    live, fresh = report["sequence"], report["group_decisions"]
    wrong, kept = live["most_wrong"], fresh["least_covered"]
    peeked = max(wrong["one_sided"], wrong["two_sided"])
    drawn_after = min(kept["fresh_one_sided"], kept["fresh_two_sided"])
    return (
        f"certificate {verdict}: {report['settings']} settings of {report['repetitions']:,} repetitions, nominal "
        f"{report['confidence']:.2f}, allowed down to {report['least_allowed']:.4f}\n"
        f"least coverage: {covered}{failed}\n"
        f"live bound, looked at after every review: ever wrong in at most {peeked:.4f} "
        f"of streams (allowed {live['most_allowed']:.4f}; Wilson's interval: {wrong['wilson']:.4f})\n"
        f"after group decisions: least coverage {drawn_after:.4f} by a fresh "
        f"audit (allowed {fresh['least_allowed']:.4f}), {kept['same_one_sided']:.4f} by the rows that suggested them"
    )
