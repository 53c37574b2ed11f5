"""The append-only audit log: who decided, exported, waived, trained, or changed a role.

An event is written in the transaction that does what it tells of, and holds a hash over the rows that it speaks of.
Nothing here changes or removes an event. Each is linked to the one before by a hash, so that an edit made with
another tool shows; only a head that was kept elsewhere shows that the whole chain was made anew.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from curator.records import AuditHead, Event, link
from storage.engine.store import Appended, Connection, Store, Told

_EVENTS = "select seq, cast(created_at as varchar), actor, action, subject, detail from audit_event"
_HEAD = "select max(event_seq), arg_max(hash, event_seq), (select max(seq) from audit_start) from audit_link"
RECORDS = "records"
"""Where an event's detail names the rows that it speaks of: table -> [first seq, last seq, rows, SHA-256]."""
ACTS: Mapping[str, str] = {
    "review": "task, plan, dataset, example_id, reviewer, verdict, value, blind, seconds, note, action_id, undoes, "
    "adjudicates",
    "decision": "decision, dataset, action, value, reviewer, reason, finding_id, example_ids",
    "preference": "comparison, dataset, reviewer, choice, left_side, seconds, note, action_id, undoes",
    "dataset_version": "dataset, number, request_hash, manifest_sha256, path, manifest",
    "user_role": "name, role, granted, who, why",
}
"""Tables whose rows are acts of people: each row has an event. With the columns that its hash goes over."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the log is what was written.

    Attributes:
        events: How many there are.
        head: The hash that stands for all of them.
        broken_at: The seq of the first event that is not what was written, or None.
        changed: Rows that are not what an event says of them: (table, seq of the event).
        untold: Rows of acts that no event speaks of: (table, seq).
        after: Events after each head that was asked for, by the head; None where the chain does not hold it.
    """

    events: int
    head: str
    broken_at: int | None
    changed: tuple[tuple[str, int], ...] = ()
    untold: tuple[tuple[str, int], ...] = ()
    after: Mapping[str, int | None] | None = None

    @property
    def intact(self) -> bool:
        """Whether nothing of it was changed, put in or taken out, as far as that can be seen."""
        lost = any(count is None for count in (self.after or {}).values())
        return self.broken_at is None and not self.changed and not self.untold and not lost


@dataclass(frozen=True, slots=True)
class LinkedEvent:
    """One event as a line of a file, field by field.

    Attributes:
        seq: Its place in the store.
        created_at: When, in UTC.
        actor: Who.
        action: What was done.
        subject: To what.
        detail: More (JSON).
        hash: Its link, in hexadecimal; None where another tool put it in.
    """

    seq: int
    created_at: str
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    hash: str | None


def note(store: Store, *, actor: str, action: str, subject: str, **detail: Any) -> None:  # noqa: ANN401 - JSON
    """Append one event about something that is no row of an act."""
    with store.transaction() as connection:
        append(connection, actor=actor, action=action, subject=subject, **detail)


def telling(*, actor: str, action: str, subject: str, count: bool = False, **detail: Any) -> Told:  # noqa: ANN401 - JSON
    """What `Store.append` calls at the end of each of its blocks: one event about the rows of the block.

    With `count` the event says as `added` how many they are.
    """

    def told(connection: Connection, what: Appended) -> None:
        counted = {"added": what.added} if count else {}
        append(connection, what, actor=actor, action=action, subject=subject, **detail, **counted)

    return told


def append(
    connection: Connection,
    *about: Appended,
    actor: str,
    action: str,
    subject: str,
    **detail: Any,  # noqa: ANN401 - JSON
) -> None:
    """Append one event in a transaction that does what it tells of.

    Args:
        connection: The transaction.
        about: The rows that the event speaks of; it holds a hash over those of acts.
        actor: Who acts.
        action: What is done.
        subject: To what.
        detail: More, as JSON.
    """
    if acts := [each for each in about if each.table in ACTS]:
        detail[RECORDS] = {each.table: _fact(connection, each.table, each.first, each.last) for each in acts}
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True)
    seq = connection.next_seqs(1)[0]
    insert = (
        "insert into audit_event (seq, actor, action, subject, detail) values (?, ?, ?, ?, ?) "
        "returning cast(created_at as varchar)"
    )
    ((moment,),) = connection.rows(insert, [seq, actor, action, subject, text])
    last, head, start = connection.rows(_HEAD)[0]
    last, head = last or 0, head or ""
    if start is not None and last < start:  # what an older store brought is linked too; what another tool put in is not
        older = f"{_EVENTS} where seq > ? and seq <= (select max(seq) from audit_start) order by seq"
        for row in connection.rows(older, [last]):
            head = link(head, Event(*row))
            connection.rows("insert into audit_link values (?, ?)", [row[0], head])
    connection.rows(
        "insert into audit_link values (?, ?)", [seq, link(head, Event(seq, moment, actor, action, subject, text))]
    )


def _fact(connection: Connection, table: str, first: int, last: int) -> list[Any]:
    """Which rows, how many, and a hash over what they say."""
    rows = connection.rows(
        f"select seq, {ACTS[table]} from {table} where seq between ? and ? order by seq", [first, last]
    )
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return [first, last, len(rows), hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()]


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


def everything(store: Store) -> list[LinkedEvent]:
    """Every event, oldest first."""
    rows = store.rows(
        "select e.seq, cast(e.created_at as varchar), e.actor, e.action, e.subject, e.detail, l.hash "
        "from audit_event e left join audit_link l on l.event_seq = e.seq order by e.seq"
    )
    return [
        LinkedEvent(seq, moment, actor, action, subject, json.loads(detail), hashed)
        for seq, moment, actor, action, subject, detail, hashed in rows
    ]


def choices(store: Store) -> tuple[list[str], list[str]]:
    """The actors and the actions that the log holds, each in order."""
    return tuple(  # type: ignore[return-value]
        [row[0] for row in store.rows(f"select distinct {name} from audit_event order by 1")]
        for name in ("actor", "action")
    )


def head(store: Store, *, as_of: int | None = None) -> AuditHead | None:
    """The newest link, or the newest as of a seq. None before the first event."""
    rows = store.rows(
        "select event_seq, hash from audit_link where event_seq <= ? order by 1 desc limit 1",
        [2**62 if as_of is None else as_of],
    )
    return AuditHead(*rows[0]) if rows else None


def verify(store: Store, kept: Sequence[str] = ()) -> Verification:
    """Go along the chain from its first event, and compare the rows that the events speak of.

    Args:
        store: The store.
        kept: Heads that were kept elsewhere: each must be in the chain.
    """
    with store.transaction() as connection:
        rows = connection.rows(f"{_EVENTS} order by seq")
        links = connection.rows("select event_seq, hash from audit_link order by event_seq")
        (start,) = connection.rows("select max(seq) from audit_start")[0]
        found = [Event(*row) for row in rows]
        changed, untold = _acts(connection, found, start)
    chain = [hashed for _, hashed in links]
    return Verification(
        events=len(rows),
        head=chain[-1] if links else "",
        broken_at=_broken(found, links, start),
        changed=changed,
        untold=untold,
        after={each: len(chain) - 1 - chain.index(each) if each in chain else None for each in kept},
    )


def _broken(found: Sequence[Event], links: Sequence[tuple[int, str]], start: int) -> int | None:
    """The first event that is not what was written: changed, put in without a link, or gone."""
    stored, made, wrong = dict(links), "", set[int]()
    for event in found:
        if event.seq not in stored and event.seq <= start and not any(seq > event.seq for seq in stored):
            continue  # an older store's events get their links with the next event
        made = link(made, event)
        if stored.get(event.seq) != made:
            wrong.add(event.seq)
            break
    return min(wrong | (set(stored) - {event.seq for event in found}), default=None)


def _acts(
    connection: Connection, found: Sequence[Event], start: int
) -> tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]:
    """Rows that are not what an event says, and rows that no event speaks of."""
    changed: list[tuple[str, int]] = []
    told: dict[str, list[tuple[int, int]]] = {table: [] for table in ACTS}
    for event in found:
        named = json.loads(event.detail).get(RECORDS)
        for table, fact in named.items() if isinstance(named, dict) else ():
            if table in ACTS and fact != _fact(connection, table, fact[0], fact[1]):
                changed.append((table, event.seq))
            told.setdefault(table, []).append((fact[0], fact[1]))
    untold: list[tuple[str, int]] = []
    for table, ranges in told.items():
        if table not in ACTS:
            continue
        seqs = [row[0] for row in connection.rows(f"select seq from {table} where seq > ? order by seq", [start])]
        spoken = iter(sorted(ranges))
        now = next(spoken, None)
        for seq in seqs:
            while now is not None and now[1] < seq:
                now = next(spoken, None)
            if now is None or seq < now[0]:
                untold.append((table, seq))
    return tuple(changed), tuple(untold)
