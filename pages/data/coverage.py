"""Coverage: what real traffic has that the data lacks, and whether more rows or cleaner rows would help."""

from dataclasses import asdict

import altair as alt
import polars as pl
import streamlit as st

from curator.composition import lacking
from pages.frame.guard import require_role
from pages.frame.session import dataset_page
from pages.frame.words import interval, percent, points, sentence
from pages.frame.work import coverage_work, curve_work, watch, work_button
from pipelines.analysis import learning_curve as curve
from pipelines.analysis import traffic_coverage as reference
from storage.checks import figures
from storage.dataset import datasets, labels
from storage.views import current as views

user = require_role("reviewer", "engineer", "analyst", "admin")
WHOLE = "(this dataset's own rows from production that would not ship)"
CURVES = {"teacher": "the teacher's labels", "current": "labels as they are", "pruned": "without suspects"}
settings, dataset = dataset_page(user, "Coverage", "There is nothing to compare yet.")
watch(settings.project)
store = settings.store

with st.container(border=True):
    st.text("What does real traffic have that the rows to ship lack?")
    others = [name for name in datasets.names(store) if name != dataset]
    own = views.overview(store, dataset).sources.get("production")
    choices = [*([WHOLE] if own else []), *others]
    if choices:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.selectbox("Compare with", choices, width=420)
            named = None if chosen == WHOLE else chosen
            work_button(settings, "Compare", coverage_work(dataset, named), primary=False)
    else:
        st.text("Bring the logs in as a dataset of their own (page Start), then compare with it here.")
    kept = figures.newest(store, dataset, reference.COVERAGE, reference.CoverageReport)
    if kept is not None:
        found = kept.coverage
        st.text(
            sentence(f"the {found.rows:,} rows that would ship {found.verdict}")
            + f" Compared with {found.reference_rows:,} rows of {kept.reference}."
        )
        if kept.reference == dataset:
            st.warning(
                "These are this dataset's own rows that would not ship: its test split, and what was left out. They "
                "came from the same place as the others, so this says little about new traffic."
            )
        with st.container(horizontal=True):
            st.metric("Covered", percent(found.coverage), border=True, width=172)
            st.metric("95 % interval", f"{percent(found.low)} to {percent(found.high)}", border=True, width=260)
            st.metric("The reference itself", percent(found.ceiling), border=True, width=172)
            st.metric("Recall", percent(found.recall), border=True, width=172)
        regions = lacking(found.regions)
        st.text(f"Regions of the traffic that are thin here: {len(regions):,}")
        st.dataframe(
            [
                {
                    "region": r.name,
                    "rows in the traffic": r.rows,
                    "share of the traffic": percent(r.share),
                    "covered": percent(r.covered),
                    "rows here": r.have,
                    "collect": r.collect,
                    "for example": ", ".join(r.examples),
                }
                for r in regions
            ],
            height=min(38 + 36 * max(1, len(regions)), 420),
        )

with st.container(border=True):
    st.text("More rows or cleaner rows? A cheap student (embedding and logistic regression) answers.")
    known = labels.choices(store, dataset)
    whose = st.selectbox("Whose labels?", known, width=320) if len(known) > 1 else None
    work_button(settings, "Draw the learning curve", curve_work(dataset, whose), primary=False, disabled=not known)
    drawn = figures.newest(store, dataset, curve.CURVE, curve.CurveReport)
    if drawn is not None:
        curves = drawn.curve.curves
        st.text(sentence(drawn.curve.advice))
        if gain := drawn.curve.cleaned:
            cleaned = points(gain.value, gain.low, gain.high)
            st.text(f"What people's corrections have brought so far: {cleaned}.")
        rows = [
            {"labels": CURVES[name], "rows": p.rows, **{k: 100 * v for k, v in asdict(p.accuracy).items()}}
            for name, line in curves.items()
            for p in line
        ]
        base = alt.Chart(pl.DataFrame(rows)).encode(
            x=alt.X("rows:Q", scale=alt.Scale(type="log", nice=False, padding=12), title="rows to train on"),
            color=alt.Color(
                "labels:N",
                scale=alt.Scale(domain=list(CURVES.values()), range=["#d1495b", "#3b6fd4", "#2e9e76"]),
                legend=alt.Legend(orient="bottom", title=None, symbolOpacity=1.0),
            ),
        )
        accuracy = alt.Y("value:Q", scale=alt.Scale(zero=False), title="right, in %")
        area = base.mark_area(opacity=0.12).encode(y=alt.Y("low:Q", scale=alt.Scale(zero=False)), y2="high:Q")
        st.altair_chart((area + base.mark_line(point=True).encode(y=accuracy)).properties(height=300))
        judged = "test rows that people reviewed" if drawn.judged_on == "reviewed" else "rows by their labels"
        st.text(f"Judged on {drawn.curve.test_rows:,} {judged}; bands: 95 % intervals. Labels of {drawn.labeler}.")
        st.dataframe(
            [
                {
                    "labels": CURVES[name],
                    "rows": line[-1].rows,
                    "right": interval(line[-1].accuracy.value, line[-1].accuracy.low, line[-1].accuracy.high),
                }
                for name, line in curves.items()
            ]
        )
        for note in drawn.notes:
            st.text(sentence(note))
