"""Label: let a teacher label the rows, within a budget, and see what each has labelled."""

import streamlit as st

from curator.errors import CuratorError
from curator.statistics import counted
from pages.frame.guard import allow, require_role
from pages.frame.session import dataset_page, show_error
from pages.frame.words import MAY_NOT
from pages.frame.work import Work, watch, work_button
from pipelines.review import by_hand
from pipelines.wiring import OFFLINE
from storage.dataset import datasets
from storage.views import labelled

user = require_role("reviewer", "engineer", "analyst", "admin")
settings, dataset = dataset_page(user, "Label", "There are no rows yet.")
store = settings.store
watch(settings.project)
standing = labelled.by_labeler(store, dataset)
rows = labelled.rows(store, dataset)
st.text(f"{counted(rows)} in {dataset}. Who has labelled how many:")
if standing.is_empty():
    st.text("Nobody yet.")
else:
    st.dataframe(standing, hide_index=True, height="content")

with st.container(border=True):
    st.markdown("**Let a teacher label**")
    if not allow(user, "ingest"):
        st.text(MAY_NOT)
    usual = settings.teacher or OFFLINE
    columns = st.columns(4)
    teacher = columns[0].text_input(
        "Teacher",
        usual,
        help="A model's name, asked at the address of [teacher] base_url in curator.toml or OPENAI_BASE_URL; "
        f"{OFFLINE} is the labeller that comes with the demo, for its task alone.",
    )
    limit = columns[1].number_input("At most so many rows", 1, 10_000_000, None, placeholder="all that it has not")
    budget = columns[2].number_input("Budget, US dollars", 0.01, 1e6, None, placeholder="no limit")
    samples = columns[3].number_input("Answers for each row", 1, 20, 1, help="Several show how sure it is.")
    prices = st.columns(4)
    price_in = prices[0].number_input("US dollars for a million tokens in", 0.0, 1e4, None, placeholder="not known")
    price_out = prices[1].number_input("and out", 0.0, 1e4, None, placeholder="not known")
    parts = {
        "--teacher": teacher.strip() or None,
        "--limit": limit,
        "--budget": budget,
        "--price-in": price_in,
        "--price-out": price_out,
        "--samples": samples if samples > 1 else None,
    }
    argv = ["label", "--dataset", dataset]
    for name, value in parts.items():
        if value is not None:
            argv += [name, str(value)]
    unpriced = budget is not None and (price_in is None or price_out is None) and teacher.strip() != OFFLINE
    if unpriced:
        st.info("A budget holds only where both prices are known.")
    st.text("What it has answered before is not asked again. Each answer is kept as it arrives, also if you stop it.")
    work_button(settings, "Let it label", Work("The teacher labels", tuple(argv)), disabled=unpriced)

with st.container(border=True):
    st.markdown("**Label by hand**")
    hand = by_hand.standing(store, dataset)
    if hand.waiting:
        st.text(f"{counted(hand.waiting)} without a label wait in Review.")
        st.page_link("pages/review/queue.py", label="Label them by key", icon=":material/rate_review:")
    if hand.to_keep and allow(user, "decide"):
        st.text(f"{counted(hand.to_keep)} were labelled by hand. As labels they are checked, measured and released.")
        if st.button(f"Keep them as {counted(hand.to_keep, 'label')}", type="primary"):
            st.session_state["kept_by_hand"] = by_hand.keep(store, dataset)
            st.rerun()
    if (kept := st.session_state.pop("kept_by_hand", None)) is not None:
        st.success(f"{counted(kept, 'label')} kept.")
    if hand.unlabelled and allow(user, "plan"):
        st.text(
            f"{counted(hand.unlabelled)} have no label. Rows of every cluster come first, where there are clusters."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            number = st.number_input("How many", 1, hand.unlabelled, min(50, hand.unlabelled), width=160)
            if st.button("Label these by key"):
                try:
                    made = by_hand.ask(store, dataset, int(number), user.name)
                except CuratorError as error:
                    show_error(error)
                else:
                    st.session_state["chosen_plan"] = made.plan
                    st.switch_page("pages/review/queue.py")
    elif not hand.waiting and not hand.to_keep:
        st.text("Every row has a label.")

task = datasets.task_of(store, dataset)
with st.container(border=True):
    st.markdown("**The rubric that the teacher reads**")
    st.text(task.rubric or "There is none yet.")
    st.page_link("pages/data/task.py", label="Change the task", icon=":material/edit:")
