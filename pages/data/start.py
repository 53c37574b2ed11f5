"""Start: open the demo, or bring in a file and check it."""

from datetime import UTC, datetime

import streamlit as st

from pages.data.parts.upload import show_ingested, upload_form
from pages.frame.guard import require_role
from pages.frame.session import open_project, sidebar
from pages.frame.words import STATES, clipped
from pages.frame.work import check_button, demo_work, watch, went_well, work_button
from pipelines.runtime import jobs
from storage.views import current as views

user = require_role("reviewer", "engineer", "analyst", "admin")
settings = open_project()
dataset = sidebar(user, settings)
st.subheader("Start", anchor=False)
st.text("Curator turns a teacher model's labels into a dataset you can trust, and proves it.")

watch(settings.project)

if dataset is not None and "ingested" in st.session_state and dataset == st.session_state["ingested"].dataset:
    with st.container(border=True):
        st.text(f"Your file is in, as the dataset {dataset}.")
        show_ingested(st.session_state["ingested"])
        check_button(settings, dataset, "Check it")
        with st.container(horizontal=True):
            st.page_link("pages/data/overview.py", label="Look at the rows", icon=":material/dashboard:")
            st.page_link("pages/data/findings.py", label="See the findings", icon=":material/search_insights:")
            st.page_link("pages/review/spot_check.py", label="Make a spot-check", icon=":material/verified:")
elif dataset is not None:
    summary = views.overview(settings.store, dataset)
    with st.container(border=True):
        st.text(f"{dataset}: {summary.rows:,} rows, {summary.reviewed:,} reviewed one by one.")
        with st.container(horizontal=True):
            st.page_link("pages/data/overview.py", label="Open it", icon=":material/dashboard:")
            st.page_link("pages/review/queue.py", label="Go on reviewing", icon=":material/rate_review:")

# After an upload the page is short, so that what became of the file is in sight.
fresh = dataset is not None and "ingested" in st.session_state and dataset == st.session_state["ingested"].dataset
with st.expander("Bring in another file") if fresh else st.container(border=True):
    if not fresh:
        st.markdown("**Bring in a file**")
    upload_form(settings)

with st.expander("The demo") if fresh else st.container(border=True):
    st.markdown("**The demo**: 2,100 real texts in 15 languages, labelled by a teacher that makes real mistakes")
    st.text("It runs the whole loop in a few minutes: check, review by a scripted expert, release, train, evaluate.")
    work_button(settings, "Run the demo in this project", demo_work(), primary=dataset is None)

past = jobs.listing(settings.project)
if past:
    with st.expander(f"Work in this project ({len(past)})"):
        st.dataframe(
            [
                {
                    "work": j.title,
                    "state": "done" if went_well(j) else STATES[j.state],
                    "started": f"{datetime.fromtimestamp(j.started, UTC).astimezone():%Y-%m-%d %H:%M}",
                    "last words": "" if went_well(j) else clipped(j.log_tail[-200:]),
                }
                for j in past[:50]
            ]
        )
