"""What somebody asks to decide about rows, as a file or the app says it, before it is known whether it can be taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curator.errors import DataError

_ROWS = ("finding_id", "example_ids", "external_ids", "decision")
"""Ways to name the rows; `decision` is for an undo, and names the one decision that it takes back."""
_KEYS = {*_ROWS, "action", "value", "reviewer", "reason"}


class DecisionRefused(DataError):
    """A request that cannot be taken; `reason` is one word for it."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class DecisionRequest:
    """One request. Of the four ways to name rows just one is given.

    Attributes:
        action: What to decide; not checked yet.
        value: The label of a relabel, or the row that a merge keeps, as JSON has it; None where it says nothing.
        reviewer: Who decides; not checked yet.
        reason: Why; may be empty.
        finding_id: The finding whose rows are meant.
        example_ids: The rows, by our ids, each once.
        external_ids: The rows, by the ids of their files, each once.
        decision: The decision that an undo takes back.
    """

    action: str | None = None
    value: Any = None
    reviewer: Any = None
    reason: str = ""
    finding_id: str | None = None
    example_ids: tuple[str, ...] = ()
    external_ids: tuple[str, ...] = ()
    decision: str | None = None


def read_decision_request(record: Mapping[str, Any]) -> DecisionRequest:
    """Read a request from the JSON of a file or of the browser.

    Raises:
        DecisionRefused: A key is unknown, the rows are named in no way or in several, or ids are no list.
    """
    if unknown := sorted(set(record) - _KEYS):
        raise DecisionRefused("unknown_key", f"unknown key {unknown[0]!r}, expected {', '.join(sorted(_KEYS))}")
    named = [key for key in _ROWS if record.get(key)]
    if len(named) != 1:
        raise DecisionRefused("no_rows", f"name the rows by exactly one of {', '.join(_ROWS)}")
    if named[0] == "decision" and record.get("action") != "undo":
        raise DecisionRefused("no_rows", "`decision` names what an undo takes back; name the rows otherwise")
    given = record[named[0]]
    if named[0] in ("example_ids", "external_ids"):
        if not isinstance(given, list | tuple):
            raise DecisionRefused("no_rows", f"`{named[0]}` is {type(given).__name__}, expected a list of ids")
        given = tuple(dict.fromkeys(str(each) for each in given))  # a row named twice is decided once
    else:
        given = str(given)
    action = record.get("action")
    return DecisionRequest(
        action=action if action is None else str(action),
        value=record.get("value"),
        reviewer=record.get("reviewer"),
        reason=str(record.get("reason") or ""),
        **{named[0]: given},
    )
