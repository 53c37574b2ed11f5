"""Adjudicate: rows that people dispute or have rejected, the most worth settling first."""

import streamlit as st

from curator.statistics import counted
from pages.components.review.component import review_queue
from pages.frame.guard import require_role
from pages.frame.session import dataset_page, lead_on
from pages.review.parts.adjudication_queue import AdjudicationQueue, who_said_what
from pipelines.review.answers import known_as
from storage.dataset import datasets
from storage.review import plans

user = require_role("reviewer", "engineer", "admin")
settings, dataset = dataset_page(user, "Adjudicate", "There is nothing to settle yet.")
if not plans.of_dataset(settings.store, dataset):
    lead_on("No spot-check has been drawn yet.", "pages/review/spot_check.py", "Make a spot-check")

task = datasets.task_of(settings.store, dataset)
own = not user.roles.isdisjoint({"engineer", "admin"})
queue = AdjudicationQueue(settings.store, dataset, known_as(settings.store, user.name), own)
st.text(
    "Rows that people dispute, rejected or skipped. Rows of an audit come first: its certificate waits for them. "
    "What you say here is the last word about a row."
)
if left := queue.left_to_others():
    st.text(f"{counted(left)} left to somebody else, since you are a party: whoever rejects a row does not settle it.")


@st.fragment
def draw() -> None:
    """Draw the queue alone, so that an answer reruns nothing else."""
    review_queue(
        key=f"adjudicate:{dataset}:{user.name}",
        scope=f"{settings.store.path}:adjudicate:{dataset}:{user.name}",
        kind=task.kind,
        labels=list(task.labels) if task.kind == "classification" else [],
        schema=task.schema,
        rubric=task.rubric,
        definitions=task.labels,
        load=queue.load,
        apply=queue.apply,
        together=settings.store.together,
    )


draw()
with st.expander("The queue, and why it is in this order"):
    st.text(
        "Gain of an audit row: 1 + W (1 + H) / 2. W: how many rows it stands for in the certificate, the heaviest "
        "being 1. Gain of any other row: H. H: how unsure its label is, from 0 to 1, by the model of Dawid and Skene "
        "over all reviews."
    )
    st.dataframe(
        [
            {"gain": round(d.gain, 3), "state": d.status, "stream": d.stream, "who said what": who_said_what(d)}
            for d in queue.disputes()
        ]
    )
