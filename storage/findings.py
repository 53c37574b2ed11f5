"""Check runs, their findings and the scores of all rows."""

import json
from typing import Any

import polars as pl

from curator.types import Finding
from storage.store import Store


def add_run(
    store: Store,
    dataset: str,
    *,
    run: str,
    labeler: str,
    seed: int,
    as_of_seq: int,
    findings: tuple[Finding, ...],
    scores: pl.DataFrame,
    report: dict[str, Any],
) -> None:
    """Append a run: scores (example_id, kind, score) and findings first, the run's record last."""
    store.append("score", scores.select(pl.lit(run).alias("run"), "example_id", "kind", "score"))
    frame = pl.DataFrame(
        {
            "run": [run] * len(findings),
            "finding_id": [f.id for f in findings],
            "kind": [f.kind for f in findings],
            "score": [float(f.score) for f in findings],
            "example_ids": [json.dumps(list(f.example_ids)) for f in findings],
            "evidence": [json.dumps(f.evidence, ensure_ascii=False) for f in findings],
            "suggestion": [json.dumps(f.suggestion, ensure_ascii=False) for f in findings],
        }
    )
    store.append("finding", frame)
    record = pl.DataFrame(
        {
            "run": [run],
            "dataset": [dataset],
            "labeler": [labeler],
            "seed": [seed],
            "as_of_seq": [as_of_seq],
            "report": [json.dumps(report, ensure_ascii=False)],
        }
    )
    store.append("check_run", record, ignore_existing=True)


def newest_run(store: Store, dataset: str, labeler: str | None = None) -> dict[str, Any] | None:
    """The newest finished run: run, labeler, seed, as_of_seq, report; None before the first."""
    rows = store.rows(
        "select run, labeler, seed, as_of_seq, report from check_run "
        "where dataset = ? and (? is null or labeler = ?) order by seq desc limit 1",
        [dataset, labeler, labeler],
    )
    if not rows:
        return None
    run, by, seed, as_of, report = rows[0]
    return {"run": run, "labeler": by, "seed": seed, "as_of_seq": as_of, "report": json.loads(report)}


def frame(store: Store, run: str, kind: str | None = None) -> list[Finding]:
    """The run's findings, worst first."""
    rows = store.rows(
        "select distinct on (finding_id) finding_id, kind, score, example_ids, evidence, suggestion, seq "
        "from finding where run = ? and (? is null or kind = ?) order by finding_id, seq desc",
        [run, kind, kind],
    )
    found = [Finding(r[0], r[1], r[2], tuple(json.loads(r[3])), json.loads(r[4]), json.loads(r[5])) for r in rows]
    return sorted(found, key=lambda f: (-f.score, f.id))


def scores(store: Store, run: str, kind: str) -> pl.DataFrame:
    """One score of all rows that have it: example_id, score; worst first."""
    return store.frame(
        "select example_id, max(score) as score from score where run = ? and kind = ? group by 1 order by 2 desc, 1",
        [run, kind],
    )


def get(store: Store, dataset: str, finding_id: str) -> Finding | None:
    """One finding of the dataset, from the newest run that has it."""
    rows = store.rows(
        "select f.finding_id, f.kind, f.score, f.example_ids, f.evidence, f.suggestion from finding f "
        "join check_run r using (run) where r.dataset = ? and f.finding_id = ? order by f.seq desc limit 1",
        [dataset, finding_id],
    )
    if not rows:
        return None
    r = rows[0]
    return Finding(r[0], r[1], r[2], tuple(json.loads(r[3])), json.loads(r[4]), json.loads(r[5]))
