"""Every quality check over the current labels; findings and scores are stored."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curator.checks import run_checks
from curator.composition import USUAL_LIMIT, TokenLengths
from curator.errors import NotEnoughDataError
from curator.ports import Progress, TokenCounter
from curator.records import short_id, split_now
from pipelines import lengths as token_lengths
from pipelines.analysis import probabilities
from pipelines.runtime import acting
from storage.checks import findings
from storage.checks.findings import CheckSummary
from storage.dataset import datasets, examples, labels, vectors
from storage.engine.store import Store
from storage.review import reviews
from storage.views import current as views
from storage.views.stale import stale_rows

RULES_VERSION = 13
"""Raised when the checks change what they find, so that a rerun does not return an old run."""


@dataclass(frozen=True, slots=True)
class CheckConfig:
    """What to check.

    Attributes:
        dataset: Whose rows.
        labeler: Under whose labels; None where there is one labeler.
        seed: Of the models.
        probabilities: A file with what another model says of the classes of each row.
    """

    dataset: str
    labeler: str | None = None
    seed: int = 0
    probabilities: Path | None = None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """A stored check run. `created` is False where the same run was there already."""

    dataset: str
    run: str
    labeler: str
    created: bool
    rows: int
    counts: dict[str, int]
    notes: tuple[str, ...]
    lengths: TokenLengths | None = None


def lengths(
    dataset: str, store: Store, counter: TokenCounter | str, *, labeler: str | None = None, limit: int = USUAL_LIMIT
) -> TokenLengths:
    """How long the labelled rows that are not left out are, as of now."""
    rows = views.current(store, dataset, labeler=labeler).filter(pl.col("out").is_null())
    return token_lengths.measure(rows, counter, limit=limit)


def run(config: CheckConfig, store: Store, *, progress: Progress = lambda _done, _total: None) -> CheckReport:
    """Check the rows that are not excluded, under the labels of one labeler and what people said since.

    Rows without any label are checked for what needs none: duplicates, templates, leaks, format, secrets.

    Raises:
        NotEnoughDataError: There are no rows, or no labels by the labeler named.
        RequestError: There are several labelers and none is named.
        DataError: The probabilities given are none, or name no row.
    """
    acting.require("check")
    dataset, labeler, seed = config.dataset, config.labeler, config.seed
    task = datasets.task_of(store, datasets.require(store, dataset))
    labeler = labels.labeler_or_nobody(store, dataset, labeler)
    as_of = views.state_seq(store, dataset)
    rows = views.current(store, dataset, labeler=labeler, as_of=as_of)
    everything = rows
    rows = rows.filter(pl.col("out").is_null() | (pl.col("out") != "excluded"))
    if rows.is_empty():
        msg = f"dataset {dataset!r} has no rows to check"
        raise NotEnoughDataError(msg)
    encoder = vectors.most_complete(store, rows["content_hash"].to_list())  # the checks say what they left out
    lacking = 0 if encoder is None else len(vectors.missing(store, *encoder, rows["content_hash"].to_list()))
    file = config.probabilities
    outside = None if file is None else probabilities.from_file(file, rows, everything, task)
    beside = [] if outside is None else [probabilities.digest(outside)]
    name = short_id("ck", [dataset, labeler, seed, as_of, encoder, lacking, RULES_VERSION, *beside])
    newest = findings.newest_run(store, dataset, labeler)
    if newest is not None and newest.run == name:
        return _report(dataset, name, labeler, False, newest.report)
    result = run_checks(
        _input(rows, labels.frame(store, dataset, labeler=labeler, as_of=as_of), examples.frame(store, dataset)),
        _vectors(store, encoder, rows),
        task=task,
        seed=seed,
        reviewed=_reviewed(rows, reviews.frame(store, dataset, as_of=as_of)),
        outside=outside,
        progress=progress,
    )
    old = stale_rows(store, dataset, rows, labeler=labeler, as_of=as_of).sentence()
    report = CheckSummary(rows.height, dict(result.counts), (*result.notes, *([old] if old else [])))
    findings.add_run(
        store,
        dataset,
        run=name,
        labeler=labeler,
        seed=seed,
        as_of_seq=as_of,
        findings=result.findings,
        scores=result.scores,
        report=report,
    )
    return _report(dataset, name, labeler, True, report)


def _report(dataset: str, run: str, labeler: str, created: bool, report: CheckSummary) -> CheckReport:
    return CheckReport(dataset, run, labeler, created, report.rows, dict(report.counts), report.notes)


def _input(rows: pl.DataFrame, given: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """The frame that `checks.run_checks` reads."""
    confidence = given.filter(pl.col("sample") == 0).sort("seq").unique("example_id", keep="last", maintain_order=True)
    systems = pl.DataFrame({"example_id": stored["example_id"], "system": map(examples.system_of, stored["messages"]),
                            "calls": map(examples.calls_of, stored["messages"], stored["tools"])},
                           schema={"example_id": pl.String, "system": pl.String, "calls": pl.String})  # fmt: skip
    rows = rows.join(systems, on="example_id", how="left", maintain_order="left")
    return rows.join(
        confidence.select("example_id", "confidence"), on="example_id", how="left", maintain_order="left"
    ).select(
        "example_id",
        "external_id",
        "text",
        pl.col("value").alias("label"),
        "group",
        split_now().alias("split"),
        "confidence",
        "system",
        pl.col("calls").alias("tools"),
        "context",
    )


def _vectors(store: Store, encoder: tuple[str, str] | None, rows: pl.DataFrame) -> Any:  # noqa: ANN401 - array or None
    """Vectors [N, D] of the rows, zeros for one that has none yet; None without an encoder."""
    return None if encoder is None else vectors.load_or_zero(store, *encoder, rows["content_hash"].to_list())


def _reviewed(rows: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Settled rows: example_id, given (by the teacher), value (by people)."""
    settled = rows.filter((pl.col("human_status") == "settled") & pl.col("teacher_value").is_not_null())
    return settled.filter(pl.col("example_id").is_in(given["example_id"].unique().to_list())).select(
        "example_id", pl.col("teacher_value").alias("given"), pl.col("human_value").alias("value")
    )
