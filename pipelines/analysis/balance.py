"""How the labels balance, and which rows a cap would leave out: a plan, which `decide` carries out."""

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from curator.composition import MAX_SHARE, CapPlan, balance, cap_plan, top_up
from curator.errors import NotEnoughDataError
from curator.records import Task, in_train
from pipelines.analysis import cap_rows as capping
from storage.checks import clusters
from storage.dataset import datasets, labels
from storage.engine.store import Store
from storage.views import current as views
from storage.views.where import column_values

_BY_AGE = "without vectors the last rows of a label go first; `curator embed` lets the most redundant go first"


@dataclass(frozen=True, slots=True)
class BalanceConfig:
    """What to weigh.

    Attributes:
        dataset: Whose rows.
        labeler: Whose labels stand where no person has spoken.
        cap: Largest share of one label, 0..1; the usual one unless told.
        choose: Whether to name the rows that a cap would leave out.
        by: A column of metadata whose values are weighed in place of the labels; None: the labels.
    """

    dataset: str
    labeler: str | None = None
    cap: float | None = None
    choose: bool = True
    by: str | None = None


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """How evenly rows that would ship spread over labels, what a cap leaves out, and what to collect.

    With `by`, `counts` and `drop` are of that column's values, `rows` are those that have one, and `labels_by` says how
    the labels spread over each value. `cap` is None where no cap was asked for and the default cannot hold with so few
    labels. `drop` counts the rows over the cap by label; `external_ids` are those that can go: fewer where people
    reviewed too many of them.
    """

    dataset: str
    labeler: str
    rows: int
    counts: dict[str, int]
    entropy: float
    effective: float
    ratio: float
    largest_share: float
    cap: float | None
    drop: dict[str, int]
    example_ids: tuple[str, ...]
    external_ids: tuple[str, ...]
    reviewed_kept: int
    collect_labels: dict[str, int]
    collect_regions: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]
    by: str | None = None
    labels_by: dict[str, dict[str, int]] = field(default_factory=dict)


def run(config: BalanceConfig, store: Store) -> BalanceReport:
    """Measure the balance of the rows that would ship, and plan a cap on the final set.

    Raises:
        NotEnoughDataError: No row has a label.
        RequestError: No set of these labels can meet the cap; several labelers and none named; no row has the column.
    """
    dataset, labeler, cap, choose = config.dataset, config.labeler, config.cap, config.choose
    task = datasets.task_of(store, datasets.require(store, dataset))
    labeler = labels.require_labeler(store, dataset, labeler)
    rows = views.current(store, dataset, labeler=labeler)
    rows = rows.filter(pl.col("out").is_null() & pl.col("value").is_not_null())
    rows = rows.filter(in_train())
    if rows.is_empty():
        msg = f"dataset {dataset!r} has no labelled row to balance; label it first, or take exclusions back"
        raise NotEnoughDataError(msg)
    rows, given, notes = _weighed(rows, config.by, task)
    spread = balance(given)
    plan: CapPlan | None = None
    dropped: list[int] = []
    kept = 0
    limit = cap if cap is not None else MAX_SHARE
    what = "labels" if config.by is None else f"values of {config.by!r}"
    if cap is None and len(spread.counts) * limit < 1.0:
        notes.append(f"{len(spread.counts)} {what} cannot all stay under {limit:.0%}; name a cap to plan one")
    else:
        plan = cap_plan(spread.counts, limit, what=what)
    if plan is not None and plan.drop and choose:
        capped = capping.rows_over(store, rows, given, plan)
        dropped = sorted(capped.drop)
        kept = sum(plan.drop.values()) - len(dropped)
        notes += [] if capped.by_likeness else [_BY_AGE]
    run_of = clusters.newest(store, dataset)
    return BalanceReport(
        dataset=dataset,
        labeler=labeler,
        rows=rows.height,
        counts=spread.counts,
        entropy=spread.entropy,
        effective=spread.effective,
        ratio=spread.ratio,
        largest_share=spread.largest_share,
        cap=limit if plan is not None else None,
        drop=plan.drop if plan is not None else {},
        example_ids=tuple(rows["example_id"][i] for i in dropped),
        external_ids=tuple(rows["external_id"][i] for i in dropped),
        reviewed_kept=kept,
        collect_labels=top_up(spread.counts) if task.kind == "classification" and config.by is None else {},
        collect_regions=run_of.report.diversity.collect_next if run_of else (),
        notes=tuple(notes),
        by=config.by,
        labels_by=_labels_by(rows, given) if config.by is not None else {},
    )


def _weighed(rows: pl.DataFrame, by: str | None, task: Task) -> tuple[pl.DataFrame, list[str], list[str]]:
    """The rows that are weighed, what each is counted as, and what has to be said of that."""
    if by is None:
        labels_of: list[str] = rows["value"].to_list()
        if task.kind != "classification":
            return rows, labels_of, [f"answers of kind {task.kind!r} are counted as whole texts"]
        unused = [label for label in task.labels if label not in set(labels_of)]
        return rows, labels_of, [f"no row has the label {label!r}" for label in unused]
    values = column_values(rows, by)
    there = [place for place, value in enumerate(values) if value is not None]
    lacking = rows.height - len(there)
    notes = [f"{lacking:,} rows have no value in column {by!r} and are not counted"] if lacking else []
    return rows[there], [value for value in values if value is not None], notes


def _labels_by(rows: pl.DataFrame, values: list[str]) -> dict[str, dict[str, int]]:
    """How the labels spread over each value, the most frequent value and label first."""
    both = Counter(zip(values, rows["value"], strict=True))
    found: dict[str, dict[str, int]] = {value: {} for value in balance(values).counts}
    for (value, label), n in sorted(both.items(), key=lambda item: (-item[1], item[0])):
        found[value][label] = n
    return found
