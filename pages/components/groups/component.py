"""Groups of alike rows as a Streamlit component: side by side, and one key settles a group.

The same safe protocol as the review component (protocol.py, queue.js): the next groups are in the browser
before they are needed, an action carries the id of the group that was on screen, and is applied once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import streamlit as st

from pages.components.protocol import Applied, component_source, exchange, read_form

GroupVerdict = Literal["relabel", "merge", "keep", "exclude", "skip", "undo"]
GROUPS_HELD = 60
"""Groups to hand to the browser at once: at a key each 50 ms it does not run dry."""
BUDGET = 400_000
"""Characters of text in one message; the first groups are sent whatever they hold."""
FIRST = 8

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "curator_group_queue",
    html=(_HERE / "groups.html").read_text(encoding="utf-8"),
    css=(_HERE / "groups.css").read_text(encoding="utf-8"),
    js=component_source("queue.js", "groups/groups.js"),
)


@dataclass(frozen=True, slots=True)
class Member:
    """One row of a group.

    `pieces` are the text in order, each with whether it differs within the group; `notes` say what a person should
    know about the row (how it is alike, that it was reviewed, that it is left out).
    """

    example_id: str
    name: str
    pieces: Sequence[tuple[str, bool]]
    label: str | None
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class GroupCard:
    """One group on screen.

    `task_id` is the finding. `labels` (label, rows) are the answers to choose from where the group is a
    contradiction. `suggested` is a label there, and the row to keep among duplicates, None where their answers differ.
    `rows` counts all rows, shown or not; `warning` is empty where there is nothing to warn of.
    """

    task_id: str
    contradiction: bool
    why: str
    members: Sequence[Member]
    rows: int
    labels: Sequence[tuple[str, int]]
    suggested: str | None
    warning: str = ""

    @property
    def size(self) -> int:
        """Characters of text."""
        return sum(len(piece) for member in self.members for piece, _ in member.pieces)


@dataclass(frozen=True, slots=True)
class GroupAction:
    """One thing that the reader did. `undoes` is the action, or the stored decision, that an undo takes back."""

    action_id: str
    task_id: str
    verdict: GroupVerdict
    value: str | None = None
    seconds: float | None = None
    note: str | None = None
    undoes: str | None = None


@dataclass(frozen=True, slots=True)
class GroupState:
    """What the browser needs, as of now. `recent` are (group, decision) that U takes back, oldest first."""

    items: Sequence[GroupCard]
    recent: Sequence[tuple[GroupCard, str]]
    done: int
    total: int


def read_action(raw: Mapping[str, Any]) -> GroupAction:
    """Make an action of one raw record.

    Raises:
        ValueError: With the reason why it is none.
    """
    form = read_form(raw, get_args(GroupVerdict))
    if form["verdict"] in ("relabel", "merge") and not (form["value"] or "").strip():
        msg = f"verdict {form['verdict']!r} needs a value"
        raise ValueError(msg)
    return GroupAction(**form)


def group_queue(
    *,
    key: str,
    scope: str,
    labels: Sequence[str],
    may_decide: bool,
    load: Callable[[], GroupState],
    apply: Callable[[Sequence[GroupAction]], Applied],
) -> None:
    """Show the groups; store what the reader did, then hand out what is open. Call it inside an `st.fragment`.

    Args:
        key: Key of the component; one for each list of groups.
        scope: Names store, dataset and reader; unsent answers are kept in the browser under it.
        labels: All labels of the task, empty where answers are free.
        may_decide: Whether keys settle groups; else one only looks (S goes on, U back).
        load: Reads the groups; called after `apply`.
        apply: Stores actions in order, each id once, and says which are stored.
    """
    fixed = {"scope": scope, "labels": list(labels), "mayDecide": may_decide}
    exchange(_component, key=key, read=read_action, apply=apply, data=lambda: {**_data(load()), **fixed})


def _data(state: GroupState) -> dict[str, Any]:
    """Build the JSON of a state for the browser, within the budget."""
    items: list[dict[str, Any]] = []
    spent = 0
    for group in state.items[:GROUPS_HELD]:
        spent += group.size
        if spent > BUDGET and len(items) >= FIRST:
            break
        items.append(asdict(group))
    return {
        "items": items,
        "recent": [{"item": asdict(group), "action_id": decision} for group, decision in state.recent],
        "progress": {"done": state.done, "total": state.total},
    }
