"""Row: one row with everything that is known of it, and what can be decided about it, by key."""

import streamlit as st

from pages.data.parts.row_story import show_row
from pages.frame import bulk
from pages.frame.guard import require_role
from pages.frame.session import dataset_page
from storage.views import row as rows

user = require_role("reviewer", "engineer", "analyst", "admin")
_SHOWN = 50
settings, dataset = dataset_page(user, "Row", "There are no rows yet.")
store = settings.store
asked = str(st.query_params.get("row", ""))
sought = st.text_input("Find a row by its id, or by words of its text", value=asked, key=f"row:{dataset}:{asked}")
found = rows.find(store, dataset, sought.strip(), _SHOWN)
if found.is_empty():
    st.text("No row has such an id or text." if sought.strip() else "Name a row, or choose one in a table.")
    st.stop()
names = dict(found.select("example_id", "id").iter_rows())
chosen = next(iter(names))
if found.height > 1:
    first = "the first " if found.height == _SHOWN else ""
    chosen = st.selectbox(f"{first}{found.height} rows match".capitalize(), list(names), format_func=names.__getitem__)
story = rows.of_example(store, dataset, chosen)
if story is None:
    st.text("There is no such row any more.")
    st.stop()
bulk.said(store, dataset, user)
show_row(settings, dataset, user, story)
