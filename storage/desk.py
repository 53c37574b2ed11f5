"""A reviewer's desk: what one page of the queue reads and writes, in one block each.

Twenty people who save every few seconds share one lock, so a save is one short block, and a refresh is another.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from curator.errors import NotFoundError
from curator.tasks import Task, make_task
from curator.types import Review
from storage import audit, reviews
from storage.store import Connection, Store

RECENT = 20
"""Answers that a reviewer can still take back after a reload."""

_FORCE = """
    force as (
        select r.*, row_number() over (partition by task order by seq) as look,
            count(*) over (partition by task) as looks,
            first_value(value) over (partition by task order by seq) as first_value,
            first_value(blind) over (partition by task order by seq) as first_blind
        from review r where plan = $plan and verdict <> 'undo'
          and not exists (select 1 from review u where u.undoes = r.action_id))"""
_MINE = f"""
    with {_FORCE}
    select f.task, f.action_id, f.value, f.blind, f.look, f.looks, f.first_value, f.first_blind, t.stream, t.proposed,
        t.blind as hidden, t.why, t.stratum, t.overlap, t.example_id, e.external_id, e.text,
        row_number() over (order by f.seq desc) <= {RECENT} as recent,
        f.looks = 1 and f.blind and f.value <> t.proposed and coalesce(t.overlap, 1) = 1 and t.stream <> 'gold' as due
    from force f join review_task t using (task) join example e on e.example_id = t.example_id
    where f.reviewer = $reviewer
    qualify recent or due order by f.seq
"""
_PROGRESS = f"""
    with {_FORCE}, people as (select task, count(distinct reviewer) as people from force group by task)
    select count(*) filter (coalesce(people, 0) >= coalesce(t.overlap, 1)), count(*)
    from review_task t left join people using (task) where t.plan = $plan and t.stream <> 'gold'
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies on one reviewer's desk.

    Attributes:
        tasks: Leased tasks in the order of their cards; columns of `storage.plans.tasks`.
        mine: The reviewer's own answers, oldest first, that are `recent` or whose second look is `due`: task,
            action_id, value, blind, look (1 is the first answer to the task), looks (answers to it by anybody),
            first_value, first_blind, and the task's stream, proposed, hidden, why, stratum, overlap, example_id,
            external_id and text. Where several people are asked, theirs is the second look; a gold card has none.
        done: Tasks that as many people have reviewed as they ask for, gold cards aside.
        total: Tasks, gold cards aside.
    """

    tasks: pl.DataFrame
    mine: pl.DataFrame
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What is needed to take answers in: the plan's dataset, its task definition, the tasks by id without texts."""

    dataset: str
    definition: Task
    tasks: dict[str, dict[str, Any]]


def read(store: Store, dataset: str, plan: str, reviewer: str, count: int) -> Desk:
    """Lease the next tasks to the reviewer, and read what they may take back or should look at again.

    While the reviewer holds more than half of `count` for a good while yet, nothing new is leased, and so nothing
    written.
    """
    with store.transaction() as connection:
        leased = reviews.held_within(connection, plan=plan, reviewer=reviewer)
        if leased.height <= count // 2:
            leased = reviews.claim_within(connection, dataset=dataset, plan=plan, reviewer=reviewer, count=count)
        mine = connection.frame(_MINE, {"plan": plan, "reviewer": reviewer})
        done, total = connection.rows(_PROGRESS, {"plan": plan})[0]
    return Desk(leased, mine, int(done), int(total))


def take_in(store: Store, plan: str, task_ids: Sequence[str], make: Callable[[Asked], Sequence[Review]]) -> int:
    """Look tasks up, and append the reviews that `make` makes of them, with the audit event that tells of them.

    Action ids that are there already change nothing. Returns how many reviews went in.

    Args:
        store: The store.
        plan: The plan's id.
        task_ids: Ids that are not of the plan are not among the tasks that `make` is given.
        make: Quick and without a block of its own, since the file is held open meanwhile.

    Raises:
        NotFoundError: There is no such plan.
    """
    with store.transaction() as connection:
        asked = _asked(connection, plan, task_ids)
        given = make(asked)
        if not given:
            return 0
        records = reviews.records(asked.dataset, plan, given)
        added = connection.append("review", records, ignore_existing=True)
        if added:
            counted = Counter(r.reviewer for r in given)
            name = counted.most_common(1)[0][0]
            audit.append(connection, actor=name, action="review", subject=plan, added=added, reviewers=dict(counted))
    return added


def _asked(connection: Connection, plan: str, task_ids: Sequence[str]) -> Asked:
    found = connection.rows(
        "select p.dataset, d.definition from plan p join dataset s on s.dataset = p.dataset "
        "join task_definition d using (task_hash) where p.plan = ? order by s.seq desc limit 1",
        [plan],
    )
    if not found:
        msg = f"no plan {plan!r}; `curator dataset show` lists the plans of a dataset"
        raise NotFoundError(msg)
    tasks = connection.frame(
        "select * from review_task where plan = ? and task in (select unnest(?::varchar[]))", [plan, list(task_ids)]
    )
    dataset, definition = found[0]
    made = make_task({k: v for k, v in json.loads(definition).items() if v is not None})
    return Asked(dataset, made, {row["task"]: row for row in tasks.iter_rows(named=True)})
