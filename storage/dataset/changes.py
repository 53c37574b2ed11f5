"""Facts about rows that came after the rows: group, time, wanted split, metadata. Append-only; the newest counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from storage.engine.store import Store, Told

Fact = Literal["group", "time", "split", "metadata"]

NEWEST = (
    "(select example_id, "
    + ", ".join(
        f"arg_max(value, seq) filter (where field = '{name}') as {alias}"
        for name, alias in (("group", "grouped"), ("time", "timed"), ("split", "wanted"), ("metadata", "kept"))
    )
    + " from example_change where dataset = ? and seq <= ? group by example_id)"
)
"""The newest change of each fact by row, as of a seq: SQL with the parameters dataset and seq."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a row beside its content. `assigned` is its split in the ledger; `metadata` is JSON."""

    group: str | None
    time: str | None
    split: str | None
    assigned: str | None
    metadata: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that is another now, and the row of the file that says so."""

    example_id: str
    field: Fact
    value: str
    was: str | None
    row_number: int


def facts(store: Store, dataset: str, example_ids: Sequence[str]) -> dict[str, Facts]:
    """What is known now, by example id."""
    rows = store.rows(
        "select e.example_id, coalesce(c.grouped, e.source_group), coalesce(c.timed, e.occurred), "
        "coalesce(c.wanted, e.requested_split), s.split, coalesce(c.kept, e.metadata) "
        f"from (select unnest(?::varchar[]) as example_id) asked join example e using (example_id) "
        f"left join {NEWEST} c using (example_id) left join split_assignment s "
        "on s.dataset = e.dataset and s.example_id = e.example_id",
        [list(example_ids), dataset, 2**62],
    )
    return {ident: Facts(*known) for ident, *known in rows}


def add(
    store: Store, dataset: str, changes: Sequence[Change], *, file_hash: str, actor: str, told: Told | None = None
) -> int:
    """Append changes; returns how many."""
    frame = pl.DataFrame(
        {
            "dataset": [dataset] * len(changes),
            "example_id": [c.example_id for c in changes],
            "field": [c.field for c in changes],
            "value": [c.value for c in changes],
            "was": pl.Series([c.was for c in changes], dtype=pl.String),
            "file_hash": [file_hash] * len(changes),
            "row_number": pl.Series([c.row_number for c in changes], dtype=pl.Int64),
            "actor": [actor] * len(changes),
        }
    )
    return store.append("example_change", frame, told=told)


def history(store: Store, dataset: str) -> pl.DataFrame:
    """All changes in order: seq, example_id, field, value, was, file_hash, row_number, actor, created_at."""
    return store.frame(
        "select seq, example_id, field, value, was, file_hash, row_number, actor, created_at "
        "from example_change where dataset = ? order by seq",
        [dataset],
    )
