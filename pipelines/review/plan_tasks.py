"""What people are asked in a spot-check: the rows of the draw, and gold cards among them."""

from typing import Any

import polars as pl

from curator.records import GOLD, TASKS, Purpose, Stream, TaskKind, short_id
from curator.review import Staffing, gold_rows, share_of
from curator.spot_checks import Draw

_BESIDE = {"proposed": pl.String, "why": pl.String, "overlap": pl.Int64}
_Card = tuple[Stream, str, str, float, int, bool]
"""Stream, example id, stratum, inclusion probability, position, whether the label is hidden."""


def tasks(
    plan: str,
    rows: pl.DataFrame,
    draw: Draw,
    staffing: Staffing,
    *,
    purpose: Purpose,
    kind: TaskKind,
    seed: int,
    checked: bool = True,
) -> pl.DataFrame:
    """What people are asked, in the columns of `review_task` but seq, plan and dataset.

    `checked` says whether the risk that the rows were drawn by comes from a check run.
    """
    state = {row["example_id"]: row for row in rows.iter_rows(named=True)}
    estimating: Stream = "test" if purpose == "test" else "audit"
    audit_ids = [d.example_id for d in draw.audit]
    overlapped = share_of(audit_ids, staffing.overlap_share, seed=seed, use="overlap") if staffing.overlap > 1 else ()
    records: list[dict[str, Any]] = [
        {
            "task": short_id("t", [plan, e]),
            "example_id": e,
            "stream": stream,
            "stratum": stratum,
            "inclusion_probability": probability,
            "position": position,
            "blind": hidden and kind == "classification",
            "content_hash": state[e]["content_hash"],
            "proposed": state[e]["human_value"] if stream == GOLD else state[e]["value"],
            # A gold card says what the others say: who knows which card is gold is not measured by it.
            "why": _why(estimating if stream == GOLD else stream, stratum, checked),
            "overlap": staffing.overlap if e in overlapped else 1,
        }
        for stream, e, stratum, probability, position, hidden in _cards(rows, draw, staffing, estimating, kind, seed)
    ]
    return pl.DataFrame(records, schema={**TASKS.dtypes, **_BESIDE})  # also where nobody is left to ask about


def _cards(
    rows: pl.DataFrame, draw: Draw, staffing: Staffing, estimating: Stream, kind: TaskKind, seed: int
) -> list[_Card]:
    """The audit rows, the risk rows, then gold cards: rows that people settled and that are not drawn now."""
    risk_ids = [d.example_id for d in draw.risk]
    blind = share_of(risk_ids, staffing.blind_of_risk(kind), seed=seed, use="blind")
    taken = {*(d.example_id for d in draw.audit), *risk_ids}
    settled = rows.filter((pl.col("human_status") == "settled").fill_null(False) & pl.col("out").is_null())
    known = [
        (row["example_id"], row["basis"] == "adjudication")
        for row in settled.iter_rows(named=True)
        if row["example_id"] not in taken
    ]
    gold = gold_rows(known, staffing.gold, seed=seed)
    return [
        *((estimating, d.example_id, d.stratum, d.inclusion_probability, d.position, True) for d in draw.audit),
        *(("risk", d.example_id, d.stratum, 1.0, d.position, d.example_id in blind) for d in draw.risk),
        *((GOLD, e, "known", 1.0, n, True) for n, e in enumerate(gold)),
    ]


def _why(stream: str, stratum: str, checked: bool) -> str:
    """Why the card is in the queue. An audit card does not tell its risk band: that would hint at the answer."""
    bands = {"top": "the riskiest 5 %", "next": "the next 20 % by risk", "rest": "the other 75 %"}
    match stream:
        case "test":
            return "frozen test split: every row is reviewed"
        case "risk" if not checked:
            return "beside the audit: taken by chance, since no check has ranked the rows by risk yet"
        case "risk":
            return f"likely wrong: among {bands.get(stratum, 'the rows')} by the checks"
        case _:
            return "random audit: drawn by chance, to estimate how many labels are wrong"
