"""Vectors -> clusters with names, a map, and the diversity report."""

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from curator import clustering, diversity
from curator.errors import NotEnoughDataError
from storage import clusters, datasets, vectors, views
from storage.store import Store


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """A stored cluster run. `created` is False where the same run was there already."""

    dataset: str
    run: str
    created: bool
    report: dict[str, Any]


def run(dataset: str, store: Store, *, encoder: str, revision: str, seed: int = 0) -> ClusterReport:
    """Cluster the dataset's rows, excluded ones left out.

    Raises:
        NotEnoughDataError: No rows, or rows without vectors.
    """
    datasets.require(store, dataset)
    as_of = views.state_seq(store, dataset)
    have = clusters.find(store, dataset, encoder=encoder, revision=revision, seed=seed, as_of_seq=as_of)
    newest = clusters.newest(store, dataset)
    if have is not None and newest is not None and newest["run"] == have:
        return ClusterReport(dataset, have, False, newest["report"])
    rows = views.current(store, dataset, as_of=as_of)
    rows = rows.filter(pl.col("out").is_null() | (pl.col("out") != "excluded"))
    if rows.is_empty():
        msg = f"dataset {dataset!r} has no rows to cluster; run `curator ingest` first"
        raise NotEnoughDataError(msg)
    vectors_ND = vectors.load(store, encoder, revision, rows["content_hash"].to_list())
    result = clustering.cluster(vectors_ND, rows["text"].to_list(), seed=seed)
    spread = diversity.report(vectors_ND, result.labels_N, names=result.names, seed=seed)
    members = pl.DataFrame(
        {
            "example_id": rows["example_id"],
            "cluster": pl.Series(result.labels_N, dtype=pl.Int32),
            "x": pl.Series(result.xy_N2[:, 0], dtype=pl.Float32),
            "y": pl.Series(result.xy_N2[:, 1], dtype=pl.Float32),
        }
    )
    report = {
        "rows": rows.height,
        "clusters": [
            {
                "cluster": number,
                "name": name,
                "size": int(size),
                "share": float(size) / rows.height,
                "representatives": [rows["example_id"][int(i)] for i in representatives],
            }
            for number, (name, size, representatives) in enumerate(
                zip(result.names, result.sizes, result.representatives, strict=True)
            )
        ],
        "diversity": asdict(spread),
    }
    made = clusters.add(
        store,
        dataset,
        encoder=encoder,
        revision=revision,
        seed=seed,
        as_of_seq=as_of,
        members=members,
        report=report,
    )
    return ClusterReport(dataset, made, True, report)
