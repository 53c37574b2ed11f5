"""One row on screen. All of its texts are untrusted and stand in inert elements."""

import json

import polars as pl
import streamlit as st

from pages.frame import bulk
from pages.frame.bulk import Bulk
from pages.frame.guard import User, allow
from pages.frame.words import ACTIONS, BASES, CONTESTANTS, FINDINGS, MAY_NOT, in_words, sentence
from pipelines.analysis import nearest_settled as neighbours
from pipelines.runtime.settings import Settings
from storage.dataset import datasets
from storage.engine.store import Store
from storage.views import current as views
from storage.views.row import RowStory

_OUT = "stays out"


def show_row(settings: Settings, dataset: str, user: User, story: RowStory) -> None:
    """Draw the row: what stands now, what can be done, the conversation, then who said what."""
    store = settings.store
    now = views.current(store, dataset).filter(example_id=story.example.id).row(0, named=True)
    figures = {
        "Label now": now["value"] if now["value"] is not None else "none",
        "Set by": BASES.get(now["basis"], now["basis"]),
        "Split": now["split"] or "not frozen",
        "In a release": "yes" if now["out"] is None else f"no: {now['out']}",
    }
    with st.container(border=True):
        st.text(f"Row {story.example.external_id}")
        st.dataframe([figures], hide_index=True, height="content")
        _actions(store, dataset, user, story, now["value"])
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _conversation(story)
        _table("Labels", story.labels)
        _table("Reviews", story.reviews)
        _table("Decisions about it", story.decisions.with_columns(pl.col("action").replace(ACTIONS)))
    with right:
        _facts(story)
        _found(story)
        _table("Versions that hold it", story.versions)
        _table("What each contestant answered", story.answers.with_columns(pl.col("who").replace(CONTESTANTS)))
        _near(store, dataset, story)


def _conversation(story: RowStory) -> None:
    with st.container(border=True):
        st.text("The conversation")
        for message in story.example.messages:
            st.caption(message.role)
            st.text(message.text or "(no text)")
            others = [part.kind for part in message.parts if part.kind != "text"]
            if others:
                st.text(f"Besides: {', '.join(others)}")


def _facts(story: RowStory) -> None:
    example = story.example
    kept = {
        "source": example.source,
        "time": example.time,
        "group": example.group,
        **example.metadata,
    }
    lines = [{"column": name, "value": str(value)} for name, value in kept.items() if value is not None]
    with st.container(border=True):
        st.text("What came with it")
        st.dataframe(lines or [{"column": "nothing", "value": ""}], hide_index=True, height="content")


def _found(story: RowStory) -> None:
    with st.container(border=True):
        st.text("What the newest check found")
        if story.findings.is_empty():
            st.text("Nothing.")
        else:
            shown = story.findings.with_columns(
                pl.col("kind").replace(FINDINGS), pl.col("evidence").map_elements(_evidence, pl.String)
            )
            st.dataframe(shown, hide_index=True, height="content")
        if story.scores.height:
            st.dataframe(
                story.scores,
                hide_index=True,
                height="content",
                column_config={"score": st.column_config.NumberColumn(format="%.3f")},
            )


def _evidence(stored: str) -> str:
    found = json.loads(stored)
    return in_words(json.dumps({k: v for k, v in found.items() if not isinstance(v, list | dict)}))


def _near(store: Store, dataset: str, story: RowStory) -> None:
    with st.container(border=True):
        st.text("Rows most like it that people have settled")
        found = neighbours.run(neighbours.NearestConfig(dataset, story.example.id, blind=False), store)
        if not found.rows:
            st.text(sentence(found.note or "there is none"))
            return
        near = [{"alike": f"{100 * n.similarity:.0f} %", "label": n.value, "text": n.text} for n in found.rows]
        st.dataframe(near, hide_index=True, height="content")


def _table(title: str, rows: pl.DataFrame) -> None:
    if rows.is_empty():
        return
    with st.container(border=True):
        st.text(title)
        st.dataframe(rows, hide_index=True, height="content")


def _actions(store: Store, dataset: str, user: User, story: RowStory, value: str | None) -> None:
    """Draw what can be done with this row, each by a key too."""
    ids = (story.example.id,)
    task = datasets.task_of(store, dataset)
    about = "Decided on the page of the row."
    if not allow(user, "decide"):
        st.text(MAY_NOT)
    offered: list[tuple[str, str, Bulk]] = []
    if allow(user, "decide") and value is not None:
        offered.append(("Keep the label", "K", Bulk("keep", ids, {}, about)))
    if allow(user, "exclude"):
        offered.append(("Leave it out", "X", Bulk("exclude", ids, {}, about)))
    if allow(user, "plan"):
        offered.append(("Send it to review", "S", Bulk("send", ids, {}, about)))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for label, key, what in offered:
            args = (store, dataset, user, what)
            st.button(label, on_click=bulk.do, args=args, shortcut=key, key=f"row:{what.action}:{ids[0]}")
        names = [name for name in task.labels if name != value]
        if allow(user, "decide") and names:
            other = st.selectbox(
                "Another label", names, None, placeholder="Another label", label_visibility="collapsed", width=240
            )
            if other is not None:
                what = Bulk("relabel", ids, {ids[0]: other}, about)
                st.button(
                    "Give it", on_click=bulk.do, args=(store, dataset, user, what), key=f"row:give:{other}:{ids[0]}"
                )
