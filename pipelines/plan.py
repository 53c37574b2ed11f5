"""Draw a spot-check: which rows people look at, with their strata and probabilities stored before anybody does."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import polars as pl

from curator import sampling
from curator.allocations import prices
from curator.assignment import Staffing, gold_rows, share_of
from curator.attempts import confidence_of
from curator.certification import spent_in_words
from curator.errors import NotEnoughDataError, RequestError
from curator.ids import short_id
from curator.types import GOLD, Purpose, Stream, TaskKind
from pipelines import acting, splitting
from storage import audit, certificates, datasets, findings, labels, plans, views
from storage.store import Store

DEFAULT_REVIEWS = 200
POWER = 0.9
ASSUMED = 0.04
"""Twice the error rate that the prices of the allocations assume where there is no target."""


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
    seed: int = 0
    staffing: Staffing = field(default_factory=Staffing)


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A stored plan and what it can claim. `created` is False where the same plan was there already."""

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
    strata: tuple[dict[str, Any], ...]
    claims: dict[str, Any]
    splits: dict[str, int]
    notes: tuple[str, ...]
    tasks: tuple[dict[str, Any], ...]


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
    confidence = config.confidence or task.confidence
    target = config.max_error if config.max_error is not None else task.max_error
    rows = views.current(store, config.dataset, labeler=labeler)
    held = splitting.freeze(store, rows, config.dataset, test_share=config.test_share, seed=config.seed)
    as_of = views.state_seq(store, config.dataset)
    rows = views.current(store, config.dataset, labeler=labeler)
    population, notes = _population(rows, config.purpose, set(held.held_out))
    missed = _missed(store, config, labeler, target, confidence)
    level = confidence_of(len(missed) + 1, confidence)
    reviews = _reviews(config, population.height, target, level)
    known = population.filter((pl.col("human_status") == "settled").fill_null(False))["example_id"]
    risk, note = _risk(store, config.dataset, labeler, population)
    draw = sampling.draw(
        population["example_id"].to_list(),
        risk,
        purpose=config.purpose,
        reviews=reviews,
        seed=config.seed,
        known=frozenset(known.to_list()),
        risk_reviews=config.risk_reviews if config.purpose != "test" else 0,
    )
    staffing = config.staffing.changed()
    request = [config.dataset, config.purpose, labeler, as_of, reviews, config.risk_reviews, config.seed]
    plan = short_id("plan", [*request, confidence, target, *([staffing] if staffing else [])])
    tasks = _tasks(plan, config, rows, draw, task.kind)
    settings = {
        "reviews": len(draw.audit),
        "risk_reviews": len(draw.risk),
        "target": target,
        "confidence": confidence,
        "test_share": config.test_share,
        "strata": [asdict(s) for s in draw.strata],
        "detector": splitting.DETECTOR,
        **staffing,
        "blind_share": config.staffing.blind_of_risk(task.kind),
    }
    created = not any(p["plan"] == plan for p in plans.of_dataset(store, config.dataset))
    if created:
        _store(store, plan, config, labeler, as_of, settings, population, draw, tasks)
    return PlanReport(
        plan=plan,
        dataset=config.dataset,
        purpose=config.purpose,
        labeler=labeler,
        created=created,
        reviews=len(draw.audit),
        risk_reviews=len(draw.risk),
        overlapped=tasks.filter(pl.col("overlap") > 1).height,
        gold=(gold := tasks.filter(pl.col("stream") == GOLD).height),
        population=population.height,
        known=len(known),
        strata=tuple(asdict(s) for s in draw.strata),
        claims=_claims(config.purpose, population.height - len(known), len(draw.audit), target, level),
        splits=_splits(rows),
        notes=(
            *notes,
            *note,
            *_attempt(missed, confidence),
            *_few_gold(config.staffing.gold, gold),
            *(f"{reason}: {n} rows held out" for reason, n in held.reasons.items()),
        ),
        tasks=tuple(
            {
                "task_id": row["task"],
                "external_id": row["external_id"],
                "stream": row["stream"],
                "stratum": row["stratum"],
                "inclusion_probability": row["inclusion_probability"],
            }
            for row in plans.tasks(store, plan).iter_rows(named=True)
        ),
    )


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
        chosen = rows.filter((pl.col("split") == "test") & (pl.col("out").is_null() | (pl.col("out") != "excluded")))
        if chosen.is_empty():
            msg = "there is no test split: ingest with --split test, or plan with --test-share above 0"
            raise NotEnoughDataError(msg)
        return chosen, ()
    train = rows.filter(pl.col("out").is_null() & ~(pl.col("split") == "test").fill_null(False))
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


def _missed(store: Store, config: PlanConfig, labeler: str, target: float | None, confidence: float) -> list[str]:
    """Plans before this one that missed its target: they have spent confidence."""
    if config.purpose != "certify":
        return []
    to_come = {"dataset": config.dataset, "labeler": labeler, "settings": {"target": target, "confidence": confidence}}
    return certificates.missed_before(store, to_come)


def _attempt(missed: list[str], confidence: float) -> tuple[str, ...]:
    return (spent_in_words(missed, confidence),) if missed else ()


def _reviews(config: PlanConfig, population: int, target: float | None, confidence: float) -> int:
    if config.purpose == "test":
        return population
    if config.reviews is not None:
        return min(config.reviews, population)
    if target is not None:
        needed = sampling.reviews_needed(population, max_error=target, confidence=confidence, power=POWER)
        return min(needed, population)
    return min(DEFAULT_REVIEWS, population)


def _risk(store: Store, dataset: str, labeler: str, population: pl.DataFrame) -> tuple[Any, tuple[str, ...]]:
    """Risk [N] of the newest check run, 0 for rows without one."""
    run = findings.newest_run(store, dataset, labeler)
    if run is None:
        return np.zeros(population.height), (
            "no check run yet: strata are drawn at random; `curator check` sharpens them",
        )
    scores = dict(findings.scores(store, run["run"], "risk").iter_rows())
    return np.array([scores.get(e, 0.0) for e in population["example_id"]], dtype=np.float64), ()


def _claims(purpose: Purpose, population: int, reviews: int, target: float | None, confidence: float) -> dict[str, Any]:
    """What this many reviews can claim, and how many the target needs at 80 and 90 % chance of passing."""
    if purpose == "test" or not population:
        return {}
    claims: dict[str, Any] = {
        "confidence": confidence,
        "upper_bound_if_errors_found": {
            str(errors): sampling.claimable(population, reviews, confidence=confidence, errors=errors)
            for errors in (0, 1, 2, 5)
            if errors <= reviews
        },
    }
    priced = prices(population, reviews, error_rate=(target or ASSUMED) / 2, confidence=confidence)
    if priced:
        claims["allocations"] = [asdict(price) for price in priced]
    if target is not None:
        claims["target"] = target
        claims["reviews_needed"] = {
            f"{power:.0%} chance if {target / 4:.2%} are wrong": sampling.reviews_needed(
                population, max_error=target, confidence=confidence, power=power
            )
            for power in (0.8, 0.9)
        }
    return claims


def _splits(rows: pl.DataFrame) -> dict[str, int]:
    counted = rows.filter(pl.col("split").is_not_null()).group_by("split").len().sort("split")
    return dict(counted.iter_rows())


def _few_gold(wanted: int, found: int) -> tuple[str, ...]:
    if found >= wanted:
        return ()
    return (f"{found} gold cards, not {wanted}: only rows that people settled, and that are not drawn now, can be one",)


def _tasks(plan: str, config: PlanConfig, rows: pl.DataFrame, draw: sampling.Draw, kind: TaskKind) -> pl.DataFrame:
    """What people are asked, in the columns of `review_task` but seq, plan and dataset."""
    staffing, seed = config.staffing, config.seed
    state = {row["example_id"]: row for row in rows.iter_rows(named=True)}
    estimating: Stream = "test" if config.purpose == "test" else "audit"
    audit_ids, risk_ids = [d.example_id for d in draw.audit], [d.example_id for d in draw.risk]
    overlapped = share_of(audit_ids, staffing.overlap_share, seed=seed, use="overlap") if staffing.overlap > 1 else ()
    blind = share_of(risk_ids, staffing.blind_of_risk(kind), seed=seed, use="blind")
    taken = {*audit_ids, *risk_ids}
    settled = rows.filter((pl.col("human_status") == "settled").fill_null(False) & pl.col("out").is_null())
    known = [
        (row["example_id"], row["basis"] == "adjudication")
        for row in settled.iter_rows(named=True)
        if row["example_id"] not in taken
    ]
    gold = gold_rows(known, staffing.gold, seed=seed)
    picked: list[tuple[Stream, str, str, float, int, bool]] = [
        *((estimating, d.example_id, d.stratum, d.inclusion_probability, d.position, True) for d in draw.audit),
        *(("risk", d.example_id, d.stratum, 1.0, d.position, d.example_id in blind) for d in draw.risk),
        *((GOLD, e, "known", 1.0, n, True) for n, e in enumerate(gold)),
    ]
    records = [
        {
            "task": short_id("t", [plan, e]),
            "example_id": e,
            "stream": stream,
            "stratum": stratum,
            "inclusion_probability": probability,
            "position": position,
            "blind": hidden and kind == "classification",
            "content_hash": state[e]["content_hash"],
            "proposed": state[e]["human_value"] if stream == GOLD else state[e]["value"],
            # A gold card says what the others say: who knows which card is gold is not measured by it.
            "why": _why(estimating if stream == GOLD else stream, stratum),
            "overlap": staffing.overlap if e in overlapped else 1,
        }
        for stream, e, stratum, probability, position, hidden in picked
    ]
    return pl.DataFrame(
        records, schema_overrides={"proposed": pl.String, "position": pl.Int64, "inclusion_probability": pl.Float64}
    )


def _store(
    store: Store,
    plan: str,
    config: PlanConfig,
    labeler: str,
    as_of: int,
    settings: dict[str, Any],
    population: pl.DataFrame,
    draw: sampling.Draw,
    tasks: pl.DataFrame,
) -> None:
    rows = population.select(
        "example_id",
        "content_hash",
        "teacher_value",
        pl.col("value").alias("drawn_value"),
        pl.col("basis").alias("drawn_status"),
        pl.col("example_id").replace_strict(draw.assignment).alias("stratum"),
    )
    plans.add(
        store,
        plan=plan,
        dataset=config.dataset,
        purpose=config.purpose,
        labeler=labeler,
        seed=config.seed,
        as_of_seq=as_of,
        settings=settings,
        rows=rows,
        tasks=tasks,
    )
    audit.note(
        store,
        actor=acting.actor(),
        action="plan",
        subject=config.dataset,
        plan=plan,
        purpose=config.purpose,
        tasks=tasks.height,
    )


def _why(stream: str, stratum: str) -> str:
    """Why the card is in the queue. An audit card does not tell its risk band: that would hint at the answer."""
    bands = {"top": "the riskiest 5 %", "next": "the next 20 % by risk", "rest": "the other 75 %"}
    match stream:
        case "test":
            return "frozen test split: every row is reviewed"
        case "risk":
            return f"likely wrong: among {bands.get(stratum, 'the rows')} by the checks"
        case _:
            return "random audit: drawn by chance, to estimate how many labels are wrong"
