"""A dataset's definition, changed: each change is a version, and what it makes stale is counted."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from curator.errors import DataError, RequestError
from curator.records import Task, TaskChange, make_task, task_changes
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import datasets, labels
from storage.engine.store import Store
from storage.views import current as views
from storage.views.stale import StaleRows


@dataclass(frozen=True, slots=True)
class EditConfig:
    """What to change.

    Attributes:
        dataset: Its name.
        change: Makes the new definition of the one in force.
    """

    dataset: str
    change: Callable[[Task], Task]


@dataclass(frozen=True, slots=True)
class EditReport:
    """What a change did.

    Attributes:
        dataset: Its name.
        version: The definition in force now, by number.
        changed: Whether it differs from the one before.
        changes: In what.
        stale: Rows that were labelled under other rules than today's.
        unfit: Labels that rows carry and that the definition does not have any more, with how many rows.
    """

    dataset: str
    version: int
    changed: bool
    changes: tuple[TaskChange, ...]
    stale: StaleRows
    unfit: dict[str, int]


def edited(task: Task, **parts: object) -> Task:
    """The definition with some of its parts replaced; None takes a part out.

    Raises:
        DataError: What comes of it is no task.
    """
    return make_task({name: part for name, part in (task.as_json() | parts).items() if part is not None})


def run(config: EditConfig, store: Store) -> EditReport:
    """Give the dataset another definition.

    Labels and reviews stay; those that were given under other rules are stale until somebody looks again.

    Raises:
        RequestError: It is no task, or of another kind than the labels that are there.
    """
    acting.require("decide")
    dataset = config.dataset
    before = datasets.task_of(store, datasets.require(store, dataset))
    try:
        after = config.change(before)
    except DataError as error:
        raise RequestError(str(error)) from error
    if after.kind != before.kind and labels.labelers(store, dataset):
        msg = (
            f"dataset {dataset!r} holds labels of kind {before.kind}, which cannot become {after.kind}; "
            "make another dataset: curator dataset create NAME --task FILE"
        )
        raise RequestError(msg)
    told = audit.telling(actor=acting.actor(), action="dataset", subject=dataset, task_hash=after.content_hash)
    changed = datasets.create(store, dataset, after, told=told)
    size = views.overview(store, dataset)
    unfit = Counter({k: n for k, n in size.labels.items() if after.labels and k not in after.labels})
    return EditReport(
        dataset,
        len(datasets.history(store, dataset)),
        changed,
        task_changes(before, after),
        size.stale,
        dict(unfit),
    )
