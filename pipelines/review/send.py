"""Send chosen rows to review: a plan of its own with tasks for exactly these rows, that finds and never certifies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from curator.errors import NotFoundError, RequestError
from curator.records import check_person, short_id
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import datasets, labels
from storage.engine.store import Store, Told
from storage.review import plans
from storage.views import current as views

WAITING, EXCLUDED = "waiting", "excluded"


@dataclass(frozen=True, slots=True)
class SendConfig:
    """Which rows people are to look at.

    Attributes:
        dataset: Whose rows.
        example_ids: The rows; one that is named twice is sent once.
        why: Shown on each card, so that the reviewer knows what to look for.
        reviewer: Who sends them; stands on each card and in the audit log.
        labeler: Whose labels are under review; None takes the newest of anybody.
    """

    dataset: str
    example_ids: Sequence[str]
    why: str
    reviewer: str
    labeler: str | None = None


@dataclass(frozen=True, slots=True)
class SendReport:
    """What was sent. `plan` is None where nothing was; `left_out` counts rows by reason.

    `waiting`: the row is open in the queue already, perhaps as an audit row that must stay blind.
    `excluded`: a decision has taken the row out.
    """

    plan: str | None
    dataset: str
    sent: int
    left_out: dict[str, int]


def run(config: SendConfig, store: Store) -> SendReport:
    """Put rows into the review queue, in the order given. Sending them again while they are open adds nothing.

    Raises:
        RequestError: No rows, no name of a person, or no reason.
        NotFoundError: A row is not of this dataset, or there is no such labeler.
    """
    dataset, example_ids, labeler = config.dataset, config.example_ids, config.labeler
    why, reviewer = config.why, config.reviewer
    acting.require("plan")
    check_person(reviewer)
    datasets.require(store, dataset)
    asked = list(dict.fromkeys(example_ids))
    if not asked or not reviewer.strip() or not why.strip():
        msg = f"cannot send {len(asked)} rows by {reviewer!r} because {why!r}: give rows, a name and a reason"
        raise RequestError(msg)
    known = labels.labelers(store, dataset)
    if labeler is not None and labeler not in known:
        msg = f"no labels by {labeler!r} in dataset {dataset!r}; there are labels of {', '.join(known) or 'nobody'}"
        raise NotFoundError(msg)
    rows = pl.DataFrame({"example_id": asked}).join(
        views.current(store, dataset, labeler=labeler),
        on="example_id",
        how="left",
        maintain_order="left",
    )
    strangers = rows.filter(pl.col("content_hash").is_null())["example_id"]
    if len(strangers):
        msg = f"no row {strangers[0]!r} in dataset {dataset!r} ({len(strangers)} of {len(asked)} are unknown)"
        raise NotFoundError(msg)
    waiting = pl.col("example_id").is_in(list(plans.waiting(store, dataset)))
    excluded = (pl.col("out") == EXCLUDED).fill_null(False)
    left_out = {EXCLUDED: rows.filter(excluded).height, WAITING: rows.filter(waiting & ~excluded).height}
    going = rows.filter(~waiting & ~excluded)
    if going.is_empty():
        return SendReport(None, dataset, 0, _some(left_out))
    told = partial(audit.telling, actor=acting.actor(), action="send", subject=dataset, rows=going.height, why=why)
    plan = _store(store, dataset, going, f"sent to review by {reviewer}: {why}", labeler or ", ".join(known), told)
    return SendReport(plan, dataset, going.height, _some(left_out))


def _some(counts: dict[str, int]) -> dict[str, int]:
    return {reason: n for reason, n in counts.items() if n}


def _store(store: Store, dataset: str, rows: pl.DataFrame, why: str, labeler: str, telling: Callable[..., Told]) -> str:
    """Store the plan, with the event that tells of it; returns its id."""
    as_of = store.seq()
    plan = short_id("plan", [dataset, "sent", as_of, rows["example_id"].to_list()])
    state = rows.select("example_id", "content_hash", pl.lit("sent").alias("stratum"))
    plans.add(
        store,
        plan=plan,
        dataset=dataset,
        purpose="sent",
        labeler=labeler or labels.NOBODY,
        seed=0,
        as_of_seq=as_of,
        settings={"reviews": 0, "risk_reviews": rows.height, "why": why},
        rows=state.hstack(
            rows.select("teacher_value", pl.col("value").alias("drawn_value"), pl.col("basis").alias("drawn_status"))
        ),
        tasks=state.with_columns(
            task=pl.Series([short_id("t", [plan, example]) for example in rows["example_id"]]),
            stream=pl.lit("risk"),
            # Chosen, not drawn: as in the risk stream of a spot-check, recorded as 1 and kept out of estimates.
            inclusion_probability=pl.lit(1.0),
            position=pl.int_range(pl.len(), dtype=pl.Int64),
            blind=pl.lit(False),
            proposed=rows["value"],
            why=pl.lit(why),
        ),
        told=telling(plan=plan),
    )
    return plan
