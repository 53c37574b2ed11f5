"""Users: who has which role, with the history of every grant and revocation."""

import streamlit as st

from curator.errors import CuratorError
from curator.records import ALLOWED, ROLES
from pages.frame.guard import provider, require_role
from pages.frame.session import open_project, show_error, sidebar
from pipelines.admin import users
from storage.access import users as stored

user = require_role("admin")
MEANINGS = {
    "ingest": "bring in data",
    "check": "check it",
    "plan": "draw spot-checks",
    "review": "review",
    "exclude": "leave rows out",
    "decide": "decide about groups and rules",
    "export": "release and waive",
    "train": "train and evaluate",
    "administer": "manage roles, read the audit log",
}
settings = open_project()
sidebar(user, settings)
st.subheader("Users", anchor=False)
if provider() is None:
    st.info("Local single-user mode: nobody signs in, and whoever sits at this machine has every role.")
    st.text("Roles that are given here count as soon as a sign-in is configured; the README says how.")

held = stored.current(settings.store)
st.dataframe(
    [{"user": name} | {role: role in roles for role in ROLES} for name, roles in held.items()]
    or [{"user": "nobody yet"} | dict.fromkeys(ROLES, False)],
    column_config={role: st.column_config.CheckboxColumn(role, width="small") for role in ROLES},
)


def change() -> None:
    """Give or take the role that the form names."""
    try:
        if st.session_state["users:what"] == "Give":
            users.add(settings.store, st.session_state["users:name"], st.session_state["users:role"], why=why())
        else:
            users.remove(settings.store, st.session_state["users:name"], st.session_state["users:role"], why=why())
    except CuratorError as error:
        st.session_state["users:error"] = error


def why() -> str:
    """The reason in the form."""
    return str(st.session_state["users:why"])


with st.form("users", clear_on_submit=False):
    columns = st.columns([4, 9, 5, 9], vertical_alignment="bottom")
    columns[0].selectbox("What", ["Give", "Take away"], key="users:what")
    columns[1].text_input("User", placeholder="ana@example.org, as the sign-in shows it", key="users:name")
    columns[2].selectbox("Role", ROLES, key="users:role")
    columns[3].text_input("Why", placeholder="goes into the record with your name", key="users:why")
    st.form_submit_button("Change the role", type="primary", on_click=change)
if error := st.session_state.pop("users:error", None):
    show_error(error)

with st.expander("What each role may do"):
    st.dataframe(
        [{"action": MEANINGS[p]} | {role: role in roles for role in ROLES} for p, roles in ALLOWED.items()],
        column_config={role: st.column_config.CheckboxColumn(role, width="small") for role in ROLES},
    )
with st.expander("History"):
    history = stored.history(settings.store)
    st.dataframe(history) if history.height else st.text("No role was given yet.")
