"""Evaluation: who answers the frozen test split how well, and what that allows to say."""

import streamlit as st

from pages.frame.guard import require_role
from pages.frame.health import reviewers
from pages.frame.session import dataset_page, lead_on
from pages.frame.words import CONTESTANTS
from pages.frame.work import evaluate_work, watch, work_button
from pages.training.parts.evaluation_view import confusion, show_confusion, show_report, show_slices
from storage.dataset import datasets, labels
from storage.release import runs, versions
from storage.views import answers

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
    shown = next(r for r in reports if r.report_id == chosen)
    show_report(shown.report, reviewers(settings.store, dataset))
    show_slices(shown.report)
    task = datasets.task_of(settings.store, dataset)
    # Of an older evaluation of the version only the newest answers are kept apart by name.
    if task.kind == "classification" and chosen == next(r.report_id for r in reports if r.number == shown.number):
        with st.expander("Which labels are taken for which"):
            subject = st.selectbox(
                "Contestant", list(shown.report.contestants), format_func=lambda name: CONTESTANTS.get(name, name)
            )
            truth = {
                r.example_id: r.label for r in versions.get(settings.store, dataset, shown.number).manifest.rows["test"]
            }
            given = answers.of_version(settings.store, dataset, shown.number, subject)
            if given.is_empty():
                st.text("Its answers are not kept.")
            else:
                show_confusion(confusion(truth, given, list(task.labels)))

with st.expander("Evaluate a student", expanded=not reports):
    columns = st.columns(2)
    numbers = [v.version for v in versions.listing(settings.store, dataset)]
    version = columns[0].selectbox("On the test split of", numbers)
    names = {name: f"{run.kind.upper()} on version {run.version} ({name})" for name, run in trained.items()}
    student = columns[1].selectbox("Student", list(names), format_func=lambda run: names.get(run, run))
    known = labels.labelers(settings.store, dataset)
    choices = {
        "base=": "the base, untrained",
        "prompted=base+rubric": "the base with the rubric",
        **{
            f"teacher={name}" if n == 0 else f"teacher{n + 1}={name}": f"teacher {name}" for n, name in enumerate(known)
        },
        "cheap=baseline": "a cheap baseline (no model)",
        **{
            f"{'previous' if n == 0 else f'run{n + 1}'}={run}": names[run]
            for n, run in enumerate(r for r in names if r != student)
        },
    }
    usual = [each for each in choices if each == "base=" or each.startswith("teacher=")]
    against = st.multiselect(
        "Compare it with", list(choices), usual, format_func=choices.__getitem__, key=f"with:{student}"
    )
    endpoint = st.text_input(
        "and a model behind an OpenAI-compatible server", placeholder="MODEL@https://…", help="None if left empty."
    )
    others = [*against, *([f"other=openai:{endpoint.strip()}"] if endpoint.strip() else [])]
    if version and student:
        work_button(settings, "Evaluate", evaluate_work(version, student, others))
    else:
        st.page_link("pages/training/runs.py", label="Train a student first", icon=":material/model_training:")
