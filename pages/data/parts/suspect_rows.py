"""The rows whose label others speak against, as one frame: what is open, and what the filters leave."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from curator.review import TakenDecision, decisions_by_row, human_outcome, in_force
from pages.frame.filters import containing
from storage.checks import clusters, findings
from storage.dataset import examples
from storage.engine.store import Store
from storage.review import reviews

TEXT_LIMIT = 400
NO_CLUSTER = "not clustered"
OUTVOTED = pl.col("other_supported") > pl.col("supported")
_SPEAKS_NOT_OF_LABELS = ("exact_duplicate", "near_duplicate", "semantic_duplicate", "leak")
_SCHEMA = {
    "example_id": pl.String,
    "label": pl.String,
    "suggestion": pl.String,
    "supported": pl.Float64,
    "other_supported": pl.Float64,
    "score": pl.Float64,
    "field": pl.String,
}


@dataclass(frozen=True, slots=True)
class SuspectFilters:
    """What to show. Empty collections and an empty text let everything pass; `least` is a score in 0..1.

    `outvoted` shows only rows whose suggestion has more support than the label that they have.
    """

    labels: Collection[str] = ()
    suggestions: Collection[str] = ()
    clusters: Collection[str] = ()
    least: float = 0.0
    text: str = ""
    outvoted: bool = False


@lru_cache(maxsize=4)
def of_run(path: Path, dataset: str, run: str, cluster_run: str | None) -> pl.DataFrame:
    """The suspect rows of a finished check run, most suspect first; a run never changes, so it is read once.

    Columns: rank (from 1), example_id, external_id, text, label (as it was checked), suggestion (null where there is
    none to make), supported and other_supported (support of the two, 0..1), score, field (of an answer with fields: the
    one that is doubted), cluster (its name).
    """
    store = Store(path)
    found = findings.frame(store, run, "suspect_label")
    rows = [
        (
            finding.example_ids[0],
            finding.evidence["given"],
            finding.evidence["likely"],
            finding.evidence["given_probability"],
            finding.evidence["likely_probability"],
            finding.score,
            finding.evidence.get("field"),
        )
        for finding in found
    ]
    suspects = pl.DataFrame(rows, schema=_SCHEMA, orient="row").with_row_index("rank", offset=1)
    texts = examples.frame(store, dataset).select("example_id", "external_id", "text")
    named = suspects.join(texts, on="example_id", how="left", maintain_order="left")
    return named.join(
        _clusters(store, dataset, cluster_run), on="example_id", how="left", maintain_order="left"
    ).select(
        *("rank", "example_id", "external_id", "text", "label", "suggestion", "supported", "other_supported", "score"),
        "field",
        pl.col("cluster").fill_null(NO_CLUSTER),
    )


def _clusters(store: Store, dataset: str, cluster_run: str | None) -> pl.DataFrame:
    newest = clusters.newest(store, dataset) if cluster_run else None
    if newest is None or newest.run != cluster_run:
        return pl.DataFrame(schema={"example_id": pl.String, "cluster": pl.String})
    names = {c.cluster: f"{c.cluster}: {c.name}" for c in newest.report.clusters}
    members = clusters.members(store, newest.run)
    return members.select("example_id", pl.col("cluster").replace_strict(names, default=NO_CLUSTER))


@lru_cache(maxsize=4)
def settled(path: Path, dataset: str, seq: int) -> frozenset[str]:
    """Rows whose label somebody has settled: by a decision in force, or by a review.

    A decision about duplicates that keeps rows says nothing about their labels.

    Args:
        path: Of the store.
        dataset: Whose rows.
        seq: State of the dataset (`storage.views.current.state_seq`), so that each state is worked out once.
    """
    store = Store(path)
    kinds = {d.decision: d.kind for d in reviews.taken(store, dataset)}
    decided = decisions_by_row(reviews.decisions(store, dataset, as_of=seq))
    given: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in reviews.frame(store, dataset, as_of=seq).iter_rows(named=True):
        given[row["example_id"]].append(row)
    by_review = {e for e, said in given.items() if (o := human_outcome(said)) is not None and o.status == "settled"}
    by_decision = {
        example for example, rows in decided.items() if any(_settles(d, example, kinds) for d in in_force(rows))
    }
    return frozenset(by_review | by_decision)


def _settles(decision: TakenDecision, example: str, kinds: dict[str, str | None]) -> bool:
    if decision.action == "merge":
        return decision.value != example
    return decision.action != "keep" or kinds.get(decision.decision) not in _SPEAKS_NOT_OF_LABELS


def matching(rows: pl.DataFrame, filters: SuspectFilters) -> pl.DataFrame:
    """The rows that pass the filters, in order."""
    chosen = {"label": filters.labels, "suggestion": filters.suggestions, "cluster": filters.clusters}
    for column, wanted in chosen.items():
        if wanted:
            rows = rows.filter(pl.col(column).is_in(list(wanted)))
    rows = containing(rows, filters.text)
    if filters.outvoted:
        rows = rows.filter(OUTVOTED)
    return rows.filter(pl.col("score") >= filters.least) if filters.least > 0 else rows
