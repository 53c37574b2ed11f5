"""Labels that were given under a definition of the task that says otherwise than today's."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import polars as pl

from storage.dataset import datasets, labels
from storage.engine.store import Store
from storage.review import reviews


@dataclass(frozen=True, slots=True)
class StaleRows:
    """Rows whose label in force is older than the rules that say which answer is right.

    Attributes:
        example_ids: Rows whose label is a labeler's own: a teacher can be asked again, anybody can review them.
        by_version: How many of them by the number of the definition (from 1) under which they were labelled; 0 for one
            that this dataset never had.
        of_people: Rows whose label people set before the rules changed; their word stands until they say otherwise.
        version: The definition in force.
    """

    example_ids: tuple[str, ...] = ()
    by_version: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    of_people: int = 0
    version: int = 1

    def as_json(self) -> dict[str, Any]:
        """Counts, for `--json`."""
        versions = {str(number): n for number, n in self.by_version.items()}
        return {
            "rows": len(self.example_ids),
            "by_version": versions,
            "of_people": self.of_people,
            "version": self.version,
        }

    def sentence(self) -> str | None:
        """For a person; None where nothing is stale."""
        said = []
        if self.example_ids:
            old = ", ".join(f"version {number}: {n:,}" for number, n in self.by_version.items())
            said.append(
                f"{len(self.example_ids):,} rows are labelled under an older definition of the task ({old}; "
                f"{self.version} is in force): `curator label` asks the teacher about them, or review them"
            )
        if self.of_people:
            said.append(f"{self.of_people:,} rows were settled by people before the definition changed")
        return "; ".join(said) or None


def stale_rows(
    store: Store, dataset: str, current: pl.DataFrame, *, labeler: str | None = None, as_of: int | None = None
) -> StaleRows:
    """The rows whose label in force was given under other rules than today's (`Task.says_right`).

    Rows that stay out of releases are not counted. A changed name or target of error makes nothing stale.

    Args:
        store: The store.
        dataset: Whose rows.
        current: Them with their current labels, as `storage.views.current.current` gives them.
        labeler: Whose labels stand where no person has spoken, as `current` was asked.
        as_of: A seq, as `current` was asked.
    """
    versions = [v for v in datasets.history(store, dataset) if as_of is None or v.seq <= as_of]
    if len({repr(v.task.says_right()) for v in versions}) < 2:
        return StaleRows(version=len(versions))
    today = versions[-1].task.says_right()
    same = {v.task.content_hash for v in versions if v.task.says_right() == today}
    number = {v.task.content_hash: v.number for v in versions}
    since = _in_force_since(versions)
    rows = current.filter(pl.col("out").is_null())
    given = labels.frame(store, dataset, labeler=labeler, as_of=as_of).filter(pl.col("sample") == 0).sort("seq")
    under = dict(given.select("example_id", "task_hash").iter_rows())
    machine = [e for e in rows.filter(pl.col("basis") == "teacher")["example_id"] if under[e] not in same]
    counted = Counter(number.get(under[e], 0) for e in machine)
    return StaleRows(
        tuple(machine),
        MappingProxyType(dict(sorted(counted.items()))),
        _settled_before(store, dataset, rows, since, as_of),
        versions[-1].number,
    )


def _in_force_since(versions: list[datasets.TaskVersion]) -> int:
    """The seq from which on the rules are today's, without a break."""
    today, since = versions[-1].task.says_right(), versions[-1].seq
    for version in reversed(versions):
        if version.task.says_right() != today:
            break
        since = version.seq
    return since


def _settled_before(store: Store, dataset: str, rows: pl.DataFrame, since: int, as_of: int | None) -> int:
    reviewed = rows.filter(pl.col("basis").is_in(["review", "adjudication"]))["example_id"]
    newest = (
        reviews.frame(store, dataset, as_of=as_of)
        .filter(pl.col("verdict") != "skip")
        .group_by("example_id")
        .agg(pl.col("seq").max())
        .filter(pl.col("example_id").is_in(reviewed.implode()) & (pl.col("seq") < since))
    )
    decided = rows.filter((pl.col("basis") == "decision") & (pl.col("decision_seq") < since))
    return newest.height + decided.height
