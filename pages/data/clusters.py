"""Clusters: what the data covers, how evenly, and what to collect next."""

import altair as alt
import polars as pl
import streamlit as st

from pages.shared.guard import require_role
from pages.shared.session import lead_on, open_project, sidebar
from pages.shared.words import percent
from pages.shared.work import cluster_steps, watch, work_button
from storage import clusters, views

user = require_role("reviewer", "engineer", "analyst", "admin")
POINTS = 5_000  # Points drawn on the map; more are thinned out evenly.
settings = open_project()
dataset = sidebar(user, settings)
st.subheader("Clusters", anchor=False)
if dataset is None:
    lead_on("There is nothing to cluster yet.", "pages/data/start.py", "Bring in data")
watch(settings.project)
run = clusters.newest(settings.store, dataset)
if run is None:
    st.text("The rows have not been embedded and clustered yet.")
    work_button(settings, "Embed and cluster them now", cluster_steps(dataset))
    st.stop()

spread = run["report"]["diversity"]
found = run["report"]["clusters"]
columns = st.columns(4)
columns[0].metric("Rows", f"{run['report']['rows']:,}", border=True)
columns[1].metric("Clusters", f"{len(found):,}", border=True)
columns[2].metric(
    "Effective clusters", f"{spread['effective_clusters']:.1f}", border=True, help="exp(entropy) of the cluster sizes"
)
columns[3].metric("Diversity", spread["verdict"], border=True)
st.text(spread["why"])
st.text(f"The published rule for comparison: {spread['playbook']['verdict']}. {spread['playbook']['note']}")
if spread["collect_next"]:
    st.text("Collect next: " + "; ".join(f"{rows} rows like {name}" for name, rows in spread["collect_next"][:5]))

names = {c["cluster"]: f"cluster {c['cluster']}: {c['name']}" for c in found}
rows = views.current(settings.store, dataset).join(clusters.members(settings.store, run["run"]), on="example_id")
rows = rows.with_columns(pl.col("cluster").replace_strict(names, default="none").alias("name"))
left, right = st.columns([3, 2], gap="medium")
with left.container(border=True):
    st.text("Map of the rows (near points have similar texts)")
    colour = st.segmented_control("Colour by", ["cluster", "label"], default="cluster") or "cluster"
    points = rows.gather_every(max(1, -(-rows.height // POINTS))).select(
        "x", "y", pl.col("name" if colour == "cluster" else "value").alias(colour)
    )
    chart = alt.Chart(points).mark_circle(size=22, opacity=0.7)
    axis = alt.Axis(labels=False, ticks=False, title=None, grid=False)
    legend = (
        alt.Legend(orient="bottom", columns=4, labelLimit=160, symbolLimit=40)
        if points[colour].n_unique() <= 40
        else None
    )
    st.altair_chart(
        chart.encode(
            x=alt.X("x:Q", axis=axis, scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", axis=axis, scale=alt.Scale(zero=False)),
            color=alt.Color(f"{colour}:N", legend=legend, title=None),
        ).properties(height=480)
    )
with right.container(border=True):
    st.text("Cluster sizes")
    table = [{"cluster": names[c["cluster"]], "rows": c["size"], "share": percent(c["share"])} for c in found]
    st.dataframe(table, height=560)

chosen = st.selectbox("Rows of a cluster", list(names), format_func=names.__getitem__)
inside = rows.filter(pl.col("cluster") == chosen)
balance = inside.group_by("value").len("rows").sort("rows", "value", descending=[True, False])
small, wide = st.columns([1, 3], gap="medium")
small.dataframe(balance.rename({"value": "label"}), height=320)
wide.dataframe(inside.head(500).select("external_id", "text", pl.col("value").alias("label"), "basis"), height=320)
work_button(settings, "Cluster again", cluster_steps(dataset))
