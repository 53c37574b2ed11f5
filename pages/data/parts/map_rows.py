"""The rows of the map as of one state of the dataset: the frame that tables show, and the points."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from pages.components.map.component import COLOURS, MapPoints, Place, colouring, encode
from pages.frame.words import FINDINGS
from storage.checks import clusters, findings
from storage.engine.store import Store
from storage.review import reviews
from storage.views import current as views

NO_LABEL, NO_CLUSTER, NOTHING, NOBODY = "no label", "no cluster", "nothing found", "not reviewed"
_ABOUT_LABELS = ("imbalance", "too_few")
"""Findings about a label as a whole; on a map they would mark every row of it."""


@dataclass(frozen=True, slots=True)
class MapView:
    """What the page shows.

    `rows`, in the order of the points: example_id, external_id, text, label, cluster, source, finding, reviewer.
    `data` and `revision` are what the component gets.
    """

    rows: pl.DataFrame
    points: MapPoints
    data: bytes
    revision: str


def _confused(store: Store, check_run: str | None, labels: int) -> list[str]:
    """Labels by how many rows look confused with another one; nothing where each label has a colour anyway."""
    if check_run is None or labels <= COLOURS:
        return []
    counts: Counter[str] = Counter()
    for finding in findings.frame(store, check_run, "label_pattern"):
        for name in (finding.evidence.get("given"), finding.suggestion.get("value")):
            counts[str(name)] += len(finding.example_ids)
    for finding in findings.frame(store, check_run, "suspect_label"):
        if finding.evidence["likely_probability"] > finding.evidence["given_probability"]:
            counts[str(finding.evidence["given"])] += 1
            counts[str(finding.evidence["likely"])] += 1
    return [name for name, _ in counts.most_common()]


@lru_cache(maxsize=2)
def of_state(path: Path, dataset: str, run: str, check_run: str | None, state: int) -> MapView:
    """The rows of a cluster run that are still in, as of a seq; such a past never changes, so it is read once."""
    store = Store(path)
    newest = clusters.newest(store, dataset)
    names = {c.cluster: c.name for c in newest.report.clusters} if newest else {}
    rows = _rows(store, dataset, run, check_run, state, names)
    xy_N2 = rows.select("x", "y").to_numpy().astype(np.float32)
    reach = float(np.abs(xy_N2).max()) if rows.height else 1.0
    if reach > 1.0:  # the two principal axes of older runs are not in the frame
        xy_N2 /= reach
    points = MapPoints(
        xy_N2=xy_N2,
        texts=rows["text"],
        colourings=(
            colouring("label", "Label", rows["label"], NO_LABEL, _confused(store, check_run, rows["label"].n_unique())),
            colouring("cluster", "Cluster", rows["cluster"], NO_CLUSTER),
            colouring("source", "Source", rows["source"], "unknown"),
            colouring("finding", "Finding", rows["finding"], NOTHING),
            colouring("reviewer", "Reviewer", rows["reviewer"], NOBODY),
        ),
        places=_places(rows["number"].to_numpy(), xy_N2, names),
    )
    data, revision = encode(points)
    return MapView(rows.drop("x", "y", "number"), points, data, revision)


def _rows(
    store: Store, dataset: str, run: str, check_run: str | None, state: int, names: dict[int, str]
) -> pl.DataFrame:
    members = clusters.members(store, run).rename({"cluster": "number"})
    rows = views.current(store, dataset, as_of=state).join(members, on="example_id", maintain_order="left")
    rows = rows.filter((pl.col("out") != "excluded").fill_null(True))
    said = reviews.frame(store, dataset, as_of=state).group_by("example_id").agg(pl.col("reviewer").last())
    return (
        rows.select(
            "example_id",
            "external_id",
            "text",
            pl.col("value").alias("label"),
            pl.col("number").replace_strict(names, default=None, return_dtype=pl.String).alias("cluster"),
            "source",
            "number",
            "x",
            "y",
        )
        .join(_found(store, check_run), on="example_id", how="left", maintain_order="left")
        .join(said, on="example_id", how="left", maintain_order="left")
    )


def _found(store: Store, check_run: str | None) -> pl.DataFrame:
    """The gravest kind of finding of each row that has one: example_id, finding (its name on screen)."""
    if check_run is None:
        return pl.DataFrame(schema={"example_id": pl.String, "finding": pl.String})
    found = findings.kinds_of_rows(store, check_run).filter(~pl.col("kind").is_in(_ABOUT_LABELS))
    order = {kind: place for place, kind in enumerate(FINDINGS)}
    rank = pl.col("kind").replace_strict(order, default=len(order), return_dtype=pl.Int32)
    gravest = found.sort(rank, "example_id").unique("example_id", keep="first", maintain_order=True)
    return gravest.select("example_id", pl.col("kind").replace(FINDINGS).alias("finding"))


def _places(number_N: np.ndarray, xy_N2: np.ndarray, names: dict[int, str]) -> tuple[Place, ...]:
    """A name for each cluster, largest first, at the row nearest to its median: never in an empty spot."""
    if not len(number_N):  # splitting nothing gives one part
        return ()
    order = np.argsort(number_N, kind="stable")
    found, starts = np.unique(number_N[order], return_index=True)
    places = []
    for cluster, members in zip(found.tolist(), np.split(order, starts[1:]), strict=True):
        if cluster in names:
            apart_M = np.square(xy_N2[members] - np.median(xy_N2[members], axis=0)).sum(axis=1)
            x, y = xy_N2[members[apart_M.argmin()]].tolist()
            places.append((len(members), Place(names[cluster], x, y)))
    return tuple(place for _, place in sorted(places, key=lambda sized: -sized[0]))
