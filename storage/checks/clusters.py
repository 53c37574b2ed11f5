"""Cluster runs with their members and report."""

import json
from dataclasses import astuple, dataclass

import polars as pl

from curator.composition import ClusterRun, ClusterSummary
from curator.records import Column, FrameSchema, read_stored, short_id
from storage.engine.store import Store

_MEMBERS = FrameSchema(
    "a member of a cluster",
    (
        Column("example_id", pl.String, "the row"),
        Column("cluster", pl.Int32, "its cluster's number; -1 in none"),
        Column("x", pl.Float32, "where it lies on the map, -1..1"),
        Column("y", pl.Float32, "where it lies on the map, -1..1"),
    ),
)


@dataclass(frozen=True, slots=True)
class RunKey:
    """What a run was made of; equal keys give equal runs. `layout` names how the coordinates were made."""

    dataset: str
    encoder: str
    revision: str
    seed: int
    as_of_seq: int
    layout: str

    @property
    def run(self) -> str:
        """The run's id."""
        return short_id("cl", list(astuple(self)))


def add(store: Store, key: RunKey, members: pl.DataFrame, report: ClusterSummary) -> str:
    """Append a run; returns its id. `members` is as `_MEMBERS` states."""
    run = key.run
    store.append(
        "cluster_member", _MEMBERS.check(members).select(pl.lit(run).alias("run"), "example_id", "cluster", "x", "y")
    )
    record = pl.DataFrame(
        {
            "run": [run],
            "dataset": [key.dataset],
            "encoder": [key.encoder],
            "revision": [key.revision],
            "seed": [key.seed],
            "as_of_seq": [key.as_of_seq],
            "report": [json.dumps(report.as_json(), ensure_ascii=False)],
        }
    )
    # The run record comes last: members without a run are invisible leftovers of a killed command.
    store.append("cluster_run", record, ignore_existing=True)
    return run


def newest(store: Store, dataset: str) -> ClusterRun | None:
    """The newest run, or None before the first."""
    rows = store.rows(
        "select run, encoder, revision, seed, as_of_seq, report from cluster_run where dataset = ? "
        "order by seq desc limit 1",
        [dataset],
    )
    if not rows:
        return None
    run, encoder, revision, seed, as_of, report = rows[0]
    summary = read_stored(ClusterSummary, json.loads(report), f"the report of cluster run {run}")
    return ClusterRun(run, encoder, revision, seed, as_of, summary)


def find(store: Store, key: RunKey) -> str | None:
    """The id of a finished run of exactly this key, or None."""
    return key.run if store.rows("select 1 from cluster_run where run = ?", [key.run]) else None


def members(store: Store, run: str) -> pl.DataFrame:
    """The run's members: example_id, cluster, x, y."""
    return store.frame(
        "select distinct on (example_id) example_id, cluster, x, y from cluster_member where run = ? "
        "order by example_id, seq desc",
        [run],
    )
