"""Suspect labels: rows by how little supports their label; accept, keep, leave out or review, one or many at once."""

import hashlib

import polars as pl
import streamlit as st

from curator.statistics import counted
from pages.data.parts import suspect_rows
from pages.data.parts.suspect_rows import SuspectFilters
from pages.frame import bulk
from pages.frame.bulk import Bulk
from pages.frame.guard import allow, require_role
from pages.frame.row_link import row_link
from pages.frame.session import dataset_page, lead_on
from pages.frame.words import MAY_NOT, percent
from pages.frame.work import checked_run, watch
from storage.checks import clusters
from storage.dataset import datasets
from storage.views import current as views

user = require_role("reviewer", "engineer", "analyst", "admin")
_PAGE = 100
settings, dataset = dataset_page(user, "Suspect labels", "There is nothing to check yet.")
store = settings.store
watch(settings.project)
run = checked_run(settings, dataset)
cluster_run = clusters.newest(store, dataset)
listed = suspect_rows.of_run(store.path, dataset, run.run, cluster_run.run if cluster_run else None)
if listed.is_empty():
    lead_on("No row could be ranked.", "pages/data/findings.py", "See all findings")
done = suspect_rows.settled(store.path, dataset, views.state_seq(store, dataset))
waiting = listed.filter(~pl.col("example_id").is_in(list(done)))
ranked = run.report.counts.get("suspect_label", listed.height)
st.text(
    f"{listed.height:,} of {ranked:,} ranked rows are listed, {waiting.height:,} wait for a decision. "
    "A rank is no mistake: a person decides."
)
if waiting.height and not waiting.filter(suspect_rows.OUTVOTED).height:
    st.text("Nothing looks wrong here: every label has more support than any other.")
task = datasets.task_of(store, dataset)
classes = task.kind == "classification"  # answers of other tasks differ from row to row: no list to choose from
clustered = waiting["cluster"].n_unique() > 1


def _names(column: str) -> list[str]:
    return waiting[column].drop_nulls().unique().sort().to_list()


def filters() -> SuspectFilters:
    """Draw the filters in one line. Their options come from the rows that wait."""
    shares = [*((3, 3) if classes else ()), 3, *((3,) if clustered else ()), 2]
    columns = iter(st.columns(shares, vertical_alignment="bottom"))
    labels = next(columns).multiselect("Label", _names("label"), placeholder="Any") if classes else []
    others = next(columns).multiselect("Suggestion", _names("suggestion"), placeholder="Any") if classes else []
    text = next(columns).text_input("Text contains")
    groups = next(columns).multiselect("Cluster", _names("cluster"), placeholder="Any") if clustered else []
    least = next(columns).slider("Suspicion from", 0.0, 1.0, 0.0, 0.05)
    number = waiting.filter(suspect_rows.OUTVOTED).height
    outvoted = number > 0 and st.toggle(
        f"Only the {counted(number)} whose suggestion has more support than the label", value=True
    )
    return SuspectFilters(labels, others, groups, least, text, outvoted)


shown = suspect_rows.matching(waiting, filters())
if shown.is_empty():
    bulk.said(store, dataset, user)
    st.text("No row is left under these filters." if waiting.height else "Every suspect row is settled.")
    bulk.history(store, dataset, user)
    st.stop()
leaves = -(-shown.height // _PAGE)
page = st.pagination(leaves, key=f"page:{leaves}") if leaves > 1 else 1
part = shown.slice((page - 1) * _PAGE, _PAGE)
token = hashlib.sha256("".join(part["example_id"]).encode()).hexdigest()[:16]
picked = st.dataframe(
    part.select(
        "rank",
        pl.col("external_id").alias("id"),
        pl.col("text").str.slice(0, suspect_rows.TEXT_LIMIT),
        "label",
        pl.col("supported").map_elements(lambda p: percent(p, 0), pl.String).alias("support"),
        "suggestion",
        pl.col("other_supported").map_elements(lambda p: percent(p, 0), pl.String).alias("support of it"),
        *([] if classes else ["field"]),
        *(["cluster"] if clustered else []),
    ),
    column_config={"text": st.column_config.TextColumn(width="large")},
    on_select="rerun",
    selection_mode="multi-row",
    key=f"suspects:{token}",
    height=420,
)
# What changes with each tick stands below the table: nothing moves it under the mouse.
actions = st.container(border=True)
bulk.said(store, dataset, user)
ticked = part[picked.selection.rows] if picked.selection.rows else part.clear()
scope = shown if ticked.is_empty() else ticked
ids = tuple(scope["example_id"])
with_other = scope.filter(pl.col("suggestion").is_not_null())
if ticked.is_empty():  # of all the rows at once, only where the suggestion has more support than the label
    with_other = with_other.filter(suspect_rows.OUTVOTED)
weak = with_other.filter(~suspect_rows.OUTVOTED).height
suggested = dict(with_other.select("example_id", "suggestion").iter_rows())
one = ticked.height == 1
if ticked.is_empty():
    about = f"All {counted(len(ids))} that the filters leave under Suspect labels."
else:
    about = f"Chosen by hand under Suspect labels: {counted(len(ids))}."


def button(label: str, what: Bulk, *, primary: bool = False) -> None:
    """Draw a button about the rows on screen: one row at once, several after a confirmation."""
    args = (store, dataset, user, what) if one else (what,)
    # What a button means is in its key, so that a click on one that is just being replaced never means another.
    key = f"{what.action}:{'.'.join(sorted(set(what.values.values()))[:1])}:{len(ids)}:{token}:{ids[0]}"
    st.button(
        label if one else f"{label}…",
        on_click=bulk.do if one else bulk.ask,
        args=args,
        type="primary" if primary else "secondary",
        key=key,
    )


with actions:
    if ticked.is_empty():
        st.text(f"All {counted(len(ids))} that the filters leave (tick rows for some of them):")
    else:
        st.text(f"{counted(len(ids))} ticked:")
    if one:
        row = ticked.row(0, named=True)
        with st.container(height=240 if len(row["text"]) > 1_200 else "content"):
            st.text(row["text"][:20_000])
        st.text(f"Given {row['label']}, which rows like it support with {percent(row['supported'], 0)}.")
        row_link(ticked["external_id"], [0])
        if row["suggestion"] is not None:
            st.text(f"Suggested {row['suggestion']}, supported with {percent(row['other_supported'], 0)}.")
    may_decide = allow(user, "decide")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if may_decide and suggested:
            some = ticked.is_empty() and len(suggested) < len(ids)
            button(
                f"Accept the suggestion for {counted(len(suggested))}" if some else "Accept the suggestion",
                Bulk("accept", tuple(suggested), suggested, about, weak),
                primary=not ticked.is_empty(),
            )
        if may_decide:
            button("Keep the label", Bulk("keep", ids, {}, about))
            button("Leave out", Bulk("exclude", ids, {}, about))
        if allow(user, "plan"):
            button("Send to review", Bulk("send", ids, {}, about))
        names = list(task.labels) if classes else []
        other = (
            st.selectbox(
                "Another label", names, None, placeholder="Another label", label_visibility="collapsed", width=240
            )
            if may_decide and names
            else None
        )
        if other is not None:
            button("Give it", Bulk("relabel", ids, dict.fromkeys(ids, other), about))
    st.text(bulk.VOID if may_decide else MAY_NOT)
bulk.pending(store, dataset, user)
bulk.history(store, dataset, user)
