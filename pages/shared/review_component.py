"""The review queue as a Streamlit component: many rows in the browser, answers acknowledged one by one.

A widget for each decision mislabels fast reviewers, because the screen changes under their fingers. Here the
browser holds a prefetched queue and moves on by itself; every answer carries the id of the task that was on
screen and an id of its own, is kept in the browser until the server names it as stored, and is sent again as
often as needed. The server applies each id once.

Blind rows come without the teacher's label. Where the stored first look disagrees with the teacher, the row
comes back in `second_looks` and is shown next, after the card that is on screen by then: a card is never
replaced under the reviewer's fingers, and a second look has keys of its own (K, T).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

import streamlit as st

from curator.errors import CuratorError

ActionVerdict = Literal["accept", "edit", "reject", "skip", "undo", "second_look"]
PREFETCH = 80
"""Rows to hand to the browser at once: 10 ran dry at a key each 50 ms, 60 did not."""
TEXT_LIMIT = 20_000
"""Characters of one row that are sent to the browser; the card says how many more there are."""

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "curator_review_queue",
    html=(_HERE / "review.html").read_text(encoding="utf-8"),
    css=(_HERE / "review.css").read_text(encoding="utf-8"),
    js=(_HERE / "review.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """One row for the reviewer. A blind row must come with `proposed` None."""

    task_id: str
    text: str
    proposed: str | None
    blind: bool
    why: str
    stream: str

    def __post_init__(self) -> None:
        if self.blind and self.proposed is not None:
            msg = f"task {self.task_id} is blind: its proposed label must not reach the browser"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class SecondLook:
    """A blind row whose first look (`first`) differs from the teacher's answer (`proposed`)."""

    task_id: str
    text: str
    proposed: str
    first: str
    why: str
    stream: str
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Recent:
    """An answer that U can still take back; `second` where it was a second look."""

    item: Card | SecondLook
    action_id: str
    second: bool = False


@dataclass(frozen=True, slots=True)
class QueueState:
    """What the browser needs, as of now: open rows in order, second looks that are due, progress.

    `recent` is the reviewer's last answers, oldest first; `done` and `total` count tasks.
    """

    items: Sequence[Card]
    second_looks: Sequence[SecondLook]
    recent: Sequence[Recent]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ReviewAction:
    """One thing the reviewer did. `undoes` is the action id that an undo takes back."""

    action_id: str
    task_id: str
    verdict: ActionVerdict
    value: str | None = None
    seconds: float | None = None
    note: str | None = None
    undoes: str | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """Which action ids are stored (now or before), and which were refused and why."""

    stored: Sequence[str]
    refused: Mapping[str, str] = field(default_factory=dict)


def parse_actions(payload: object) -> tuple[list[ReviewAction], dict[str, str]]:
    """Read what the browser sent, trusting nothing of it.

    Args:
        payload: The component's `actions` state: `{"sent": int, "list": [action, …]}`.

    Returns:
        The well-formed actions in order, and the reason for each refused action id.
    """
    sent = payload.get("list") if isinstance(payload, Mapping) else None
    actions: list[ReviewAction] = []
    refused: dict[str, str] = {}
    for raw in sent if isinstance(sent, Sequence) else ():
        if not isinstance(raw, Mapping) or not isinstance(raw.get("action_id"), str):
            continue
        problem = _problem(raw)
        if problem:
            refused[raw["action_id"]] = problem
            continue
        seconds = raw.get("seconds")
        actions.append(
            ReviewAction(
                action_id=raw["action_id"],
                task_id=raw["task_id"],
                verdict=cast("ActionVerdict", raw["verdict"]),
                value=raw.get("value"),
                seconds=None if seconds is None else max(0.0, float(seconds)),
                note=raw.get("note"),
                undoes=raw.get("undoes"),
            )
        )
    return actions, refused


def _problem(raw: Mapping[str, Any]) -> str | None:
    """Say what is wrong with one raw action, or None."""
    if not isinstance(raw.get("task_id"), str):
        return "the answer names no task"
    if raw.get("verdict") not in get_args(ActionVerdict):
        return f"unknown verdict {raw.get('verdict')!r}"
    if any(not isinstance(raw.get(name), str | None) for name in ("value", "note", "undoes")):
        return "value, note and undoes must be text"
    if not isinstance(raw.get("seconds"), int | float | None):
        return "seconds must be a number"
    if raw["verdict"] in ("accept", "edit", "second_look") and not (raw.get("value") or "").strip():
        return f"verdict {raw['verdict']!r} needs a value"
    if raw["verdict"] == "undo" and not raw.get("undoes"):
        return "an undo must name the answer that it takes back"
    return None


def review_queue(
    *,
    key: str,
    scope: str,
    kind: str,
    labels: Sequence[str],
    load: Callable[[], QueueState],
    apply: Callable[[Sequence[ReviewAction]], Applied],
) -> None:
    """Show the queue; store what the reviewer did, then hand out what is open.

    Call it inside an `st.fragment`, so that an answer reruns nothing else.

    Args:
        key: Key of the component; one for each plan and reviewer.
        scope: Names store, plan and reviewer; unsent answers are kept in the browser under it.
        kind: Kind of the task (`classification`, `extraction`, `sql`, `text`).
        labels: Labels to choose from, empty where the answer is text. The first nine have a digit key.
        load: Reads the state of the queue; called after `apply`.
        apply: Stores actions in order, each id once, and says which are stored.
    """
    memory = f"{key}:stored"
    payload = dict(st.session_state.get(key) or {}).get("actions")
    applied = _store(payload, apply, memory)
    result = _component(
        key=key,
        data=_data(load(), applied, payload, kind=kind, labels=labels, scope=scope),
        default={"actions": {"sent": 0, "list": []}},
        on_actions_change=lambda: None,
    )
    # After a restart of the server the browser sends its state to a session that has not seen the component
    # yet, so it arrives only now.
    actions, _ = parse_actions(result.actions)
    known = {*applied.stored, *applied.refused}
    if any(action.action_id not in known for action in actions) and _store(result.actions, apply, memory).stored:
        st.rerun(scope="fragment")


def _store(payload: object, apply: Callable[[Sequence[ReviewAction]], Applied], memory: str) -> Applied:
    """Apply the actions not applied before by this session; a failing store acknowledges nothing."""
    actions, refused = parse_actions(payload)
    before: set[str] = st.session_state.get(memory, set())
    fresh = [action for action in actions if action.action_id not in before]
    try:
        applied = apply(fresh) if fresh else Applied(())
    except CuratorError as error:
        st.error("The answers could not be stored; they are kept in this browser and sent again.")
        st.text(str(error))
        applied = Applied(())
    stored = [action.action_id for action in actions if action.action_id in before] + list(applied.stored)
    st.session_state[memory] = set(stored)
    return Applied(stored, {**refused, **applied.refused})


def _data(
    state: QueueState, applied: Applied, payload: object, *, kind: str, labels: Sequence[str], scope: str
) -> dict[str, Any]:
    """Build the JSON that the browser gets."""
    sent = payload.get("sent") if isinstance(payload, Mapping) else None
    return {
        "items": [_clipped(asdict(card)) for card in state.items],
        "second_looks": [_clipped(asdict(card)) for card in state.second_looks],
        "recent": [
            {"item": _clipped(asdict(r.item)), "action_id": r.action_id, "second": r.second} for r in state.recent
        ],
        "progress": {"done": state.done, "total": state.total},
        "labels": list(labels),
        "kind": kind,
        "scope": scope,
        "ack": list(applied.stored),
        "refused": dict(applied.refused),
        "sent": sent if isinstance(sent, int) else 0,
    }


def _clipped(card: dict[str, Any]) -> dict[str, Any]:
    """Cut a text that would make the page slow, and say so at its end."""
    more = len(card["text"]) - TEXT_LIMIT
    if more > 0:
        card["text"] = f"{card['text'][:TEXT_LIMIT]}\n[… {more:,} more characters are not shown here]"
    return card
