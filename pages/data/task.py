"""Task: what the rows are labelled for; changed with a look at what differs, and every definition it has had."""

import streamlit as st

from pages.data.parts.task_form import ask_change, changes_table
from pages.frame.guard import allow, require_role
from pages.frame.session import dataset_page
from pages.frame.words import MAY_NOT
from storage.dataset import datasets
from storage.views import current as views

user = require_role("reviewer", "engineer", "analyst", "admin")
settings, dataset = dataset_page(user, "Task", "There is no dataset yet.")
store = settings.store
versions = datasets.history(store, dataset)
in_force = versions[-1]
st.text(f"Version {in_force.number} is in force, since {in_force.created_at:%Y-%m-%d %H:%M} UTC.")
if (said := views.overview(store, dataset).stale.sentence()) is not None:
    st.warning("Some rows were labelled or settled by an older definition.")
    st.text(said)
if allow(user, "decide"):
    ask_change(store, dataset, in_force.task)
else:
    st.text(MAY_NOT)
if len(versions) > 1:
    st.subheader("Versions", anchor=False)
    numbers = [version.number for version in versions]
    left, right = st.columns(2)
    one = left.selectbox("From version", numbers, index=len(numbers) - 2)
    two = right.selectbox("to version", numbers, index=len(numbers) - 1)
    changes_table(versions[numbers.index(one)].task, versions[numbers.index(two)].task)
    st.dataframe(
        [
            {"version": v.number, "since (UTC)": f"{v.created_at:%Y-%m-%d %H:%M}", "by": v.actor or "not known"}
            for v in reversed(versions)
        ],
        hide_index=True,
        height="content",
    )
