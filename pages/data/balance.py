"""Balance: how the labels spread, a cap that holds on the final set, and what to collect."""

import altair as alt
import polars as pl
import streamlit as st

from curator.errors import CuratorError
from pages.frame import bulk
from pages.frame.guard import allow, require_role
from pages.frame.session import dataset_page, lead_on, show_error
from pages.frame.words import percent, sentence
from pages.frame.work import watch
from pipelines.analysis import balance
from storage.dataset import labels

user = require_role("reviewer", "engineer", "analyst", "admin")
BARS = 40
settings, dataset = dataset_page(user, "Balance", "There is nothing to balance yet.")
watch(settings.project)
store = settings.store
known = labels.choices(store, dataset)
if not known:
    lead_on("The rows have no labels yet.", "pages/data/start.py", "Bring in labels")
labeler = st.selectbox("Whose labels?", known, width=320) if len(known) > 1 else known[0]


def plan(cap: int | None, *, choose: bool = False) -> balance.BalanceReport:
    """Plan a cap in percent."""
    return balance.run(
        balance.BalanceConfig(dataset, labeler=labeler, cap=None if cap is None else cap / 100, choose=choose), store
    )


try:
    report = plan(None)
    least = -(-100 // len(report.counts))
    cap = st.slider(
        "Largest share of one label in the final set, in %",
        min(least, 99),
        100,
        min(100, max(30, least + 5)),
        disabled=least >= 99,
        width=420,
        help="Of the rows that are left, not of those there are: at 30 % a label may have 0.43 times all other rows.",
    )
    report = plan(cap)
except CuratorError as error:
    show_error(error)
    st.stop()
over = sum(report.drop.values())
bulk.said(store, dataset, user)

figures = {
    "Rows to ship, train": f"{report.rows:,}",
    "Labels": f"{len(report.counts):,}",
    "As varied as": f"{report.effective:.1f} even labels",
    "Largest": percent(report.largest_share),
    "Largest to smallest": f"{report.ratio:.1f} to 1",
}
with st.container(horizontal=True):
    for name, value in figures.items():
        st.metric(name, value, border=True, width=220)

table = pl.DataFrame(
    {
        "label": list(report.counts),
        "rows": list(report.counts.values()),
        "share": [percent(n / report.rows) for n in report.counts.values()],
        "over the cap": [report.drop.get(label, 0) for label in report.counts],
        "to collect": [report.collect_labels.get(label, 0) for label in report.counts],
    }
)
left, right = st.columns([3, 2], gap="medium")
with left.container(border=True):
    st.text("Rows by label; lighter: over the cap" if report.drop else "Rows by label")
    bars = table.head(BARS).select("label", kept=pl.col("rows") - pl.col("over the cap"), over="over the cap")
    long = bars.unpivot(index="label", variable_name="part", value_name="rows")
    colours = alt.Scale(domain=["kept", "over"], range=["#3b6fd4", "#e0a030"])
    chart = alt.Chart(long).mark_bar(size=14)
    st.altair_chart(
        chart.encode(
            y=alt.Y("label:N", sort=bars["label"].to_list(), title=None),
            x=alt.X("rows:Q", title=None),
            color=alt.Color("part:N", scale=colours, legend=None),
            order=alt.Order("part:N"),
        ).properties(height=26 * bars.height + 30)
    )
    if table.height > BARS:
        st.text(f"The {BARS} largest of {table.height:,} labels; the table has all of them.")
with right.container(border=True):
    st.text("All labels")
    st.dataframe(table, height=min(38 + 36 * table.height, 480))
    if report.collect_regions:
        st.text("Thin regions, to collect for")
        st.dataframe([{"like": name, "rows to collect": rows} for name, rows in report.collect_regions], height=220)
with st.container(border=True, horizontal=True, vertical_alignment="center"):
    if over:
        st.text(
            f"To hold {cap} %, about {over:,} rows stay out: the most redundant first, and never one that a person "
            "has reviewed. Nothing is deleted.",
            width="stretch",
        )
        if st.button("Choose them", type="primary", disabled=not allow(user, "exclude")):
            chosen = plan(cap, choose=True)
            about = f"cap: no label above {cap} % of the final set, the most redundant rows first"
            bulk.ask(bulk.Bulk("exclude", chosen.example_ids, {}, about))
            if chosen.reviewed_kept:
                st.text(f"{chosen.reviewed_kept:,} more would have to go, but people have reviewed them.")
    else:
        st.text(f"No label has more than {cap} % of the rows.", width="stretch")
bulk.pending(store, dataset, user)
for note in report.notes:
    st.text(sentence(note))
bulk.history(store, dataset, user)
