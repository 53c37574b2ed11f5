"""Vectors -> clusters with names, a map, and the diversity report."""

import time
from dataclasses import dataclass, field

import polars as pl

from curator.composition import METHOD, ClusterSummary, NamedCluster, cluster, diversity_report, layout
from curator.errors import NotEnoughDataError
from pipelines.runtime import acting
from storage.checks import clusters
from storage.dataset import datasets, vectors
from storage.engine.store import Store
from storage.views import current as views


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """What to cluster.

    Attributes:
        dataset: Whose rows.
        encoder: Name of the encoder whose vectors are clustered.
        revision: Its revision.
        seed: Of the clustering and the map.
    """

    dataset: str
    encoder: str
    revision: str
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """A stored cluster run. `created` is False where the same run was there already.

    `seconds`: wall-clock time of each stage; empty where nothing was made.
    """

    dataset: str
    run: str
    created: bool
    report: ClusterSummary
    seconds: dict[str, float] = field(default_factory=dict)


def run(config: ClusterConfig, store: Store) -> ClusterReport:
    """Cluster the dataset's rows, excluded ones left out.

    Raises:
        NotEnoughDataError: No rows, or rows without vectors.
    """
    acting.require("check")
    dataset, encoder, revision, seed = config.dataset, config.encoder, config.revision, config.seed
    datasets.require(store, dataset)
    as_of = views.state_seq(store, dataset)
    key = clusters.RunKey(dataset, encoder, revision, seed, as_of, METHOD)
    have = clusters.find(store, key)
    newest = clusters.newest(store, dataset)
    if have is not None and newest is not None and newest.run == have:
        return ClusterReport(dataset, have, False, newest.report)
    rows = views.current(store, dataset, as_of=as_of)
    rows = rows.filter(pl.col("out").is_null() | (pl.col("out") != "excluded"))
    if rows.is_empty():
        msg = f"dataset {dataset!r} has no rows to cluster; run `curator ingest` first"
        raise NotEnoughDataError(msg)
    clock = _Clock()
    vectors_ND = vectors.load(store, encoder, revision, rows["content_hash"].to_list())
    clock.done("load")
    result = cluster(vectors_ND, rows["text"].to_list(), seed=seed)
    clock.done("cluster")
    spread = diversity_report(vectors_ND, result.labels_N, names=result.names, seed=seed)
    clock.done("diversity")
    xy_N2 = layout(vectors_ND, seed=seed)
    clock.done("layout")
    members = pl.DataFrame(
        {
            "example_id": rows["example_id"],
            "cluster": pl.Series(result.labels_N, dtype=pl.Int32),
            "x": pl.Series(xy_N2[:, 0], dtype=pl.Float32),
            "y": pl.Series(xy_N2[:, 1], dtype=pl.Float32),
        }
    )
    report = ClusterSummary(
        rows=rows.height,
        clusters=tuple(
            NamedCluster(
                cluster=number,
                name=name,
                size=int(size),
                share=float(size) / rows.height,
                representatives=tuple(rows["example_id"][int(i)] for i in representatives),
            )
            for number, (name, size, representatives) in enumerate(
                zip(result.names, result.sizes, result.representatives, strict=True)
            )
        ),
        diversity=spread,
        layout=METHOD,
    )
    made = clusters.add(store, key, members, report)
    clock.done("store")
    return ClusterReport(dataset, made, True, report, clock.seconds)


class _Clock:
    """Wall-clock seconds of each stage, rounded to hundredths."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def done(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._last, 2)
        self._last = now
