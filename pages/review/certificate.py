"""Certificate: what a spot-check proves and what it does not, to be read and printed by anybody."""

import streamlit as st

from curator.certificates import document
from curator.errors import CuratorError
from curator.records import ESTIMATES
from pages.frame.guard import require_role
from pages.frame.session import dataset_page, lead_on, show_error
from pages.frame.words import spot_check_names
from pages.review.parts.certificate_view import acceptance, download_document, show_document
from pipelines.certify import facts as certificate_facts
from pipelines.certify import judge as certificates
from pipelines.release import release
from storage.review import plans

user = require_role("reviewer", "engineer", "analyst", "admin")
settings, dataset = dataset_page(user, "Certificate", "There is nothing to certify yet.")
names = spot_check_names(plans.of_dataset(settings.store, dataset))
audits = {plan: name for plan, name in names.items() if plans.get(settings.store, plan).purpose in ESTIMATES}
if not audits:
    lead_on("No spot-check has been drawn yet.", "pages/review/spot_check.py", "Make a spot-check")

try:
    newest = certificates.judge_newest(settings.store, dataset).plan
except CuratorError as error:
    show_error(error)
    st.stop()
wanted = st.session_state.get("chosen_plan")
start = wanted if wanted in audits else newest
chosen = st.selectbox("Spot-check", list(audits), index=list(audits).index(start), format_func=audits.__getitem__)
st.session_state["chosen_plan"] = chosen
try:
    found = release.certificate_now(settings.store, dataset, chosen)
    made = document(certificate_facts.facts(settings.store, dataset, found))
except CuratorError as error:
    show_error(error)
    st.stop()
download_document(made, f"certificate-{chosen}")
show_document(made)
with st.expander("Acceptance plan: pass or refuse a batch by a few rows"):
    acceptance()
