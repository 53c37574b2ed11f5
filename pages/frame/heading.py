"""The top of every page: the product and the dataset, how far it is on its way, the one next step, and the tabs."""

import streamlit as st

from curator.loop import Loop, NextStep, StageName, StageState, StepCode
from pages.frame.guard import APP_ROOT, User, allow, roles_of
from pages.frame.sections import SECTIONS, AppSection
from pipelines import loop
from storage.engine.store import Store

_PAGE = "page_now"
QUEUE, ADJUDICATE, SPOT_CHECK = "pages/review/queue.py", "pages/review/adjudicate.py", "pages/review/spot_check.py"
START, FINDINGS, SUSPECTS = "pages/data/start.py", "pages/data/findings.py", "pages/data/suspects.py"
VERSIONS, RUNS, EVALUATION = "pages/training/versions.py", "pages/training/runs.py", "pages/training/evaluation.py"
STEP_PAGES: dict[StepCode, str] = {
    "ingest": START,
    "label": "pages/data/label.py",
    "check": FINDINGS,
    "decide_patterns": FINDINGS,
    "draw": SPOT_CHECK,
    "redraw": SPOT_CHECK,
    "draw_more": SPOT_CHECK,
    "review": QUEUE,
    "second_looks": QUEUE,
    "adjudicate": ADJUDICATE,
    "find_mistakes": SUSPECTS,
    "draw_test": SPOT_CHECK,
    "review_test": QUEUE,
    "adjudicate_test": ADJUDICATE,
    "release": VERSIONS,
    "wait_for_training": RUNS,
    "train": RUNS,
    "evaluate": EVALUATION,
    "ship": EVALUATION,
    "improve": EVALUATION,
    "more_test_rows": EVALUATION,
}
STAGE_PAGES: dict[StageName, str] = {
    "Data": "pages/data/overview.py",
    "Check": FINDINGS,
    "Review": QUEUE,
    "Certify": "pages/review/certificate.py",
    "Release": VERSIONS,
    "Train": RUNS,
    "Compare": EVALUATION,
}
STATE_ICONS: dict[StageState, str] = {
    "done": ":material/check_circle:",
    "next": ":material/arrow_circle_right:",
    "open": ":material/radio_button_unchecked:",
    "blocked": ":material/lock:",
}
_HERE = "light-dark(#d9dcec, #2a2f44)"
"""The ground of the section that a tab belongs to, as Streamlit paints that of a page."""
STATE_WORDS: dict[StageState, str] = {"done": "done", "next": "next", "open": "open", "blocked": "not yet"}

# Streamlit writes white on every primary button; the dark theme's primary colour is light, for text and lines on dark.
# A button that cannot be pressed has no ground of the primary colour, so its words are the page's own, muted.
# A table's own download writes cells as they are, and a spreadsheet would take a text that begins with = for a formula.
STYLE = """<style>
button[kind^=primary] p { color: light-dark(#ffffff, #12141c); }
button[kind^=primary]:disabled { background: light-dark(#e8eaf4, #232735); border-color: light-dark(#d9dce8, #343848); }
button[kind^=primary]:disabled p { color: light-dark(#5a6072, #a4aabd); }
[data-testid=stElementToolbarButton]:has([aria-label^='Download as CSV']) { display: none; }
[data-testid=stMainBlockContainer] { padding-top: 3.6rem; }
.st-key-loop, .st-key-tabs { flex-wrap: nowrap; overflow-x: auto; scrollbar-width: thin; }
.st-key-loop > *, .st-key-tabs > * { flex: 0 0 auto; }
.st-key-loop { border-bottom: 1px solid light-dark(#d9dce8, #343848); padding-bottom: 0.25rem; }
.st-key-loop [data-testid=stPageLink-NavLink][disabled] { opacity: 1; }
@media (max-width: 640px) { .st-key-brand { display: none; } }
</style>"""


def now_on(address: str) -> None:
    """Note which page is about to be drawn, by its address."""
    st.session_state[_PAGE] = address


def heading(user: User, store: Store, dataset: str | None) -> None:
    """Draw the top of the page. Without a dataset there is nothing on its way yet."""
    if dataset is not None:
        found = loop.of_dataset(store, dataset)
        with st.container(key="loop", horizontal=True, vertical_alignment="center", gap="small"):
            st.text(f"Curator · {dataset}", width="content")
            _stages(user, found)
        _next(user, found.next)
    section = _section()
    if section is not None:
        _tabs(user, section)


def _stages(user: User, found: Loop) -> None:
    for stage in found.stages:
        file = STAGE_PAGES[stage.name]
        st.page_link(
            file,
            label=stage.name,
            icon=STATE_ICONS[stage.state],
            help=f"{STATE_WORDS[stage.state]}: {stage.why}",
            disabled=user.roles.isdisjoint(roles_of(APP_ROOT / file)),
        )


def _next(user: User, step: NextStep) -> None:
    file = STEP_PAGES[step.code]
    with st.container(key="next", horizontal=True, vertical_alignment="center", gap="small"):
        st.text(f"Next: {step.why}", width="content")
        if not allow(user, step.needs):
            st.text("Somebody with another role does this.", width="content")
        elif _here() != file:
            st.page_link(file, label=step.label, icon=":material/arrow_forward:")


def _tabs(user: User, section: AppSection) -> None:
    tabs = [tab for tab in section.tabs if not user.roles.isdisjoint(roles_of(APP_ROOT / tab.file))]
    if len(tabs) < 2:
        return
    lead = "" if tabs[0] is SECTIONS[0].tabs[0] else tabs[0].address
    st.html(f"<style>[data-testid=stSidebarNavLink][href$='/{lead}'] {{ background: {_HERE}; }}</style>")
    with st.container(key="tabs", horizontal=True, gap="small"):
        for tab in tabs:
            st.page_link(tab.file, label=tab.title)


def _here() -> str | None:
    """The file of the page that is drawn."""
    address = st.session_state.get(_PAGE)
    for section in SECTIONS:
        for place, tab in enumerate(section.tabs):
            if tab.address == address or (address == "" and section is SECTIONS[0] and place == 0):
                return tab.file
    return None


def _section() -> AppSection | None:
    """The section of the page that is drawn; None where a page is drawn alone, without the navigation."""
    here = _here()
    return next((section for section in SECTIONS if any(tab.file == here for tab in section.tabs)), None)
