"""Labels of teachers, rules and imports, side by side and append-only."""

from collections.abc import Iterable, Sequence

import polars as pl

from curator.errors import NotEnoughDataError, NotFoundError, RequestError
from curator.records import LABELS, Label
from storage.engine.store import Connection, Store, Told

_SCHEMA: dict[str, type[pl.DataType]] = {
    "dataset": pl.String,
    "example_id": pl.String,
    "labeler": pl.String,
    "kind": pl.String,
    "version": pl.String,
    "sample": pl.Int32,
    "value": pl.String,
    "task_hash": pl.String,
    "confidence": pl.Float64,
    "request_key": pl.String,
    "tokens_in": pl.Int64,
    "tokens_out": pl.Int64,
    "cost_usd": pl.Float64,
    "latency_s": pl.Float64,
    "said_at": pl.String,
}


def add(
    store: Store, dataset: str, labels: Sequence[Label], *, since: int | None = None, told: Told | None = None
) -> int:
    """Append labels; returns how many.

    Args:
        store: The store.
        dataset: Of the labels.
        labels: What to append.
        since: The seq at which the caller last looked at what is there: a label that another process has brought in
            since then is not appended again.
        told: Writes the event of each block, with it.
    """
    fields = ("example_id", "labeler", "kind", "version", "sample", "value", "task_hash", "confidence", "request_key")
    measured = ("tokens_in", "tokens_out", "cost_usd", "latency_s", "said_at")
    rows = [[dataset, *(getattr(x, name) for name in (*fields, *measured))] for x in labels]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")

    def news(connection: Connection, chunk: pl.DataFrame) -> pl.DataFrame:
        newer = connection.rows(
            "select labeler, example_id, sample, value, confidence, request_key from label where seq > ? "
            "and dataset = ? and example_id in (select unnest(?::varchar[]))",  # a run reads none of its own again
            [since, dataset, chunk["example_id"].to_list()],
        )
        said, asked = {row[:5] for row in newer}, {(row[1], row[5]) for row in newer if row[5] is not None}
        own = chunk.select("labeler", "example_id", "sample", "value", "confidence", "request_key").rows()
        return chunk.filter(
            pl.Series([row[:5] not in said and (row[1], row[5]) not in asked for row in own], dtype=pl.Boolean)
        )

    return store.append("label", frame, news=None if since is None else news, told=told)


def frame(store: Store, dataset: str, *, labeler: str | None = None, as_of: int | None = None) -> pl.DataFrame:
    """All labels in order, as `curator.records.LABELS` states."""
    found = store.frame(
        "select seq, example_id, labeler, kind, version, sample, value, task_hash, confidence, request_key, "
        "tokens_in, tokens_out, cost_usd, latency_s, said_at from label "
        "where dataset = ? and (? is null or labeler = ?) and seq <= ? order by seq",
        [dataset, labeler, labeler, as_of if as_of is not None else 2**62],
    )
    return LABELS.check(found)


def labelers(store: Store, dataset: str) -> list[str]:
    """The labelers that have labelled this dataset, by name."""
    return [row[0] for row in store.rows("select distinct labeler from label where dataset = ? order by 1", [dataset])]


def people(store: Store, dataset: str) -> list[str]:
    """Those of the labelers who are people, by name."""
    sql = "select distinct labeler from label where dataset = ? and kind = 'human' order by 1"
    return [row[0] for row in store.rows(sql, [dataset])]


def choices(store: Store, dataset: str) -> list[str]:
    """Whose labels may stand where no review has spoken; `PEOPLE` first where several people alone labelled."""
    known, human = labelers(store, dataset), people(store, dataset)
    return [PEOPLE, *known] if len(human) > 1 and human == known else known


NOBODY = "nobody"
"""Stands for the labeler where a dataset has no labels and needs none."""
PEOPLE = "people"
"""Stands for the labeler where people alone have labelled, several of them: their words stand as reviews do."""


def labeler_or_nobody(store: Store, dataset: str, labeler: str | None) -> str:
    """As `require_labeler`, but `NOBODY` where there is no label and none was asked for.

    Raises:
        NotEnoughDataError: There is no label yet, and a labeler was named.
        RequestError: Several labelers and none named.
        NotFoundError: No such labeler.
    """
    unlabelled = labeler is None and not labelers(store, dataset)
    return NOBODY if unlabelled else require_labeler(store, dataset, labeler)


def require_labeler(store: Store, dataset: str, labeler: str | None) -> str:
    """The labeler, checked; without a name, the only one that is no person, else the only person, else `PEOPLE`.

    What people say counts by itself, whoever's labels are under review: so nobody has to choose one of them.

    Raises:
        NotEnoughDataError: There is no label yet.
        RequestError: Several labelers that are no people and none named.
        NotFoundError: No such labeler.
    """
    known, human = labelers(store, dataset), people(store, dataset)
    if not known:
        msg = f"dataset {dataset!r} has no labels yet; run `curator label --dataset {dataset}` or ingest labels"
        raise NotEnoughDataError(msg)
    if labeler is None:
        others = [name for name in known if name not in human]
        if len(others) > 1:
            msg = f"dataset {dataset!r} has labels of {', '.join(known)}; choose one with --labeler"
            raise RequestError(msg)
        return others[0] if others else known[0] if len(known) == 1 else PEOPLE
    if labeler not in known and not (labeler == PEOPLE and human):
        msg = f"no labels by {labeler!r} in dataset {dataset!r}; there are labels of {', '.join(known)}"
        raise NotFoundError(msg)
    return labeler


def newest_requests(
    store: Store, dataset: str, labeler: str, version: str
) -> dict[tuple[str, int], tuple[str | None, str]]:
    """(example id, draw) -> (request key, task hash) of the labeler's newest label, from one of its versions."""
    sql = (
        "select example_id, sample, arg_max(coalesce(request_key, ''), seq), arg_max(task_hash, seq) from label "
        "where dataset = ? and labeler = ? and version = ? group by all"
    )
    rows = store.rows(sql, [dataset, labeler, version])
    return {(example, sample): (key or None, task) for example, sample, key, task in rows}


def from_files(store: Store, dataset: str, labeler: str) -> dict[tuple[str, int], tuple[str, str]]:
    """(example id, draw) -> (value, task hash) of the labeler's newest label, where that came in with a file."""
    sql = (
        "select example_id, sample, arg_max(value, seq), arg_max(task_hash, seq) from label where dataset = ? and "
        "labeler = ? group by all having arg_max(coalesce(request_key, ''), seq) = ''"
    )
    rows = store.rows(sql, [dataset, labeler])
    return {(example, sample): (value, under) for example, sample, value, under in rows}


def in_batches(store: Store, dataset: str) -> set[str]:
    """Keys of requests that were written to batch files."""
    sql = "select request_key from request_intent where dataset = ? and purpose like 'batch:%'"
    return {row[0].removeprefix("batch:") for row in store.rows(sql, [dataset])}


def done_requests(store: Store, dataset: str) -> set[str]:
    """Request keys that already have an answer: finished units of work."""
    rows = store.rows("select request_key from label where dataset = ? and request_key is not null", [dataset])
    return {row[0] for row in rows}


def intend(store: Store, dataset: str, purpose: str, request_keys: Iterable[str]) -> None:
    """Note requests before they are made, so that a crash leaves a trace of what may have been paid."""
    keys = sorted(request_keys)
    frame = pl.DataFrame({"request_key": keys, "dataset": [dataset] * len(keys), "purpose": [purpose] * len(keys)})
    store.append("request_intent", frame, ignore_existing=True)
