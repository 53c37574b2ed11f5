"""The review queue as a Streamlit component: many rows in the browser, answers acknowledged one by one.

A widget for each decision mislabels fast reviewers, because the screen changes under their fingers. Here the
browser holds a prefetched queue and moves on by itself; every answer carries the id of the task that was on
screen and an id of its own, is kept in the browser until the server names it as stored, and is sent again as
often as needed. The server applies each id once (protocol.py, queue.js).

Blind rows come without the teacher's label. Where the stored first look disagrees with the teacher, the row
comes back in `second_looks` and is shown next, after the card that is on screen by then: a card is never
replaced under the reviewer's fingers, and a second look has keys of its own (K, T).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import streamlit as st

from pages.components.protocol import PREFETCH, Applied, component_source, cut, exchange, read_actions, read_form

__all__ = [
    "PREFETCH",
    "Applied",
    "Card",
    "Neighbour",
    "QueueState",
    "Recent",
    "ReviewAction",
    "SecondLook",
    "parse_actions",
    "review_queue",
]
ActionVerdict = Literal["accept", "edit", "reject", "skip", "undo", "second_look"]
NEIGHBOUR_LIMIT = 600
"""Characters of a neighbour's text that are shown."""

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "curator_review_queue",
    html=(_HERE / "review.html").read_text(encoding="utf-8"),
    css=(_HERE / "review.css").read_text(encoding="utf-8"),
    js=component_source(
        "queue.js",
        "diff.js",
        "json_schema.js",
        "fields.js",
        "answer_editor.js",
        "review/review.js",
    ),
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
class Neighbour:
    """A settled row like the one on screen; `similarity` is a cosine, -1..1."""

    text: str
    value: str
    similarity: float


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


def parse_actions(payload: object) -> tuple[list[ReviewAction], dict[str, str]]:
    """Read what the browser sent: the well-formed actions in order, and the reason for each refused action id."""
    return read_actions(payload, _action)


def _action(raw: Mapping[str, Any]) -> ReviewAction:
    """Make an action of one raw record.

    Raises:
        ValueError: With the reason why it is none.
    """
    form = read_form(raw, get_args(ActionVerdict))
    if form["verdict"] in ("accept", "edit", "second_look") and not (form["value"] or "").strip():
        msg = f"verdict {form['verdict']!r} needs a value"
        raise ValueError(msg)
    return ReviewAction(**form)


def review_queue(
    *,
    key: str,
    scope: str,
    kind: str,
    labels: Sequence[str],
    schema: Mapping[str, Any] | None = None,
    rubric: str = "",
    definitions: Mapping[str, str] | None = None,
    neighbours: Callable[[str], Sequence[Neighbour] | str] | None = None,
    load: Callable[[], QueueState],
    apply: Callable[[Sequence[ReviewAction]], Applied],
    together: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> None:
    """Show the queue; store what the reviewer did, then hand out what is open.

    Call it inside an `st.fragment`, so that an answer reruns nothing else.

    Args:
        key: Key of the component; one for each plan and reviewer.
        scope: Names store, plan and reviewer; unsent answers are kept in the browser under it.
        kind: Kind of the task (`classification`, `extraction`, `sql`, `text`).
        labels: Labels to choose from, empty where the answer is text. The first nine have a digit key.
        schema: JSON schema of an extraction's answers: its properties become the fields of a form.
        rubric: The rubric's text, shown by `?`.
        definitions: Label -> definition, shown with it.
        neighbours: Task id -> the nearest settled rows, or why there are none; asked for by the dot.
        load: Reads the state of the queue; called after `apply`.
        apply: Stores actions in order, each id once, and says which are stored.
        together: The store's `together`, so that a save waits for others once.
    """
    static = {
        "kind": kind,
        "labels": list(labels),
        "schema": schema,
        "scope": scope,
        "rubric": rubric,
        "definitions": dict(definitions or {}),
        "has_neighbours": neighbours is not None,
    }
    exchange(
        _component,
        key=key,
        read=_action,
        apply=apply,
        data=lambda: {**_state(load()), **static},
        answer=None if neighbours is None else lambda task: _near(neighbours(task)),
        together=together,
    )


def _near(found: Sequence[Neighbour] | str) -> dict[str, Any]:
    """Build the JSON of an answer about neighbours."""
    if isinstance(found, str):
        return {"neighbours": [], "note": found}
    return {"neighbours": [asdict(replace(n, text=n.text[:NEIGHBOUR_LIMIT])) for n in found], "note": ""}


def _state(state: QueueState) -> dict[str, Any]:
    """Build the JSON of a state for the browser."""
    return {
        "items": [_clipped(asdict(card)) for card in state.items],
        "second_looks": [_clipped(asdict(card)) for card in state.second_looks],
        "recent": [
            {"item": _clipped(asdict(r.item)), "action_id": r.action_id, "second": r.second} for r in state.recent
        ],
        "progress": {"done": state.done, "total": state.total},
    }


def _clipped(card: dict[str, Any]) -> dict[str, Any]:
    return {**card, "text": cut(card["text"])}
