"""The app's frame: navigation over the pages. Each page guards itself; nothing here is a barrier."""

from typing import Any

import streamlit as st
from streamlit.navigation.page import Page

from pages.frame.guard import APP_ROOT, reader_roles, roles_of

st.set_page_config(page_title="Curator", page_icon="🧭", layout="wide")
# Streamlit writes white on every primary button; the dark theme's primary colour is light, for text and lines on dark.
# A table's own download writes cells as they are, and a spreadsheet would take a text that begins with = for a formula.
st.html(
    "<style>button[kind^=primary] p { color: light-dark(#ffffff, #12141c); }"
    "[data-testid=stElementToolbarButton]:has([aria-label^='Download as CSV']) { display: none; }</style>"
)
mine = reader_roles()


def page(path: str, **look: Any) -> Page:  # noqa: ANN401 - as st.Page takes it
    """Name a page, hidden from the list where the reader's role does not allow it."""
    return st.Page(path, visibility="hidden" if mine.isdisjoint(roles_of(APP_ROOT / path)) else "visible", **look)


st.navigation(
    {
        "Data": [
            page("pages/data/start.py", title="Start", icon=":material/flag:", default=True),
            page("pages/data/overview.py", title="Overview", icon=":material/dashboard:"),
            page("pages/data/map.py", title="Map", icon=":material/scatter_plot:"),
            page("pages/data/clusters.py", title="Clusters", icon=":material/bubble_chart:"),
            page("pages/data/balance.py", title="Balance", icon=":material/bar_chart:"),
            page("pages/data/coverage.py", title="Coverage", icon=":material/public:"),
            page("pages/data/findings.py", title="Findings", icon=":material/search_insights:"),
            page("pages/data/groups.py", title="Duplicates & contradictions", icon=":material/join_inner:"),
            page("pages/data/suspects.py", title="Suspect labels", icon=":material/flag_check:"),
        ],
        "Review": [
            page("pages/review/queue.py", title="Review", icon=":material/rate_review:"),
            page("pages/review/adjudicate.py", title="Adjudicate", icon=":material/gavel:"),
            page("pages/review/agreement.py", title="Agreement", icon=":material/handshake:"),
            page("pages/review/preferences.py", title="Preferences", icon=":material/compare:"),
            page("pages/review/spot_check.py", title="Spot-check", icon=":material/verified:"),
            page("pages/review/certificate.py", title="Certificate", icon=":material/workspace_premium:"),
            page("pages/review/boards.py", title="What is where", icon=":material/view_list:"),
        ],
        "Training": [
            page("pages/training/versions.py", title="Versions", icon=":material/inventory_2:"),
            page("pages/training/runs.py", title="Runs", icon=":material/model_training:"),
            page("pages/training/evaluation.py", title="Evaluation", icon=":material/balance:"),
        ],
        "Admin": [
            page("pages/admin/users.py", title="Users", icon=":material/group:"),
            page("pages/admin/audit.py", title="Audit log", icon=":material/history:"),
        ],
    },
    position="sidebar" if mine else "hidden",
    expanded=True,
).run()
