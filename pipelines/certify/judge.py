"""Certificates: a read-only view over a plan, its reviews and the labels of now (or as of a seq)."""

import math
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import polars as pl

from curator.certificates import Certificate, certify
from curator.errors import NotEnoughDataError, RequestError
from curator.records import GOLD, Task, in_train
from curator.spot_checks import ALLOCATIONS
from storage.dataset import datasets
from storage.engine.store import File, Store
from storage.review import plans, reviews
from storage.views import current as views

ESTIMATES = tuple(ALLOCATIONS)
"""The purposes of a plan that has an audit sample; only these are ever certified."""


def judge_newest(
    store: Store,
    dataset: str,
    *,
    plan: str | None = None,
    labeler: str | None = None,
    as_of: int | None = None,
    released: Sequence[str] | None = None,
    raw: bool = False,
) -> Certificate:
    """Judge the named plan, or the newest finished one (the newest where none is finished). Plans are never pooled.

    Where there is a target, a plan that cannot pass it (drawn to find) is asked last.

    `released` names the train rows of a release, where it holds out more than the current labels tell; `raw` says that
    it ships the teacher's own labels of them. `labeler` is whose labels ship: a spot-check of another's says nothing.

    Raises:
        NotEnoughDataError: There is no plan that estimates.
        RequestError: The plan is of another dataset, or draws no audit sample (test, sent).
    """
    datasets.require(store, dataset)
    if plan is not None:
        found = plans.get(store, plan)
        if found["dataset"] != dataset or found["purpose"] not in ESTIMATES:
            msg = f"plan {plan} is a {found['purpose']} plan of {found['dataset']!r}; name an audit plan of {dataset!r}"
            raise RequestError(msg)
        return _judge(store, found, as_of, released, raw)
    candidates = [p for p in plans.of_dataset(store, dataset) if p["purpose"] in ESTIMATES]
    candidates = [p for p in candidates if labeler in (None, p["labeler"])]
    if as_of is not None:
        candidates = [p for p in candidates if p["seq"] <= as_of]
    candidates.sort(key=lambda p: p["purpose"] != "certify" and terms(store, p)[0] is not None)
    if not candidates:
        whose, option = (f" of the labels by {labeler}", f" --labeler {labeler}") if labeler is not None else ("", "")
        msg = (
            f"dataset {dataset!r} has no spot-check{whose} yet; run `curator plan --dataset {dataset}{option}` "
            "and review its tasks"
        )
        raise NotEnoughDataError(msg)
    judged: list[Certificate] = []
    for candidate in candidates:
        certificate = _judge(store, candidate, as_of, released, raw)
        if certificate.status != "INCOMPLETE":
            return certificate
        judged.append(certificate)
    return judged[0]


def terms(store: Store, plan: dict[str, Any]) -> tuple[float | None, float]:
    """The target and the confidence that a plan is judged by: its own, or its dataset's where those are stricter.

    A spot-check that asked for less than its dataset demands would else never miss, and spend nothing.

    Args:
        store: The project's store.
        plan: As `plans.get` gives it, or dataset and settings of one to be drawn.
    """
    task = datasets.task_of(store, plan["dataset"])
    target, confidence = plan["settings"].get("target"), plan["settings"]["confidence"]
    if task.max_error is None:
        return target, confidence
    return min(task.max_error, 1.0 if target is None else target), max(task.confidence, confidence)


def _judge(
    store: Store, plan: dict[str, Any], as_of: int | None, released: Sequence[str] | None, raw: bool
) -> Certificate:
    """Judge a plan; the newest answers are kept in memory, since pages ask again at every click."""
    if released is not None:
        return _judge_anew(store, plan, as_of, released, raw)
    return _kept(store.file, plan["plan"], as_of, moment(store, plan["dataset"]))


def moment(store: Store, dataset: str) -> tuple[int, int]:
    """What a judgement rests on: the seq of the newest label, review or decision, and that of the newest plan."""
    ((newest_plan,),) = store.rows("select coalesce(max(seq), 0) from plan where dataset = ?", [dataset])
    return views.state_seq(store, dataset), newest_plan


@lru_cache(maxsize=16)
def _kept(file: File, plan: str, as_of: int | None, _moment: tuple[int, int]) -> Certificate:
    store = Store(file[0])
    return _judge_anew(store, plans.get(store, plan), as_of, None, raw=False)


def _judge_anew(
    store: Store, plan: dict[str, Any], as_of: int | None, released: Sequence[str] | None, raw: bool
) -> Certificate:
    current = views.current(store, plan["dataset"], labeler=plan["labeler"], as_of=as_of)
    if released is not None:
        gone = ~pl.col("example_id").is_in(list(released))
        stays = pl.lit(None, pl.String) if raw else pl.col("out")  # raw: rows that people dispute or refuse go out too
        current = current.with_columns(out=pl.when(gone).then(pl.coalesce("out", pl.lit("held_out"))).otherwise(stays))
    missed = missed_before(store, plan, as_of) if plan["purpose"] == "certify" else []
    return _certify(store, plan, current, as_of, terms(store, plan), missed, raw=raw)


def missed_before(
    store: Store, plan: dict[str, Any], as_of: int | None = None, *, about: Collection[str] | None = None
) -> list[str]:
    """Certify plans that people began to review before this one and that missed its target, in that order.

    The order of the reviews counts, not that of the draws: who draws several plans and reviews them one after the
    other, in whichever order, spends confidence from one to the next. Each is judged by this plan's terms as of its
    own last review, whatever was decided later; one that was left unfinished has missed. A plan that met the target
    clears those before it whose rows it was drawn from, as far as they are rows of this plan that nobody had settled:
    a spot-check of a few good rows says nothing about the others.

    Args:
        store: The project's store.
        plan: As `plans.get` gives it, or dataset, labeler and settings of one to be drawn.
        as_of: Reviews after this seq do not count.
        about: The open rows of a plan to be drawn; default all that ever were drawn from.
    """
    asked = terms(store, plan)
    missed: list[str] = []
    if asked[0] is None:
        return missed
    same_labels = [p for p in plans.of_dataset(store, plan["dataset"], "certify") if p["labeler"] == plan["labeler"]]
    begun = sorted(((_looked_at(store, p, as_of), p) for p in same_labels), key=lambda each: each[0])
    own = next((look for look, p in begun if p["plan"] == plan.get("plan")), None)
    for look, earlier in begun:
        if look.first == math.inf or (own is not None and look >= own):
            break
        met = False
        if look.tasks == look.reviewed:
            then = views.current(store, plan["dataset"], labeler=plan["labeler"], as_of=look.last)
            then = then.filter(pl.col("example_id").is_in(_drawn_from(store, earlier["plan"])))  # late rows aside
            met = _certify(store, earlier, then, look.last, asked, missed).meets
        if met and missed:
            about = _drawn_from(store, plan["plan"], known=False) if own is not None else about
            missed = _uncleared(store, earlier["plan"], missed, about)
        elif not met:
            missed = [*missed, str(earlier["plan"])]
    return missed


def unused_draws(store: Store, plan: dict[str, Any]) -> int:
    """Certify plans of the same labels that had been drawn when this one's review began, and that nobody reviewed."""
    own = _looked_at(store, plan, None)
    others = [p for p in plans.of_dataset(store, plan["dataset"], "certify") if p["labeler"] == plan["labeler"]]
    earlier = [p for p in others if p["plan"] != plan["plan"] and p["seq"] < own.first]
    return sum(_looked_at(store, p, None).first == math.inf for p in earlier)


def _uncleared(store: Store, met: str, missed: Sequence[str], about: Collection[str] | None) -> list[str]:
    """The plans that missed and that one which met the target does not clear."""
    covered = _drawn_from(store, met)
    rows = {name: _drawn_from(store, name) for name in missed}
    return [name for name in missed if not (rows[name] if about is None else rows[name] & set(about)) <= covered]


def _drawn_from(store: Store, plan: str, *, known: bool = True) -> set[str]:
    """The rows that a plan was drawn from, with or without those settled before."""
    rows = plans.rows(store, plan)
    return set((rows if known else rows.filter(pl.col("stratum") != "known"))["example_id"])


class _Looks(NamedTuple):
    """When a plan's audit began (infinity: not yet), the seq of its draw and of its last review, and audit rows."""

    first: float
    drawn: int
    last: int
    tasks: int
    reviewed: int


def _looked_at(store: Store, plan: dict[str, Any], as_of: int | None) -> _Looks:
    """How far the review of a plan had come; a review that was taken back is one all the same.

    A row counts as reviewed by whichever plan's task it was, as in the certificate. So a plan begins with the first
    review of its own tasks, and without any as soon as the tasks of others have covered all its rows.
    """
    ((first, last, tasks, reviewed, covered),) = store.rows(
        """
        with looks as (
            select r.seq, r.task, r.example_id from review r join review_task t using (task)
            where r.dataset = ? and r.verdict <> 'undo' and t.stream <> ? and r.seq <= ?
        ), audit as (
            select (select min(seq) from looks where task = t.task) as first,
                   (select max(seq) from looks where task = t.task) as last,
                   (select min(seq) from looks where example_id = t.example_id) as seen
            from review_task t where plan = ? and stream = 'audit'
        )
        select min(first), max(coalesce(last, seen)), count(*), count(seen), max(seen) from audit
        """,
        [plan["dataset"], GOLD, 2**62 if as_of is None else as_of, plan["plan"]],
    )
    begun = [] if first is None else [float(first)]
    if tasks and tasks == reviewed:
        begun.append(float(max(covered, plan["seq"])))
    return _Looks(min(begun, default=math.inf), plan["seq"], last or 0, tasks, reviewed)


def _certify(
    store: Store,
    plan: dict[str, Any],
    current: pl.DataFrame,
    as_of: int | None,
    asked: tuple[float | None, float],
    missed: Sequence[str],
    *,
    raw: bool = False,
) -> Certificate:
    name, (target, confidence) = str(plan["plan"]), asked
    tasks = plans.tasks(store, name)
    return certify(
        plan=name,
        labeler=plan["labeler"],
        rows=plans.rows(store, name),
        drawn=tasks.filter(pl.col("stream") == "audit")["example_id"].to_list(),
        current=current.filter(in_train()),
        reviewers=reviews.frame(store, plan["dataset"], plan=name, as_of=as_of)["reviewer"].to_list(),
        target=target,
        confidence=confidence,
        purpose=plan["purpose"],
        missed=missed,
        raw=raw,
        redefined=redefined(store, plan) is not None,
    )


def redefined(store: Store, plan: dict[str, Any]) -> Task | None:
    """The task as it was when the plan was drawn, if what is right by it has been defined anew since; else None."""
    then, now = (datasets.task_of(store, plan["dataset"], as_of=seq) for seq in (plan["seq"], None))
    return then if then.says_right() != now.says_right() else None
