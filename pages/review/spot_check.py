"""Spot-check: draw rows for people to look at, follow the review, read what it proves."""

import streamlit as st

from curator.certification import Certificate
from curator.errors import CuratorError
from pages.shared.guard import require_role
from pages.shared.session import lead_on, open_project, show_error, sidebar
from pages.shared.words import PURPOSES, bound_in_words, percent, spot_check_name
from pipelines import plan as planning
from pipelines.plan import PlanConfig
from storage import certificates, labels, plans, views

user = require_role("reviewer", "engineer", "analyst", "admin")
settings = open_project()
dataset = sidebar(user, settings)
st.subheader("Spot-check", anchor=False)
if dataset is None:
    lead_on("There are no rows to check yet.", "pages/data/start.py", "Bring in data")
labelers = labels.labelers(settings.store, dataset)
found = plans.of_dataset(settings.store, dataset)


def show_certificate(certificate: Certificate) -> None:
    """Draw what the spot-check proves, and why."""
    show = {"CERTIFIED": st.success, "UNCERTIFIED": st.error, "INCOMPLETE": st.info}[certificate.status]
    show(f"{certificate.status}" + (f" (target: at most {percent(certificate.target)})" if certificate.target else ""))
    for reason in certificate.why:
        st.text(reason)
    for name, bound in (("Teacher", certificate.teacher_error), ("Release", certificate.shipped_error)):
        st.text(f"Label error of the {name.lower()}: " + (bound_in_words(bound) if bound else "not known yet"))
    st.dataframe([{**s} for s in certificate.strata])


with st.expander("Draw a spot-check", expanded=not found), st.form("draw"):
    purpose = st.radio("What for?", list(PURPOSES), format_func=PURPOSES.__getitem__)
    columns = st.columns(4)
    labeler = columns[0].selectbox("Whose labels?", labelers)
    count = columns[1].number_input("Random rows", 1, 100_000, None, placeholder="as the target needs")
    risky = columns[2].number_input("Suspect rows besides", 0, 100_000, 0)
    seed = columns[3].number_input("Seed", 0, 2**31 - 1, 0)
    if st.form_submit_button("Draw the spot-check", type="primary", disabled=not labelers):
        config = PlanConfig(dataset, purpose, labeler, count, risk_reviews=int(risky), seed=int(seed))
        try:
            st.session_state["chosen_plan"] = planning.run(config, settings.store).plan
            st.rerun()
        except CuratorError as error:
            show_error(error)
if not labelers:
    st.info("The dataset has no labels yet: bring in a file with labels, or let a teacher label it.")
if not found:
    st.stop()

ids = [plan["plan"] for plan in found]
wanted = st.session_state.get("chosen_plan")
index = ids.index(wanted) if wanted in ids else 0
chosen = st.selectbox("Spot-checks", found, index=index, format_func=spot_check_name)
st.session_state["chosen_plan"] = chosen["plan"]
progress = views.plan_progress(settings.store, chosen["plan"])
st.progress(progress["done"] / max(progress["tasks"], 1), f"{progress['done']} of {progress['tasks']} rows reviewed")
if progress["left"]:
    st.page_link(
        "pages/review/queue.py", label=f"Review the {progress['left']} rows left", icon=":material/rate_review:"
    )
if chosen["purpose"] != "test":
    try:
        show_certificate(certificates.judge_newest(settings.store, dataset, plan=chosen["plan"]))
    except CuratorError as error:
        show_error(error)
