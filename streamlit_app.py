"""The app's frame: navigation over the sections. Each page guards itself; nothing here is a barrier."""

import streamlit as st

from pages.frame.guard import APP_ROOT, reader_roles, roles_of
from pages.frame.heading import STYLE, now_on
from pages.frame.sections import SECTIONS, Tab
from pages.frame.session import has_data

st.set_page_config(page_title="Curator", page_icon="🧭", layout="wide")
st.html(STYLE)
mine = reader_roles()


def usable(tab: Tab) -> bool:
    """Whether the reader's role allows the page."""
    return not mine.isdisjoint(roles_of(APP_ROOT / tab.file))


pages = []
data = bool(mine) and has_data()
for section in SECTIONS:
    lead = next((tab for tab in section.tabs if usable(tab)), None) if data or section.bare else None
    for tab in section.tabs:
        leads = tab is lead
        page = st.Page(
            tab.file,
            title=section.name if leads else tab.title,
            icon=section.icon,
            default=tab is SECTIONS[0].tabs[0],
            visibility="visible" if leads else "hidden",
        )
        pages.append(page)
chosen = st.navigation(pages, position="sidebar" if mine else "hidden", expanded=True)
now_on(chosen.url_path)
chosen.run()
