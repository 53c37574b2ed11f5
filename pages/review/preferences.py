"""Preferences: which of two answers to a row is better, by one key; ties are allowed and never train anything."""

import streamlit as st

from curator.errors import CuratorError
from pages.components.preferences.component import preference_queue
from pages.frame.guard import allow, require_role
from pages.frame.session import dataset_page, show_error
from pages.frame.work import Work, watch, work_button
from pages.review.parts.preference_queue import PreferenceQueue
from pipelines.preferences import draw as compare
from pipelines.review.answers import known_as
from storage.dataset import datasets
from storage.release import runs
from storage.review import comparisons

user = require_role("reviewer", "engineer", "admin")
settings, dataset = dataset_page(user, "Preferences", "There is nothing to compare yet.")
found = comparisons.batches(settings.store, dataset)
sources = compare.sources(dataset, settings.store)


def draw_batch(dataset: str) -> None:
    """Offer to draw comparisons of two sources; a student answers the rows first, as a job."""
    with st.expander("Compare two sources", expanded=found.is_empty()):
        students = [f"run:{each.run.id}" for each in runs.listing(settings.store, dataset) if each.run.sampler_path]
        choices = [*sources, *students]
        if len(choices) < 2:
            st.text("Two sources are needed: another teacher's labels, several answers of one, or a trained student.")
            st.page_link("pages/data/label.py", label="Let a teacher label", icon=":material/school:")
            return
        columns = st.columns(4)
        first = columns[0].selectbox("First source", choices)
        second = columns[1].selectbox("Second source", choices, index=1)
        count = int(columns[2].number_input("At most", 1, 100_000, 200))
        overlap = int(columns[3].number_input("People for each", 1, 20, 1))
        if {first, second} & set(students):
            words = ("pairs", "compare", "--dataset", dataset, "--a", first, "--b", second)
            argv = (*words, "--n", str(count), "--overlap", str(overlap))
            work_button(settings, "Let the student answer, then draw", Work("Comparing a student", argv))
        elif st.button("Draw the comparisons", type="primary"):
            try:
                made = compare.run(
                    compare.CompareConfig(dataset, a=first, b=second, count=count, overlap=overlap), settings.store
                )
                st.session_state["chosen_batch"] = made.batch
                st.rerun()
            except CuratorError as error:
                show_error(error)


watch(settings.project)
if allow(user, "plan"):
    draw_batch(dataset)
if found.is_empty():
    st.text("No comparisons have been drawn yet.")
    st.stop()

names = {
    row["batch"]: f"No. {found.height - place}: {row['comparisons']:,} comparisons, {row['answered']:,} done"
    for place, row in enumerate(found.iter_rows(named=True))
}
wanted = st.session_state.get("chosen_batch")
index = list(names).index(wanted) if wanted in names else 0
chosen = st.selectbox("Comparisons", list(names), index=index, format_func=names.__getitem__, width=620)
task = datasets.task_of(settings.store, dataset)
queue = PreferenceQueue(settings.store, dataset, chosen, known_as(settings.store, user.name))


@st.fragment
def draw() -> None:
    """Draw the queue alone, so that an answer reruns nothing else."""
    preference_queue(
        key=f"preferences:{chosen}:{user.name}",
        scope=f"{settings.store.path}:{chosen}:{user.name}",
        kind=task.kind,
        rubric=task.rubric,
        load=queue.load,
        apply=queue.apply,
    )


draw()
