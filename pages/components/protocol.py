"""Python's half of every queue of cards: read what the browser sent, apply each action once, name what is stored.

The browser's half is queue.js. The contract between them:

- The component's state `actions` is `{"sent": int, "list": [action, …]}`: what the browser has not seen acknowledged,
  oldest first. An action has an `action_id` of its own, a `task_id`, a `verdict`, and may have a `value`, `seconds`,
  a `note`, and the id of the action that it takes back in `undoes`.
- The component's data holds `ack` (ids that are stored), `refused` (id -> reason), `sent` (the number of the newest
  message that was read), `scope`, `items` (open, in order, each with a `task_id`), `recent` (cards that U takes back:
  `{"item", "action_id", …}`, oldest first), `progress` (`done` and `total`), `answer`, and what the component needs.
- The state `ask` is `{"n", "task_id"}`: a question about one task. Its `answer` carries the same `n`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import streamlit as st

from curator.errors import CuratorError, OutsideError
from pages.frame.guard import recheck

PREFETCH = 80
"""Items to hand to the browser at once: 10 ran dry at a key each 50 ms, 60 did not."""
_TEXT_LIMIT = 20_000
"""Characters of one text that are sent to the browser; the card says how many more there are."""
SECONDS = 1e9
"""Most seconds that a reviewer can have looked at a card: thirty years."""
COUNT = 2.0**53
"""Whole numbers beyond this are not the browser's."""
TEXT_MOST = {"action_id": 200, "task_id": 200, "undoes": 200, "verdict": 40, "note": 10_000, "value": 2_000_000}
"""Characters of what an action says."""
_HERE = Path(__file__).parent


class Identified(Protocol):
    """An action, whatever else it says."""

    @property
    def action_id(self) -> str:
        """Its own id, made by the browser."""


ActionT = TypeVar("ActionT", bound=Identified)


@dataclass(frozen=True, slots=True)
class Applied:
    """Which action ids are stored (now or before), and which were refused and why."""

    stored: Sequence[str]
    refused: Mapping[str, str] = field(default_factory=dict)


def component_source(*names: str) -> str:
    """Join files of this folder into one module: a component takes its JavaScript as one text.

    The first are libraries without imports and exports (queue.js), the last has the default export.
    """
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)


def read_actions(payload: object, read: Callable[[Mapping[str, Any]], ActionT]) -> tuple[list[ActionT], dict[str, str]]:
    """Read what the browser sent, trusting nothing of it.

    Args:
        payload: The component's `actions` state.
        read: Makes an action of one raw record, or raises ValueError with the reason.

    Returns:
        The well-formed actions in order, and the reason for each refused action id.
    """
    sent = payload.get("list") if isinstance(payload, Mapping) else None
    actions: list[ActionT] = []
    refused: dict[str, str] = {}
    for raw in sent if isinstance(sent, Sequence) else ():
        if not isinstance(raw, Mapping) or not isinstance(raw.get("action_id"), str):
            continue
        if len(raw["action_id"]) > TEXT_MOST["action_id"]:
            continue  # no browser of ours made it, and nobody waits for its acknowledgement
        try:
            actions.append(read(raw))
        except ValueError as error:
            refused[raw["action_id"]] = str(error)
    return actions, refused


def read_form(raw: Mapping[str, Any], verdicts: Sequence[str]) -> dict[str, Any]:
    """Read what all raw actions share: action_id, task_id, verdict, value, seconds (at least 0), note, undoes.

    Raises:
        ValueError: With the reason: a field of the wrong type, or an undo that does not name what it takes back.
    """
    if not isinstance(raw.get("task_id"), str):
        msg = "the answer names no task"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for everything that a browser can send
    if raw.get("verdict") not in verdicts:
        msg = f"unknown verdict {raw.get('verdict')!r}"
        raise ValueError(msg)
    names = ("action_id", "task_id", "verdict", "value", "note", "undoes")
    for name in names:
        _check_text(name, raw.get(name))
    seconds = raw.get("seconds")
    if seconds is not None and not is_number(seconds, SECONDS):
        msg = "seconds must be a number"
        raise ValueError(msg)
    if raw["verdict"] == "undo" and not raw.get("undoes"):
        msg = "an undo must name the answer that it takes back"
        raise ValueError(msg)
    return {name: raw.get(name) for name in names} | {"seconds": None if seconds is None else max(0.0, float(seconds))}


def is_number(value: object, most: float) -> bool:
    """Whether the browser sent a number that is one: NaN, infinities and what no float can hold are none.

    >>> is_number(2, 9), is_number(float("nan"), 9), is_number(10**400, 9), is_number(True, 9)
    (True, False, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most


def _check_text(name: str, text: object) -> None:
    if not isinstance(text, str | None):
        msg = f"{name} must be text"
        raise ValueError(msg)  # noqa: TRY004
    if text is not None and len(text) > TEXT_MOST[name]:
        msg = f"{name} has {len(text):,} characters, at most {TEXT_MOST[name]:,} are taken"
        raise ValueError(msg)
    if text is not None and any("\ud800" <= c <= "\udfff" for c in text):
        msg = f"{name} holds half of a surrogate pair"
        raise ValueError(msg)


def cut(text: str) -> str:
    """Cut a text that would make the page slow, and say so at its end."""
    more = len(text) - _TEXT_LIMIT
    return text if more <= 0 else f"{text[:_TEXT_LIMIT]}\n[… {more:,} more characters are not shown here]"


def exchange(
    component: Callable[..., Any],
    *,
    key: str,
    read: Callable[[Mapping[str, Any]], ActionT],
    apply: Callable[[Sequence[ActionT]], Applied],
    data: Callable[[], Mapping[str, Any]],
    answer: Callable[[str], Mapping[str, Any]] | None = None,
    together: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> None:
    """Store what the reviewer did, then draw the component with what is open.

    Call it inside an `st.fragment`, so that an answer reruns nothing else.

    Args:
        component: What `st.components.v2.component` returned.
        key: Key of the component; one for each queue and reviewer.
        read: Makes an action of one raw record, or raises ValueError with the reason.
        apply: Stores actions in order, each id once, and says which are stored.
        data: The component's data beyond `ack`, `refused` and `sent`; called after `apply`.
        answer: Answers what the reviewer asks about one task (its id), once for each time it is asked.
        together: The store's `together`: the look at the roles, `apply` and `data` then share one opening of it.
    """
    memory = f"{key}:stored"
    payload = dict(st.session_state.get(key) or {}).get("actions")
    applied = Applied(())
    try:
        with together():
            recheck()
            applied = _store(payload, read, apply, memory)
            shown = data()
        st.session_state[f"{key}:shown"] = shown
    except OutsideError as error:
        shown = _as_before(key, error)
    sent = payload.get("sent") if isinstance(payload, Mapping) else None
    told = {
        "ack": list(applied.stored),
        "refused": dict(applied.refused),
        "sent": sent if isinstance(sent, int) and is_number(sent, COUNT) else 0,
    }
    result = component(
        key=key,
        data={**shown, **told, "answer": _answer(key, answer)},
        default={"actions": {"sent": 0, "list": []}, "ask": None},
        on_actions_change=lambda: None,
        on_ask_change=lambda: None,
    )
    # After a restart of the server the browser sends its state to a session that has not seen the component
    # yet, so it arrives only now.
    actions, _ = read_actions(result.actions, read)
    known = {*applied.stored, *applied.refused}
    if any(a.action_id not in known for a in actions) and _store(result.actions, read, apply, memory).stored:
        st.rerun(scope="fragment")


def _as_before(key: str, error: OutsideError) -> Mapping[str, Any]:
    """What the component showed last, while the store cannot be read or written: the browser keeps what it holds."""
    st.error("The store cannot be used just now; your answers are kept in this browser and sent again.")
    st.text(str(error))
    shown: Mapping[str, Any] | None = st.session_state.get(f"{key}:shown")
    if shown is None:
        st.stop()
    return shown


def _answer(key: str, answer: Callable[[str], Mapping[str, Any]] | None) -> dict[str, Any] | None:
    """The answer to the newest question, worked out once: the browser is sent it again with every acknowledgement."""
    asked = dict(st.session_state.get(key) or {}).get("ask")
    if answer is None or not isinstance(asked, Mapping) or not isinstance(asked.get("task_id"), str):
        return None
    if not is_number(asked.get("n"), COUNT):
        return None
    number, memory = asked.get("n"), f"{key}:answer"
    known: dict[str, Any] | None = st.session_state.get(memory)
    if known is None or known["n"] != number:
        known = {**answer(asked["task_id"]), "n": number, "task_id": asked["task_id"]}
        st.session_state[memory] = known
    return known


def _store(
    payload: object,
    read: Callable[[Mapping[str, Any]], ActionT],
    apply: Callable[[Sequence[ActionT]], Applied],
    memory: str,
) -> Applied:
    """Apply the actions not applied before by this session; a failing store acknowledges nothing."""
    actions, refused = read_actions(payload, read)
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
