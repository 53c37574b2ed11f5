"""Cluster runs with their members and report."""

import json
from typing import Any

import polars as pl

from curator.ids import short_id
from storage.store import Store


def add(
    store: Store,
    dataset: str,
    *,
    encoder: str,
    revision: str,
    seed: int,
    as_of_seq: int,
    members: pl.DataFrame,
    report: dict[str, Any],
) -> str:
    """Append a run. `members`: example_id, cluster, x, y. Returns the run's id."""
    run = short_id("cl", [dataset, encoder, revision, seed, as_of_seq])
    store.append("cluster_member", members.select(pl.lit(run).alias("run"), "example_id", "cluster", "x", "y"))
    record = pl.DataFrame(
        {
            "run": [run],
            "dataset": [dataset],
            "encoder": [encoder],
            "revision": [revision],
            "seed": [seed],
            "as_of_seq": [as_of_seq],
            "report": [json.dumps(report, ensure_ascii=False)],
        }
    )
    # The run record comes last: members without a run are invisible leftovers of a killed command.
    store.append("cluster_run", record, ignore_existing=True)
    return run


def newest(store: Store, dataset: str) -> dict[str, Any] | None:
    """The newest run: run, encoder, revision, seed, as_of_seq, report. None before the first."""
    rows = store.rows(
        "select run, encoder, revision, seed, as_of_seq, report from cluster_run where dataset = ? "
        "order by seq desc limit 1",
        [dataset],
    )
    if not rows:
        return None
    run, encoder, revision, seed, as_of, report = rows[0]
    return {
        "run": run,
        "encoder": encoder,
        "revision": revision,
        "seed": seed,
        "as_of_seq": as_of,
        "report": json.loads(report),
    }


def find(store: Store, dataset: str, *, encoder: str, revision: str, seed: int, as_of_seq: int) -> str | None:
    """The id of a finished run with exactly these inputs, or None."""
    run = short_id("cl", [dataset, encoder, revision, seed, as_of_seq])
    return run if store.rows("select 1 from cluster_run where run = ?", [run]) else None


def members(store: Store, run: str) -> pl.DataFrame:
    """The run's members: example_id, cluster, x, y."""
    return store.frame(
        "select distinct on (example_id) example_id, cluster, x, y from cluster_member where run = ? "
        "order by example_id, seq desc",
        [run],
    )
