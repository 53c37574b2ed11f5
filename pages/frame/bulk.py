"""A decision about many chosen rows: a confirmation that says how many, and undo, several steps back."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from curator.errors import CuratorError
from curator.review import standing_decisions
from curator.statistics import counted
from pages.frame.guard import User, allow, recheck
from pages.frame.session import show_error
from pages.frame.words import ACTIONS, clipped
from pipelines.analysis import decide
from pipelines.review import send
from storage.engine.store import Store
from storage.review import reviews

BulkAction = Literal["accept", "relabel", "keep", "exclude", "send"]
_PENDING, _DONE = "bulk_pending", "bulk_done"
_RECENT = 30
VOID = (
    "A decision about labels voids the certificate: it holds again once a fresh spot-check, drawn after the "
    "decision, is reviewed."
)
QUESTIONS: dict[BulkAction, str] = {
    "accept": "Give {rows} the label that is suggested for each?",
    "relabel": "Give {rows} the label below?",
    "keep": "Keep the labels of {rows}, and take them off this list?",
    "exclude": "Leave {rows} out of later spot-checks and releases?",
    "send": "Send {rows} to review, one by one?",
}
NOT_SENT = {send.WAITING: "since they wait there already", send.EXCLUDED: "since they are left out"}
_SAID: dict[BulkAction, str] = {
    "accept": "The suggested label for {rows}: done.",
    "relabel": "A new label for {rows}: done.",
    "keep": "Labels kept: {rows}.",
    "exclude": "Left out: {rows}.",
    "send": "Sent to review: {rows}.",
}


@dataclass(frozen=True, slots=True)
class Bulk:
    """What is about to be done: to which rows, and for `accept` and `relabel` the label of each.

    `about` says in words how the rows were chosen; it goes into the record. `weak` counts the rows whose label has
    more support than the suggestion.
    """

    action: BulkAction
    example_ids: tuple[str, ...]
    values: Mapping[str, str]
    about: str
    weak: int = 0


def ask(bulk: Bulk) -> None:
    """Note what to ask about in this run: a callback of a button, which therefore means the rows on screen then."""
    st.session_state[_PENDING] = bulk


def pending(store: Store, dataset: str, user: User) -> None:
    """Ask about what was noted. Call once on a page, after its tables."""
    bulk = st.session_state.get(_PENDING)
    if bulk is not None:
        _confirm(store, dataset, user, bulk)


def _dismissed() -> None:
    st.session_state.pop(_PENDING, None)


@st.dialog("Please confirm", on_dismiss=_dismissed)
def _confirm(store: Store, dataset: str, user: User, bulk: Bulk) -> None:
    recheck()
    number = counted(len(bulk.example_ids))
    st.text(QUESTIONS[bulk.action].format(rows=number))
    if bulk.action == "accept":
        st.dataframe(_by_label(bulk.values), height=min(38 + 36 * len(set(bulk.values.values())), 260))
        if bulk.weak:
            st.warning(f"{counted(bulk.weak)} of them: the present label has more support than the suggestion.")
    elif bulk.action == "relabel":
        st.code(next(iter(bulk.values.values())), language=None)
    st.text(bulk.about)
    if bulk.action in ("accept", "relabel"):
        st.text(VOID)
    st.text("They wait in Review." if bulk.action == "send" else "You can take it back afterwards.")
    why = st.text_input("Why", placeholder="goes into the record with your name")
    if st.button(f"Yes, {number}", type="primary"):
        do(store, dataset, user, bulk, why)
        _dismissed()
        st.rerun()


def do(store: Store, dataset: str, user: User, bulk: Bulk, why: str = "") -> None:
    """Store it, and remember how to take it back."""
    reason = why.strip() or bulk.about
    done = st.session_state.setdefault(_DONE, [])
    try:
        if bulk.action == "send":
            report = send.run(send.SendConfig(dataset, bulk.example_ids, reason, user.name), store)
            left = "".join(f" Not sent, {NOT_SENT[name]}: {counted(n)}." for name, n in report.left_out.items())
            done.append((_SAID["send"].format(rows=counted(report.sent)) + left, ()))
            return
        ident = uuid.uuid4().hex
        records = [
            {"action_id": f"{ident}:{n}", "reviewer": user.name, "reason": reason, **record}
            for n, record in enumerate(_records(bulk))
        ]
        taken = decide.take(records, dataset, store)
    except CuratorError as error:
        show_error(error)
        st.stop()
    if taken.rejects:
        st.error("That was not decided.")
        st.text(str(taken.rejects[0]["detail"]))
        st.stop()
    decisions = tuple(decide.decision_id(dataset, str(record["action_id"])) for record in records)
    done.append((_SAID[bulk.action].format(rows=counted(len(bulk.example_ids))), decisions))


def said(store: Store, dataset: str, user: User) -> None:
    """Say what was done last, with the button that takes it back; then the one before."""
    done: list[tuple[str, tuple[str, ...]]] = st.session_state.get(_DONE, [])
    if not done:
        return
    text, decisions = done[-1]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.success(text)
        if decisions:
            st.button("Undo", on_click=_undo, args=(store, dataset, user, decisions), key=f"undo:{decisions[0]}")


def _undo(store: Store, dataset: str, user: User, decisions: Sequence[str]) -> None:
    take_back(store, dataset, user, decisions)
    st.session_state[_DONE] = [step for step in st.session_state[_DONE] if step[1] != decisions]


def take_back(store: Store, dataset: str, user: User, decisions: Sequence[str]) -> None:
    """Take decisions back by name; one that is taken back already stays so. Shows why where that did not work."""
    ident = uuid.uuid4().hex
    records = [
        {"action_id": f"{ident}:{n}", "action": "undo", "decision": decision, "reviewer": user.name, "reason": "undo"}
        for n, decision in enumerate(decisions)
    ]
    try:
        decide.take(records, dataset, store)
    except CuratorError as error:
        show_error(error)


def history(store: Store, dataset: str, user: User) -> None:
    """List the newest decisions in force, whoever took them, and take back the ones that are chosen."""
    taken = standing_decisions(reviews.taken(store, dataset))[: -_RECENT - 1 : -1]
    if not taken:
        return
    with st.expander("Decisions in force, newest first"):
        table = [
            {
                "what": ACTIONS[d.action],
                "label": d.value if d.action == "relabel" else "",
                "rows": d.rows,
                "who": d.reviewer,
                "why": clipped(d.reason),
                "when": d.created_at,
            }
            for d in taken
        ]
        key = f"history:{taken[0].decision}:{len(taken)}"
        picked = st.dataframe(table, on_select="rerun", selection_mode="multi-row", key=key, height="content")
        chosen = tuple(taken[place].decision for place in picked.selection.rows)
        label = f"Take back {len(chosen)} of them" if chosen else "Choose what to take back"
        args = (store, dataset, user, chosen)
        st.button(
            label,
            disabled=not chosen or not allow(user, "exclude"),
            on_click=take_back,
            args=args,
            key=f"back:{'.'.join(chosen)}",
        )


def _records(bulk: Bulk) -> list[dict[str, object]]:
    """One decision, or one for each label that rows get."""
    if bulk.action in ("keep", "exclude"):
        return [{"action": bulk.action, "example_ids": list(bulk.example_ids)}]
    by_value: dict[str, list[str]] = {}
    for example in bulk.example_ids:
        by_value.setdefault(bulk.values[example], []).append(example)
    return [{"action": "relabel", "value": value, "example_ids": ids} for value, ids in by_value.items()]


def _by_label(values: Mapping[str, str]) -> list[dict[str, object]]:
    counts: dict[str, int] = {}
    for value in values.values():
        counts[value] = counts.get(value, 0) + 1
    return [{"new label": v, "rows": n} for v, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
