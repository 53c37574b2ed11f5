"""Overview: how many rows, how far they are, how the labels balance, and the rows themselves."""

import polars as pl
import streamlit as st

from pages.shared.guard import require_role
from pages.shared.session import lead_on, open_project, sidebar
from storage import views

user = require_role("reviewer", "engineer", "analyst", "admin")
SHOWN = 5_000
ALL = "(all)"
settings = open_project()
dataset = sidebar(user, settings)
st.subheader("Overview", anchor=False)
if dataset is None:
    lead_on("There is no dataset yet.", "pages/data/start.py", "Bring in data")
summary = views.overview(settings.store, dataset)
if not summary["rows"]:
    lead_on("The dataset has no rows yet.", "pages/data/start.py", "Bring in data")

columns = st.columns(5)
for column, (name, key) in zip(
    columns,
    [
        ("Rows", "rows"),
        ("With a label", "labelled"),
        ("Reviewed by people", "reviewed"),
        ("Set by a group decision", "decided"),
        ("Ready to release", "releasable"),
    ],
    strict=True,
):
    column.metric(name, f"{summary[key]:,}", border=True)

left, right = st.columns([3, 2], gap="medium")
with left.container(border=True):
    st.text("Labels of the rows that are ready to release")
    balance = pl.DataFrame({"label": list(summary["labels"]), "rows": list(summary["labels"].values())})
    if balance.height <= 60:
        st.bar_chart(
            balance, x="label", y="rows", horizontal=True, sort="-rows", height=min(90 + 26 * balance.height, 560)
        )
    else:
        st.dataframe(balance, height=400)
with right.container(border=True):
    st.text("Rows that stay out, by reason")
    st.dataframe([{"reason": k, "rows": v} for k, v in summary["out"].items()] or [{"reason": "none", "rows": 0}])
    st.text("Splits (frozen by the first spot-check or release)")
    st.dataframe(
        [{"split": k, "rows": v} for k, v in summary["splits"].items()] or [{"split": "not frozen", "rows": 0}]
    )
    st.text("Who has labelled: " + (", ".join(summary["labelers"]) or "nobody yet"))

st.text("Rows")
rows = views.current(settings.store, dataset)
with st.container(horizontal=True):
    label = st.selectbox("Label", [ALL, *summary["labels"]])
    basis = st.selectbox("Set by", [ALL, *rows["basis"].unique().sort()])
    text = st.text_input("Text contains")
for name, wanted in (("value", label), ("basis", basis)):
    rows = rows if wanted == ALL else rows.filter(pl.col(name) == wanted)
rows = rows.filter(pl.col("text").str.contains(text, literal=True)) if text else rows
st.dataframe(
    rows.head(SHOWN).select(
        "external_id",
        "text",
        pl.col("value").alias("label"),
        pl.col("basis").alias("set_by"),
        "teacher_value",
        "out",
        "split",
    )
)
st.text(f"{rows.height:,} rows" + (f", the first {SHOWN:,} are shown" if rows.height > SHOWN else ""))
