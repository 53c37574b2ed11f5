"""Labels of a teacher, with the event that tells of them."""

from typing import Any

from curator.records import Label
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import labels
from storage.engine.store import Appended, Connection, Store


def keep(store: Store, dataset: str, teacher: str, made: list[Label], cost: float, since: int) -> int:
    """Append labels with their event, which tells what was paid even where nothing came; returns how many went in.

    Args:
        store: The store.
        dataset: Of the labels.
        teacher: Who gave them.
        made: The labels.
        cost: US dollars of the requests behind them.
        since: The seq at which the caller looked at what is there.
    """
    acting.require("ingest")
    about: dict[str, Any] = {"actor": acting.actor(), "action": "label", "subject": dataset, "teacher": teacher}
    paid = iter([cost])  # by all of them together: it is told with the first block

    def told(connection: Connection, what: Appended) -> None:
        audit.append(connection, what, labeled=what.added, cost_usd=next(paid, 0.0), **about)

    added = labels.add(store, dataset, made, since=since, told=told)
    if left := next(paid, 0.0):
        audit.note(store, labeled=0, cost_usd=left, **about)
    return added
