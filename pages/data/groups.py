"""Duplicates and contradictions: groups of alike rows side by side, each settled by one key."""

from dataclasses import replace

import streamlit as st

from pages.components.groups.component import group_queue
from pages.data.parts.group_queue import GROUP_KINDS, GroupQueue, of_run
from pages.frame.guard import allow, recheck, require_role
from pages.frame.session import dataset_page, lead_on
from pages.frame.words import FINDINGS, MAY_NOT
from pages.frame.work import checked_run, watch
from storage.dataset import datasets, examples

user = require_role("reviewer", "engineer", "analyst", "admin")
settings, dataset = dataset_page(user, "Duplicates & contradictions", "There is nothing to compare yet.")
watch(settings.project)
run = checked_run(settings, dataset)
checked = run.run
counts = {kind: run.report.counts[kind] for kind in GROUP_KINDS if run.report.counts.get(kind)}
if not counts:
    lead_on("No two rows are alike, as far as the checks can see.", "pages/data/findings.py", "See all findings")

with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
    kind = st.segmented_control(
        "Groups",
        list(counts),
        default=next(iter(counts)),
        format_func=FINDINGS.__getitem__,
        required=True,
    )
    found = of_run(settings.store.path, checked, kind)
    lowest = int(100 * min(finding.score for finding in found))
    least = lowest
    if lowest < int(100 * max(finding.score for finding in found)):
        least = st.slider("Show groups that are at least this sure", lowest, 100, lowest, format="%d %%", width=320)
st.text(
    "Rows that a person reviewed keep their review. A decision about a group makes new labels: "
    "the certificate is void until a fresh spot-check is reviewed."
)
queue = GroupQueue(
    store=settings.store,
    dataset=dataset,
    run=checked,
    kind=kind,
    least=least / 100 if least > lowest else 0.0,
    reader=user.name,
    test=frozenset(e for e, split in examples.ledger(settings.store, dataset).items() if split == "test"),
    skipped=st.session_state.setdefault(f"skipped:{checked}", {}),
)
task = datasets.task_of(settings.store, dataset)
may_decide = allow(user, "decide")
if not may_decide:
    st.text(MAY_NOT)


@st.fragment
def draw() -> None:
    """Draw the groups alone, so that a decision reruns nothing else; how many are open is told anew each time."""
    recheck()
    told = st.container()
    group_queue(
        key=f"groups:{checked}:{kind}:{least}",
        scope=f"{settings.store.path}:{dataset}:{user.name}",
        labels=list(task.labels) if task.kind == "classification" else [],
        may_decide=may_decide,
        load=queue.load,
        apply=queue.apply,
    )
    left = {each: replace(queue, kind=each, least=0.0).open_groups() for each in counts}
    told.text("Open groups: " + ", ".join(f"{FINDINGS[each].lower()} {number:,}" for each, number in left.items()))


draw()
