"""Claims with leases, reviews, and decisions."""

import json
import time
from collections.abc import Sequence

import polars as pl

from curator.types import Decision, Review
from storage.store import Store

LEASE_SECONDS = 15 * 60


def claim(
    store: Store,
    *,
    dataset: str,
    reviewer: str,
    count: int,
    plan: str | None = None,
    now: float | None = None,
    lease_s: float = LEASE_SECONDS,
) -> pl.DataFrame:
    """Lease up to `count` open tasks to a reviewer, in review order, in one transaction.

    A task that the reviewer holds already is handed out again (a reload), one held by somebody else only
    after its lease has run out. Columns: those of `storage.plans.tasks`.
    """
    moment = time.time() if now is None else now
    with store.transaction() as connection:
        open_tasks = connection.rows(
            """
            select t.task from review_task t join plan p on p.plan = t.plan
            left join claim c on c.task = t.task
            left join (select task, count(*) filter (verdict <> 'undo') - count(*) filter (verdict = 'undo') as n
                       from review group by task) r on r.task = t.task
            where t.dataset = ? and (? is null or t.plan = ?) and coalesce(r.n, 0) = 0
              and (c.task is null or c.expires < ? or c.reviewer = ?)
            order by t.position, p.seq, t.task limit ?
            """,
            [dataset, plan, plan, moment, reviewer, count],
        )
        leases = pl.DataFrame(
            {
                "task": [row[0] for row in open_tasks],
                "reviewer": [reviewer] * len(open_tasks),
                "expires": [moment + lease_s] * len(open_tasks),
            },
            schema={"task": pl.String, "reviewer": pl.String, "expires": pl.Float64},
        )
        connection._raw.register("leases", leases)
        connection.rows("insert or replace into claim select task, reviewer, expires from leases")
        found = connection.frame(
            "select t.*, e.external_id, e.text from review_task t join leases using (task) "
            "join example e using (example_id) order by t.position, t.task"
        )
        connection._raw.unregister("leases")
    return found


def add(store: Store, dataset: str, plan: str, reviews: Sequence[Review], *, undoes: Sequence[str | None] = ()) -> int:
    """Append reviews; an action id that is there already changes nothing. Returns how many went in."""
    frame = pl.DataFrame(
        {
            "task": [r.task_id for r in reviews],
            "plan": [plan] * len(reviews),
            "dataset": [dataset] * len(reviews),
            "example_id": [r.example_id for r in reviews],
            "reviewer": [r.reviewer for r in reviews],
            "verdict": [r.verdict for r in reviews],
            "value": pl.Series([r.value for r in reviews], dtype=pl.String),
            "blind": [r.blind for r in reviews],
            "seconds": pl.Series([r.seconds for r in reviews], dtype=pl.Float64),
            "note": pl.Series([r.note for r in reviews], dtype=pl.String),
            "action_id": [r.action_id for r in reviews],
            "adjudicates": [r.adjudicates for r in reviews],
            "undoes": pl.Series(list(undoes) or [None] * len(reviews), dtype=pl.String),
        }
    )
    return store.append("review", frame, ignore_existing=True)


def add_undo(store: Store, *, action_id: str, undoes: str, reviewer: str) -> bool:
    """Take back one review of the same reviewer by a further record. True if it was there to take back."""
    with store.transaction() as connection:
        record = connection.frame(
            "select task, plan, dataset, example_id, reviewer, 'undo' as verdict, cast(null as varchar) as value, "
            "blind, cast(null as double) as seconds, cast(null as varchar) as note from review r "
            "where action_id = ? and reviewer = ? and verdict <> 'undo' "
            "and not exists (select 1 from review u where u.undoes = r.action_id)",
            [undoes, reviewer],
        )
        if record.is_empty():
            return False
        record = record.with_columns(action_id=pl.lit(action_id), undoes=pl.lit(undoes))
        return connection.append("review", record, ignore_existing=True) == 1


def frame(store: Store, dataset: str, *, plan: str | None = None, as_of: int | None = None) -> pl.DataFrame:
    """Reviews in force (neither undone nor an undo), in order.

    Columns: seq, task, plan, example_id, reviewer, verdict, value, blind, seconds, note, action_id, stream,
    stratum, content_hash (of the text that was reviewed), proposed, adjudicates.
    """
    newest = as_of if as_of is not None else 2**62
    return store.frame(
        "select r.seq, r.task, r.plan, r.example_id, r.reviewer, r.verdict, r.value, r.blind, r.seconds, r.note, "
        "r.action_id, t.stream, t.stratum, t.content_hash, t.proposed, "
        "coalesce(r.adjudicates, false) as adjudicates from review r join review_task t using (task) "
        "where r.dataset = ? and (? is null or r.plan = ?) and r.seq <= ? and r.verdict <> 'undo' and not exists "
        "(select 1 from review u where u.undoes = r.action_id and u.seq <= ?) order by r.seq",
        [dataset, plan, plan, newest, newest],
    )


def add_decisions(store: Store, decisions: Sequence[Decision]) -> int:
    """Append decisions; an id that is there already changes nothing. Returns how many went in."""
    frame = pl.DataFrame(
        {
            "decision": [d.id for d in decisions],
            "dataset": [d.dataset for d in decisions],
            "action": [d.action for d in decisions],
            "value": pl.Series([d.value for d in decisions], dtype=pl.String),
            "reviewer": [d.reviewer for d in decisions],
            "reason": [d.reason for d in decisions],
            "finding_id": pl.Series([d.finding_id for d in decisions], dtype=pl.String),
            "example_ids": [json.dumps(list(d.example_ids)) for d in decisions],
        }
    )
    return store.append("decision", frame, ignore_existing=True)


def decisions(store: Store, dataset: str, *, as_of: int | None = None) -> pl.DataFrame:
    """Decisions in order, one line a row: seq, decision, action, value, reviewer, reason, finding_id, example_id."""
    return store.frame(
        "select seq, decision, action, value, reviewer, reason, finding_id, "
        "unnest(from_json(example_ids, '[\"varchar\"]')) as example_id from decision "
        "where dataset = ? and seq <= ? order by seq",
        [dataset, as_of if as_of is not None else 2**62],
    )
