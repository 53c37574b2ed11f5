"""Overview: how good the dataset is, what to do next, how the labels balance, and the rows themselves."""

import altair as alt
import polars as pl
import streamlit as st

from pages.data.parts.row_download import download
from pages.data.parts.row_filters import row_filters
from pages.data.parts.trends import trends
from pages.frame.guard import require_role
from pages.frame.health import newest_certificate, next_step, reviewers
from pages.frame.session import dataset_page, lead_on
from pages.frame.words import BASES, upper
from pages.frame.work import watch
from storage.release import runs
from storage.views import current as views

user = require_role("reviewer", "engineer", "analyst", "admin")
_SHOWN = 5_000
settings, dataset = dataset_page(user, "Overview", "There is no dataset yet.")
summary = views.overview(settings.store, dataset)
if not summary.rows:
    lead_on("The dataset has no rows yet.", "pages/data/start.py", "Bring in data")
watch(settings.project)

certificate = newest_certificate(settings.store, dataset)
bound = certificate.shipped_error if certificate else None
reports = runs.reports(settings.store, dataset=dataset)
figures = {
    "Rows": f"{summary.rows:,}",
    "Ready to release": f"{summary.releasable:,}",
    "Reviewed one by one": f"{summary.reviewed:,}",
    "Label error at most": upper(bound.upper_one_sided) if bound else "not known",
    "Newest verdict": reports[0].report.verdict.outcome if reports else "none yet",
}
with st.container(horizontal=True):
    for name, value in figures.items():
        st.metric(name, value, border=True, width=172)
step = next_step(settings.store, dataset)
with st.container(border=True, horizontal=True, vertical_alignment="center"):
    st.text(f"Next: {step.text}", width="stretch")
    st.page_link(step.page, label=step.label, icon=":material/arrow_forward:")
st.text(
    f"Labelled by {', '.join(summary.labelers) or 'nobody yet'}. Reviewed by {reviewers(settings.store, dataset)}. "
    f"{summary.decided:,} labels were set by a group decision."
)
if (stale := summary.stale.sentence()) is not None:
    st.warning(stale)

trends(settings.store, dataset)
left, right = st.columns([3, 2], gap="medium")
with left.container(border=True):
    st.text("Rows ready to release, by label")
    balance = pl.DataFrame({"label": list(summary.labels), "rows": list(summary.labels.values())})
    if balance.height <= 40:
        base = alt.Chart(balance).encode(y=alt.Y("label:N", sort="-x", title=None), x=alt.X("rows:Q", title=None))
        bars = base.mark_bar(size=14) + base.mark_text(align="left", dx=4, color="#8a8fa3").encode(text="rows:Q")
        st.altair_chart(bars.properties(height=26 * balance.height + 30))
    else:
        st.dataframe(balance, height=400)
with right.container(border=True):
    st.text("Rows that stay out, by reason")
    st.dataframe([{"reason": k, "rows": v} for k, v in summary.out.items()] or [{"reason": "none", "rows": 0}])
    st.text("Splits, frozen by the first spot-check or release (all rows)")
    st.dataframe([{"split": k, "rows": v} for k, v in summary.splits.items()] or [{"split": "not frozen", "rows": 0}])

rows = row_filters(views.current(settings.store, dataset), list(summary.labels))
st.text(f"{rows.height:,} rows" + (f", the first {_SHOWN:,} are shown" if rows.height > _SHOWN else ""))
st.dataframe(
    rows.head(_SHOWN).select(
        pl.col("external_id").alias("id"),
        pl.col("text").str.slice(0, 2_000),
        pl.col("value").alias("label"),
        pl.col("basis").replace(BASES).alias("set by"),
        pl.col("teacher_value").alias("teacher's label"),
        pl.col("out").fill_null("").alias("stays out"),
        "split",
    )
)
download(settings, dataset, rows, summary.rows)
