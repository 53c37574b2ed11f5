"""Claims with leases, reviews, and decisions."""

import json
import time
from collections.abc import Sequence
from typing import Any

import polars as pl

from curator.records import DECISIONS, REVIEWS, Decision, Review, same_person
from curator.review import TakenDecision, with_gold
from storage.access import audit
from storage.engine.store import Appended, Connection, Store
from storage.review import people

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

    A task is open to a reviewer who has not reviewed it while fewer people than it asks for have reviewed or hold
    it. One that the reviewer holds already is handed out again (a reload), one held by somebody else only after its
    lease has run out. Nobody gets more tasks of a plan than its quota. Gold cards, which are open to everybody who
    has never reviewed their row, come between the others. Columns: those of `storage.review.plans.tasks`.
    """
    with store.transaction() as connection:
        return claim_within(
            connection, dataset=dataset, reviewer=reviewer, count=count, plan=plan, now=now, lease_s=lease_s
        )


def claim_within(
    connection: Connection,
    *,
    dataset: str,
    reviewer: str,
    count: int,
    plan: str | None = None,
    now: float | None = None,
    lease_s: float = LEASE_SECONDS,
) -> pl.DataFrame:
    """`claim` as part of a transaction."""
    moment = time.time() if now is None else now
    open_tasks = connection.rows(_OPEN, {"dataset": dataset, "plan": plan, "me": reviewer, "now": moment})
    handed = _handed_out(open_tasks, reviewer)[:count]
    leases = pl.DataFrame(
        {
            "task": handed,
            "reviewer": [reviewer] * len(handed),
            # A little later for each further card, so that the order in which they were handed out is kept.
            "expires": [moment + lease_s + 0.001 * place for place in range(len(handed))],
            "place": list(range(len(handed))),
        },
        schema={"task": pl.String, "reviewer": pl.String, "expires": pl.Float64, "place": pl.Int64},
    )
    with connection.table("leases", leases):
        connection.rows("insert or replace into lease select task, reviewer, expires from leases")
        return connection.frame(
            "select t.* replace (coalesce(t.overlap, 1) as overlap), e.external_id, coalesce(e.shown, e.text) as text "
            "from review_task t join leases using (task) join example e using (example_id) order by leases.place"
        )


def held_within(
    connection: Connection, *, reviewer: str, now: float | None = None, lease_s: float = LEASE_SECONDS
) -> list[str]:
    """The tasks, of whichever plan, that a reviewer holds for half a lease yet, in the order of their cards."""
    moment = time.time() if now is None else now
    sql = "select task from lease where reviewer = ? and expires >= ? order by expires, task"
    return [row[0] for row in connection.rows(sql, [reviewer, moment + lease_s / 2])]


_OPEN = """
    with said as (
        select task, example_id, reviewer from review where dataset = $dataset
        group by task, example_id, reviewer
        having count(*) filter (verdict <> 'undo') > count(*) filter (verdict = 'undo')),
    taken as (
        select task, count(distinct reviewer) as people from (
            select task, reviewer from said union all select task, reviewer from lease where expires >= $now)
        where reviewer <> $me group by task),
    mine as (select task, example_id from said where reviewer = $me),
    done as (
        select t.plan, count(*) filter (t.stream <> 'gold') as tasks, count(*) filter (t.stream = 'gold') as gold
        from mine join review_task t using (task) group by t.plan),
    open as (
        select t.task, t.plan, t.position, p.seq as plan_seq, p.seed, t.stream = 'gold' as gold,
            coalesce(d.tasks, 0) as done, coalesce(d.gold, 0) as answered,
            cast(json_extract(p.settings, '$.quota') as bigint) as quota,
            row_number() over (partition by t.plan, t.stream = 'gold'
                               order by l.task is null, t.position, t.task) as turn
        from review_task t join plan p on p.plan = t.plan
        left join taken on taken.task = t.task left join done d on d.plan = t.plan
        left join lease l on l.task = t.task and l.reviewer = $me and l.expires >= $now
        where t.dataset = $dataset and ($plan is null or t.plan = $plan)
          and t.task not in (select task from mine)
          and case when t.stream = 'gold' then t.example_id not in (select example_id from mine)
                   else coalesce(taken.people, 0) < coalesce(t.overlap, 1) end)
    select task, plan, gold, seed, done, answered from open
    where gold or quota is null or turn <= quota - done
    order by position, plan_seq, task
"""
"""Tasks that are open to a reviewer, in review order; held ones come first where a quota cuts."""


def _handed_out(open_tasks: Sequence[tuple[Any, ...]], reviewer: str) -> list[str]:
    """The open tasks in the order in which the reviewer gets them, gold cards mixed in plan by plan."""
    gold: dict[str, list[str]] = {}
    counted: dict[str, tuple[int, int, int]] = {}
    for task, plan, is_gold, seed, done, answered in open_tasks:
        counted[plan] = (seed, done, answered)
        if is_gold:
            gold.setdefault(plan, []).append(task)
    tasks = [row[0] for row in open_tasks if not row[2]]
    for plan, cards in gold.items():
        seed, done, answered = counted[plan]
        tasks = with_gold(tasks, cards, done=done, answered=answered, seed=seed, reviewer=reviewer)
    return tasks


def add(
    store: Store,
    dataset: str,
    plan: str,
    reviews: Sequence[Review],
    *,
    undoes: Sequence[str | None] = (),
    actor: str | None = None,
) -> int:
    """Append reviews, each block with its event; an action id that is there already changes nothing.

    Args:
        store: The store.
        dataset: Of the reviews.
        plan: Of the reviews.
        reviews: What people said.
        undoes: For each, the action id that it takes back, if any.
        actor: Who brings them in; None for whoever said them.

    Returns:
        How many went in.
    """

    def told(connection: Connection, what: Appended) -> None:
        sql = "select reviewer, count(*) from review where seq between ? and ? group by 1 order by 2 desc, 1"
        said = dict(connection.rows(sql, [what.first, what.last]))
        who = actor or next(iter(said))
        audit.append(connection, what, actor=who, action="review", subject=plan, added=what.added, reviewers=said)

    made = records(dataset, plan, reviews, undoes=undoes)
    return store.append("review", made, ignore_existing=True, told=told)


def records(dataset: str, plan: str, reviews: Sequence[Review], *, undoes: Sequence[str | None] = ()) -> pl.DataFrame:
    """Reviews as rows of the table `review`."""
    return pl.DataFrame(
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
            "said_at": pl.Series([r.said_at for r in reviews], dtype=pl.String),
            "undoes": pl.Series(list(undoes) or [None] * len(reviews), dtype=pl.String),
        }
    )


def add_undo(store: Store, *, action_id: str, undoes: str, reviewer: str) -> bool:
    """Take back one review of the same reviewer by a further record. True if it was there to take back."""
    with store.transaction() as connection:
        record = connection.frame(
            "select task, plan, dataset, example_id, reviewer, 'undo' as verdict, cast(null as varchar) as value, "
            "blind, cast(null as double) as seconds, cast(null as varchar) as note from review r "
            "where action_id = ? and verdict <> 'undo' "
            "and not exists (select 1 from review u where u.undoes = r.action_id)",
            [undoes],
        )
        if record.is_empty() or not same_person(record["reviewer"][0], reviewer):
            return False
        made = record.with_columns(action_id=pl.lit(action_id), undoes=pl.lit(undoes))
        what = connection.appended("review", made, ignore_existing=True)
        if what.added:
            plan, task = record.row(0, named=True)["plan"], record.row(0, named=True)["task"]
            audit.append(connection, what, actor=reviewer, action="review:undo", subject=plan, task=task, undoes=undoes)
        return what.added == 1


def frame(
    store: Store,
    dataset: str,
    *,
    plan: str | None = None,
    as_of: int | None = None,
    example_ids: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Reviews in force (neither undone nor an undo), in order; of all rows, or of some.

    As `curator.records.REVIEWS` states. A reviewer has one spelling, also where a store that was
    made before names were held against each other has several.
    """
    newest = as_of if as_of is not None else 2**62
    some = None if example_ids is None else list(example_ids)
    found = store.frame(
        "select r.seq, r.task, r.plan, r.example_id, r.reviewer, r.verdict, r.value, r.blind, r.seconds, r.note, "
        "r.action_id, t.stream, t.stratum, t.content_hash, t.proposed, "
        "coalesce(r.adjudicates, false) as adjudicates, coalesce(t.overlap, 1) as overlap, t.blind as hidden "
        "from review r join review_task t using (task) "
        "where r.dataset = ? and (? is null or r.plan = ?) and r.seq <= ? and r.verdict <> 'undo' "
        "and (? is null or list_contains(?, r.example_id)) and not exists "
        "(select 1 from review u where u.undoes = r.action_id and u.seq <= ?) order by r.seq",
        [dataset, plan, plan, newest, some, some, newest],
    )
    kept = people.known_as(store, REVIEWS.check(found)["reviewer"].unique().sort())
    return found.with_columns(pl.col("reviewer").replace({name: one for name, one in kept.items() if name != one}))


def reviewed(store: Store, dataset: str) -> pl.DataFrame:
    """The texts that somebody has reviewed, each once: example_id, content_hash."""
    return store.frame(
        "select distinct t.example_id, t.content_hash from review r join review_task t using (task) "
        "where r.dataset = ? order by all",
        [dataset],
    )


def add_decisions(store: Store, decisions: Sequence[Decision], *, actor: str | None = None) -> int:
    """Append decisions, each with its event; an id that is there already changes nothing. Returns how many went in.

    `actor`: who brings them in; None for whoever took them.
    """
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

    def told(connection: Connection, what: Appended) -> None:
        sql = (
            "select seq, dataset, action, reviewer, json_array_length(example_ids), value, reason, decision "
            "from decision where seq between ? and ? order by seq"
        )
        for seq, dataset, action, reviewer, rows, value, reason, ident in connection.rows(sql, [what.first, what.last]):
            detail = {"reviewer": reviewer, "rows": rows, "value": value, "reason": reason, "decision": ident}
            one = Appended("decision", 1, seq, seq)
            who = actor or reviewer
            audit.append(connection, one, actor=who, action=f"decide:{action}", subject=dataset, **detail)

    return store.append("decision", frame, ignore_existing=True, told=told)


def taken(store: Store, dataset: str) -> list[TakenDecision]:
    """Decisions in order, undos too."""
    rows = store.rows(
        "select d.decision, d.action, d.value, d.finding_id, d.reviewer, d.reason, d.seq, f.kind, "
        "json_array_length(d.example_ids)::bigint as rows, d.created_at from decision d "
        "left join (select finding_id, any_value(kind) as kind from finding group by finding_id) f using (finding_id) "
        "where d.dataset = ? order by d.seq",
        [dataset],
    )
    return [TakenDecision(*row) for row in rows]


def rows_of_decisions(
    store: Store, dataset: str, decisions: Sequence[str]
) -> dict[str, tuple[tuple[str, ...], str | None]]:
    """Decision -> its rows and the finding that it came from, for those of the dataset that are named."""
    rows = store.rows(
        "select decision, example_ids, finding_id from decision where dataset = ? and list_contains(?, decision)",
        [dataset, list(decisions)],
    )
    return {decision: (tuple(json.loads(ids)), finding) for decision, ids, finding in rows}


def decisions(store: Store, dataset: str, *, as_of: int | None = None) -> pl.DataFrame:
    """Decisions in order, one line a row, as `curator.records.DECISIONS` states."""
    found = store.frame(
        "select seq, decision, action, value, reviewer, reason, finding_id, "
        "unnest(from_json(example_ids, '[\"varchar\"]')) as example_id from decision "
        "where dataset = ? and seq <= ? order by seq",
        [dataset, as_of if as_of is not None else 2**62],
    )
    return DECISIONS.check(found)
