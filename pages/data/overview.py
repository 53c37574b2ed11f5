"""Overview: how good the dataset is, what to do next, how the labels balance, and the rows themselves."""

from collections.abc import Mapping

import altair as alt
import polars as pl
import streamlit as st

from curator.statistics import counted
from pages.data.parts.row_download import download
from pages.data.parts.row_filters import row_filters
from pages.data.parts.trends import trends
from pages.frame.guard import require_role
from pages.frame.health import newest_certificate, reviewers
from pages.frame.row_link import row_link
from pages.frame.session import dataset_page, lead_on
from pages.frame.words import BASES, upper
from pages.frame.work import watch
from storage.dataset import datasets
from storage.release import runs
from storage.views import current as views

user = require_role("reviewer", "engineer", "analyst", "admin")
_SHOWN, _BARS = 5_000, 40
settings, dataset = dataset_page(user, "Overview", "There is no dataset yet.")
summary = views.overview(settings.store, dataset)
if not summary.rows:
    lead_on("The dataset has no rows yet.", "pages/data/start.py", "Bring in data")
watch(settings.project)

certificate = newest_certificate(settings.store, dataset)
bound = certificate.shipped_error if certificate and certificate.status != "INCOMPLETE" else None
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
st.text(
    f"Labelled by {', '.join(summary.labelers) or 'nobody yet'}. Reviewed by {reviewers(settings.store, dataset)}. "
    f"{summary.decided:,} labels were set by a group decision."
)
if (stale := summary.stale.sentence()) is not None:
    st.warning(stale)

trends(settings.store, dataset)
task = datasets.task_of(settings.store, dataset)
current = views.current(settings.store, dataset)


def label_bars(labels: Mapping[str, int]) -> None:
    """Draw how many rows each label has; a table where there are too many bars."""
    balance = pl.DataFrame({"label": list(labels), "rows": list(labels.values())})
    if balance.height > _BARS:
        st.dataframe(balance, height=400)
        return
    base = alt.Chart(balance).encode(y=alt.Y("label:N", sort="-x", title=None), x=alt.X("rows:Q", title=None))
    bars = base.mark_bar(size=14) + base.mark_text(align="left", dx=4, color="#8a8fa3").encode(text="rows:Q")
    st.altair_chart(bars.properties(height=26 * balance.height + 30))


def answer_lengths(rows: pl.DataFrame) -> None:
    """Draw how long the answers are: answers in free text are no classes to count."""
    answers = rows.filter(pl.col("out").is_null())["value"].drop_nulls()
    if answers.is_empty():
        st.text("There is no answer yet.")
        return
    lengths = answers.str.len_chars()
    low, middle, high = (int(lengths.quantile(q) or 0) for q in (0.05, 0.5, 0.95))
    st.text(
        f"{answers.n_unique():,} different answers in {counted(answers.len())}. "
        f"Half are longer than {middle:,} characters; nine in ten have {low:,} to {high:,}."
    )
    step = max(1, -(-max(high, 1) // _BARS))
    bins = (lengths.clip(0, high) // step * step).alias("characters").value_counts().sort("characters")
    bar = alt.Chart(bins).mark_bar().encode(
        x=alt.X("characters:Q", title="characters", axis=alt.Axis(format="d", tickMinStep=1)),
        y=alt.Y("count:Q", title="answers"),
    )  # fmt: skip
    st.altair_chart(bar.properties(height=260))


left, right = st.columns([3, 2], gap="medium")
with left.container(border=True):
    if task.kind == "classification":
        st.text("Rows ready to release, by label")
        label_bars(summary.labels)
    else:
        st.text("Answers ready to release, by length in characters")
        answer_lengths(current)
with right.container(border=True):
    st.text("Rows that stay out, by reason")
    st.dataframe([{"reason": k, "rows": v} for k, v in summary.out.items()] or [{"reason": "none", "rows": 0}])
    st.text("Splits, frozen by the first spot-check or release (all rows)")
    st.dataframe([{"split": k, "rows": v} for k, v in summary.splits.items()] or [{"split": "not frozen", "rows": 0}])

rows = row_filters(current, list(summary.labels) if task.kind == "classification" else [])
st.text(f"{rows.height:,} rows" + (f", the first {_SHOWN:,} are shown" if rows.height > _SHOWN else ""))
shown = rows.head(_SHOWN)
picked = st.dataframe(
    shown.select(
        pl.col("external_id").alias("id"),
        pl.col("text").str.slice(0, 2_000),
        pl.col("value").alias("label"),
        pl.col("basis").replace(BASES).alias("set by"),
        pl.col("teacher_value").alias("teacher's label"),
        pl.col("out").fill_null("").alias("stays out"),
        "split",
    ),
    on_select="rerun",
    selection_mode="single-row",
    key=f"rows:{dataset}:{shown['example_id'].hash().sum() if shown.height else 0}",
)
row_link(shown["external_id"], picked.selection.rows)
download(settings, dataset, rows, summary.rows)
