"""Evaluation: who answers the frozen test split how well, and what that allows to say."""

from typing import Any

import altair as alt
import polars as pl
import streamlit as st

from pages.shared.guard import require_role
from pages.shared.session import lead_on, open_project, sidebar
from pages.shared.words import percent
from pages.shared.work import evaluate_steps, watch, work_button
from storage import labels, runs, versions, views

user = require_role("engineer", "analyst", "admin")
settings = open_project()
dataset = sidebar(user, settings)
st.subheader("Evaluation", anchor=False)
if dataset is None:
    lead_on("There is nothing to evaluate yet.", "pages/data/start.py", "Bring in data")
trained = [r for r in views.run_reports(settings.store, dataset) if r["status"] == "finished"]
reports = runs.reports(settings.store, dataset=dataset)
if not trained and not reports:
    lead_on("There is no trained student to evaluate yet.", "pages/training/runs.py", "Train a student")


def table(report: dict[str, Any]) -> pl.DataFrame:
    """One row a contestant, best first."""
    rows = [
        {
            "contestant": name,
            "accuracy": score["accuracy"]["value"],
            "low": score["accuracy"]["low"],
            "high": score["accuracy"]["high"],
            "invalid answers": score["invalid"],
            "items": score["n"],
        }
        for name, score in report["contestants"].items()
    ]
    return pl.DataFrame(rows).sort("accuracy", descending=True)


def show(report: dict[str, Any]) -> None:
    """Draw one report: the verdict, the contestants, the comparisons, the failures."""
    verdict = report["verdict"]
    draw = {"SHIP": st.success, "HOLD": st.error}.get(verdict["outcome"], st.info)
    draw(f"Verdict: {verdict['outcome']}")
    for reason in verdict["reasons"]:
        st.text(reason)
    if report["recommendation"]:
        st.text(f"Recommended: {report['recommendation']['name']}. {report['recommendation']['reason']}")
    if report["local_student"]:
        st.text("The student is a small model trained on this machine; its figures say nothing about a large one.")
    scores = table(report)
    st.text(f"Share of {report['items']} test items answered right; {report['reviewed']} of them reviewed by people.")
    base = alt.Chart(scores).encode(y=alt.Y("contestant:N", sort="-x", title=None))
    bars = base.mark_bar(size=16, opacity=0.75).encode(x=alt.X("accuracy:Q", axis=alt.Axis(format="%"), title=None))
    whiskers = base.mark_rule(strokeWidth=3, color="#d97706").encode(x="low:Q", x2="high:Q")
    st.altair_chart((bars + whiskers).properties(height=44 * scores.height + 30))
    shown = scores.with_columns(pl.col("accuracy", "low", "high").map_elements(percent, return_dtype=pl.String))
    st.dataframe(shown)
    if report["comparisons"]:
        st.text("Paired comparisons on the same items (difference of the first against the other)")
        st.dataframe(
            [
                {
                    "first": c["a"],
                    "other": c["b"],
                    "difference": percent(c["difference"]),
                    "between": f"{percent(c['low'])} and {percent(c['high'])}",
                    "p (Holm)": round(c["p_holm"], 4),
                    "smallest visible difference": percent(c["minimum_detectable"]),
                }
                for c in report["comparisons"]
            ]
        )
    with st.expander(f"Items that {next(iter(report['contestants']))} got wrong ({len(report['failures'])})"):
        st.dataframe(report["failures"])


watch(settings.project)
with st.expander("Evaluate a student", expanded=not reports):
    columns = st.columns(3)
    numbers = [f"{dataset}@{v['number']}" for v in versions.listing(settings.store, dataset)]
    version = columns[0].selectbox("On the test split of", numbers)
    student = columns[1].selectbox("Student", [r["run"] for r in trained])
    teacher = columns[2].selectbox("Teacher", labels.labelers(settings.store, dataset))
    if version and student:
        work_button(settings, "Evaluate", evaluate_steps(version, student, teacher))
if not reports:
    st.text("There is no evaluation yet.")
    st.stop()
titles = {r["report_id"]: f"{r['version']}, {r['created_at']:%Y-%m-%d %H:%M} ({r['report_id']})" for r in reports}
chosen = st.selectbox("Evaluation", list(titles), format_func=titles.__getitem__)
show(next(r for r in reports if r["report_id"] == chosen))
