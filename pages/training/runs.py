"""Runs: train a student on a version, and see how each training went."""

import altair as alt
import polars as pl
import streamlit as st

from pages.frame.guard import require_role
from pages.frame.session import dataset_page, lead_on
from pages.frame.words import is_local
from pages.frame.work import train_work, watch, work_button
from storage.release import versions
from storage.views import current as views

user = require_role("engineer", "analyst", "admin")
KINDS = {"sft": "Supervised (SFT)", "dpo": "Preferences (DPO)"}
settings, dataset = dataset_page(user, "Training runs", "There is nothing to train on yet.")
released = [f"{dataset}@{v['number']}" for v in versions.listing(settings.store, dataset)]
if not released:
    lead_on("There is no released version to train on yet.", "pages/training/versions.py", "Release")
found = views.run_reports(settings.store, dataset)
finished = [r["run"] for r in found if r["kind"] == "sft" and r["status"] == "finished"]

watch(settings.project)
with st.expander("Train a student", expanded=not found):
    columns = st.columns(3)
    version = columns[0].selectbox("Version", released)
    kind = columns[1].selectbox("How?", list(KINDS) if finished else ["sft"], format_func=KINDS.__getitem__)
    start = columns[2].selectbox("From run", finished) if kind == "dpo" else None
    epochs = columns[2].number_input("Epochs", 1, 100, None, placeholder="what suits the model")
    st.text("Without a key for a training service, a small student is trained on this machine, all of its weights.")
    work_button(settings, "Train", train_work(version, kind, start, epochs))
if not found:
    st.text("There is no run yet.")
    st.stop()

names = {r["run"]: f"{KINDS[r['kind']]} on {dataset}@{r['version']}" for r in found}
st.dataframe(
    [
        {
            "what": names[r["run"]],
            "status": r["status"],
            "model": "small local student" if is_local(r["base_model"]) else r["base_model"],
            "took": f"{(r['report'] or {}).get('seconds') or 0:.0f} s",
            "examples seen": (r["report"] or {}).get("examples_seen"),
            "started": f"{r['created_at']:%Y-%m-%d %H:%M}",
            "run": r["run"],
        }
        for r in found
    ]
)
chosen = st.selectbox("Run", list(names), format_func=lambda run: f"{names[run]} ({run})")
report = next(r["report"] for r in found if r["run"] == chosen) or {}
if report.get("error"):
    st.error("This run failed.")
    st.text(report["error"])
if len(report.get("losses", ())) > 2:
    with st.container(border=True):
        st.text(f"Loss by step: {report['losses'][0]:.3f} at the start, {report['losses'][-1]:.3f} at the end")
        losses = pl.DataFrame({"step": range(1, len(report["losses"]) + 1), "loss": report["losses"]})
        line = alt.Chart(losses).mark_line().encode(x=alt.X("step:Q", title="step"), y=alt.Y("loss:Q", title="loss"))
        st.altair_chart(line.properties(height=320))
st.page_link("pages/training/evaluation.py", label="Evaluate", icon=":material/balance:")
