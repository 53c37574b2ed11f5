"""What stands around a certificate: error by class, the live answer, rows that are due, and the document's facts."""

from collections.abc import Mapping
from functools import lru_cache

import polars as pl

from curator.certificates import (
    RATES,
    Certificate,
    CertificateFacts,
    ClassError,
    LiveAnswer,
    MeasuredError,
    SpotCheck,
    by_class,
    changed_since,
    class_rows,
    confidence_of,
    due_rows,
    late_rows,
    live_answer,
    measured,
    released_rows,
    sensitivities,
    spent_before,
    terms_of,
    unused_draws,
    with_today,
)
from curator.errors import RequestError
from curator.records import ESTIMATES, GOLD, Plan, in_test, in_train
from curator.review import settled_alone
from storage.dataset import datasets
from storage.engine.store import File, Store
from storage.release import versions
from storage.review import plans, reviews
from storage.views import current as views
from storage.views import spot_checks


def live(store: Store, plan: str) -> LiveAnswer:
    """Whether the audit may stop, by what is reviewed so far; holds however often it is asked.

    The newest answers are kept in memory, as a certificate is.

    Raises:
        NotFoundError: There is no such plan.
        RequestError: The plan draws no audit sample.
    """
    found = _audit_plan(store, plan)
    return _live(store.file, plan, spot_checks.moment(store, found.dataset))


@lru_cache(maxsize=8)
def _live(file: File, plan: str, _moment: tuple[int, int]) -> LiveAnswer:
    store = Store(file[0])
    found = plans.get(store, plan)
    checks = spot_checks.of_dataset(store, found.dataset)
    check = checks.read(found, None)
    target, confidence = terms_of(found, checks.task)
    return live_answer(
        plan=plan,
        rows=check.rows,
        in_order=check.audit,
        current=check.train,
        target=target,
        confidence=confidence_of(len(spent_before(checks, found)) + 1, confidence),
    )


def errors_by_class(store: Store, plan: str, *, confidence: float) -> tuple[ClassError, ...]:
    """The error of each class of the labels as drawn; classes with the most rows first. Kept in memory as `live` is.

    Raises:
        NotFoundError: There is no such plan.
        RequestError: The plan draws no audit sample, or the task is no classification.
    """
    found = _audit_plan(store, plan)
    kind = datasets.task_of(store, found.dataset).kind
    if kind != "classification":
        msg = f"error by class needs a classification; dataset {found.dataset!r} is a task of kind {kind}"
        raise RequestError(msg)
    return _errors_by_class(store.file, plan, confidence, spot_checks.moment(store, found.dataset))


@lru_cache(maxsize=8)
def _errors_by_class(file: File, plan: str, confidence: float, _moment: tuple[int, int]) -> tuple[ClassError, ...]:
    store = Store(file[0])
    return by_class(class_rows(_today(spot_checks.read(store, plans.get(store, plan)))), confidence=confidence)


def due(store: Store, plan: str) -> list[dict[str, str]]:
    """The audit rows that keep a plan from being done, in review order: task_id, external_id, due (why).

    Raises:
        NotFoundError: There is no such plan.
        RequestError: The plan draws no audit sample.
    """
    found = _audit_plan(store, plan)
    asked = plans.tasks(store, plan).filter(pl.col("stream") == "audit").select("example_id", task_id="task")
    rows = due_rows(_today(spot_checks.read(store, found)))
    left = asked.join(rows, on="example_id", maintain_order="left")
    return left.select("task_id", pl.col("external_id"), "due").to_dicts()


def facts(store: Store, dataset: str, certificate: Certificate) -> CertificateFacts:
    """All that the certificate's document tells."""
    plan = plans.get(store, certificate.plan)
    check = spot_checks.read(store, plan)
    task = check.redefined or check.task
    tasks = plans.tasks(store, certificate.plan)
    given = reviews.frame(store, dataset, plan=certificate.plan)
    audit = tasks.filter(pl.col("stream") == "audit")
    looks = given.filter(pl.col("stream") == "audit").group_by("task").len()
    reviewed = given.filter(pl.col("stream") != GOLD)["task"].n_unique()
    gold = _gold(given)
    known = check.rows.filter(pl.col("stratum") == "known")
    known_fixed = known.filter(pl.col("drawn_value").ne_missing(pl.col("teacher_value"))).height
    return CertificateFacts(
        dataset=dataset,
        task=task.name,
        task_hash=task.content_hash,
        certificate=certificate,
        drawn_on=spot_checks.drawn_on(store, plan.id),
        seed=plan.seed,
        population=check.rows.height,
        known=known.height,
        audit=audit.height,
        risk=tasks.filter(pl.col("stream") == "risk").height,
        blind=int(audit["blind"].sum()),
        looked_twice=looks.filter(pl.col("len") > 1).height,
        reviewers=spot_checks.reviewers(store, plan.id),
        reviewed=reviewed,
        left_out=_left_out(store, plan),
        by_class=errors_by_class(store, certificate.plan, confidence=certificate.confidence)
        if task.kind == "classification"
        else (),
        sensitivity=sensitivities(
            certificate.teacher_error,
            certificate.shipped_error,
            # People who settled rows before the draw err as those do who review it.
            fixed=certificate.errors_fixed + known_fixed,
            reviewed=reviewed + known.height,
            rates=(*RATES, *([gold.upper] if gold and gold.upper < 1 else [])),
        ),
        gold=gold,
        waivers=_waivers(store, dataset),
        checked=plan.settings.checked,
        unused_draws=unused_draws(spot_checks.of_dataset(store, dataset), plan),
        alone=settled_by_rejecter(store, plan),
    )


def changed(store: Store, plan: str) -> bool:
    """Whether labels or texts of released rows have changed, or rows came, since a plan was drawn.

    What is reviewed of it then proves nothing about them. Kept in memory as `live` is.

    Raises:
        NotFoundError: There is no such plan.
        RequestError: The plan draws no audit sample.
    """
    found = _audit_plan(store, plan)
    return _changed(store.file, plan, spot_checks.moment(store, found.dataset))


@lru_cache(maxsize=8)
def _changed(file: File, plan: str, _moment: tuple[int, int]) -> bool:
    store = Store(file[0])
    check = spot_checks.read(store, plans.get(store, plan))
    return bool(changed_since(released_rows(_today(check))) or late_rows(check.rows, check.train))


def settled_by_rejecter(store: Store, plan: Plan) -> int:
    """Audit rows of a plan that the same person rejected and settled, and nobody else said the same."""
    tasks = plans.tasks(store, plan.id)
    drawn = frozenset(tasks.filter(pl.col("stream") == "audit")["example_id"])
    return len(drawn & settled_alone(reviews.frame(store, plan.dataset).iter_rows(named=True)))


def _audit_plan(store: Store, plan: str) -> Plan:
    found = plans.get(store, plan)
    if found.purpose not in ESTIMATES:
        msg = f"plan {plan} is a {found.purpose} plan and estimates nothing; name a certify or a find plan"
        raise RequestError(msg)
    return found


def _today(check: SpotCheck) -> pl.DataFrame:
    """The plan's rows with today's labels beside them."""
    return with_today(check.rows, check.audit, check.train)


def _gold(given: pl.DataFrame) -> MeasuredError | None:
    """How often rows with a known truth were answered wrong in this plan; None where nobody answered one."""
    answers = given.filter((pl.col("stream") == GOLD) & (pl.col("verdict") != "skip"))
    if answers.is_empty():
        return None
    return measured(answers.height, answers.filter(pl.col("value").ne_missing(pl.col("proposed"))).height)


def _left_out(store: Store, plan: Plan) -> Mapping[str, int]:
    """Rows of the dataset that are not in a release made now, by reason; the test split is one."""
    rows = views.current(store, plan.dataset, labeler=plan.labeler)
    counts = rows.filter(in_train() & pl.col("out").is_not_null()).group_by("out").len().sort("out")
    testing = rows.filter(in_test()).height
    return {**dict(counts.iter_rows()), **({"test": testing} if testing else {})}


def _waivers(store: Store, dataset: str) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (version.version, waiver.who, waiver.why)
        for version in versions.listing(store, dataset)
        for waiver in version.manifest.waivers
        if waiver.gate == "certificate"
    )
