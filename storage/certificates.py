"""Certificates: a read-only view over a plan, its reviews and the labels of now (or as of a seq)."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import polars as pl

from curator.certification import Certificate, certify
from curator.errors import NotEnoughDataError, RequestError
from curator.sampling import ALLOCATIONS
from curator.types import Bound
from storage import datasets, plans, reviews, views
from storage.store import File, Store

ESTIMATES = tuple(ALLOCATIONS)
"""The purposes of a plan that has an audit sample; only these are ever certified."""


def judge_newest(
    store: Store,
    dataset: str,
    *,
    plan: str | None = None,
    as_of: int | None = None,
    released: Sequence[str] | None = None,
) -> Certificate:
    """Judge the named plan, or the newest finished one (the newest where none is finished). Plans are never pooled.

    Where there is a target, a plan that cannot pass it (drawn to find) is asked last.

    `released` names the train rows of a release, where it holds out more than the current labels tell.

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
        return _judge(store, found, as_of, released)
    candidates = [p for p in plans.of_dataset(store, dataset) if p["purpose"] in ESTIMATES]
    if as_of is not None:
        candidates = [p for p in candidates if p["seq"] <= as_of]
    candidates.sort(key=lambda p: p["purpose"] != "certify" and p["settings"].get("target") is not None)
    if not candidates:
        msg = f"dataset {dataset!r} has no spot-check yet; run `curator plan --dataset {dataset}` and review its tasks"
        raise NotEnoughDataError(msg)
    judged: list[Certificate] = []
    for candidate in candidates:
        certificate = _judge(store, candidate, as_of, released)
        if certificate.status != "INCOMPLETE":
            return certificate
        judged.append(certificate)
    return judged[0]


def _judge(store: Store, plan: dict[str, Any], as_of: int | None, released: Sequence[str] | None) -> Certificate:
    """Judge a plan; the newest answers are kept in memory, since pages ask again at every click."""
    if released is not None:
        return _judge_anew(store, plan, as_of, released)
    return _kept(store.file, plan["plan"], as_of, moment(store, plan["dataset"]))


def moment(store: Store, dataset: str) -> tuple[int, int]:
    """What a judgement rests on: the seq of the newest label, review or decision, and that of the newest plan."""
    ((newest_plan,),) = store.rows("select coalesce(max(seq), 0) from plan where dataset = ?", [dataset])
    return views.state_seq(store, dataset), newest_plan


@lru_cache(maxsize=16)
def _kept(file: File, plan: str, as_of: int | None, _moment: tuple[int, int]) -> Certificate:
    store = Store(file[0])
    return _judge_anew(store, plans.get(store, plan), as_of, None)


def _judge_anew(store: Store, plan: dict[str, Any], as_of: int | None, released: Sequence[str] | None) -> Certificate:
    current = views.current(store, plan["dataset"], labeler=plan["labeler"], as_of=as_of)
    if released is not None:
        gone = ~pl.col("example_id").is_in(list(released))
        current = current.with_columns(out=pl.when(gone).then(pl.coalesce("out", pl.lit("held_out"))).otherwise("out"))
    target, confidence = plan["settings"].get("target"), plan["settings"]["confidence"]
    missed = missed_before(store, plan, as_of) if plan["purpose"] == "certify" else []
    return _certify(store, plan, current, as_of, target, confidence, missed)


def missed_before(store: Store, plan: dict[str, Any], as_of: int | None = None) -> list[str]:
    """Certify plans that people began to review before this one and that missed its target, in that order.

    The order of the reviews counts, not that of the draws: who draws several plans and reviews them one after the
    other, in whichever order, spends confidence from one to the next. Each is judged by this plan's target and
    confidence as of its own last review, whatever was decided later; one that was left unfinished has missed. The
    count begins anew after a plan that met the target.

    Args:
        store: The project's store.
        plan: As `plans.get` gives it, or dataset, labeler and settings of one to be drawn.
        as_of: Reviews after this seq do not count.
    """
    target, confidence = plan["settings"].get("target"), plan["settings"]["confidence"]
    missed: list[str] = []
    if target is None:
        return missed
    same_labels = [p for p in plans.of_dataset(store, plan["dataset"], "certify") if p["labeler"] == plan["labeler"]]
    begun = sorted(((_looked_at(store, p["plan"], as_of), p) for p in same_labels), key=lambda each: each[0].first)
    begins = next((look.first for look, p in begun if p["plan"] == plan.get("plan")), math.inf)
    for (first, last, tasks, reviewed), earlier in begun:
        if first >= begins:
            break
        met = False
        if tasks == reviewed:
            then = views.current(store, plan["dataset"], labeler=plan["labeler"], as_of=last)
            met = _certify(store, earlier, then, last, target, confidence, missed).meets
        missed = [] if met else [*missed, str(earlier["plan"])]
    return missed


class _Looks(NamedTuple):
    """Seq of a plan's first and last audit review (infinity and 0 without any), its audit tasks, those reviewed."""

    first: float
    last: int
    tasks: int
    reviewed: int


def _looked_at(store: Store, plan: str, as_of: int | None) -> _Looks:
    """How far the review of a plan had come; a review that was taken back is one all the same."""
    ((first, last, tasks, reviewed),) = store.rows(
        "select min(r.seq), coalesce(max(r.seq), 0), count(distinct t.task), count(distinct r.task) "
        "from review_task t left join review r on r.task = t.task and r.verdict <> 'undo' and r.seq <= ? "
        "where t.plan = ? and t.stream = 'audit'",
        [as_of if as_of is not None else 2**62, plan],
    )
    return _Looks(math.inf if first is None else first, last, tasks, reviewed)


def _certify(
    store: Store,
    plan: dict[str, Any],
    current: pl.DataFrame,
    as_of: int | None,
    target: float | None,
    confidence: float,
    missed: Sequence[str],
) -> Certificate:
    name = str(plan["plan"])
    tasks = plans.tasks(store, name)
    return certify(
        plan=name,
        labeler=plan["labeler"],
        rows=plans.rows(store, name),
        drawn=tasks.filter(pl.col("stream") == "audit")["example_id"].to_list(),
        # Rows without a split are in no release yet; freezing the splits makes them late rows of this plan.
        current=current.filter(pl.col("split") == "train"),
        reviewers=reviews.frame(store, plan["dataset"], plan=name, as_of=as_of)["reviewer"].to_list(),
        target=target,
        confidence=confidence,
        purpose=plan["purpose"],
        missed=missed,
    )


def as_bound(stored: dict[str, Any]) -> Bound:
    """A bound out of a manifest."""
    return Bound(**stored)
