"""What is where: of each plan its queue, its reviewers, how far and how fast they are, and what they hold."""

import json
import time
from dataclasses import dataclass
from typing import Any

from storage.access import audit
from storage.engine.store import Store
from storage.review import plans
from storage.review.reviews import LEASE_SECONDS
from storage.views import progress
from storage.views.progress import PlanProgress

PACE_SECONDS = 60 * 60
"""Answers of this last stretch of time make the pace."""
_LOG = 1_000_000


@dataclass(frozen=True, slots=True)
class Held:
    """Tasks that a reviewer holds and has not answered, and for how long the oldest has been held, in seconds."""

    reviewer: str
    tasks: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """Where one plan stands. Counts are tasks unless they say otherwise; gold cards are left aside.

    Attributes:
        plan: The plan's id.
        board: "argilla" where the plan was routed to, else "native".
        progress: How far its review is.
        held: Open leases of the native queue, the oldest first.
        last_answer: When the last answer came (this machine's time, to the minute), or None.
        last_hour: Answers within the last hour.
        routed: The newest event of `curator route`, with `at`, or None.
        pulled: The newest event of `curator pull`, with `at`, or None.
    """

    plan: str
    board: str
    progress: PlanProgress
    held: tuple[Held, ...]
    last_answer: str | None
    last_hour: int
    routed: dict[str, Any] | None
    pulled: dict[str, Any] | None


def of_dataset(store: Store, dataset: str, *, now: float | None = None) -> tuple[PlanStanding, ...]:
    """Where every plan of the dataset stands, newest first.

    Args:
        store: The project's store.
        dataset: Whose plans.
        now: Seconds since 1970; default the clock.
    """
    moment = time.time() if now is None else now
    routed, pulled = _newest(store, "route", "route:begin"), _newest(store, "pull")
    return tuple(
        _standing(store, found.id, moment, routed.get(found.id), pulled.get(found.id))
        for found in plans.of_dataset(store, dataset)
    )


def _standing(
    store: Store, plan: str, now: float, routed: dict[str, Any] | None, pulled: dict[str, Any] | None
) -> PlanStanding:
    held = store.rows(
        "select l.reviewer, count(*), min(l.expires) from lease l join review_task t using (task) "
        "where t.plan = ? and l.expires >= ? and not exists "
        "(select 1 from review r where r.task = l.task and r.reviewer = l.reviewer) group by l.reviewer order by 3, 1",
        [plan, now],
    )
    ((last, recent),) = store.rows(  # both moments in the machine's time zone
        "select strftime(max(created_at), '%Y-%m-%d %H:%M'), "
        "count(*) filter (created_at >= to_timestamp(?)::timestamp) from review where plan = ? and verdict <> 'undo'",
        [now - PACE_SECONDS, plan],
    )
    return PlanStanding(
        plan=plan,
        board=str(routed["to"]) if routed else "native",
        progress=progress.of_plan(store, plan),
        held=tuple(Held(who, n, max(0.0, now - (expires - LEASE_SECONDS))) for who, n, expires in held),
        last_answer=last,
        last_hour=recent,
        routed=routed,
        pulled=pulled,
    )


def _newest(store: Store, *actions: str) -> dict[str, dict[str, Any]]:
    """Plan -> the newest event of these kinds about it, with when it was (this machine's time)."""
    found: dict[str, dict[str, Any]] = {}
    for event in audit.events(store, _LOG, actions=actions).iter_rows(named=True):
        if event["subject"] not in found:
            found[event["subject"]] = json.loads(event["detail"]) | {"at": f"{event['created_at']:%Y-%m-%d %H:%M}"}
    return found
