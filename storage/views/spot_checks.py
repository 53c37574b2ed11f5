"""The spot-checks of a dataset as the core judges them: read here, decided there."""

from functools import partial

import polars as pl

from curator.certificates import Reviewer, ReviewProgress, SpotCheck, SpotChecks
from curator.records import GOLD, Plan
from storage.dataset import datasets
from storage.engine.store import Store
from storage.review import plans, reviews
from storage.views import current as views


def of_dataset(store: Store, dataset: str, *, as_of: int | None = None) -> SpotChecks:
    """All plans of a dataset, with the progress of their reviews; reviews after the seq `as_of` do not count."""
    return SpotChecks(
        dataset=dataset,
        task=datasets.task_of(store, dataset),
        plans=tuple(plans.of_dataset(store, dataset)),
        as_of=as_of,
        progress=_progress(store, dataset, as_of),
        read=partial(read, store),
    )


def read(store: Store, plan: Plan, as_of: int | None = None) -> SpotCheck:
    """One plan with its rows, and labels and reviews as of a seq."""
    tasks = plans.tasks(store, plan.id)
    return SpotCheck(
        plan=plan,
        task=datasets.task_of(store, plan.dataset),
        task_drawn=datasets.task_of(store, plan.dataset, as_of=plan.seq),
        rows=plans.rows(store, plan.id),
        audit=tuple(tasks.filter(pl.col("stream") == "audit")["example_id"]),
        labels=views.audited(store, plan.dataset, labeler=plan.labeler, as_of=as_of),
        reviewers=tuple(reviews.frame(store, plan.dataset, plan=plan.id, as_of=as_of)["reviewer"]),
    )


def moment(store: Store, dataset: str) -> tuple[int, int]:
    """What a judgement rests on: the seq of the newest label, review or decision, and that of the newest plan."""
    ((newest_plan,),) = store.rows("select coalesce(max(seq), 0) from plan where dataset = ?", [dataset])
    return views.state_seq(store, dataset), newest_plan


def drawn_on(store: Store, plan: str) -> str:
    """The day on which a plan was stored."""
    ((day,),) = store.rows("select cast(cast(created_at as date) as varchar) from plan where plan = ?", [plan])
    return str(day)


def reviewers(store: Store, plan: str) -> tuple[Reviewer, ...]:
    """Who reviewed tasks of a plan, how many and between which days; the busiest first."""
    rows = store.rows(
        "select reviewer, count(*), cast(cast(min(created_at) as date) as varchar), "
        "cast(cast(max(created_at) as date) as varchar) from review r where plan = ? and verdict <> 'undo' "
        "and not exists (select 1 from review u where u.undoes = r.action_id) group by reviewer order by 2 desc, 1",
        [plan],
    )
    return tuple(Reviewer(*row) for row in rows)


def _progress(store: Store, dataset: str, as_of: int | None) -> dict[str, ReviewProgress]:
    rows = store.rows(
        """
        with looks as (
            select r.seq, r.task, r.example_id from review r join review_task t using (task)
            where r.dataset = ? and r.verdict <> 'undo' and t.stream <> ? and r.seq <= ?
        ), by_task as (
            select task, min(seq) as first, max(seq) as last from looks group by task
        ), by_row as (
            select example_id, min(seq) as seen from looks group by example_id
        )
        select p.plan, any_value(p.seq), min(b.first), max(coalesce(b.last, s.seen)), count(*), count(s.seen),
               max(s.seen)
        from review_task t join plan p on p.plan = t.plan
        left join by_task b on b.task = t.task left join by_row s on s.example_id = t.example_id
        where p.dataset = ? and t.stream = 'audit' group by p.plan
        """,
        [dataset, GOLD, 2**62 if as_of is None else as_of, dataset],
    )
    return {
        plan: ReviewProgress(drawn, first, last or 0, tasks, reviewed, covered)
        for plan, drawn, first, last, tasks, reviewed, covered in rows
    }
