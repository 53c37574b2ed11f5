"""How the labels balance, and which rows a cap would leave out: a plan, which `decide` carries out."""

from dataclasses import dataclass

import polars as pl

from curator.composition import MAX_SHARE, CapPlan, balance, cap_plan, top_up
from curator.errors import NotEnoughDataError
from curator.records import in_train
from pipelines.analysis import cap_rows as capping
from storage.checks import clusters
from storage.dataset import datasets, labels
from storage.engine.store import Store
from storage.views import current as views

_BY_AGE = "without vectors the last rows of a label go first; `curator embed` lets the most redundant go first"


@dataclass(frozen=True, slots=True)
class BalanceConfig:
    """What to weigh.

    Attributes:
        dataset: Whose rows.
        labeler: Whose labels stand where no person has spoken.
        cap: Largest share of one label, 0..1; the usual one unless told.
        choose: Whether to name the rows that a cap would leave out.
    """

    dataset: str
    labeler: str | None = None
    cap: float | None = None
    choose: bool = True


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """How evenly rows that would ship spread over labels, what a cap leaves out, and what to collect.

    `cap` is None where no cap was asked for and the default cannot hold with so few labels. `drop` counts the rows
    over the cap by label; `external_ids` are those that can go: fewer where people reviewed too many of them.
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


def run(config: BalanceConfig, store: Store) -> BalanceReport:
    """Measure the balance of the rows that would ship, and plan a cap on the final set.

    Raises:
        NotEnoughDataError: No row has a label.
        RequestError: No set of these labels can meet the cap; several labelers and none named.
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
    given: list[str] = rows["value"].to_list()
    spread = balance(given)
    notes = [] if task.kind == "classification" else [f"answers of kind {task.kind!r} are counted as whole texts"]
    if task.kind == "classification":
        unused = [label for label in task.labels if label not in spread.counts]
        notes += [f"no row has the label {label!r}" for label in unused]
    plan: CapPlan | None = None
    dropped: list[int] = []
    kept = 0
    limit = cap if cap is not None else MAX_SHARE
    if cap is None and len(spread.counts) * limit < 1.0:
        notes.append(f"{len(spread.counts)} labels cannot all stay under {limit:.0%}; name a cap to plan one")
    else:
        plan = cap_plan(spread.counts, limit)
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
        collect_labels=top_up(spread.counts) if task.kind == "classification" else {},
        collect_regions=run_of.report.diversity.collect_next if run_of else (),
        notes=tuple(notes),
    )
