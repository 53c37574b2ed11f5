"""Training runs, predictions and evaluation reports."""

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from curator.errors import NotFoundError
from curator.records import TrainingRun
from storage.engine.store import Store


def record(store: Store, run: TrainingRun, report: dict[str, Any] | None = None) -> None:
    """Append the run's state; the newest record of a run is its state."""
    frame = pl.DataFrame(
        {
            "run": [run.id],
            "dataset": [run.dataset],
            "version": [run.version],
            "kind": [run.kind],
            "base_model": [run.base_model],
            "parent_run": pl.Series([run.parent_run], dtype=pl.String),
            "config": [json.dumps(run.config, ensure_ascii=False, sort_keys=True)],
            "status": [run.status],
            "sampler_path": pl.Series([run.sampler_path], dtype=pl.String),
            "state_path": pl.Series([run.state_path], dtype=pl.String),
            "report": pl.Series([json.dumps(report) if report is not None else None], dtype=pl.String),
        }
    )
    store.append("training_run", frame)


def get(store: Store, run: str) -> TrainingRun:
    """The run in its newest state.

    Raises:
        NotFoundError: There is no such run.
    """
    found = find(store, run)
    if found is None:
        msg = f"no training run {run!r}; `curator runs` lists them"
        raise NotFoundError(msg)
    return found


def find(store: Store, run: str) -> TrainingRun | None:
    """The run in its newest state, or None."""
    rows = store.rows(
        "select run, dataset, version, kind, base_model, parent_run, config, sampler_path, state_path, status "
        "from training_run where run = ? order by seq desc limit 1",
        [run],
    )
    if not rows:
        return None
    run_id, dataset, version, kind, base_model, parent, config, sampler, state, status = rows[0]
    return TrainingRun(run_id, dataset, version, kind, base_model, parent, json.loads(config), sampler, state, status)


def listing(store: Store, dataset: str | None = None) -> pl.DataFrame:
    """All runs in their newest state, newest first.

    Columns: run, dataset, version, kind, base_model, parent_run, status, sampler_path, report (JSON), created_at.
    """
    return store.frame(
        "select run, dataset, version, kind, base_model, parent_run, status, sampler_path, report, created_at from "
        "(select *, row_number() over (partition by run order by seq desc) as newest from training_run "
        "where ? is null or dataset = ?) where newest = 1 order by seq desc",
        [dataset, dataset],
    )


def add_predictions(
    store: Store,
    *,
    dataset: str,
    version: int,
    contestant: str,
    request_key: str,
    example_ids: Sequence[str],
    answers: Sequence[str],
    latency_s: Sequence[float | None],
    tokens_in: Sequence[int | None],
    tokens_out: Sequence[int | None],
) -> None:
    """Append a contestant's answers to one version's items."""
    n = len(example_ids)
    frame = pl.DataFrame(
        {
            "dataset": [dataset] * n,
            "version": [version] * n,
            "contestant": [contestant] * n,
            "request_key": [request_key] * n,
            "example_id": list(example_ids),
            "answer": list(answers),
            "latency_s": pl.Series(list(latency_s), dtype=pl.Float64),
            "tokens_in": pl.Series(list(tokens_in), dtype=pl.Int64),
            "tokens_out": pl.Series(list(tokens_out), dtype=pl.Int64),
        }
    )
    store.append("prediction", frame)


def predictions(store: Store, request_key: str) -> pl.DataFrame:
    """The answers to one request, by example: example_id, answer, latency_s, tokens_in, tokens_out."""
    return store.frame(
        "select distinct on (example_id) example_id, answer, latency_s, tokens_in, tokens_out from prediction "
        "where request_key = ? order by example_id, seq desc",
        [request_key],
    )


def add_report(
    store: Store, *, report_id: str, dataset: str, version: int, run: str | None, report: dict[str, Any]
) -> None:
    """Append an evaluation report; an id that is there already changes nothing."""
    frame = pl.DataFrame(
        {
            "report_id": [report_id],
            "dataset": [dataset],
            "version": [version],
            "run": pl.Series([run], dtype=pl.String),
            "report": [json.dumps(report, ensure_ascii=False)],
        }
    )
    store.append("eval_report", frame, ignore_existing=True)


def reports(store: Store, *, dataset: str | None = None, run: str | None = None) -> list[dict[str, Any]]:
    """Evaluation reports, newest first: content with report_id, dataset, version (its number), run and created_at."""
    rows = store.rows(
        "select report_id, dataset, version, run, created_at, report from eval_report "
        "where (? is null or dataset = ?) and (? is null or run = ?) order by seq desc",
        [dataset, dataset, run, run],
    )
    return [
        {
            **json.loads(r[5]),
            "report_id": r[0],
            "dataset": r[1],
            "version": r[2],
            "run": r[3],
            "created_at": r[4],
        }
        for r in rows
    ]
