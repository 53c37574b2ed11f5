"""Certificates: a read-only view over a plan, its reviews and the labels of now (or as of a seq)."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from curator.certification import Certificate, certify
from curator.errors import NotEnoughDataError, RequestError
from curator.sampling import ALLOCATIONS
from curator.types import Bound
from storage import datasets, plans, reviews, views
from storage.store import Store

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


def _judge(store: Store, plan: dict[str, object], as_of: int | None, released: Sequence[str] | None) -> Certificate:
    name, dataset, labeler = str(plan["plan"]), str(plan["dataset"]), str(plan["labeler"])
    settings = plan["settings"]
    assert isinstance(settings, dict)
    tasks = plans.tasks(store, name)
    drawn = tasks.filter(pl.col("stream") == "audit")["example_id"].to_list()
    current = views.current(store, dataset, labeler=labeler, as_of=as_of)
    if released is not None:
        gone = ~pl.col("example_id").is_in(list(released))
        current = current.with_columns(out=pl.when(gone).then(pl.coalesce("out", pl.lit("held_out"))).otherwise("out"))
    return certify(
        plan=name,
        labeler=labeler,
        rows=plans.rows(store, name),
        drawn=drawn,
        # Rows without a split are in no release yet; freezing the splits makes them late rows of this plan.
        current=current.filter(pl.col("split") == "train"),
        reviewers=reviews.frame(store, dataset, plan=name, as_of=as_of)["reviewer"].to_list(),
        target=settings.get("target"),
        confidence=settings["confidence"],
    )


def as_bound(stored: dict[str, Any]) -> Bound:
    """A bound out of a manifest."""
    return Bound(**stored)
