"""Versions: release the approved rows, see what each version proves, verify its files."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from curator.errors import CuratorError
from curator.release import FORMATS, ReleaseGate
from pages.frame.guard import allow, require_role
from pages.frame.session import dataset_page, lead_on, show_error
from pages.frame.splits import test_share
from pages.frame.words import GATES, sentence, upper
from pages.training.parts.version_files import show_diff, show_files
from pipelines.release import release, verify
from pipelines.release.release import ReleaseConfig, ReleaseReport
from storage.dataset import labels
from storage.release import versions

user = require_role("engineer", "analyst", "admin")
settings, dataset = dataset_page(user, "Versions", "There is nothing to release yet.")
labelers = labels.choices(settings.store, dataset)
if not labelers:
    lead_on("The dataset has no labels yet.", "pages/data/start.py", "Bring in labels")
found = versions.listing(settings.store, dataset)


def show_gates(gates: Sequence[ReleaseGate]) -> None:
    """Draw the gates of a release."""
    marks = {True: "passed", False: "FAILED", None: "not demanded"}
    st.dataframe(
        [{"gate": GATES.get(g.name, g.name), "result": marks[g.passed], "why": sentence(g.why)} for g in gates]
    )


def show_report(report: ReleaseReport) -> None:
    """Say what the last click on Release did."""
    if report.version is None:
        st.error("Not released: a gate failed. Settle it, or waive it with a reason.")
    else:
        st.success("Released a new version." if report.created else "Nothing has changed since this version.")
        st.text(f"{report.version}: {report.path}")
    show_gates(report.gates)


with st.expander("Release a version", expanded=not found), st.form("release"):
    left, right = st.columns([2, 3])
    labeler = left.selectbox("Labels where no person has spoken", labelers)
    formats = right.multiselect("Formats", list(FORMATS), default=["tinker", "openai"])
    test = test_share(settings.store, dataset)
    waive = st.multiselect(
        "Gates to waive",
        [
            "certificate",
            "test_reviewed",
            "contradictions",
            "variety",
            "templates",
            "secrets",
            "personal_data",
            "agreement",
            "balance",
            "rubric",
            "content",
            "carried",
            "format",
        ],
        format_func=GATES.__getitem__,
    )
    why = st.text_input("Why they may be waived", placeholder="goes into the manifest with your name")
    if st.form_submit_button("Release", type="primary", disabled=not allow(user, "export")):
        config = ReleaseConfig(
            dataset,
            labeler=labeler,
            formats=tuple(formats),
            waive=tuple(waive),
            why=why,
            who=user.name,
            test_share=test,
            demand=settings.release_demand,
        )
        try:
            with st.spinner("Writing and checking the files"):
                st.session_state["released"] = release.run(config, settings.store, settings.releases)
            st.rerun()
        except CuratorError as error:
            show_error(error)
if "released" in st.session_state:
    show_report(st.session_state.pop("released"))
if not found:
    st.text("There is no version yet.")
    st.stop()

numbers = {v.version: v for v in found}
name = st.selectbox("Version", list(numbers))
version = numbers[name]
manifest = version.manifest
certificate = manifest.certificate
bound = certificate.shipped_error if certificate else None
figures = {
    "Train rows": f"{len(manifest.rows['train']):,}",
    "Test rows": f"{len(manifest.rows['test']):,}",
    "Certificate": certificate.status if certificate else "none",
    "Label error at most": upper(bound.upper_one_sided if bound else None),
}
with st.container(horizontal=True):
    for title, value in figures.items():
        st.metric(title, value, border=True, width=216)
reviewed_by = ", ".join((certificate.reviewers if certificate else ()) or ["nobody"])
labelled_by = manifest.teacher.labeler if manifest.teacher else "nobody"
st.text(f"Labelled by {labelled_by}. The certificate rests on reviews by {reviewed_by}.")
st.text(f"Folder: {version.path}")
st.text(f"Manifest SHA-256: {version.manifest_sha256}")
show_gates(manifest.gates)
if st.button("Verify the files"):
    try:
        checked = verify.run(verify.VerifyConfig(Path(version.path), expected_sha256=version.manifest_sha256))
        if checked.problems:
            st.error("The folder is not what was released.")
            st.dataframe([{"file": p.path, "problem": p.kind, "what to do": p.hint} for p in checked.problems])
        else:
            st.success(f"Intact: all {checked.files} files are what the manifest and the store say.")
    except CuratorError as error:
        show_error(error)
show_files(Path(version.path), manifest)
if len(found) > 1:
    with st.expander("What differs from another version"):
        others = [each for each in numbers if each != name]
        show_diff(numbers[st.selectbox("From version", others)].manifest, manifest)
st.page_link("pages/training/runs.py", label="Train a student on it", icon=":material/model_training:")
