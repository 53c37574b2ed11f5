"""Runs: train a student on a version, and see how each training went."""

import altair as alt
import polars as pl
import streamlit as st

from curator.records import TrainingOutcome
from pages.frame.guard import require_role
from pages.frame.session import dataset_page, lead_on
from pages.frame.words import is_local, sentence
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


def training_settings(kind: str) -> dict[str, float | str | None]:
    """Ask for what may differ from run to run; None is what suits the model."""
    columns = st.columns(3)
    usual = "what suits the model"
    base = columns[0].text_input("Base model", placeholder="the service's own, else local")
    asked: dict[str, float | str | None] = {
        "base": base.strip() or None,
        "epochs": columns[1].number_input("Epochs", 1, 100, None, placeholder=usual),
        "learning-rate": columns[2].number_input(
            "Learning rate", 0.0, 1.0, None, step=1e-5, format="%g", placeholder=usual
        ),
        "batch-size": columns[0].number_input("Batch size", 1, 4096, None, placeholder="32, or 16 with DPO"),
        "max-length": columns[1].number_input("Tokens of a row, at most", 8, 1_000_000, None, placeholder="512"),
        "seed": columns[2].number_input("Seed", 0, 2**31 - 1, None, placeholder="0"),
    }
    if kind == "dpo":
        asked["beta"] = columns[0].number_input("Pull to the reference (beta)", 0.0, 10.0, None, placeholder="0.1")
    return {name: value or None if name == "learning-rate" else value for name, value in asked.items()}


with st.expander("Train a student", expanded=not found):
    columns = st.columns(3)
    version = columns[0].selectbox("Version", released)
    held = versions.get(settings.store, *versions.parse(version)).manifest.pairs
    may_prefer = bool(finished) and bool(held.get("train"))
    kind = columns[1].selectbox("How?", list(_KINDS) if may_prefer else ["sft"], format_func=_KINDS.__getitem__)
    start = columns[2].selectbox("From run", finished) if kind == "dpo" else None
    if not may_prefer:
        why = "a finished supervised run" if held.get("train") else "preference pairs in the version"
        st.text(f"DPO needs {why}.")
        if not held.get("train"):
            st.page_link("pages/training/pairs.py", label="Build pairs, then release again", icon=":material/compare:")
    with st.expander("Settings"):
        chosen_settings = training_settings(kind)
    st.text("Without a key for a training service, a small student is trained on this machine, all of its weights.")
    work_button(settings, "Train", train_work(version, kind, start, chosen_settings))
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
run = next(each.run for each in found if each.run.id == chosen)
set_to = {
    "version": f"{dataset}@{run.version}",
    "base model": run.base_model,
    "started from": run.parent_run or "",
    **{name.replace("_", " "): value for name, value in run.config.items()},
    "weights for sampling": run.sampler_path or "none",
    "steps": outcome.steps,
}
with st.expander("Settings of this run"):
    st.dataframe(
        [{"setting": name, "value": str(value)} for name, value in set_to.items() if value not in (None, "")],
        hide_index=True,
        height="content",
    )
for note in outcome.notes:
    st.text(sentence(note))
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
