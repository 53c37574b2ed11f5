"""Findings: what the checks saw, consistent mistakes first, and a decision about a whole group."""

import streamlit as st

from pages.data.parts.finding_cards import group_card, pattern_card, standing_actions, suspects_table
from pages.data.parts.group_queue import GROUP_KINDS, of_run
from pages.frame.guard import require_role
from pages.frame.session import dataset_page, lead_on
from pages.frame.words import FINDINGS, clipped, found_in_words, sentence
from pages.frame.work import check_button, checked_run, watch
from storage.dataset import labels
from storage.views import current as views

user = require_role("reviewer", "engineer", "analyst", "admin")
_SHOWN = 500
settings, dataset = dataset_page(user, "Findings", "There is nothing to check yet.")
watch(settings.project)
run = checked_run(settings, dataset)

whose = "without labels" if run.labeler == labels.NOBODY else f"under the labels of {run.labeler}"
st.text(f"{run.report.rows:,} rows were checked {whose}.")
counts = views.findings_by_kind(settings.store, dataset)
kinds = sorted(counts, key=lambda kind: list(FINDINGS).index(kind) if kind in FINDINGS else len(FINDINGS))
if not kinds:
    lead_on("The checks found nothing.", "pages/review/spot_check.py", "Prove it with a spot-check")
kind = st.pills(
    "What the checks found",
    kinds,
    default=kinds[0],
    format_func=lambda k: found_in_words(k, counts[k]),
    required=True,
)
found = list(of_run(settings.store.path, run.run, kind)[:_SHOWN])
if kind == "label_pattern":
    for finding in found:
        pattern_card(settings.store, dataset, user, finding)
elif kind == "suspect_label":
    st.page_link("pages/data/suspects.py", label="Decide about them, one or many at once", icon=":material/flag_check:")
    suspects_table(settings.store, dataset, found)
    st.page_link("pages/review/spot_check.py", label="Let a person look at them", icon=":material/rate_review:")
else:
    if kind in GROUP_KINDS:
        st.page_link(
            "pages/data/groups.py", label="Settle them side by side, one key each", icon=":material/join_inner:"
        )
    decided = standing_actions(settings.store, dataset)
    table = [
        {
            "rows": len(f.example_ids),
            "decided": decided.get(f.id, ""),
            "what to do": clipped(sentence(f.suggestion.get("text", ""))),
        }
        for f in found
    ]
    height = min(38 + 36 * len(table), 260)
    picked = st.dataframe(
        table,
        on_select="rerun",
        selection_mode="single-row-required",
        key=f"findings:{run.run}:{kind}",
        height=height,
    )
    for number in picked.selection.rows[:1] or [0]:
        group_card(settings.store, dataset, user, found[number])
if run.report.notes:
    with st.expander(f"What the checks left out, and why ({len(run.report.notes)})"):
        for note in run.report.notes:
            st.text(sentence(note.replace("_", " ")))
check_button(settings, dataset, "Check again")
