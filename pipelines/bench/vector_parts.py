"""Parts of the suite `curation` that need vectors: the largest share, and the speed of a map."""

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curator.composition import ClusterResult, diversity_report, layout
from curator.composition import cluster as cluster_rows
from curator.duplicates import near_pairs, semantic_pairs
from curator.records import make_task
from pipelines import wiring
from pipelines.analysis import cluster
from pipelines.bench.real_sets import encoded, load
from pipelines.intake import embed, ingest
from pipelines.runtime.settings import init
from storage.dataset import datasets

_SHARES = (0.10, 0.25, 0.50, 0.70, 0.92)
TOLERANCE = 0.05
ROWS, MANY_ROWS, ALLOWED_S = 10_000, 100_000, 60.0
_SHOPS = ("the corner shop", "a web shop", "the market hall", "the book store", "your outlet", "the garden centre")
_THINGS = ("shoes", "a lamp", "two chairs", "headphones", "a jacket", "a kettle", "a phone case", "books", "a rug")


@dataclass(frozen=True, slots=True)
class ReportedShare:
    """One scenario's share, as it is and as it is told.

    Attributes:
        true: Of the rows, 0..1.
        reported: The largest share that the diversity report tells.
        verdict: The report's.
        playbook_share, playbook: The published rule's share, where it gives one, and its verdict.
    """

    true: float
    reported: float
    verdict: str
    playbook_share: float | None
    playbook: str


@dataclass(frozen=True, slots=True)
class ShareBench:
    """Shares told of so many rows; passed where each is within the tolerance."""

    passed: bool
    rows: int
    tolerance: float
    shares: tuple[ReportedShare, ...]
    part_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SpeedBench:
    """Seconds by stage: for rows from a file, and for many rows whose vectors are given."""

    passed: bool
    rows: int
    allowed_seconds: float
    seconds: Mapping[str, float]
    many_rows: int
    many_seconds: Mapping[str, float]
    part_seconds: float = 0.0


def share(data: Path | None, keep: Path, *, quick: bool, seed: int) -> ShareBench:
    """One scenario among real texts at several shares of the rows, and the largest share that is reported."""
    total = 200 if quick else 1_000
    rng = np.random.default_rng(seed)
    real = sorted(set(load("clinc150", data).texts))
    others = [real[int(row)] for row in rng.choice(len(real), total, replace=False)]
    scenario = [
        f"my parcel {10_000 + int(rng.integers(90_000))} with {_THINGS[int(rng.integers(len(_THINGS)))]} from "
        f"{_SHOPS[int(rng.integers(len(_SHOPS)))]} has not arrived after {int(rng.integers(2, 30))} days"
        for _ in range(total)
    ]
    vectors_ND = encoded([*others, *scenario], keep)
    found, worst = [], 0.0
    for part in _SHARES:
        big = round(part * total)
        rows = np.concatenate([np.arange(total - big), total + np.arange(big)])
        texts = [(others + scenario)[int(row)] for row in rows]
        labels_N = cluster_rows(vectors_ND[rows], texts, seed=seed).labels_N
        report = diversity_report(vectors_ND[rows], labels_N, seed=seed)
        worst = max(worst, abs(report.largest_share - part))
        rule = report.playbook
        found.append(ReportedShare(part, report.largest_share, report.verdict, rule.largest_share, rule.verdict))
    return ShareBench(worst <= TOLERANCE, total, TOLERANCE, tuple(found))


def speed(data: Path | None, keep: Path, *, quick: bool, seed: int) -> SpeedBench:
    """Rows from a file to a map with named clusters, by stage; and the stages for many rows whose vectors are given."""
    rows = 300 if quick else ROWS
    texts = load("clinc150", data).texts
    stages = _from_file(texts[:rows], seed)
    given = _stages_given(encoded(texts[:rows], keep), texts[:rows], 2_000 if quick else MANY_ROWS, seed)
    return SpeedBench(
        passed=stages["total"] < ALLOWED_S,
        rows=rows,
        allowed_seconds=ALLOWED_S,
        seconds=stages,
        many_rows=2_000 if quick else MANY_ROWS,
        many_seconds=given,
    )


def _from_file(texts: list[str], seed: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="curator-bench-") as folder:
        project, _ = init(Path(folder) / "project")
        file = Path(folder) / "rows.jsonl"
        file.write_text("".join(json.dumps({"id": str(n), "text": t}) + "\n" for n, t in enumerate(texts)), "utf-8")
        datasets.create(project.store, "bench", make_task({"name": "bench", "labels": ["a", "b"]}))
        config = ingest.IngestConfig("bench", (file,), {"input": "text", "id": "id"})
        encoder = wiring.encoder(project)
        clustering = cluster.ClusterConfig("bench", encoder.name, encoder.revision, seed)
        return _timed({
            "ingest": lambda: ingest.run(config, project.store),
            "embed": lambda: embed.run(embed.EmbedConfig("bench"), project.store, encoder),
            "cluster, names, map": lambda: cluster.run(clustering, project.store),
        })  # fmt: skip


def _stages_given(vectors_ND: NDArray[np.float32], texts: list[str], rows: int, seed: int) -> dict[str, float]:
    """Real vectors again and again, each time with noise of its own."""
    rng = np.random.default_rng(seed)
    again = np.arange(rows) % len(vectors_ND)
    noise = rng.standard_normal((rows, vectors_ND.shape[1]), dtype=np.float32) / np.sqrt(vectors_ND.shape[1])
    many_ND = vectors_ND[again] + np.float32(0.6) * noise.astype(np.float32)
    many_ND /= np.linalg.norm(many_ND, axis=1, keepdims=True)
    many = [f"{texts[int(row)]} {number}" for number, row in enumerate(again)]
    found: list[ClusterResult] = []
    return _timed({
        "clusters and names": lambda: found.append(cluster_rows(many_ND, many, seed=seed)),
        "diversity": lambda: diversity_report(many_ND, found[0].labels_N, names=found[0].names, seed=seed),
        "map": lambda: layout(many_ND, seed=seed),
        "duplicates of meaning": lambda: semantic_pairs(many_ND, many, near_pairs([])),
    })  # fmt: skip


def _timed(steps: dict[str, Callable[[], object]]) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for name, step in steps.items():
        started = time.perf_counter()
        step()
        seconds[name] = time.perf_counter() - started
    return seconds | {"total": sum(seconds.values())}
