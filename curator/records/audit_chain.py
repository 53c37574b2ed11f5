"""The hash chain of the audit log."""

import hashlib
import json
from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it is stored; `detail` is JSON text."""

    seq: int
    created_at: str
    actor: str
    action: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The newest event's link, which stands for all events up to it.

    Attributes:
        seq: The event's.
        hash: SHA-256 in hexadecimal, to be kept elsewhere.
    """

    seq: int
    hash: str


def link(head: str, event: Event) -> str:
    """The hash that holds the event to all events before it.

    Args:
        head: The hash of the event before, "" for the first.
        event: The event.

    Returns:
        SHA-256 in hexadecimal.
    """
    content = json.dumps([head, *astuple(event)], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
