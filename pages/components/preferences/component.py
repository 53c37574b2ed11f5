"""Two answers side by side, one key for the better: the review of comparisons (protocol.py keeps it safe).

Which answer stands left is fixed by the comparison and known to the server alone, which stores the side with each
choice; nothing that reaches the browser says where an answer comes from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import streamlit as st

from pages.components.protocol import Applied, component_source, cut, exchange, read_form

PreferenceVerdict = Literal["prefer", "skip", "undo"]
PREFERENCES = ("left", "right", "tie")

_component = st.components.v2.component(
    "curator_preferences",
    html=(Path(__file__).parent / "preferences.html").read_text(encoding="utf-8"),
    css=component_source("review/review.css", "preferences/preferences.css"),
    js=component_source("queue.js", "diff.js", "preferences/preferences.js"),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One comparison as the reviewer sees it."""

    task_id: str
    text: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A comparison whose answer U can still take back."""

    item: Pair
    action_id: str


@dataclass(frozen=True, slots=True)
class PreferenceState:
    """What is open, in order, the reviewer's last answers, oldest first, and how many of all are done."""

    items: Sequence[Pair]
    recent: Sequence[Answered]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class PreferenceAction:
    """One thing the reviewer did. `value` is left, right or tie where the verdict is prefer."""

    action_id: str
    task_id: str
    verdict: PreferenceVerdict
    value: str | None = None
    seconds: float | None = None
    note: str | None = None
    undoes: str | None = None


def read_action(raw: Mapping[str, Any]) -> PreferenceAction:
    """Make an action of one raw record.

    Raises:
        ValueError: With the reason why it is none.
    """
    form = read_form(raw, get_args(PreferenceVerdict))
    if form["verdict"] == "prefer" and form["value"] not in PREFERENCES:
        msg = f"{form['value']!r} is no preference; expected {', '.join(PREFERENCES)}"
        raise ValueError(msg)
    return PreferenceAction(**form)


def preference_queue(
    *,
    key: str,
    scope: str,
    kind: str,
    rubric: str,
    load: Callable[[], PreferenceState],
    apply: Callable[[Sequence[PreferenceAction]], Applied],
) -> None:
    """Show the comparisons; store what the reviewer prefers, then hand out what is open.

    Args:
        key: Key of the component; one for each batch and reviewer.
        scope: Names store, batch and reviewer; unsent answers are kept in the browser under it.
        kind: Kind of the task (`classification`, `extraction`, `sql`, `text`).
        rubric: The rubric's text, shown by `?`.
        load: Reads the state; called after `apply`.
        apply: Stores actions in order, each id once, and says which are stored.
    """
    fixed = {"kind": kind, "scope": scope, "rubric": rubric}
    exchange(_component, key=key, read=read_action, apply=apply, data=lambda: {**_data(load()), **fixed})


def _data(state: PreferenceState) -> dict[str, Any]:
    return {
        "items": [_clipped(pair) for pair in state.items],
        "recent": [{"item": _clipped(r.item), "action_id": r.action_id} for r in state.recent],
        "progress": {"done": state.done, "total": state.total},
    }


def _clipped(pair: Pair) -> dict[str, str]:
    return {name: value if name == "task_id" else cut(value) for name, value in asdict(pair).items()}
