"""The map: every row as a point, near points have similar texts; draw around some and act on them."""

import hashlib

import polars as pl
import streamlit as st

from curator.errors import CuratorError
from curator.statistics import counted
from pages.components.map.component import chosen, embedding_map, parse_selection
from pages.data.parts import map_rows
from pages.data.parts.map_rows import MapView
from pages.frame import bulk
from pages.frame.bulk import Bulk, BulkAction
from pages.frame.filters import containing
from pages.frame.guard import allow, require_role
from pages.frame.session import dataset_page, lead_on, show_error
from pages.frame.words import MAY_NOT
from pages.frame.work import cluster_work, watch, work_button
from pipelines.analysis import cap
from storage.checks import clusters, findings
from storage.views import current as views

user = require_role("reviewer", "engineer", "analyst", "admin")
_SHOWN = 1_000
ANY = "(any)"
settings, dataset = dataset_page(user, "Map", "There is nothing to draw yet.")
store = settings.store
watch(settings.project)
run = clusters.newest(store, dataset)
if run is None:
    st.text("The rows have not been embedded and clustered yet; the map is drawn along with the clusters.")
    work_button(settings, "Embed, cluster and draw the map", cluster_work(dataset))
    st.stop()
if run.report.layout is None:
    st.info("This map shows two principal axes, as an older Curator drew it. Drawn anew, like rows stand together.")
    work_button(settings, "Draw it anew", cluster_work(dataset))

bulk.said(store, dataset, user)
check = findings.newest_run(store, dataset)
check_run = check.run if check else None
now = views.state_seq(store, dataset)
# Others review while somebody draws a lasso: the map stays as it was drawn until its reader acts or asks for news.
drawn_for = (dataset, run.run, check_run, len(st.session_state.get("bulk_done", ())))
if st.session_state.get("map_drawn", (None, 0))[0] != drawn_for:
    st.session_state["map_drawn"] = (drawn_for, now)
state: int = st.session_state["map_drawn"][1]
with st.spinner("Reading the rows"):
    view = map_rows.of_state(store.path, dataset, run.run, check_run, state)
if view.rows.is_empty():
    lead_on("Every row of the map is left out.", "pages/data/overview.py", "See the rows")
with st.container(horizontal=True, vertical_alignment="center"):
    as_table = st.toggle("As a table", help="The same rows and actions without the map.")
    if state != now:
        st.text("There are newer labels or reviews.")
        if st.button("Show them"):
            del st.session_state["map_drawn"]
            st.rerun()


def from_map(view: MapView) -> pl.DataFrame:
    """Draw the map; the rows that are chosen on it."""
    payload = embedding_map(view.data, key=f"map:{dataset}")
    selection = parse_selection(payload, view.points, view.revision)
    return view.rows.filter(chosen(view.points, selection)) if selection else view.rows.clear()


def from_table(view: MapView) -> pl.DataFrame:
    """Draw the filters; the rows that they leave, none while no filter is set."""
    rows = view.rows
    columns = st.columns(6)
    for place, name in zip(columns, ("label", "cluster", "source", "finding", "reviewer"), strict=False):
        values = rows[name].drop_nulls().unique().sort().to_list()
        picked = place.selectbox(name.capitalize(), [ANY, *values], key=f"map:{name}")
        rows = rows.filter(pl.col(name) == picked) if picked != ANY else rows
    text = columns[5].text_input("Text contains")
    return containing(rows, text)


def cap_bulk(ids: tuple[str, ...], keep: int) -> Bulk:
    """What keeping so many of the rows would leave out, as a bulk action to confirm."""
    report = cap.run(cap.CapConfig(dataset, ids, keep), store)
    how = "the most redundant go first" if report.by_likeness else "they have no vectors, so the newest go first"
    stay = f"; {counted(report.reviewed)} reviewed by people stay" if report.reviewed else ""
    about = f"A cap on the map: keep {keep:,} of {counted(report.rows)}, {how}{stay}."
    return Bulk("exclude", report.drop, {}, about)


def ask_cap(ids: tuple[str, ...], key: str) -> None:
    """Work the cap out and ask about it."""
    try:
        capped = cap_bulk(ids, int(st.session_state[key]))
    except CuratorError as error:
        show_error(error)
        return
    if capped.example_ids:
        bulk.ask(capped)
    else:
        st.toast("No row has to go for that.")


def actions(ids: tuple[str, ...], about: str) -> None:
    """Draw what can be done with the chosen rows; each asks once, saying how many."""
    token = hashlib.sha256("".join(ids).encode()).hexdigest()[:16]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        offered: tuple[tuple[str, BulkAction], ...] = (("Send to review…", "send"), ("Leave out…", "exclude"))
        for label, action in offered:
            what = Bulk(action, ids, {}, about)
            st.button(
                label,
                on_click=bulk.ask,
                args=(what,),
                key=f"map:{action}:{token}",
                type="primary" if action == "send" else "secondary",
            )
        if len(ids) > 1:
            key = f"map:keep:{token}"
            st.number_input("Keep at most", 0, len(ids), max(1, len(ids) // 2), key=key, width=160)
            st.button("Cap…", on_click=ask_cap, args=(ids, key), key=f"map:cap:{token}", disabled=len(ids) > cap.MOST)


picked = from_table(view) if as_table else from_map(view)
if picked.is_empty():
    st.text(
        "No row is left under these filters."
        if as_table
        else "Draw a lasso or a box around rows to list them here and act on them."
    )
    bulk.history(store, dataset, user)
    st.stop()
with st.container(border=True):
    st.text(f"{counted(picked.height)} {'under these filters' if as_table else 'chosen on the map'}:")
    if allow(user, "exclude"):
        actions(
            tuple(picked["example_id"]), f"{'Listed under' if as_table else 'Chosen on'} Map: {counted(picked.height)}."
        )
    else:
        st.text(MAY_NOT)
    st.dataframe(
        picked.head(_SHOWN).select(
            pl.col("external_id").alias("id"),
            pl.col("text").str.slice(0, 2_000),
            "label",
            "cluster",
            "source",
            "finding",
            "reviewer",
        ),
        column_config={"text": st.column_config.TextColumn(width="large")},
        height=420,
    )
    if picked.height > _SHOWN:
        st.text(f"The first {_SHOWN:,} are listed; what you do is done with all {counted(picked.height)}.")
bulk.pending(store, dataset, user)
bulk.history(store, dataset, user)
