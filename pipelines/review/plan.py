"""Draw a spot-check: which rows people look at, with their strata and probabilities stored before anybody does."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curator.certificates import confidence_of, in_words, spent_in_words, terms
from curator.errors import NotEnoughDataError, RequestError
from curator.records import GOLD, Purpose, Stream, TaskKind, in_test, in_train, short_id
from curator.review import Staffing
from curator.spot_checks import Claims, Draw, Stratum, claims, reviews_for
from curator.spot_checks import draw as draw_rows
from curator.statistics import percent
from pipelines import splits as splitting
from pipelines.certify import judge as certificates
from pipelines.review import plan_tasks
from pipelines.runtime import acting
from storage.access import audit
from storage.checks import findings
from storage.dataset import datasets, labels
from storage.engine.store import Store
from storage.review import plans
from storage.views import current as views


@dataclass(frozen=True, slots=True)
class PlanConfig:
    """What to draw. `reviews` None: what the target needs at a 90 % chance of passing, else 200."""

    dataset: str
    purpose: Purpose = "certify"
    labeler: str | None = None
    reviews: int | None = None
    risk_reviews: int = 0
    max_error: float | None = None
    confidence: float | None = None
    test_share: float = 0.2
    validation_share: float = 0.0
    seed: int = 0
    staffing: Staffing = field(default_factory=Staffing)


@dataclass(frozen=True, slots=True)
class ListedTask:
    """A task as a list of tasks tells it, which may come back filled in: its row, and how the row was drawn."""

    task_id: str
    external_id: str
    stream: Stream
    stratum: str
    inclusion_probability: float


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A stored plan and what it can claim.

    Attributes:
        plan: Its id.
        dataset: Whose rows.
        purpose: What it was drawn for.
        labeler: Whose labels are under review.
        created: False where the same plan was there already.
        reviews: Audit rows.
        risk_reviews: Rows that were chosen beside them.
        overlapped: Audit rows that several people are asked about.
        gold: Cards whose truth is known, to measure reviewers.
        population: Rows that the plan speaks of.
        known: Those of them that people had settled before.
        strata: The bands of risk, with their rows and draws.
        claims: What the reviews can claim; None for a test plan, and where no row is open.
        splits: Rows by split, as frozen.
        notes: What a person should know, in sentences.
        tasks: What people are asked, in review order.
    """

    plan: str
    dataset: str
    purpose: str
    labeler: str
    created: bool
    reviews: int
    risk_reviews: int
    overlapped: int
    gold: int
    population: int
    known: int
    strata: tuple[Stratum, ...]
    claims: Claims | None
    splits: dict[str, int]
    notes: tuple[str, ...]
    tasks: tuple[ListedTask, ...]


@dataclass(frozen=True, slots=True)
class _Made:
    """A plan before it is stored: what is asked of it, the rows that it speaks of, and what was drawn from them."""

    plan: str
    config: PlanConfig
    labeler: str
    target: float | None
    confidence: float
    kind: TaskKind
    as_of: int
    population: pl.DataFrame
    known: frozenset[str]
    draw: Draw
    tasks: pl.DataFrame
    checked: bool


def run(config: PlanConfig, store: Store) -> PlanReport:
    """Freeze the splits, draw, and store. The same request on the same state gives the same plan.

    Raises:
        NotEnoughDataError: No labelled rows to draw from.
        RequestError: Several labelers and none named; a rate outside 0..1; no reviews.
    """
    acting.require("plan")
    _check(config)
    task = datasets.task_of(store, datasets.require(store, config.dataset))
    config.staffing.check(task.kind)
    labeler = labels.require_labeler(store, config.dataset, config.labeler)
    wanted = (
        config.max_error if config.max_error is not None else task.max_error,
        config.confidence or task.confidence,
    )
    target, confidence = terms(task, *wanted)
    rows = views.current(store, config.dataset, labeler=labeler)
    held = splitting.freeze(
        store,
        rows,
        config.dataset,
        test_share=config.test_share,
        seed=config.seed,
        validation_share=config.validation_share,
        need_test=config.purpose == "test",
    )
    as_of = views.state_seq(store, config.dataset)
    rows = (views.current if config.purpose == "test" else views.audited)(store, config.dataset, labeler=labeler)
    population, notes = _population(rows, config.purpose, set(held.held_out))
    known = frozenset(population.filter((pl.col("human_status") == "settled").fill_null(False))["example_id"].to_list())
    missed = _missed(store, config, labeler, (target, confidence), set(population["example_id"]) - known)
    level = confidence_of(len(missed) + 1, confidence)
    reviews = reviews_for(
        population.height, purpose=config.purpose, asked=config.reviews, target=target, confidence=level
    )
    risk, note = _risk(store, config.dataset, labeler, population)
    draw = _draw(config, population, risk, known, reviews)
    staffing = config.staffing.changed()
    request = [config.dataset, config.purpose, labeler, as_of, reviews, config.risk_reviews, config.seed]
    unchecked = ["no check run"] if note and config.purpose != "test" else []  # what a check would sharpen is another
    plan = short_id("plan", [*request, confidence, target, *([staffing] if staffing else []), *unchecked])
    asked = plan_tasks.tasks(
        plan, rows, draw, config.staffing, purpose=config.purpose, kind=task.kind, seed=config.seed, checked=not note
    )
    made = _Made(plan, config, labeler, target, confidence, task.kind, as_of, population, known, draw, asked, not note)
    created = not any(p.id == plan for p in plans.of_dataset(store, config.dataset))
    if created:
        _store(store, made)
    notes = (
        *notes,
        *(note if config.purpose != "test" else ()),
        *((spent_in_words(missed, confidence),) if missed else ()),
        *(_stricter(target, confidence) if (target, confidence) != wanted else ()),
        *_few_gold(config.staffing.gold, _gold(made)),
        *(f"{reason}: {n} rows held out" for reason, n in held.reasons.items()),
        *splitting.notes(held),
    )
    return _report(store, made, created=created, level=level, splits=_splits(rows), notes=notes)


def _check(config: PlanConfig) -> None:
    for name in ("max_error", "confidence"):
        value = getattr(config, name)
        if value is not None and not 0.0 < value < 1.0:
            msg = f"--{name.replace('_', '-')} is {value}, expected a number between 0 and 1"
            raise RequestError(msg)
    if config.staffing.gold and config.purpose == "test":
        msg = "--gold goes with an audit: a test plan asks about every row of the frozen test split, and no other"
        raise RequestError(msg)
    if config.reviews is not None and config.reviews < 1:
        msg = f"--reviews is {config.reviews}, expected at least 1"
        raise RequestError(msg)


def _population(rows: pl.DataFrame, purpose: Purpose, held_out: set[str]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows that the plan speaks of: releasable and in train; for `test` every test row not excluded."""
    if purpose == "test":
        chosen = rows.filter(in_test() & (pl.col("out").is_null() | (pl.col("out") != "excluded")))
        if chosen.is_empty():
            msg = "every row of the test split is excluded: take exclusions back, or ingest rows with --split test"
            raise NotEnoughDataError(msg)
        return chosen, ()
    train = rows.filter(pl.col("out").is_null() & in_train())
    train = train.filter(~pl.col("example_id").is_in(list(held_out)))
    out = rows.filter(pl.col("out").is_not_null())
    if train.is_empty():
        msg = "no labelled rows to draw from: label the dataset first, or take exclusions back"
        raise NotEnoughDataError(msg)
    notes = tuple(
        f"{reason}: {n} rows are not in the population"
        for reason, n in out.group_by("out").len().sort("out").iter_rows()
    )
    return train, notes


def _missed(
    store: Store, config: PlanConfig, labeler: str, asked: tuple[float | None, float], open_rows: set[str]
) -> tuple[str, ...]:
    """Plans before this one that missed its target: they have spent confidence."""
    if config.purpose != "certify":
        return ()
    return certificates.missed_before(store, config.dataset, labeler=labeler, asked=asked, about=open_rows)


def _stricter(target: float | None, confidence: float) -> tuple[str, ...]:
    return (
        f"the dataset demands at most {percent(target or 0, 2)} at {in_words(confidence)}, which is stricter than what "
        "was asked for: this spot-check is judged by it",
    )


def _risk(
    store: Store, dataset: str, labeler: str, population: pl.DataFrame
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Risk [N] of the newest check run, 0 for rows without one."""
    run = findings.newest_run(store, dataset, labeler)
    if run is None:
        return np.zeros(population.height), (
            "no check run yet: strata and risk rows are drawn at random; `curator check` sharpens them",
        )
    scores = dict(findings.scores(store, run.run, "risk").iter_rows())
    return np.array([scores.get(e, 0.0) for e in population["example_id"]], dtype=np.float64), ()


def _splits(rows: pl.DataFrame) -> dict[str, int]:
    counted = rows.filter(pl.col("split").is_not_null()).group_by("split").len().sort("split")
    return dict(counted.iter_rows())


def _few_gold(wanted: int, found: int) -> tuple[str, ...]:
    if found >= wanted:
        return ()
    return (f"{found} gold cards, not {wanted}: only rows that people settled, and that are not drawn now, can be one",)


def _draw(
    config: PlanConfig, population: pl.DataFrame, risk_N: NDArray[np.float64], known: frozenset[str], reviews: int
) -> Draw:
    return draw_rows(
        population["example_id"].to_list(),
        risk_N,
        purpose=config.purpose,
        reviews=reviews,
        seed=config.seed,
        known=known,
        risk_reviews=config.risk_reviews if config.purpose != "test" else 0,
    )


def _gold(made: _Made) -> int:
    return made.tasks.filter(pl.col("stream") == GOLD).height


def _settings(made: _Made) -> dict[str, Any]:
    """All settings, resolved; those of the staffing only where they are not the usual ones."""
    return {
        "reviews": len(made.draw.audit),
        "risk_reviews": len(made.draw.risk),
        "target": made.target,
        "confidence": made.confidence,
        "test_share": made.config.test_share,
        "strata": [asdict(s) for s in made.draw.strata],
        "detector": splitting.DETECTOR,
        "checked": made.checked,
        **made.config.staffing.changed(),
        "blind_share": made.config.staffing.blind_of_risk(made.kind),
    }


def _store(store: Store, made: _Made) -> None:
    config = made.config
    rows = made.population.select(
        "example_id",
        "content_hash",
        "teacher_value",
        pl.col("value").alias("drawn_value"),
        pl.col("basis").alias("drawn_status"),
        pl.col("example_id").replace_strict(made.draw.assignment).alias("stratum"),
    )
    told = audit.telling(
        actor=acting.actor(),
        action="plan",
        subject=config.dataset,
        plan=made.plan,
        purpose=config.purpose,
        tasks=made.tasks.height,
    )
    plans.add(
        store,
        plan=made.plan,
        dataset=config.dataset,
        purpose=config.purpose,
        labeler=made.labeler,
        seed=config.seed,
        as_of_seq=made.as_of,
        settings=_settings(made),
        rows=rows,
        tasks=made.tasks,
        told=told,
    )


def _report(
    store: Store, made: _Made, *, created: bool, level: float, splits: dict[str, int], notes: tuple[str, ...]
) -> PlanReport:
    config, draw, rows = made.config, made.draw, made.population.height
    return PlanReport(
        plan=made.plan,
        dataset=config.dataset,
        purpose=config.purpose,
        labeler=made.labeler,
        created=created,
        reviews=len(draw.audit),
        risk_reviews=len(draw.risk),
        overlapped=made.tasks.filter(pl.col("overlap") > 1).height,
        gold=_gold(made),
        population=rows,
        known=len(made.known),
        strata=draw.strata,
        claims=claims(
            rows - len(made.known), len(draw.audit), purpose=config.purpose, target=made.target, confidence=level
        ),
        splits=splits,
        notes=notes,
        tasks=tuple(
            ListedTask(t.id, t.external_id, t.stream, t.stratum, t.inclusion_probability)
            for t in plans.kept_tasks(store, made.plan).values()
        ),
    )
