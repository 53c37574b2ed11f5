"""Runs: train a student on a version, and see how each training went."""

import polars as pl
import streamlit as st

from pages.shared.guard import require_role
from pages.shared.session import lead_on, open_project, sidebar
from pages.shared.work import train_steps, watch, work_button
from storage import versions, views

user = require_role("engineer", "analyst", "admin")
settings = open_project()
dataset = sidebar(user, settings)
st.subheader("Training runs", anchor=False)
if dataset is None:
    lead_on("There is nothing to train on yet.", "pages/data/start.py", "Bring in data")
released = [f"{dataset}@{v['number']}" for v in versions.listing(settings.store, dataset)]
if not released:
    lead_on("There is no released version to train on yet.", "pages/training/versions.py", "Release")
found = views.run_reports(settings.store, dataset)
finished = [r["run"] for r in found if r["kind"] == "sft" and r["status"] == "finished"]

watch(settings.project)
with st.expander("Train a student", expanded=not found):
    columns = st.columns(3)
    version = columns[0].selectbox("Version", released)
    kinds = {"sft": "Supervised (SFT)", "dpo": "Preferences (DPO), from an SFT run"}
    kind = columns[1].selectbox("How?", list(kinds) if finished else ["sft"], format_func=kinds.__getitem__)
    start = columns[2].selectbox("From run", finished) if kind == "dpo" else None
    epochs = columns[2].number_input("Epochs", 1, 100, None, placeholder="what suits the model")
    st.text("Without a key for a training service, a small student is trained on this machine, all of its weights.")
    work_button(settings, "Train", train_steps(version, kind, start, epochs))
if not found:
    st.text("There is no run yet.")
    st.stop()

st.dataframe(
    [
        {
            "run": r["run"],
            "version": f"{dataset}@{r['version']}",
            "kind": r["kind"],
            "status": r["status"],
            "model": r["base_model"].rsplit("/", 1)[-1],
            "from": r["parent_run"],
            "seconds": (r["report"] or {}).get("seconds"),
            "examples seen": (r["report"] or {}).get("examples_seen"),
            "started": r["created_at"],
        }
        for r in found
    ]
)
chosen = st.selectbox("Run", [r["run"] for r in found])
report = next(r["report"] for r in found if r["run"] == chosen) or {}
if report.get("error"):
    st.error("This run failed.")
    st.text(report["error"])
if len(report.get("losses", ())) > 1:
    with st.container(border=True):
        st.text("Loss by step")
        losses = pl.DataFrame({"step": range(1, len(report["losses"]) + 1), "loss": report["losses"]})
        st.line_chart(losses, x="step", y="loss", height=320)
st.page_link("pages/training/evaluation.py", label="Evaluate", icon=":material/balance:")
