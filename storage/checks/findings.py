"""Check runs, their findings and the scores of all rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from curator.checks import ListedFinding
from curator.records import Column, Finding, FrameSchema, read_stored, short_id
from storage.engine.store import Store

_SCORES = FrameSchema(
    "a row's score",
    (
        Column("example_id", pl.String, "the row"),
        Column("kind", pl.String, "what the score is about: risk, suspect_label …"),
        Column("score", pl.Float64, "higher is worse"),
    ),
)


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """What a check run saw.

    Attributes:
        rows: Rows that were checked.
        counts: Findings by kind; for suspect_label the rows that were ranked.
        notes: What was left out, and why.
    """

    rows: int
    counts: Mapping[str, int]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check run as the store knows it.

    Attributes:
        run: Its id.
        labeler: Under whose labels the rows were checked.
        seed: Of the models.
        as_of_seq: The state of the dataset.
        report: What was seen.
    """

    run: str
    labeler: str
    seed: int
    as_of_seq: int
    report: CheckSummary


_COLUMNS = "f.finding_id, f.kind, f.score, f.example_ids, f.evidence, f.suggestion"


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
    report: CheckSummary,
) -> None:
    """Append a run: scores (as `_SCORES` states) and findings first, the run's record last."""
    store.append("score", _SCORES.check(scores).select(pl.lit(run).alias("run"), "example_id", "kind", "score"))
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
            "report": [json.dumps(asdict(report), ensure_ascii=False)],
        }
    )
    store.append("check_run", record, ignore_existing=True)


def newest_run(store: Store, dataset: str, labeler: str | None = None) -> CheckRun | None:
    """The newest finished run; None before the first."""
    rows = store.rows(
        "select run, labeler, seed, as_of_seq, report from check_run "
        "where dataset = ? and (? is null or labeler = ?) order by seq desc limit 1",
        [dataset, labeler, labeler],
    )
    if not rows:
        return None
    run, by, seed, as_of, report = rows[0]
    return CheckRun(
        run, by, seed, as_of, read_stored(CheckSummary, json.loads(report), f"the report of check run {run}")
    )


def frame(store: Store, run: str, kind: str | None = None) -> list[Finding]:
    """The run's findings, worst first."""
    rows = store.rows(
        f"select distinct on (finding_id) {_COLUMNS} from finding f "
        "where run = ? and (? is null or kind = ?) order by f.finding_id, f.seq desc",
        [run, kind, kind],
    )
    return sorted(map(_finding, rows), key=lambda f: (-f.score, f.id))


def kinds_of_rows(store: Store, run: str) -> pl.DataFrame:
    """Which kinds of finding each row stands in, once each: example_id, kind."""
    return store.frame(
        "select distinct kind, unnest(from_json(example_ids, '[\"varchar\"]')) as example_id "
        "from finding where run = ?",
        [run],
    )


def scores(store: Store, run: str, kind: str) -> pl.DataFrame:
    """One score of all rows that have it: example_id, score; worst first."""
    return store.frame(
        "select example_id, max(score) as score from score where run = ? and kind = ? group by 1 order by 2 desc, 1",
        [run, kind],
    )


def get(store: Store, dataset: str, finding_id: str) -> Finding | None:
    """One finding of the dataset, from the newest run that has it."""
    stored = named(store, dataset, [finding_id])
    if stored:
        return stored[finding_id]
    run = newest_run(store, dataset)
    ranked = suspects(store, run.run) if run else []
    return next((f for f in ranked if f.id == finding_id), None)


def named(store: Store, dataset: str, finding_ids: Sequence[str]) -> dict[str, Finding]:
    """Id -> finding, for the stored findings of the dataset that are named; from the newest run that has it."""
    rows = store.rows(
        f"select distinct on (finding_id) {_COLUMNS} from finding f join check_run r using (run) "
        "where r.dataset = ? and list_contains(?, f.finding_id) order by f.finding_id, f.seq desc",
        [dataset, list(finding_ids)],
    )
    return {found.id: found for found in map(_finding, rows)}


def _finding(row: tuple[Any, ...]) -> Finding:
    ident, kind, score, example_ids, evidence, suggestion = row
    return Finding(ident, kind, score, tuple(json.loads(example_ids)), json.loads(evidence), json.loads(suggestion))


def listing(
    store: Store, dataset: str, run: str, *, kind: str | None = None, limit: int | None = None
) -> list[ListedFinding]:
    """Findings as they are shown: groups in full, and one line for every row that could be ranked as suspect.

    Worst first within a kind, patterns and groups before single rows.
    """
    external = dict(store.rows("select example_id, external_id from example where dataset = ?", [dataset]))
    stored = {f.id: f for f in frame(store, run, kind)}
    if kind in (None, "suspect_label"):
        for finding in suspects(store, run):
            stored.setdefault(finding.id, finding)
    ordered = sorted(stored.values(), key=lambda f: (f.kind == "suspect_label", f.kind, -f.score, f.id))
    return [
        ListedFinding(
            finding_id=f.id,
            kind=f.kind,
            score=f.score,
            external_ids=tuple(external.get(e, e) for e in f.example_ids),
            example_ids=f.example_ids,
            evidence=f.evidence,
            suggestion=f.suggestion,
            run=run,
        )
        for f in ordered[:limit]
    ]


def suspects(store: Store, run: str) -> list[Finding]:
    """A finding for each row that has a suspect_label score, worst first; made from the scores, not stored."""
    ranked = scores(store, run, "suspect_label")
    return [
        Finding(
            short_id("find", ["suspect_label", [example]]),
            "suspect_label",
            score,
            (example,),
            {"rank": rank, "of": ranked.height},
            {"action": "review", "text": f"suspect label, rank {rank:,} of {ranked.height:,}: look before the others"},
        )
        for rank, (example, score) in enumerate(ranked.iter_rows(), start=1)
    ]
