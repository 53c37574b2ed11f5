"""Spot-check plans, the rows they were drawn from, and their review tasks."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import polars as pl

from curator.errors import NotFoundError
from curator.records import PLAN_ROWS, TASKS, Plan, PlanSettings, Purpose, ReviewTask
from storage.engine.store import File, Store, Told

_TASK_COLUMNS = ["task", *(each.name for each in fields(ReviewTask) if each.name != "id")]
"""Columns of `tasks` in the order of the record's fields."""
_TASKS = (
    "select t.* replace (coalesce(t.overlap, 1) as overlap), e.external_id, coalesce(e.shown, e.text) as text "
    "from review_task t join example e using (example_id)"
)
_PLANS = "select plan, dataset, purpose, labeler, seed, as_of_seq, settings, seq from plan"


def add(
    store: Store,
    *,
    plan: str,
    dataset: str,
    purpose: str,
    labeler: str,
    seed: int,
    as_of_seq: int,
    settings: dict[str, Any],
    rows: pl.DataFrame,
    tasks: pl.DataFrame,
    told: Told | None = None,
) -> None:
    """Append a plan: its rows and tasks first, the plan's record last, with the event that `told` writes.

    `rows` as `curator.records.PLAN_ROWS` states, `tasks` as `TASKS`: the columns of `review_task` but seq, plan and
    dataset.
    """
    store.append("plan_row", PLAN_ROWS.check(rows).with_columns(plan=pl.lit(plan)))
    store.append(
        "review_task", TASKS.check(tasks).with_columns(plan=pl.lit(plan), dataset=pl.lit(dataset)), ignore_existing=True
    )
    record = pl.DataFrame(
        {
            "plan": [plan],
            "dataset": [dataset],
            "purpose": [purpose],
            "labeler": [labeler],
            "seed": [seed],
            "as_of_seq": [as_of_seq],
            "settings": [json.dumps(settings, ensure_ascii=False)],
        }
    )
    store.append("plan", record, ignore_existing=True, told=told)


def get(store: Store, plan: str) -> Plan:
    """One plan.

    Raises:
        NotFoundError: There is no such plan.
    """
    found = store.rows(f"{_PLANS} where plan = ?", [plan])
    if not found:
        msg = f"no plan {plan!r}; `curator dataset show` lists the plans of a dataset"
        raise NotFoundError(msg)
    return _record(found[0])


def of_dataset(store: Store, dataset: str, purpose: Purpose | None = None) -> list[Plan]:
    """The dataset's plans, newest first."""
    found = store.rows(
        f"{_PLANS} where dataset = ? and (? is null or purpose = ?) order by seq desc", [dataset, purpose, purpose]
    )
    return [_record(row) for row in found]


def _record(row: tuple[Any, ...]) -> Plan:
    plan, dataset, purpose, labeler, seed, as_of_seq, settings, seq = row
    read = PlanSettings.from_stored(json.loads(settings))
    return Plan(plan, dataset, purpose, labeler, seed, as_of_seq, read, seq)


def rows(store: Store, plan: str) -> pl.DataFrame:
    """The rows that the plan was drawn from, as `curator.records.PLAN_ROWS` states, and external_id.

    Read once for each of the newest few plans that stand: a plan's record comes last, and no row after it.
    """
    stands = store.rows("select 1 from plan where plan = ?", [plan])
    return _rows(store.file, plan).clone() if stands else _read_rows(store, plan)


@lru_cache(maxsize=2)
def _rows(file: File, plan: str) -> pl.DataFrame:
    return _read_rows(Store(file[0]), plan)


def _read_rows(store: Store, plan: str) -> pl.DataFrame:
    found = store.frame(
        "select distinct on (p.example_id) p.example_id, e.external_id, p.stratum, p.content_hash, "
        "p.teacher_value, p.drawn_value, p.drawn_status from plan_row p join example e using (example_id) "
        "where p.plan = ? order by p.example_id, p.seq desc",
        [plan],
    )
    return PLAN_ROWS.check(found)


def tasks(store: Store, plan: str) -> pl.DataFrame:
    """The plan's tasks in review order, with the row's text and external id; `overlap` people review each."""
    return TASKS.check(store.frame(f"{_TASKS} where t.plan = ? order by t.position, t.task", [plan]))


def kept_tasks(store: Store, plan: str) -> Mapping[str, ReviewTask]:
    """The tasks of a plan that stands, by id and in review order.

    Read once for each of the newest few: the plan's record comes last, and no task after it.

    Raises:
        NotFoundError: There is no such plan.
    """
    return MappingProxyType(_kept_tasks(store.file, plan))


@lru_cache(maxsize=4)
def _kept_tasks(file: File, plan: str) -> dict[str, ReviewTask]:
    store = Store(file[0])
    get(store, plan)
    return {each.id: each for each in _records(tasks(store, plan))}


@lru_cache(maxsize=16)
def _dataset_of(file: File, plan: str) -> str:
    return get(Store(file[0]), plan).dataset


def kept_dataset(store: Store, plan: str) -> str:
    """The dataset of a plan that stands, read once.

    Raises:
        NotFoundError: There is no such plan.
    """
    return _dataset_of(store.file, plan)


def task(store: Store, task_id: str) -> ReviewTask | None:
    """One task, or None."""
    found = store.frame(f"{_TASKS} where t.task = ?", [task_id])
    return next(_records(found), None)


def _records(found: pl.DataFrame) -> Iterator[ReviewTask]:
    """Rows of `tasks` as records."""
    for row in found.select(_TASK_COLUMNS).iter_rows():
        yield ReviewTask(*row)


def waiting(store: Store, dataset: str) -> set[str]:
    """The ids of the examples that have an open task: one that nobody has reviewed, in whichever plan."""
    rows = store.rows(
        """
        select distinct t.example_id from review_task t join plan p on p.plan = t.plan
        left join (select task, count(*) filter (verdict <> 'undo') - count(*) filter (verdict = 'undo') as n
                   from review where dataset = ? group by task) r on r.task = t.task
        where t.dataset = ? and coalesce(r.n, 0) = 0
        """,
        [dataset, dataset],
    )
    return {row[0] for row in rows}
