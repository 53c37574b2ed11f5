"""Evaluation: who answers the frozen test split how well, and what that allows to say."""

import streamlit as st

from pages.frame.guard import require_role
from pages.frame.health import reviewers
from pages.frame.session import dataset_page, lead_on
from pages.frame.work import evaluate_work, watch, work_button
from pages.training.parts.evaluation_view import show_report
from storage.dataset import labels
from storage.release import runs, versions

user = require_role("engineer", "analyst", "admin")
settings, dataset = dataset_page(user, "Evaluation", "There is nothing to evaluate yet.")
trained = {
    run.id: run for run in (each.run for each in runs.listing(settings.store, dataset)) if run.status == "finished"
}
reports = runs.reports(settings.store, dataset=dataset)
if not trained and not reports:
    lead_on("There is no trained student to evaluate yet.", "pages/training/runs.py", "Train a student")
watch(settings.project)

if reports:
    titles = {r.report_id: f"{dataset}@{r.number}, {str(r.created_at)[:16]}" for r in reports}  # newest first
    newest = next(iter(titles))
    chosen = newest
    if len(titles) > 1:
        chosen = st.selectbox("Evaluation", list(titles), format_func=titles.__getitem__, key=f"evaluation:{newest}")
    else:
        st.text(f"Evaluated {titles[newest]}")
    show_report(next(r.report for r in reports if r.report_id == chosen), reviewers(settings.store, dataset))

with st.expander("Evaluate a student", expanded=not reports):
    columns = st.columns(3)
    numbers = [v.version for v in versions.listing(settings.store, dataset)]
    version = columns[0].selectbox("On the test split of", numbers)
    names = {name: f"{run.kind.upper()} on version {run.version} ({name})" for name, run in trained.items()}
    student = columns[1].selectbox("Student", list(names), format_func=lambda run: names.get(run, run))
    teacher = columns[2].selectbox("Teacher", labels.labelers(settings.store, dataset))
    if version and student:
        work_button(settings, "Evaluate", evaluate_work(version, student, teacher))
    else:
        st.page_link("pages/training/runs.py", label="Train a student first", icon=":material/model_training:")
