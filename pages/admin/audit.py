"""The audit log: who decided, exported, waived, trained, or changed a role; newest first."""

import json
from dataclasses import asdict

import polars as pl
import streamlit as st

from pages.frame.guard import require_role
from pages.frame.session import open_project, sidebar
from pages.frame.words import in_words
from pipelines.admin import audit_check
from storage.access import audit

user = require_role("admin")
_SHOWN = 2_000
settings = open_project()
sidebar(user, settings)
st.subheader("Audit log", anchor=False)
actors, actions = audit.choices(settings.store)
if not actors:
    st.text("Nothing has happened yet.")
    st.stop()
left, right = st.columns(2)
who = left.multiselect("Who", actors, placeholder="Everyone")
what = right.multiselect("What", actions, placeholder="Everything")
found = audit.events(settings.store, _SHOWN, actors=who, actions=what)
st.text(f"{found.height:,} events" + (f", the newest {_SHOWN:,} are shown" if found.height == _SHOWN else ""))
st.dataframe(
    found.with_columns(pl.col("detail").map_elements(in_words, pl.String)).rename(
        {
            "seq": "number",
            "created_at": "when (UTC)",
            "actor": "who",
            "action": "what",
            "subject": "about",
            "detail": "details",
        }
    ),
    column_config={"details": st.column_config.TextColumn(width="large")},
    height=520,
)


with st.container(horizontal=True):
    prepare = st.button("Prepare the whole log as a file")
    verify = st.button("Verify the chain")
if prepare:  # a file made at the click on the download itself would be made without the guard
    lines = (json.dumps(asdict(event), ensure_ascii=False) for event in audit.everything(settings.store))
    text = "".join(f"{line}\n" for line in lines)
    st.download_button("Download (JSON Lines)", text, "audit.jsonl", on_click="ignore", type="primary")
if verify:
    checked = audit_check.run(settings)
    if checked.log.intact:
        st.success(
            f"Intact: each of {checked.log.events:,} events, and each row that it speaks of, is what was written."
        )
    else:
        st.error("Not intact: the log, or a row that it speaks of, is not what was written.")
        st.text("\n".join(audit_check.in_words(checked)))
    st.text(f"Not seen: {checked.not_seen}.")
    st.text(
        "Its last hash, to be kept elsewhere: `curator audit verify --head HASH` sees by it whether events are gone."
    )
    st.code(checked.log.head, language=None)
