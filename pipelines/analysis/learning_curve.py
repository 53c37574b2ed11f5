"""More rows or cleaner rows? The learning curve of a cheap student on the dataset as it is. The figure is stored."""

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from curator.composition import CurveName, LearningCurve, TrainingSet, learning_curve
from curator.errors import NotEnoughDataError, RequestError
from curator.records import in_test, in_train
from curator.spot_checks import SHARES
from pipelines.runtime import acting
from storage.checks import figures, findings
from storage.dataset import datasets, labels, vectors
from storage.engine.store import Store
from storage.views import current as views

CURVE = "learning_curve"
_HELD_OUT = 0.25
MIN_REVIEWED = 50
"""Test rows that people have reviewed, from which on the curve is judged on them alone."""


@dataclass(frozen=True, slots=True)
class CurveConfig:
    """What to draw the curve of.

    Attributes:
        dataset: Whose rows.
        encoder: Name of the encoder whose vectors the student reads.
        revision: Its revision.
        labeler: Whose labels stand where no person has spoken.
        seed: Of the samples.
    """

    dataset: str
    encoder: str
    revision: str
    labeler: str | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class CurveReport:
    """The curves, and what they were judged on.

    `judged_on` is "reviewed" where people settled every test row, else "labels": agreement with labels that may
    themselves be wrong, which hides part of what cleaning is worth.
    """

    dataset: str
    labeler: str
    encoder: str
    judged_on: str
    train_rows: int
    pruned_rows: int
    curve: LearningCurve
    notes: tuple[str, ...]


def run(config: CurveConfig, store: Store) -> CurveReport:
    """Train the cheap student on growing and on cleaned parts of the rows that would ship.

    Raises:
        NotEnoughDataError: Too few rows, or rows without vectors.
        RequestError: The task is no classification; several labelers and none named.
    """
    acting.require("check")
    dataset, encoder, revision, labeler, seed = (
        config.dataset,
        config.encoder,
        config.revision,
        config.labeler,
        config.seed,
    )
    task = datasets.task_of(store, datasets.require(store, dataset))
    if task.kind != "classification":
        msg = f"dataset {dataset!r} is of kind {task.kind!r}; a learning curve needs a classification"
        raise RequestError(msg)
    labeler = labels.require_labeler(store, dataset, labeler)
    as_of = views.state_seq(store, dataset)
    rows = views.current(store, dataset, labeler=labeler, as_of=as_of)
    rows = rows.filter(pl.col("value").is_not_null() & (pl.col("out") != "excluded").fill_null(True))
    test, judged_on, notes = _test_rows(rows, seed)
    train = rows.filter(
        pl.col("out").is_null() & in_train() & ~pl.col("example_id").is_in(test["example_id"].to_list())
    )
    train = train.filter(~_group(train).is_in(_group(test).to_list()))
    if train.is_empty():
        msg = f"dataset {dataset!r} has no labelled row to train on beside its test rows"
        raise NotEnoughDataError(msg)
    both = pl.concat([train, test])
    vectors_ND = vectors.load(store, encoder, revision, both["content_hash"].to_list())
    sets = _sets(train)
    suspects = _suspects(store, dataset, labeler, train)
    if suspects is None:
        notes.append("nothing is ranked yet: run `curator check` to see what cleaner rows would bring")
    else:
        keep = np.flatnonzero(~train["example_id"].is_in(list(suspects)).to_numpy())
        sets["pruned"] = TrainingSet(keep, [train["value"][int(i)] for i in keep])
    found = learning_curve(
        vectors_ND,
        sets,
        np.arange(train.height, both.height),
        test["value"].to_list(),
        _group(test).to_numpy(),
        seed=seed,
    )
    report = CurveReport(
        dataset=dataset,
        labeler=labeler,
        encoder=encoder,
        judged_on=judged_on,
        train_rows=train.height,
        pruned_rows=len(suspects or ()),
        curve=found,
        notes=tuple(notes),
    )
    figures.add(store, dataset, CURVE, asdict(report), as_of_seq=as_of)
    return report


def _group(rows: pl.DataFrame) -> pl.Series:
    """Rows that belong together, else the row itself."""
    return rows.select(pl.coalesce("group", "example_id"))["group"]


def _test_rows(rows: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, str, list[str]]:
    """What the student is judged on: reviewed test rows if there are enough, else rows held out of train by group."""
    frozen = rows.filter(in_test())
    reviewed = frozen.filter((pl.col("human_status") == "settled").fill_null(False))
    if reviewed.height >= MIN_REVIEWED:
        return reviewed, "reviewed", []
    why = (
        f"only {reviewed.height} test rows are reviewed (at least {MIN_REVIEWED} are needed): the student is judged by "
        "its agreement with the labels, which hides mistakes that the labels share"
    )
    if frozen.height >= MIN_REVIEWED:
        return frozen, "labels", [why]
    inside = rows.filter(pl.col("out").is_null() & in_train())
    groups = _group(inside).unique().sort()
    chosen = groups.sample(fraction=_HELD_OUT, seed=seed)
    return inside.filter(_group(inside).is_in(chosen.to_list())), "labels", [why]


def _sets(train: pl.DataFrame) -> dict[CurveName, TrainingSet]:
    """The labels as they are, and as the teacher gave them where people changed any."""
    places = np.arange(train.height)
    sets: dict[CurveName, TrainingSet] = {"current": TrainingSet(places, train["value"].to_list())}
    given = train["teacher_value"].to_list()
    if given != train["value"].to_list():
        have = np.flatnonzero(train["teacher_value"].is_not_null().to_numpy())
        sets["teacher"] = TrainingSet(have, [given[int(i)] for i in have])
    return sets


def _suspects(store: Store, dataset: str, labeler: str, train: pl.DataFrame) -> frozenset[str] | None:
    """The riskiest train rows that nobody settled: as many as a plan's top stratum. None without a check run."""
    run = findings.newest_run(store, dataset, labeler)
    if run is None:
        return None
    risk = findings.scores(store, run.run, "risk")
    open_rows = train.filter((pl.col("human_status") != "settled").fill_null(True))["example_id"]
    ranked = risk.filter(pl.col("example_id").is_in(open_rows.to_list()) & (pl.col("score") > 0.0))
    return frozenset(ranked.head(round(SHARES[0] * train.height))["example_id"].to_list())
