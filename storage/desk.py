"""A reviewer's desk: what one page of the queue reads and writes, in one block each.

Twenty people who save every few seconds share one lock, so a save is two short blocks (look up, append) and a
refresh is one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from curator.errors import NotFoundError
from curator.tasks import Task, make_task
from curator.types import Review
from storage import audit, reviews
from storage.store import Store

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
    """What is needed to take answers in: the plan's dataset and purpose, its task definition, the tasks by id."""

    dataset: str
    definition: Task
    tasks: dict[str, dict[str, Any]]


def read(store: Store, dataset: str, plan: str, reviewer: str, count: int) -> Desk:
    """Lease the next tasks to the reviewer, and read what they may take back or should look at again."""
    with store.transaction() as connection:
        leased = reviews.claim_within(connection, dataset=dataset, plan=plan, reviewer=reviewer, count=count)
        mine = connection.frame(_MINE, {"plan": plan, "reviewer": reviewer})
        done, total = connection.rows(_PROGRESS, {"plan": plan})[0]
    return Desk(leased, mine, int(done), int(total))


def asked(store: Store, plan: str, task_ids: Sequence[str]) -> Asked:
    """The named tasks of a plan, without their texts; ids that are not of the plan are left out.

    Raises:
        NotFoundError: There is no such plan.
    """
    with store.transaction() as connection:
        found = connection.rows(
            "select p.dataset, d.definition from plan p join dataset s on s.dataset = p.dataset "
            "join task_definition d using (task_hash) where p.plan = ? order by s.seq desc limit 1",
            [plan],
        )
        tasks = connection.frame(
            "select * from review_task where plan = ? and task in (select unnest(?::varchar[]))", [plan, list(task_ids)]
        )
    if not found:
        msg = f"no plan {plan!r}; `curator dataset show` lists the plans of a dataset"
        raise NotFoundError(msg)
    dataset, definition = found[0]
    made = make_task({k: v for k, v in json.loads(definition).items() if v is not None})
    return Asked(dataset, made, {row["task"]: row for row in tasks.iter_rows(named=True)})


def save(store: Store, dataset: str, plan: str, given: Sequence[Review]) -> int:
    """Append reviews and the audit event that tells of them; action ids that are there already change nothing."""
    if not given:
        return 0
    with store.transaction() as connection:
        added = connection.append("review", reviews.records(dataset, plan, given), ignore_existing=True)
        if added:
            names = sorted({r.reviewer for r in given})
            audit.append(
                connection, actor=names[0], action="review", subject=plan, added=added,
                reviewers={name: sum(r.reviewer == name for r in given) for name in names},
            )  # fmt: skip
    return added
