"""Training runs, predictions and evaluation reports."""

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from curator.errors import NotFoundError
from curator.evaluation import EvalReport, Evaluation, read_report
from curator.ports import Completion
from curator.records import PREDICTIONS, TrainedRun, TrainingOutcome, TrainingRun, read_stored
from storage.engine.store import Store, Told

_COLUMNS = (
    "run, dataset, version, kind, base_model, parent_run, config, sampler_path, state_path, status, report, created_at"
)


def record(store: Store, run: TrainingRun, outcome: TrainingOutcome | None = None, *, told: Told | None = None) -> None:
    """Append the run's state, with the event that `told` writes; the newest record of a run is its state."""
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
            "report": pl.Series([json.dumps(outcome.as_json()) if outcome is not None else None], dtype=pl.String),
        }
    )
    store.append("training_run", frame, told=told)


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
    rows = store.rows(f"select {_COLUMNS} from training_run where run = ? order by seq desc limit 1", [run])
    return _trained(rows[0]).run if rows else None


def listing(store: Store, dataset: str | None = None) -> list[TrainedRun]:
    """All runs in their newest state, newest first."""
    rows = store.rows(
        f"select {_COLUMNS} from "
        "(select *, row_number() over (partition by run order by seq desc) as newest from training_run "
        "where ? is null or dataset = ?) where newest = 1 order by seq desc",
        [dataset, dataset],
    )
    return [_trained(row) for row in rows]


def _trained(row: tuple[Any, ...]) -> TrainedRun:
    ident, dataset, version, kind, base_model, parent, config, sampler, state, status, report, created_at = row
    run = TrainingRun(ident, dataset, version, kind, base_model, parent, json.loads(config), sampler, state, status)
    outcome = read_stored(TrainingOutcome, json.loads(report), f"the report of run {ident}") if report else None
    return TrainedRun(run, outcome, created_at)


def add_predictions(
    store: Store,
    *,
    dataset: str,
    version: int,
    contestant: str,
    request_key: str,
    example_ids: Sequence[str],
    completions: Sequence[Completion],
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
            "answer": [c.text for c in completions],
            "latency_s": pl.Series([c.latency_s for c in completions], dtype=pl.Float64),
            "tokens_in": pl.Series([c.tokens_in for c in completions], dtype=pl.Int64),
            "tokens_out": pl.Series([c.tokens_out for c in completions], dtype=pl.Int64),
            "cut": [c.cut for c in completions],
        }
    )
    store.append("prediction", frame)


def predictions(store: Store, request_key: str) -> pl.DataFrame:
    """The newest answer of each row to one request, as `curator.records.PREDICTIONS` states."""
    found = store.frame(
        "select distinct on (example_id) example_id, answer, latency_s, tokens_in, tokens_out, "
        "coalesce(cut, false) as cut from prediction "
        "where request_key = ? order by example_id, seq desc",
        [request_key],
    )
    return PREDICTIONS.check(found)


def add_report(
    store: Store,
    *,
    report_id: str,
    dataset: str,
    version: int,
    run: str | None,
    report: EvalReport,
    told: Told | None = None,
) -> None:
    """Append an evaluation report, with the event that `told` writes; an id that is there already changes nothing."""
    frame = pl.DataFrame(
        {
            "report_id": [report_id],
            "dataset": [dataset],
            "version": [version],
            "run": pl.Series([run], dtype=pl.String),
            "report": [json.dumps(report.as_json(), ensure_ascii=False)],
        }
    )
    store.append("eval_report", frame, ignore_existing=True, told=told)


def reports(store: Store, *, dataset: str | None = None, run: str | None = None) -> list[Evaluation]:
    """Evaluations, newest first."""
    rows = store.rows(
        "select report_id, dataset, version, run, created_at, report from eval_report "
        "where (? is null or dataset = ?) and (? is null or run = ?) order by seq desc",
        [dataset, dataset, run, run],
    )
    return [
        Evaluation(ident, name, number, about, created_at, read_report(json.loads(content), ident))
        for ident, name, number, about, created_at, content in rows
    ]
