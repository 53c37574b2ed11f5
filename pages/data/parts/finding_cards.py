"""Findings on screen: what a check saw, side by side, and the decision about the whole group."""

import uuid
from typing import Any

import streamlit as st

from curator.errors import CuratorError
from curator.records import Finding, make_task
from curator.review import standing_decisions
from pages.frame.guard import User, allow, permitted, recheck
from pages.frame.health import standing_decision
from pages.frame.session import show_error
from pages.frame.words import ACTIONS, clipped, percent, sentence
from pipelines.analysis import decide
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import datasets, examples
from storage.engine.store import Store
from storage.review import reviews

_SHOWN = 500
SIDE_BY_SIDE = 3
_SAID = "decision_said"


def pattern_card(store: Store, dataset: str, user: User, finding: Finding) -> None:
    """Draw one consistent mistake: its groups, then the rule to fix first, then the rows to set."""
    with st.container(border=True):
        st.text(sentence(finding.suggestion.get("text", "")))
        _groups(finding)
        if finding.suggestion.get("value"):
            _rule_form(store, dataset, finding)
            st.text(f"2. Then give the rows of group 1 the label {finding.suggestion['value']}.")
        else:
            st.page_link("pages/review/spot_check.py", label="Review some of each group", icon=":material/verified:")
        decision(store, dataset, user, finding)
        _all_rows(store, dataset, finding)


def group_card(store: Store, dataset: str, user: User, finding: Finding) -> None:
    """Draw another finding: its rows, what was measured, and the decision."""
    with st.container(border=True):
        st.text(sentence(finding.suggestion.get("text", "")))
        members, forms = finding.evidence.get("members"), finding.evidence.get("largest")
        if forms:
            st.text("The most frequent ones (in a slot, 0 stands for numbers, NAME for names, _ for other words):")
            st.dataframe([{"rows": form["rows"], "text": clipped(form["text"])} for form in forms])
        if members:
            hidden = ("example_id", "words", "score")
            shown = [{k: clipped(str(v)) for k, v in m.items() if k not in hidden} for m in members[:_SHOWN]]
            st.dataframe(shown, height=min(38 + 36 * len(shown), 320))
        else:
            _all_rows(store, dataset, finding, open_at_once=not forms)
        decision(store, dataset, user, finding)


def suspects_table(store: Store, dataset: str, found: list[Finding]) -> None:
    """Draw the rows whose label the other rows speak against, most suspect first; these are not mistakes yet."""
    texts = dict(examples.frame(store, dataset).select("example_id", "external_id").iter_rows())
    st.text("Ranked by how little the other rows support the label. A rank is no mistake: a person decides.")
    st.dataframe(
        [
            {
                "rank": rank,
                "id": texts.get(f.example_ids[0], ""),
                "text": clipped(str(f.evidence["members"][0]["text"])),
                "label": f.evidence["given"],
                "supported": percent(f.evidence["given_probability"], 0),
                "other label": f.evidence["likely"],
                "supports the other": percent(f.evidence["likely_probability"], 0),
            }
            for rank, f in enumerate(found[:_SHOWN], start=1)
        ],
        height=480,
    )


def standing_actions(store: Store, dataset: str) -> dict[str, str]:
    """Finding -> what was decided about it, in words, where that was not taken back."""
    standing = standing_decisions(reviews.taken(store, dataset))
    return {d.finding_id: ACTIONS[d.action] for d in standing if d.finding_id is not None}


def decision(store: Store, dataset: str, user: User, finding: Finding) -> None:
    """Draw the decision in force with its undo, or the buttons that take one."""
    if st.session_state.get(_SAID, ("", ""))[0] == finding.id:
        st.success(st.session_state.pop(_SAID)[1])
    standing = standing_decision(store, dataset, finding)
    if standing is not None:
        shown = f": {standing.value}" if standing.action == "relabel" else ""
        st.text(f"Decided by {standing.reviewer} about {standing.rows:,} rows.")
        reason = "" if standing.reason == finding.suggestion.get("text") else clipped(standing.reason)
        st.text(f"{ACTIONS[standing.action]}{shown}. {reason}")
        if st.button("Take it back", key=f"undo:{finding.id}", disabled=not allow(user, "decide")):
            _apply(store, dataset, user, finding, "undo", None, "")
        return
    proposed, value = finding.suggestion.get("action"), finding.suggestion.get("value")
    number = len(finding.rows_for(proposed))
    if not allow(user, "decide"):
        st.text("A reviewer, an engineer or an admin decides about it.")
        return
    with st.container(horizontal=True):
        if proposed in ACTIONS and st.button(
            f"{ACTIONS[proposed]} ({number:,} rows)…", type="primary", key=f"take:{finding.id}"
        ):
            confirm(store, dataset, user, finding, str(proposed), value)
        if st.button("Decide otherwise…", key=f"other:{finding.id}"):
            confirm(store, dataset, user, finding, None, value)


@st.dialog("Decide about the whole group")
def confirm(
    store: Store, dataset: str, user: User, finding: Finding, proposed: str | None, proposed_value: str | None
) -> None:
    """Say how many rows a decision is about, and take it only after a further click."""
    recheck()
    action, value = proposed, proposed_value
    names = [name for name in ACTIONS if name != "undo"]
    labels = list(datasets.task_of(store, dataset).labels)
    if action is None:
        action = str(st.selectbox("Decision", names, index=names.index("keep"), format_func=ACTIONS.__getitem__))
    if action == "relabel" and labels:
        value = str(st.selectbox("New label", labels, index=labels.index(value) if value in labels else 0))
    reason = st.text_input("Why", placeholder="goes into the record with your name")
    number = len(finding.rows_for(action))
    st.text(f"{ACTIONS[action]}: this is about {number:,} rows. Rows that were reviewed one by one keep their review.")
    st.text("A spot-check drawn before no longer covers the rows that change. You can take the decision back.")
    if st.button(f"Yes, decide about {number:,} rows", type="primary"):
        _apply(store, dataset, user, finding, action, value if action == "relabel" else None, reason)


def _apply(
    store: Store, dataset: str, user: User, finding: Finding, action: str, value: str | None, reason: str
) -> None:
    record = {"finding_id": finding.id, "action": action, "reviewer": user.name, "reason": reason}
    record |= {"value": value} if value is not None else {}
    try:
        report = decide.apply([(1, record, None)], dataset, store, source=f"app:{uuid.uuid4()}")
    except CuratorError as error:
        show_error(error)
        return
    if report.rejects:
        st.error("That was not decided.")
        st.text(str(report.rejects[0]["detail"]))
        return
    said = f"Taken back for {report.rows:,} rows." if action == "undo" else f"Decided about {report.rows:,} rows."
    st.session_state[_SAID] = (finding.id, said)
    st.rerun()


def _groups(finding: Finding) -> None:
    groups = finding.evidence.get("groups", ())[:SIDE_BY_SIDE]
    for number, (column, group) in enumerate(zip(st.columns(max(1, len(groups))), groups, strict=False), start=1):
        with column.container(border=True):
            checked = f"{group['wrong']} of {group['reviewed']} reviewed are wrong"
            st.text(f"Group {number}: {group['size']:,} rows; {checked}")
            for sample in group["samples"]:
                st.text(f"· {clipped(sample, 140)}")


def _rule_form(store: Store, dataset: str, finding: Finding) -> None:
    """Propose the fix of the rubric, before any row is set."""
    task = datasets.task_of(store, dataset)
    given, value = str(finding.evidence.get("given")), str(finding.suggestion["value"])
    st.text(f"1. Fix the rule first, so that new rows come in right: texts like group 1 are {value}, not {given}.")
    with st.form(f"rule:{finding.id}", border=False):
        columns = st.columns([2, 2, 1], vertical_alignment="bottom")
        rules = {
            label: columns[i].text_input(f"What {name} means", task.labels.get(label, ""), key=f"{finding.id}:{name}")
            for i, (name, label) in enumerate({"the old label": given, "the new label": value}.items())
        }
        if columns[2].form_submit_button("Save the rule", disabled=not permitted("decide")):
            acting.require("decide")
            made = make_task(
                {k: v for k, v in task.as_json().items() if v is not None} | {"labels": {**task.labels, **rules}}
            )
            told = audit.telling(actor=acting.actor(), action="rule", subject=dataset, task_hash=made.content_hash)
            changed = datasets.create(store, dataset, made, told=told)
            st.text("Saved. Let a teacher label under the new rule." if changed else "The rule stays as it was.")


def _all_rows(store: Store, dataset: str, finding: Finding, *, open_at_once: bool = False) -> None:
    texts = examples.frame(store, dataset).select("example_id", "external_id", "text")
    rows = texts.filter(texts["example_id"].is_in(list(finding.example_ids))).head(_SHOWN).drop("example_id")
    with st.expander(f"All {len(finding.example_ids):,} rows, and what was measured", expanded=open_at_once):
        st.dataframe(rows.rename({"external_id": "id"}), height=min(38 + 36 * max(1, rows.height), 280))
        if measured := _measured(finding.evidence):
            st.dataframe(measured, height="content")


def _measured(evidence: dict[str, Any], about: str = "") -> list[dict[str, str]]:
    """The figures of the evidence, one a line; lists of rows and texts are shown elsewhere."""
    lines: list[dict[str, str]] = []
    for name, value in evidence.items():
        title = f"{about}{name.replace('_', ' ')}"
        if isinstance(value, dict):
            lines += _measured(value, f"{title}: ")
        elif isinstance(value, str | int | float):
            lines.append({"measured": title, "value": clipped(str(value))})
    return lines
