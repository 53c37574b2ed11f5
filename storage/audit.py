"""The append-only audit log of decisions, exports, waivers and launches."""

import json
from typing import Any

import polars as pl

from storage.store import Store


def note(store: Store, *, actor: str, action: str, subject: str, **detail: Any) -> None:  # noqa: ANN401 - JSON
    """Append one event."""
    event = pl.DataFrame(
        {
            "actor": [actor],
            "action": [action],
            "subject": [subject],
            "detail": [json.dumps(detail, ensure_ascii=False, sort_keys=True)],
        }
    )
    store.append("audit_event", event)


def events(store: Store, limit: int = 1000) -> pl.DataFrame:
    """The newest events: seq, created_at, actor, action, subject, detail (JSON)."""
    return store.frame(
        "select seq, created_at, actor, action, subject, detail from audit_event order by seq desc limit ?",
        [limit],
    )
