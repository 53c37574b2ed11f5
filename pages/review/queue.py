"""Review: the rows of a spot-check, one after the other, by keyboard."""

import streamlit as st

from pages.components.review.component import review_queue
from pages.frame.guard import require_role
from pages.frame.session import dataset_page, lead_on
from pages.frame.words import spot_check_names
from pages.review.parts.native_queue import NativeQueue
from pipelines.review.answers import known_as
from storage.dataset import datasets
from storage.review import plans

user = require_role("reviewer", "engineer", "admin")
settings, dataset = dataset_page(user, "Review", "There is nothing to review yet.")
found = plans.of_dataset(settings.store, dataset)
if not found:
    lead_on("No spot-check has been drawn yet.", "pages/review/spot_check.py", "Make a spot-check")

wanted = st.session_state.get("chosen_plan")
names = spot_check_names(found)
with st.container(horizontal=True, vertical_alignment="bottom"):
    chosen = st.selectbox(
        "Spot-check",
        list(names),
        index=list(names).index(wanted) if wanted in names else 0,
        format_func=names.__getitem__,
        width=620,
    )
    st.page_link("pages/review/spot_check.py", label="Certificate and progress", icon=":material/verified:")
st.session_state["chosen_plan"] = chosen
task = datasets.task_of(settings.store, dataset)
queue = NativeQueue(settings.store, dataset, chosen, known_as(settings.store, user.name))


@st.fragment
def draw() -> None:
    """Draw the queue alone, so that an answer reruns nothing else."""
    review_queue(
        key=f"queue:{chosen}:{user.name}",
        scope=f"{settings.store.path}:{chosen}:{user.name}",
        kind=task.kind,
        labels=list(task.labels) if task.kind == "classification" else [],
        schema=task.schema,
        rubric=task.rubric,
        definitions=task.labels,
        neighbours=queue.neighbours,
        load=queue.load,
        apply=queue.apply,
        together=settings.store.together,
    )


draw()
