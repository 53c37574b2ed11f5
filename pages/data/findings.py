"""Findings: what the checks saw, worst first, and a decision about a whole group."""

import uuid

import streamlit as st

from curator.errors import CuratorError
from curator.types import Finding
from pages.shared.guard import require_role
from pages.shared.session import lead_on, open_project, show_error, sidebar
from pages.shared.words import ACTIONS, FINDINGS
from pages.shared.work import check_button, watch
from pipelines import decide
from storage import datasets, examples, findings, views

user = require_role("reviewer", "engineer", "analyst", "admin")
SHOWN = 500
settings = open_project()
dataset = sidebar(user, settings)
st.subheader("Findings", anchor=False)
if dataset is None:
    lead_on("There is nothing to check yet.", "pages/data/start.py", "Bring in data")
watch(settings.project)
run = findings.newest_run(settings.store, dataset)
if run is None:
    st.text("The dataset has not been checked yet.")
    check_button(settings, dataset, "Check it now")
    st.stop()


def show_evidence(finding: Finding, dataset: str) -> None:
    """Draw the rows of a finding and what the check measured."""
    evidence = finding.evidence
    members = evidence.get("members")
    if members:
        st.dataframe(members, height=min(38 + 36 * len(members), 320))
    for number, group in enumerate(evidence.get("groups", ())):
        st.text(f"Group {number + 1}: {group['size']} rows, {group['wrong']} of {group['reviewed']} reviewed are wrong")
        st.dataframe([{"text": sample} for sample in group["samples"]])
    if not members:
        texts = examples.frame(settings.store, dataset).select("example_id", "external_id", "text")
        rows = texts.filter(texts["example_id"].is_in(list(finding.example_ids)))
        st.text(f"All {rows.height} rows")
        st.dataframe(rows.head(SHOWN).drop("example_id"), height=240)
    with st.expander("All that was measured"):
        st.json({k: v for k, v in evidence.items() if k not in ("members", "groups")})


def decide_form(finding: Finding, dataset: str) -> None:
    """Let the reader decide about the rows of the finding."""
    labels = list(datasets.task_of(settings.store, dataset).labels)
    proposed = finding.suggestion.get("action")
    value = finding.suggestion.get("value")
    with st.form("decide"):
        columns = st.columns([2, 2, 4], vertical_alignment="bottom")
        names = list(ACTIONS)
        index = names.index(proposed) if proposed in names else names.index("keep")
        action = columns[0].selectbox("Decision", names, index=index, format_func=ACTIONS.__getitem__)
        label = columns[1].selectbox("New label", labels, index=labels.index(value) if value in labels else 0)
        reason = columns[2].text_input("Why")
        if st.form_submit_button(f"Decide about {len(finding.example_ids)} rows", type="primary"):
            record = {"finding_id": finding.id, "action": action, "reviewer": user.name, "reason": reason}
            record |= {"value": label} if action == "relabel" else {}
            report = decide.apply([(1, record, None)], dataset, settings.store, source=f"app:{uuid.uuid4()}")
            for reject in report.rejects:
                st.text(str(reject["detail"]))
            if not report.rejects:
                st.success(f"Decided about {report.rows} rows. A spot-check drawn before does not cover them any more.")


counts = views.findings_by_kind(settings.store, dataset)
st.text(f"{run['report']['rows']:,} rows were checked under the labels of {run['labeler']}.")
if run["report"]["notes"]:
    with st.expander(f"What the checks left out, and why ({len(run['report']['notes'])})"):
        for note in run["report"]["notes"]:
            st.text(note)
check_button(settings, dataset, "Check again")
kinds = sorted(counts, key=lambda kind: list(FINDINGS).index(kind) if kind in FINDINGS else len(FINDINGS))
if not kinds:
    lead_on("The checks found nothing.", "pages/review/spot_check.py", "Prove it with a spot-check")
kind = st.pills("Kind", kinds, default=kinds[0], format_func=lambda k: f"{FINDINGS.get(k, k)} · {counts[k]:,}")
found = findings.frame(settings.store, run["run"], kind)[:SHOWN] if kind else []
table = [{"score": f.score, "rows": len(f.example_ids), "what to do": f.suggestion.get("text", "")} for f in found]
picked = st.dataframe(table, on_select="rerun", selection_mode="single-row", key=f"findings:{kind}", height=260)
chosen = picked.selection.rows[:1] or ([0] if found else [])
for number in chosen:
    st.text(found[number].suggestion.get("text", ""))
    try:
        show_evidence(found[number], dataset)
        decide_form(found[number], dataset)
    except CuratorError as error:
        show_error(error)
