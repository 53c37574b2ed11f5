"""Runs: train a student on a version, and see how each training went."""

import altair as alt
import polars as pl
import streamlit as st

from curator.records import TrainingOutcome
from pages.frame.guard import require_role
from pages.frame.session import dataset_page, lead_on
from pages.frame.words import is_local
from pages.frame.work import train_work, watch, work_button
from storage.release import runs, versions

user = require_role("engineer", "analyst", "admin")
_KINDS = {"sft": "Supervised (SFT)", "dpo": "Preferences (DPO)"}
settings, dataset = dataset_page(user, "Training runs", "There is nothing to train on yet.")
released = [v.version for v in versions.listing(settings.store, dataset)]
if not released:
    lead_on("There is no released version to train on yet.", "pages/training/versions.py", "Release")
found = runs.listing(settings.store, dataset)
finished = [each.run.id for each in found if each.run.kind == "sft" and each.run.status == "finished"]

watch(settings.project)
with st.expander("Train a student", expanded=not found):
    columns = st.columns(3)
    version = columns[0].selectbox("Version", released)
    kind = columns[1].selectbox("How?", list(_KINDS) if finished else ["sft"], format_func=_KINDS.__getitem__)
    start = columns[2].selectbox("From run", finished) if kind == "dpo" else None
    epochs = columns[2].number_input("Epochs", 1, 100, None, placeholder="what suits the model")
    st.text("Without a key for a training service, a small student is trained on this machine, all of its weights.")
    work_button(settings, "Train", train_work(version, kind, start, epochs))
if not found:
    st.text("There is no run yet.")
    st.stop()

names = {each.run.id: f"{_KINDS[each.run.kind]} on {dataset}@{each.run.version}" for each in found}
st.dataframe(
    [
        {
            "what": names[run.id],
            "status": run.status,
            "model": "small local student" if is_local(run.base_model) else run.base_model,
            "took": f"{outcome.seconds or 0:.0f} s",
            "examples seen": outcome.examples_seen,
            "started": f"{created_at:%Y-%m-%d %H:%M}",
            "run": run.id,
        }
        for run, outcome, created_at in ((e.run, e.outcome or TrainingOutcome(), e.created_at) for e in found)
    ]
)
chosen = st.selectbox("Run", list(names), format_func=lambda run: f"{names[run]} ({run})")
outcome = next(each.outcome for each in found if each.run.id == chosen) or TrainingOutcome()
losses = outcome.losses or ()
if outcome.error:
    st.error("This run failed.")
    st.text(outcome.error)
if len(losses) > 2:
    with st.container(border=True):
        st.text(f"Loss by step: {losses[0]:.3f} at the start, {losses[-1]:.3f} at the end")
        by_step = pl.DataFrame({"step": range(1, len(losses) + 1), "loss": losses})
        line = (
            alt.Chart(by_step)
            .mark_line()
            .encode(
                x=alt.X("step:Q", title="step", axis=alt.Axis(format="d", tickMinStep=1)),
                y=alt.Y("loss:Q", title="loss"),
            )
        )
        st.altair_chart(line.properties(height=320))
st.page_link("pages/training/evaluation.py", label="Evaluate", icon=":material/balance:")
