"""Changing a task: a form, what it would change, and only then the change."""

import json
from typing import Any

import streamlit as st

from curator.errors import CuratorError
from curator.records import Task, task_changes
from pages.frame.session import show_error
from pipelines.intake import task_edit
from storage.engine.store import Store

_SAID = "task_said"


def ask_change(store: Store, dataset: str, task: Task) -> None:
    """Draw the form, then the differences with a button that makes them so."""
    parts = _parts(task)
    try:
        after = task_edit.edited(task, **parts)
    except CuratorError as error:
        show_error(error)
        return
    if (said := st.session_state.pop(_SAID, None)) is not None:
        st.success(said[0])
        for line in said[1:]:
            st.text(line)
    changes = task_changes(task, after)
    if not changes:
        st.text("Nothing is changed yet.")
        return
    with st.container(border=True):
        st.text("This would change:")
        changes_table(task, after)
        st.text(
            "Labels and reviews stay. What was given under other rules is stale until a teacher or a person looks "
            "again, and a spot-check that was drawn before says nothing about the new rules."
        )
        if st.button("Make it so", type="primary"):
            try:
                report = task_edit.run(task_edit.EditConfig(dataset, lambda now: task_edit.edited(now, **parts)), store)
            except CuratorError as error:
                show_error(error)
                return
            unfit = [
                f"{name}: {rows:,} rows carry this label, which is no more." for name, rows in report.unfit.items()
            ]
            stale = report.stale.sentence()
            st.session_state[_SAID] = [f"Version {report.version} is in force.", *([stale] if stale else []), *unfit]
            st.rerun()


def changes_table(before: Task, after: Task) -> None:
    """Draw what differs between two definitions."""
    changes = task_changes(before, after)
    if not changes:
        st.text("They are the same.")
        return
    for change in changes:
        st.code(change.sentence(), language=None)


def _parts(task: Task) -> dict[str, Any]:
    """The form's answers, as parts of a definition."""
    key = f"task:{task.content_hash}"  # a new version is a new form
    rubric = st.text_area("Rubric: how should a careful person decide?", task.rubric, height=140, key=f"{key}:rubric")
    parts: dict[str, Any] = {"rubric": rubric}
    if task.kind == "classification":
        rows = [{"label": name, "definition": meaning} for name, meaning in task.labels.items()]
        st.text("Labels and what each means. A new line is a new label; a line that is deleted is a label no more.")
        edited = st.data_editor(rows, num_rows="dynamic", key=f"{key}:labels", height="content")
        named = [(str(row.get("label") or "").strip(), str(row.get("definition") or "").strip()) for row in edited]
        parts["labels"] = {name: meaning for name, meaning in named if name}
    if task.kind == "extraction":
        stored = task.as_json().get("schema")
        parts["schema"] = _schema(stored, key)
    left, right = st.columns(2)
    target = left.number_input(
        "Label error you can live with, %",
        0.1,
        50.0,
        None if task.max_error is None else 100 * task.max_error,
        step=0.5,
        placeholder="no target",
        key=f"{key}:target",
    )
    sure = right.number_input(
        "Confidence of the bound, %", 50.0, 99.9, 100 * task.confidence, step=0.5, key=f"{key}:confidence"
    )
    parts["max_error"] = None if target is None else round(target / 100, 6)
    parts["confidence"] = round(sure / 100, 6)
    return parts


def _schema(stored: object, key: str) -> object:
    before = json.dumps(stored, ensure_ascii=False, indent=2)
    text = st.text_area("JSON schema of an answer", before, height=220, key=f"{key}:schema")
    return stored if text == before else text or None
