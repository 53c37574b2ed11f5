"""Read-only joins for pipelines and pages."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import polars as pl

from curator.records import OPINION, Plan, SplitTruth, TrainingRun
from curator.release import DatasetVersion
from curator.review import current_labels, split_truth
from storage.checks import findings
from storage.dataset import attempts, examples, labels
from storage.engine.store import File, Store
from storage.release import runs, versions
from storage.review import plans, reviews
from storage.views.stale import StaleRows, stale_rows

STATE_TABLES = (
    "example",
    "label",
    "review",
    "decision",
    "split_assignment",
    "preference_pair",
    "dataset",
    "example_change",
)


def state_seq(store: Store, dataset: str) -> int:
    """The newest seq of anything that a release of the dataset depends on.

    Two moments with equal state give the same current labels, splits and pairs.
    """
    parts = " union all ".join(f"select max(seq) as seq from {table} where dataset = ?" for table in STATE_TABLES)
    newest = store.rows(f"select coalesce(max(seq), 0) from ({parts})", [dataset] * len(STATE_TABLES))
    return int(newest[0][0])


def current(store: Store, dataset: str, *, labeler: str | None = None, as_of: int | None = None) -> pl.DataFrame:
    """Each row with its current label as of a seq.

    Columns: those of `examples.frame` and of `curator.review.resolution.CURRENT`. A past never changes, so the newest
    few that were asked for are kept in memory: pages ask again at every click.
    """
    state = state_seq(store, dataset)
    return _current(store.file, dataset, labeler, state if as_of is None else min(as_of, state)).clone()


def audited(store: Store, dataset: str, *, labeler: str | None = None, as_of: int | None = None) -> pl.DataFrame:
    """As `current`, but what people settled is what they settled in a plan: what a spot-check may rest on.

    A word that came in with a file sets a row's label. It is a label that a spot-check measures, never the measure:
    else a file of labels that says of itself that people gave them would certify itself.
    """
    rows = current(store, dataset, labeler=labeler, as_of=as_of)
    given = reviews.frame(store, dataset, as_of=as_of)
    if OPINION not in given["stream"]:
        return rows
    seen = current_labels(
        rows["example_id"],
        labels=labels.frame(store, dataset, labeler=labeler, as_of=as_of),
        reviews=given.filter(pl.col("stream") != OPINION),
        decisions=reviews.decisions(store, dataset, as_of=as_of),
        labeler=labeler,
    )
    return rows.with_columns(seen["human_status"], seen["human_value"])


@lru_cache(maxsize=4)
def _current(file: File, dataset: str, labeler: str | None, as_of: int) -> pl.DataFrame:
    store = Store(file[0])
    rows = examples.frame(store, dataset, as_of=as_of)
    made = current_labels(
        rows["example_id"],
        labels=labels.frame(store, dataset, labeler=labeler, as_of=as_of),
        reviews=reviews.frame(store, dataset, as_of=as_of),
        decisions=reviews.decisions(store, dataset, as_of=as_of),
        labeler=labeler,
    )
    return rows.hstack(made.drop("example_id"))


def truth_of_test(store: Store, dataset: str, *, labeler: str | None = None, as_of: int | None = None) -> SplitTruth:
    """How far the rows that were assigned to test have answers that people settled, as of a seq."""
    rows = current(store, dataset, labeler=labeler, as_of=as_of)
    return split_truth(
        rows.filter((pl.col("split") == "test").fill_null(False)),
        reviews.frame(store, dataset, as_of=as_of),
        reviews.decisions(store, dataset, as_of=as_of),
    )


def approved_values(rows: pl.DataFrame) -> dict[str, str]:
    """Example id -> the label in force, where people set or confirmed it; a teacher's word approves nothing."""
    by_people = pl.col("basis").is_in(["adjudication", "review", "decision"]) & pl.col("value").is_not_null()
    return dict(rows.filter(by_people).select("example_id", "value").iter_rows())


@dataclass(frozen=True, slots=True)
class DatasetOverview:
    """A dataset's size and progress, in rows.

    Attributes:
        dataset: Its name.
        rows: All of them.
        labelled: With a label.
        reviewed: That people looked at one by one.
        decided: Whose label a group decision set.
        releasable: That a release made now could hold.
        out: Left out, by reason.
        splits: By split, where it is frozen.
        labels: Releasable rows by label.
        labelers: Whose labels there are.
        sources: By where rows came from.
        stale: Releasable rows that were labelled under an older definition of the task.
    """

    dataset: str
    rows: int
    labelled: int
    reviewed: int
    decided: int
    releasable: int
    out: Mapping[str, int]
    splits: Mapping[str, int]
    labels: Mapping[str, int]
    labelers: tuple[str, ...]
    sources: Mapping[str, int]
    stale: StaleRows

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `--json`."""
        plain = {
            each.name: dict(value) if isinstance(value := getattr(self, each.name), Mapping) else value
            for each in fields(self)
        }
        return plain | {"stale": self.stale.as_json()}


def overview(store: Store, dataset: str) -> DatasetOverview:
    """The dataset's size and progress."""
    return _overview(store.file, dataset, state_seq(store, dataset))


@lru_cache(maxsize=8)
def _overview(file: File, dataset: str, as_of: int) -> DatasetOverview:
    store = Store(file[0])
    rows = current(store, dataset, as_of=as_of)
    shipped = rows.filter(pl.col("out").is_null())
    return DatasetOverview(
        dataset=dataset,
        rows=rows.height,
        labelled=int(rows["value"].is_not_null().sum()),
        reviewed=int(rows["human_status"].is_not_null().sum()),
        decided=int((rows["basis"] == "decision").sum()),
        releasable=shipped.height,
        out=_counts(rows.filter(pl.col("out").is_not_null()), "out"),
        splits=_counts(rows.filter(pl.col("split").is_not_null()), "split"),
        labels=_counts(shipped, "value"),
        labelers=tuple(labels.labelers(store, dataset)),
        sources=_counts(rows, "source"),
        stale=stale_rows(store, dataset, rows, as_of=as_of),
    )


def _counts(rows: pl.DataFrame, column: str) -> Mapping[str, int]:
    counted = rows.group_by(column).len().sort("len", column, descending=[True, False])
    return MappingProxyType({str(name): int(n) for name, n in counted.iter_rows()})  # kept in memory, shown to all


def findings_by_kind(store: Store, dataset: str) -> dict[str, int]:
    """Counts of the newest check run by kind; empty before the first."""
    run = findings.newest_run(store, dataset)
    return dict(run.report.counts) if run else {}


@dataclass(frozen=True, slots=True)
class DatasetDetails:
    """All that `curator dataset show` tells.

    Attributes:
        overview: Size and progress.
        plans: Newest first.
        findings: Counts of the newest check run by kind.
        attempts: The teacher's requests by status.
        check_run: That run; None before the first.
        versions: What was released.
        runs: Trainings.
    """

    overview: DatasetOverview
    plans: tuple[Plan, ...]
    findings: Mapping[str, int]
    attempts: Mapping[str, int]
    check_run: str | None
    versions: tuple[DatasetVersion, ...]
    runs: tuple[TrainingRun, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `--json`."""
        plans = [(p.id, p.purpose, p.labeler, p.seed, p.settings.reviews) for p in self.plans]
        names = ("plan", "purpose", "labeler", "seed", "reviews")
        return {
            **self.overview.as_json(),
            "plans": [dict(zip(names, plan, strict=True)) for plan in plans],
            "findings": dict(self.findings),
            "attempts": dict(self.attempts),
            "check_run": self.check_run,
            "versions": [
                {"number": v.number, "path": v.path, "manifest_sha256": v.manifest_sha256} for v in self.versions
            ],
            "runs": [{"run": r.id, "kind": r.kind, "version": r.version, "status": r.status} for r in self.runs],
        }


def show(store: Store, dataset: str) -> DatasetDetails:
    """All that `curator dataset show` tells: overview, plans, versions, runs, newest check run."""
    run = findings.newest_run(store, dataset)
    return DatasetDetails(
        overview=overview(store, dataset),
        plans=tuple(plans.of_dataset(store, dataset)),
        findings=findings_by_kind(store, dataset),
        attempts=attempts.by_status(store, dataset),
        check_run=run.run if run else None,
        versions=tuple(versions.listing(store, dataset)),
        runs=tuple(each.run for each in runs.listing(store, dataset)),
    )
