"""The append-only audit log: who decided, exported, waived, trained, or changed a role.

Nothing here changes or removes an event. Each is linked to the one before by a hash, so that an edit made with
another tool shows; only a head that was kept elsewhere shows that the whole chain was made anew.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from curator.records import Event, link
from storage.engine.store import Connection, Store

_EVENTS = "select seq, cast(created_at as varchar), actor, action, subject, detail from audit_event"


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the log is what was written. `broken_at` is the seq of the first event that is not, or None."""

    events: int
    head: str
    broken_at: int | None


def note(store: Store, *, actor: str, action: str, subject: str, **detail: Any) -> None:  # noqa: ANN401 - JSON
    """Append one event."""
    with store.transaction() as connection:
        append(connection, actor=actor, action=action, subject=subject, **detail)


def append(connection: Connection, *, actor: str, action: str, subject: str, **detail: Any) -> None:  # noqa: ANN401 - JSON
    """Append one event in a transaction that does what it tells of."""
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True)
    seq = connection.next_seqs(1)[0]
    insert = "insert into audit_event (seq, actor, action, subject, detail) values (?, ?, ?, ?, ?)"
    connection.rows(insert, [seq, actor, action, subject, text])
    last, head = next(iter(connection.rows("select event_seq, hash from audit_link order by 1 desc limit 1")), (0, ""))
    for row in connection.rows(f"{_EVENTS} where seq > ? order by seq", [last]):  # also what an older store brought
        head = link(head, Event(*row))
        connection.rows("insert into audit_link values (?, ?)", [row[0], head])


def events(store: Store, limit: int = 1000, *, actors: Sequence[str] = (), actions: Sequence[str] = ()) -> pl.DataFrame:
    """The newest events: seq, created_at, actor, action, subject, detail (JSON).

    Args:
        store: The store.
        limit: At most so many.
        actors: Only what these did; empty for everyone.
        actions: Only these actions; empty for all.
    """
    return store.frame(
        "select seq, created_at, actor, action, subject, detail from audit_event "
        "where (len(?::varchar[]) = 0 or actor in ?::varchar[]) and (len(?::varchar[]) = 0 or action in ?::varchar[]) "
        "order by seq desc limit ?",
        [list(actors), list(actors), list(actions), list(actions), limit],
    )


def everything(store: Store) -> list[dict[str, Any]]:
    """Every event, oldest first, as one record each for a file, with its link."""
    rows = store.rows(
        "select e.seq, cast(e.created_at as varchar), e.actor, e.action, e.subject, e.detail, l.hash "
        "from audit_event e left join audit_link l on l.event_seq = e.seq order by e.seq"
    )
    names = ("seq", "created_at", "actor", "action", "subject")
    return [dict(zip(names, row, strict=False)) | {"detail": json.loads(row[5]), "hash": row[6]} for row in rows]


def choices(store: Store) -> tuple[list[str], list[str]]:
    """The actors and the actions that the log holds, each in order."""
    return tuple(  # type: ignore[return-value]
        [row[0] for row in store.rows(f"select distinct {name} from audit_event order by 1")]
        for name in ("actor", "action")
    )


def verify(store: Store) -> Verification:
    """Go along the chain from its first event."""
    with store.transaction() as connection:
        rows = connection.rows(f"{_EVENTS} order by seq")
        links = connection.rows("select event_seq, hash from audit_link order by event_seq")
    head, broken = "", None
    stored = dict(links)
    # An older store's events get their links with the next event.
    known = [Event(*row) for row in rows if links and row[0] <= links[-1][0]]
    for event in known:
        head = link(head, event)
        if broken is None and stored.get(event.seq) != head:
            broken = event.seq
    gone = set(stored) - {event.seq for event in known}
    if gone:
        broken = min(gone) if broken is None else min(broken, *gone)
    return Verification(len(rows), links[-1][1] if links else "", broken)
