"""Examples, the files they came from, and the ledger of split assignments."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from curator.records import (
    EXAMPLES,
    SETTING_ROLES,
    Example,
    Message,
    Split,
    ToolCallPart,
    context_key,
    message_from_json,
    message_json,
    read_exact,
    shown_text,
    write_exact,
)
from storage.dataset.changes import NEWEST, facts
from storage.engine.store import Store, Told

_ENCODER = json.JSONEncoder(ensure_ascii=False)


def known(store: Store, dataset: str) -> dict[str, tuple[str, str]]:
    """External id -> (example id, content hash) of every row of the dataset."""
    rows = store.rows("select external_id, example_id, content_hash from example where dataset = ?", [dataset])
    return {external: (example, content) for external, example, content in rows}


def add(
    store: Store,
    examples: Sequence[Example],
    *,
    file_hash: str | None = None,
    row_numbers: Sequence[int] = (),
) -> int:
    """Append examples; ids that are there already are left alone. Returns how many went in."""
    frame = pl.DataFrame(
        {
            "example_id": [e.id for e in examples],
            "dataset": [e.dataset for e in examples],
            "external_id": [e.external_id for e in examples],
            "content_hash": [e.content_hash for e in examples],
            "messages": [_ENCODER.encode([message_json(m) for m in e.messages]) for e in examples],
            "text": [e.text for e in examples],
            "shown": pl.Series([shown_text(e.messages, e.tools) for e in examples], dtype=pl.String),
            "context": pl.Series([context_key(e.messages, e.tools) for e in examples], dtype=pl.String),
            "tools": pl.Series([e.tools for e in examples], dtype=pl.String),
            "metadata": pl.Series(
                [write_exact(dict(e.metadata)) if e.metadata else None for e in examples], dtype=pl.String
            ),
            "source_group": pl.Series([e.group for e in examples], dtype=pl.String),
            "source": [e.source for e in examples],
            "occurred": pl.Series([e.time for e in examples], dtype=pl.String),
            "requested_split": pl.Series([e.split for e in examples], dtype=pl.String),
            "file_hash": pl.Series([file_hash] * len(examples), dtype=pl.String),
            "row_number": pl.Series(list(row_numbers) or [None] * len(examples), dtype=pl.Int64),
        }
    )
    return store.append("example", frame, ignore_existing=True)


def frame(store: Store, dataset: str, *, as_of: int | None = None) -> pl.DataFrame:
    """The dataset's rows in the order they came, as `curator.records.EXAMPLES` states."""
    seq = 2**62 if as_of is None else as_of
    found = store.frame(
        "select e.seq, e.example_id, e.external_id, e.content_hash, e.text, "
        "coalesce(e.shown, e.text) as shown, e.context, e.messages, e.tools, coalesce(c.kept, e.metadata) as metadata, "
        'coalesce(c.grouped, e.source_group) as "group", e.source, coalesce(c.timed, e.occurred) as occurred, '
        "coalesce(c.wanted, e.requested_split) as requested_split, s.split "
        f"from example e left join {NEWEST} c on c.example_id = e.example_id left join split_assignment s "
        "on s.dataset = e.dataset and s.example_id = e.example_id and s.seq <= ? "
        "where e.dataset = ? and e.seq <= ? order by e.seq",
        [dataset, seq, seq, dataset, seq],
    )
    return EXAMPLES.check(found)


def get(store: Store, example_id: str) -> Example | None:
    """One example with what is known of it now, or None."""
    rows = store.rows(
        "select example_id, dataset, external_id, content_hash, messages, text, source_group, source, "
        "occurred, requested_split, tools, metadata from example where example_id = ?",
        [example_id],
    )
    if not rows:
        return None
    ident, dataset, external, content, messages, text, group, source, time, split, tools, metadata = rows[0]
    known_now = facts(store, dataset, [ident]).get(ident)
    if known_now is not None:
        group, time, split, metadata = known_now.group, known_now.time, known_now.split, known_now.metadata
    parsed, kept = parse_messages(messages), parse_metadata(metadata)
    return Example(ident, dataset, external, content, parsed, text, group, source, time, split, tools, kept)


def external_ids(store: Store, example_ids: Sequence[str]) -> dict[str, str]:
    """Example id -> external id, of the rows that are named."""
    return dict(
        store.rows(
            "select example_id, external_id from example where list_contains(?, example_id)", [list(example_ids)]
        )
    )


def texts(store: Store, example_ids: Sequence[str]) -> dict[str, str]:
    """Example id -> text, of some rows."""
    if not example_ids:
        return {}
    places = ", ".join("?" * len(example_ids))
    return dict(store.rows(f"select example_id, text from example where example_id in ({places})", list(example_ids)))


def texts_of(store: Store, content_hashes: Sequence[str]) -> dict[str, str]:
    """Content hash -> text, whichever dataset has it."""
    rows = store.rows(
        "select content_hash, any_value(text) from example where list_contains(?, content_hash) group by 1",
        [list(content_hashes)],
    )
    return dict(rows)


def ids_by_external(store: Store, dataset: str) -> dict[str, str]:
    """External id -> example id."""
    return {external: example for external, (example, _) in known(store, dataset).items()}


def record_file(
    store: Store,
    dataset: str,
    *,
    file_hash: str,
    name: str,
    rows: int,
    mapping: Mapping[str, str],
    told: Told | None = None,
) -> None:
    """Note that a source file was read, with the event that `told` writes."""
    record = pl.DataFrame(
        {
            "dataset": [dataset],
            "file_hash": [file_hash],
            "name": [name],
            "rows": [rows],
            "mapping": [json.dumps(dict(mapping), ensure_ascii=False, sort_keys=True)],
        }
    )
    store.append("source_file", record, told=told)


def files(store: Store, dataset: str) -> pl.DataFrame:
    """The source files read so far: seq, file_hash, name, rows, mapping, created_at."""
    return store.frame(
        "select seq, file_hash, name, rows, mapping, created_at from source_file where dataset = ? order by seq",
        [dataset],
    )


def is_frozen(store: Store, dataset: str) -> bool:
    """Whether any row was assigned to train or test, which is for good."""
    return bool(store.rows("select 1 from split_assignment where dataset = ? limit 1", [dataset]))


def ledger(store: Store, dataset: str) -> dict[str, Split]:
    """Example id -> split, as assigned so far. An assignment never changes."""
    return dict(store.rows("select example_id, split from split_assignment where dataset = ?", [dataset]))


def assign_splits(store: Store, dataset: str, assignments: Mapping[str, Split], reason: str) -> int:
    """Append assignments to the ledger; rows that have one keep it. Returns how many are new."""
    have = ledger(store, dataset)
    new = sorted((e, s) for e, s in assignments.items() if e not in have)
    record = pl.DataFrame(
        {
            "dataset": [dataset] * len(new),
            "example_id": [e for e, _ in new],
            "split": [s for _, s in new],
            "reason": [reason] * len(new),
        }
    )
    return store.append("split_assignment", record, ignore_existing=True)


def parse_metadata(stored: str | None) -> dict[str, Any]:
    """The columns kept with a row, from its `metadata` column: numbers exact, in the order of the columns."""
    return dict(read_exact(stored)) if stored else {}


def parse_messages(stored: str) -> tuple[Message, ...]:
    """The messages of a row, from its `messages` column."""
    return tuple(message_from_json(m) for m in json.loads(stored))


def system_of(messages: str) -> str | None:
    """The system prompt of a row, from its `messages` column, or None."""
    if '"system"' not in messages and '"developer"' not in messages:  # most rows have none, and reading JSON takes time
        return None
    return "\n".join(m.text for m in parse_messages(messages) if m.role in SETTING_ROLES) or None


def calls_of(messages: str, tools: str | None) -> str | None:
    """The tools that a row brings and the calls in it, which are trained on as well; None where there are none."""
    if tools is None and '"arguments"' not in messages:
        return None
    parts = [part for m in parse_messages(messages) for part in m.parts if isinstance(part, ToolCallPart)]
    return "\n".join([*([] if tools is None else [tools]), *(part.arguments for part in parts)]) or None
