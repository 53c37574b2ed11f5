"""Clusters: what the data covers, how evenly, and what to collect next."""

import altair as alt
import polars as pl
import streamlit as st

from pages.frame.guard import require_role
from pages.frame.session import dataset_page
from pages.frame.words import BASES, percent, sentence
from pages.frame.work import cluster_work, watch, work_button
from storage.checks import clusters
from storage.views import current as views

user = require_role("reviewer", "engineer", "analyst", "admin")
COLOURS, OTHERS = 11, "all smaller clusters"
POINTS = 5_000  # Points drawn on the map; more are thinned out evenly.
settings, dataset = dataset_page(user, "Clusters", "There is nothing to cluster yet.")
watch(settings.project)
run = clusters.newest(settings.store, dataset)
if run is None:
    st.text("The rows have not been embedded and clustered yet.")
    work_button(settings, "Embed and cluster them now", cluster_work(dataset))
    st.stop()

spread = run.report.diversity
found = run.report.clusters
names = {c.cluster: f"{c.cluster}: {c.name}" for c in found}
figures = {
    "Rows": f"{run.report.rows:,}",
    "Clusters": f"{len(found):,}",
    "As varied as": f"{spread.effective_clusters:.0f} even clusters",
    "Diversity": spread.verdict,
}
with st.container(horizontal=True):
    for name, value in figures.items():
        st.metric(name, value, border=True, width=172)
st.text(sentence(spread.why))
st.text(f"The published rule for comparison: {spread.playbook.verdict}. {spread.playbook.note}")
if spread.collect_next:
    by_name = {f"cluster {number}": name for number, name in names.items()}
    sizes = {called: c.size for c in found for called in (f"cluster {c.cluster}", c.name)}
    st.text("Collect next, to even it out (the words are those that set a cluster's texts apart):")
    st.dataframe(
        [
            {
                "texts with words like": by_name.get(name, name).split(": ", 1)[-1],
                "rows now": sizes.get(name),
                "to collect": rows,
            }
            for name, rows in spread.collect_next[:5]
        ],
        height="content",
    )
rows = views.current(settings.store, dataset).join(clusters.members(settings.store, run.run), on="example_id")
rows = rows.with_columns(pl.col("cluster").replace_strict(names, default="none").alias("name"))
left, right = st.columns([5, 4], gap="small")
with left.container(border=True):
    st.text("Map of the rows (near points have similar texts)")
    colour = st.segmented_control("Colour by", ["cluster", "label"], default="cluster", required=True)
    largest = [names[c.cluster] for c in found[:COLOURS]]
    rows = rows.with_columns(
        pl.when(pl.col("name").is_in(largest)).then("name").otherwise(pl.lit(OTHERS)).alias("name")
    )
    points = rows.gather_every(max(1, -(-rows.height // POINTS))).select(
        "x", "y", pl.col("name" if colour == "cluster" else "value").alias(colour)
    )
    chart = alt.Chart(points).mark_circle(size=22, opacity=0.7)
    axis = alt.Axis(labels=False, ticks=False, title=None, grid=False)
    legend = alt.Legend(orient="bottom", columns=2, labelLimit=190, symbolLimit=40)
    scheme = alt.Scale(scheme="tableau20")
    st.altair_chart(
        chart.encode(
            x=alt.X("x:Q", axis=axis, scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", axis=axis, scale=alt.Scale(zero=False)),
            color=alt.Color(f"{colour}:N", legend=legend, title=None, scale=scheme),
        ).properties(height=520)
    )
with right.container(border=True):
    st.text("Cluster sizes")
    table = [{"cluster": names[c.cluster], "rows": c.size, "share": percent(c.share)} for c in found]
    st.dataframe(table, height=620)

chosen = st.selectbox("Rows of a cluster", list(names), format_func=names.__getitem__)
inside = rows.filter(pl.col("cluster") == chosen)
balance = inside.group_by("value").len("rows").sort("rows", "value", descending=[True, False])
small, wide = st.columns([1, 3], gap="medium")
small.dataframe(balance.rename({"value": "label"}), height=min(38 + 36 * balance.height, 320))
wide.dataframe(
    inside.head(500).select(
        pl.col("external_id").alias("id"),
        pl.col("text").str.slice(0, 2_000),
        pl.col("value").alias("label"),
        pl.col("basis").replace(BASES).alias("set by"),
    ),
    height=320,
)
work_button(settings, "Cluster again", cluster_work(dataset), primary=False)
