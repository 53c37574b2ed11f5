"""Requests to models and what came of each: answered, refused, cut, failed. Append-only."""

from collections.abc import Sequence
from dataclasses import fields

import polars as pl

from curator.records import Attempt
from storage.engine.store import Store

_SCHEMA: dict[str, type[pl.DataType]] = {
    "attempt": pl.String,
    "dataset": pl.String,
    "file_hash": pl.String,
    "example_id": pl.String,
    "request_id": pl.String,
    "status": pl.String,
    "model": pl.String,
    "answer": pl.String,
    "finish_reason": pl.String,
    "error": pl.String,
    "tokens_in": pl.Int64,
    "tokens_out": pl.Int64,
    "said_at": pl.String,
    "sample": pl.Int32,
    "latency_s": pl.Float64,
    "cost_usd": pl.Float64,
    "confidence": pl.Float64,
}


def new(store: Store, dataset: str, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Those of some attempts that are not there, each once."""
    rows = store.rows(
        "select attempt from attempt where dataset = ? and list_contains(?, attempt)",
        [dataset, [each.id for each in attempts]],
    )
    there = {row[0] for row in rows}
    return [each for ident, each in {each.id: each for each in attempts}.items() if ident not in there]


def add(store: Store, dataset: str, attempts: Sequence[Attempt], *, file_hash: str | None = None) -> int:
    """Append attempts; one that is there already changes nothing. Returns how many went in."""
    names = [each.name for each in fields(Attempt)]
    rows = [[x.id, dataset, file_hash, *(getattr(x, name) for name in names)] for x in attempts]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row").unique("attempt", keep="first", maintain_order=True)
    return store.append("attempt", frame, ignore_existing=True)


def newest(store: Store, dataset: str, request_ids: Sequence[str]) -> dict[str, Attempt]:
    """Request id -> what came of it last, for those of some requests that were made."""
    rows = store.rows(
        "select distinct on (request_id) example_id, request_id, status, model, answer, finish_reason, error, "
        "tokens_in, tokens_out, said_at, sample, latency_s, cost_usd, confidence from attempt "
        "where dataset = ? and request_id in (select unnest(?::varchar[])) order by request_id, seq desc",
        [dataset, list(request_ids)],
    )
    return {row[1]: Attempt(*row) for row in rows}


def frame(store: Store, dataset: str) -> pl.DataFrame:
    """All attempts in order: seq and the columns of the record, with the row's external id."""
    return store.frame(
        "select a.seq, a.attempt, a.example_id, e.external_id, a.request_id, a.sample, a.status, a.model, a.answer, "
        "a.finish_reason, a.error, a.tokens_in, a.tokens_out, a.said_at, a.latency_s, a.cost_usd, a.confidence "
        "from attempt a "
        "join example e using (example_id) where a.dataset = ? order by a.seq",
        [dataset],
    )


def by_status(store: Store, dataset: str) -> dict[str, int]:
    """How many attempts ended in each status, the most frequent first."""
    return dict(
        store.rows("select status, count(*) from attempt where dataset = ? group by 1 order by 2 desc, 1", [dataset])
    )
