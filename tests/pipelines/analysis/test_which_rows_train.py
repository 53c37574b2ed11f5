"""Each step that looks at the rows that train takes the same ones, also while no split is frozen."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curator.records import make_task
from pipelines.analysis import balance, check, decide, learning_curve, traffic_coverage
from pipelines.certify import facts, judge
from pipelines.intake import ingest
from pipelines.release import release
from pipelines.review import answers
from pipelines.review import plan as planning
from storage.checks import findings
from storage.dataset import datasets, vectors
from storage.engine.store import Store
from storage.views import current as views

TRAIN, TEST = 220, 40
THINGS = ("parcel", "invoice", "password", "refund", "coupon", "address", "driver", "window", "engine", "garden")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """220 rows that came as train or without a word, and 40 that came as test; nothing is frozen yet."""
    made = Store.create(tmp_path / "curator.duckdb")
    datasets.create(made, "d", make_task({"name": "t", "labels": ["a", "b"]}))
    texts = [
        f"{THINGS[n % 10]} number {n * 7919} and {THINGS[n // 26]} {n * 104729} please" for n in range(TRAIN + TEST)
    ]
    _ingest(made, tmp_path, [("train" if n % 2 else "") for n in range(TRAIN)] + ["test"] * TEST, texts)
    assert views.overview(made, "d").splits == {}, "nothing is frozen"
    hashes = views.current(made, "d")["content_hash"].to_list()
    vectors_ND = np.random.default_rng(1).normal(size=(len(hashes), 8)).astype(np.float32)
    vectors_ND /= np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    vectors.add(made, "small", "1", hashes, vectors_ND)
    return made


def _ingest(store: Store, folder: Path, splits: list[str], texts: list[str], start: int = 0) -> None:
    with (folder / "rows.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["id", "text", "label", "split"])
        for n, (text, split) in enumerate(zip(texts, splits, strict=True), start):
            writer.writerow([f"q{n}", text, "ab"[n % 2], split])
    ingest.run(ingest.IngestConfig("d", (folder / "rows.csv",), source="teacher", labeler="gpt"), store)


def _balance(store: Store) -> int:
    return balance.run(balance.BalanceConfig("d"), store).rows


def _curve(store: Store) -> int:
    report = learning_curve.run(learning_curve.CurveConfig("d", encoder="small", revision="1"), store)
    return report.train_rows + report.curve.test_rows


def _coverage(store: Store) -> int:
    found = traffic_coverage.run(
        traffic_coverage.CoverageConfig("d", encoder="small", revision="1", source="teacher"), store
    )
    return found.coverage.rows


def _plan(store: Store) -> int:
    return planning.run(planning.PlanConfig("d", reviews=10), store).population


def _release(store: Store, folder: Path) -> int:
    report = release.run(release.ReleaseConfig("d", formats=("tinker",)), store, folder)
    return report.rows["train"]


@pytest.mark.parametrize("rows_of", [_balance, _coverage, _curve, _plan])
def test_a_step_takes_the_rows_that_train_before_and_after_the_freeze(
    store: Store, tmp_path: Path, rows_of: Callable[[Store], int]
) -> None:
    assert rows_of(store) == TRAIN
    assert _release(store, tmp_path / "releases") == TRAIN
    assert rows_of(store) == TRAIN


def test_a_row_that_comes_late_as_test_is_no_late_row_of_the_certificate_and_is_counted_with_the_test_rows(
    store: Store, tmp_path: Path
) -> None:
    drawn = planning.run(planning.PlanConfig("d", reviews=10), store)
    said = [{"task_id": t.task_id, "reviewer": "ana", "verdict": "accept", "action_id": t.task_id} for t in drawn.tasks]
    answers.import_records(said, drawn.plan, store)
    before = judge.judge_newest(store, "d")
    _ingest(store, tmp_path, ["test", "test"], ["a poem about tulips", "the moon is far from here"], start=300)
    after = judge.judge_newest(store, "d")
    assert (after.status, after.late_rows) == (before.status, before.late_rows) == ("CERTIFIED", 0)
    assert facts.facts(store, "d", after).left_out == {"test": TEST + 2}
    _ingest(store, tmp_path, [""], ["how long is the river"], start=302)
    assert judge.judge_newest(store, "d").late_rows == 1, "one without a split would train"


def test_a_copy_of_a_row_that_came_as_test_is_a_leak_and_goes_first_when_they_are_merged(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "curator.duckdb")
    datasets.create(store, "d", make_task({"name": "t", "labels": ["a", "b"]}))
    texts = [f"{THINGS[n]} number {n * 7919}" for n in range(10)]
    _ingest(store, tmp_path, ["train"] * 9 + ["test", "train"], [*texts, texts[9]])
    assert check.run(check.CheckConfig("d"), store).counts["leak"] == 1
    run = findings.newest_run(store, "d")
    assert run is not None
    (copies,) = findings.frame(store, run.run, "exact_duplicate")
    decide.take([{"finding_id": copies.id, "action": "merge", "reviewer": "ana", "action_id": "m"}], "d", store)
    out = views.current(store, "d").filter(pl.col("out") == "excluded")["external_id"].to_list()
    assert out == ["q10"]
