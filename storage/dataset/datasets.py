"""Datasets and the task definitions that they are labelled under."""

import json
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from curator.errors import NotFoundError, RequestError
from curator.records import Task, check_name, check_task, make_task
from storage.engine.store import Store, Told


def create(store: Store, dataset: str, task: Task, *, told: Told | None = None) -> bool:
    """Make a dataset, or give an existing one a new task definition, with the event that `told` writes.

    Returns whether anything changed.

    Raises:
        RequestError: A new dataset's name is none, or the definition holds what is not taken in (`check_task`).
    """
    if dataset not in names(store):  # one that was made before names were checked keeps its name
        check_name(dataset)
    check_task(task)
    with store.transaction() as connection:
        current = connection.rows(
            "select task_hash from dataset where dataset = ? order by seq desc limit 1", [dataset]
        )
        if current and current[0][0] == task.content_hash:
            return False
        definition = pl.DataFrame(
            {"task_hash": [task.content_hash], "definition": [json.dumps(task.as_json(), ensure_ascii=False)]}
        )
        connection.append("task_definition", definition, ignore_existing=True)
        named = pl.DataFrame({"dataset": [dataset], "task_hash": [task.content_hash]})
        what = connection.appended("dataset", named)
        if told is not None:
            told(connection, what)
    return True


@dataclass(frozen=True, slots=True)
class TaskVersion:
    """A definition that a dataset has had.

    Attributes:
        number: From 1; a definition that comes back has a number of its own.
        seq: When it came into force, in the store's own count.
        created_at: The same by the clock, in UTC.
        actor: Who gave it; None where no event tells.
        task: The definition.
    """

    number: int
    seq: int
    created_at: datetime
    actor: str | None
    task: Task


def history(store: Store, dataset: str) -> list[TaskVersion]:
    """Every definition that the dataset has had, oldest first; the last is in force."""
    rows = store.rows(
        "select d.seq, d.created_at, (select arg_min(actor, seq) from audit_event a where a.subject = d.dataset and "
        "a.seq > d.seq and json_extract_string(a.detail, '$.task_hash') = d.task_hash), t.definition "
        "from dataset d join task_definition t using (task_hash) where d.dataset = ? order by d.seq",
        [dataset],
    )
    return [
        TaskVersion(number, seq, at, actor, _read(definition))
        for number, (seq, at, actor, definition) in enumerate(rows, start=1)
    ]


def same_rules(store: Store, dataset: str, task: Task) -> set[str]:
    """Hashes of the dataset's definitions that say of every answer what `task` says."""
    wanted = task.says_right()
    return {task.content_hash} | {
        each.task.content_hash for each in history(store, dataset) if each.task.says_right() == wanted
    }


def _read(definition: str) -> Task:
    return make_task({k: v for k, v in json.loads(definition).items() if v is not None})


def names(store: Store) -> list[str]:
    """All datasets, by name."""
    return [row[0] for row in store.rows("select distinct dataset from dataset order by dataset")]


def require(store: Store, dataset: str | None) -> str:
    """The dataset, checked; without a name, the only one.

    Raises:
        NotFoundError: There is no such dataset, or none at all.
        RequestError: No name was given and there are several.
    """
    known = names(store)
    if dataset is None:
        if len(known) == 1:
            return known[0]
        if not known:
            msg = "there is no dataset yet; run `curator dataset create NAME --task FILE.toml`"
            raise NotFoundError(msg)
        msg = f"there are several datasets ({', '.join(known)}); name one with --dataset"
        raise RequestError(msg)
    if dataset not in known:
        have = f"there are: {', '.join(known)}" if known else "there is none yet"
        msg = f"no dataset {dataset!r}; {have}; run `curator dataset create {dataset} --task FILE.toml`"
        raise NotFoundError(msg)
    return dataset


def task_of(store: Store, dataset: str, *, as_of: int | None = None) -> Task:
    """The task definition that the dataset has now, or had as of a seq."""
    rows = store.rows(
        "select t.definition from dataset d join task_definition t using (task_hash) "
        "where d.dataset = ? and d.seq <= ? order by d.seq desc limit 1",
        [dataset, 2**62 if as_of is None else as_of],
    )
    if not rows:
        require(store, dataset)
    return _read(rows[0][0])
