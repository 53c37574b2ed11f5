"""Pairs: preference pairs from choices, corrections and a student's errors: built, checked and read here."""

import polars as pl
import streamlit as st

from curator.errors import CuratorError
from curator.statistics import counted
from pages.frame.guard import allow, require_role
from pages.frame.session import dataset_page, show_error
from pages.frame.words import MAY_NOT, sentence
from pages.frame.work import Work, watch, work_button
from pipelines.preferences import pairs
from storage.dataset import examples, labels
from storage.release import runs, versions

user = require_role("engineer", "analyst", "admin")
_SHOWN = 500
settings, dataset = dataset_page(user, "Pairs", "There is nothing to make pairs of yet.")
store = settings.store
watch(settings.project)
st.text(
    "A pair is one input with an answer that is better and one that is worse. Pairs train with DPO, after a supervised "
    "run. They are made of people's choices, of corrections, and of what a student got wrong."
)
with st.container(border=True):
    st.markdown("**Build pairs**")
    if not allow(user, "export"):
        st.text(MAY_NOT)
    columns = st.columns(3)
    known = labels.choices(store, dataset)
    labeler = columns[0].selectbox("Whose labels count as the teacher's?", known) if known else None
    finished = [each.run.id for each in runs.listing(store, dataset) if each.run.status == "finished"]
    student = columns[1].selectbox("A student's errors too?", [None, *finished], format_func=lambda r: r or "no")
    cap = columns[2].number_input("At most, for one pair of labels", 1, 100_000, pairs.CAP)
    argv = ["pairs", "build", "--dataset", dataset, "--cap", str(cap)]
    argv += ["--labeler", labeler] if labeler else []
    argv += ["--student", student] if student else []
    work_button(settings, "Build them", Work("Building preference pairs", tuple(argv)), disabled=not known)
    st.page_link("pages/review/preferences.py", label="Let people compare answers", icon=":material/compare:")
found = versions.pairs(store, dataset)
if not found:
    st.text("There are no pairs yet.")
    st.stop()
st.subheader(f"{counted(len(found), 'pair')}", anchor=False)
sources = pl.Series("made of", [pair.source for pair in found]).value_counts().sort("count", descending=True)
st.dataframe(sources.rename({"count": "pairs"}), hide_index=True, height="content")
try:
    wrong = pairs.check(dataset, store)
except CuratorError as error:
    show_error(error)
    wrong = ()
if wrong:
    st.text("What is wrong with them, and what they would teach by accident:")
    st.dataframe(
        [{"how bad": w.severity, "what": sentence(w.text), "pairs": len(w.pair_ids) or "all of them"} for w in wrong],
        hide_index=True,
        height="content",
    )
else:
    st.success("Nothing is wrong with them, as far as the checks see.")
ids = list({pair.example_id for pair in found[:_SHOWN]})
texts, names = examples.texts(store, ids), examples.external_ids(store, ids)
st.text(f"The first {_SHOWN:,} of them" if len(found) > _SHOWN else "All of them")
st.dataframe(
    [
        {
            "id": names.get(pair.example_id, ""),
            "text": texts.get(pair.example_id, "")[:400],
            "better": pair.chosen,
            "worse": pair.rejected,
            "made of": pair.source,
        }
        for pair in found[:_SHOWN]
    ],
    height=420,
)
