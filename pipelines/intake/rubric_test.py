"""A definition of the task, tried by the teacher on rows whose truth people settled; no label is made."""

from dataclasses import dataclass

import polars as pl

from curator.errors import DataError, NotEnoughDataError
from curator.evaluation import RubricDifference, RubricScore, TriedRow, difference, score
from curator.ports import OfflineTeacher, PaidTeacher, Progress, Teacher
from curator.records import Task, in_test, is_right, parse_answer
from pipelines.intake import label_paid
from pipelines.intake.label_paid import Trial
from pipelines.runtime import acting
from storage.checks import clusters
from storage.dataset import datasets
from storage.engine.store import Store
from storage.views import current as views

_SHOWN = 200
"""Characters of a row's text in the report."""


@dataclass(frozen=True, slots=True)
class RubricCandidate:
    """A definition to try, and the teacher that is asked under it.

    Attributes:
        name: What it is called in the report.
        task: The definition.
        teacher: Who is asked.
    """

    name: str
    task: Task
    teacher: Teacher


@dataclass(frozen=True, slots=True)
class RubricTestConfig:
    """What to try, and on what.

    Attributes:
        dataset: Whose rows.
        candidates: One definition, or two to compare.
        limit: At most so many rows, drawn at random; None is all.
        with_test: Use rows of the frozen test split as well: whoever tunes the rubric on them spoils the evaluation.
        concurrency: Requests under way at once.
        budget_usd: US dollars after which no more is asked, for each definition.
        seed: Of the draw.
    """

    dataset: str
    candidates: tuple[RubricCandidate, ...]
    limit: int | None = None
    with_test: bool = False
    concurrency: int = 8
    budget_usd: float | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TriedRubric:
    """What one definition achieved.

    Attributes:
        name: What it is called.
        task_hash: Of the definition.
        teacher: Who was asked.
        score: None where nothing was answered.
        unanswered: Rows whose request failed, or was left for the budget: they are in no figure.
        truth_unknown: Rows whose truth this definition does not have; they count as wrong.
        asked: Requests of this run; the others had been answered before.
        cost_usd: Of this run; None where no price is known.
        tokens_in: Of one request, on average; None where the server counts none.
        tokens_out: Of one answer.
        rows: Every row.
    """

    name: str
    task_hash: str
    teacher: str
    score: RubricScore | None
    unanswered: int
    truth_unknown: int
    asked: int
    cost_usd: float | None
    tokens_in: float | None
    tokens_out: float | None
    rows: tuple[TriedRow, ...]


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that two definitions answer differently."""

    external_id: str
    text: str
    truth: str
    first: str | None
    second: str | None
    first_right: bool
    second_right: bool


@dataclass(frozen=True, slots=True)
class RubricTestReport:
    """The definitions side by side.

    Attributes:
        dataset: Its name.
        rows: With settled truth, that were tried.
        left_in_test: Rows with settled truth that stand in the test split, and were left alone.
        tried: Each definition's result.
        difference: The first less the second; None with one definition, or too few rows.
        changed: Rows that the two answer differently, those first that only one gets right.
    """

    dataset: str
    rows: int
    left_in_test: int
    tried: tuple[TriedRubric, ...]
    difference: RubricDifference | None
    changed: tuple[ChangedRow, ...]


def run(config: RubricTestConfig, store: Store, *, progress: Progress = lambda _done, _total: None) -> RubricTestReport:
    """Ask the teacher under each definition about rows with settled truth, and compare.

    Raises:
        NotEnoughDataError: No row has a truth that people settled.
        TeacherError: The teacher cannot be asked; what it answered is kept.
    """
    acting.require("ingest")
    dataset = datasets.require(store, config.dataset)
    rows, left = _settled(config, store, dataset)
    tried = tuple(_try(config, store, dataset, rows, each, progress) for each in config.candidates)
    compared: RubricDifference | None = None
    changed: tuple[ChangedRow, ...] = ()
    if len(tried) > 1:
        both = [(a, b) for a, b in zip(tried[0].rows, tried[1].rows, strict=True) if _answered(a) and _answered(b)]
        compared = difference([a for a, _ in both], [b for _, b in both], seed=config.seed) if both else None
        changed = tuple(
            ChangedRow(a.external_id, a.text[:_SHOWN], a.truth, a.answer, b.answer, a.right, b.right)
            for a, b in sorted(both, key=lambda pair: pair[0].right == pair[1].right)
            if a.answer != b.answer
        )
    return RubricTestReport(dataset, rows.height, left, tried, compared, changed)


def _settled(config: RubricTestConfig, store: Store, dataset: str) -> tuple[pl.DataFrame, int]:
    rows = views.current(store, dataset).filter(
        (pl.col("human_status") == "settled") & pl.col("out").is_null() & pl.col("human_value").is_not_null()
    )
    frozen = rows.filter(in_test())
    left = 0 if config.with_test else frozen.height
    rows = rows if config.with_test else rows.filter(~in_test())
    if rows.is_empty():
        there = (
            f"; {left:,} in the test split have one: --with-test uses them, and spoils the evaluation" if left else ""
        )
        msg = f"no row of {dataset!r} outside the test split has a truth that people settled{there}; review some first"
        raise NotEnoughDataError(msg)
    if config.limit is not None and rows.height > config.limit:
        rows = rows.sample(config.limit, seed=config.seed).sort("seq")
    return _with_clusters(store, dataset, rows), left


def _with_clusters(store: Store, dataset: str, rows: pl.DataFrame) -> pl.DataFrame:
    found = clusters.newest(store, dataset)
    if found is None:
        return rows.with_columns(cluster_name=pl.lit(None, dtype=pl.String))
    names = {c.cluster: c.name for c in found.report.clusters}
    members = clusters.members(store, found.run).select(
        "example_id",
        pl.col("cluster").replace_strict(names, default=None, return_dtype=pl.String).alias("cluster_name"),
    )
    return rows.join(members, on="example_id", how="left", maintain_order="left")


def _try(
    config: RubricTestConfig,
    store: Store,
    dataset: str,
    rows: pl.DataFrame,
    candidate: RubricCandidate,
    progress: Progress,
) -> TriedRubric:
    trials: dict[str, Trial] = {}
    asked, cost = 0, None
    if candidate.teacher.offline:
        trials, asked, cost = _offline(candidate.task, candidate.teacher, rows, progress), rows.height, 0.0
    else:
        wish = label_paid.Wish(dataset, 1, None, config.budget_usd, config.concurrency, ("failed",))
        done = _paid(wish, store, candidate.task, candidate.teacher, rows, trials, progress)
        asked, cost = done.statuses.total(), done.cost_usd if done.statuses else 0.0
    tried = [_row(candidate.task, row, trials) for row in rows.iter_rows(named=True)]
    answered = [row for row in tried if _answered(row)]
    classes = candidate.task.kind == "classification"
    counted = [trial for trial in trials.values() if trial.tokens_in is not None and trial.tokens_out is not None]
    return TriedRubric(
        name=candidate.name,
        task_hash=candidate.task.content_hash,
        teacher=candidate.teacher.name,
        score=score(answered, classes=classes) if answered else None,
        unanswered=len(tried) - len(answered),
        truth_unknown=sum(not _fits(candidate.task, row.truth) for row in answered),
        asked=asked,
        cost_usd=cost,
        tokens_in=sum(trial.tokens_in or 0 for trial in counted) / len(counted) if counted else None,
        tokens_out=sum(trial.tokens_out or 0 for trial in counted) / len(counted) if counted else None,
        rows=tuple(tried),
    )


def _paid(
    wish: label_paid.Wish,
    store: Store,
    task: Task,
    teacher: PaidTeacher,
    rows: pl.DataFrame,
    trials: dict[str, Trial],
    progress: Progress,
) -> label_paid.Done:
    only = frozenset(rows["example_id"])
    return label_paid.label(wish, store, task, teacher, progress, trials=trials, rows=only)


def _offline(task: Task, teacher: OfflineTeacher, rows: pl.DataFrame, progress: Progress) -> dict[str, Trial]:
    trials: dict[str, Trial] = {}
    for example, answer in zip(rows["example_id"], teacher.answer(rows["text"].to_list()), strict=True):
        try:
            trials[example] = Trial(parse_answer(task, answer.text), "answered")
        except DataError:
            trials[example] = Trial(None, "invalid")
    progress(rows.height, rows.height)
    return trials


def _row(task: Task, row: dict[str, object], trials: dict[str, Trial]) -> TriedRow:
    trial = trials.get(str(row["example_id"]), Trial(None, "failed"))
    truth, cluster = str(row["human_value"]), row["cluster_name"]
    return TriedRow(
        external_id=str(row["external_id"]),
        text=str(row["text"]),
        truth=truth,
        answer=trial.value,
        status=trial.status,
        right=trial.value is not None and is_right(task, trial.value, truth),
        unit=str(row["group"] or row["example_id"]),
        cluster=None if cluster is None else str(cluster),
    )


def _answered(row: TriedRow) -> bool:
    """Whether something came back, right or wrong; a failed request says nothing about the rubric."""
    return row.status != "failed"


def _fits(task: Task, truth: str) -> bool:
    try:
        task.check_value(truth)
    except DataError:
        return False
    return True
