"""Long work from a page: a button that starts the same commands as the command line, and its progress.

The work is one subprocess (`pipelines.runtime.jobs`): it goes on when the page is closed or the app ends, and a page
that is opened later finds it by its files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from curator.errors import CuratorError
from pages.frame.guard import permitted
from pages.frame.session import show_error
from pipelines.runtime import jobs
from pipelines.runtime.settings import Settings
from storage.checks import findings
from storage.checks.findings import CheckRun
from storage.dataset import labels
from storage.jobs import Job

_POLL_S = 1.0
_WATCHED = "work_watched"


@dataclass(frozen=True, slots=True)
class Work:
    """One job: what it is called on screen (never by a name of the user's), and its command or commands."""

    title: str
    argv: tuple[str, ...]


def demo_work() -> Work:
    """The whole loop on real data."""
    return Work("The demo: the whole loop on real data", ("demo", "--no-app"))


def cluster_work(dataset: str) -> Work:
    """Embed what is new, then cluster."""
    return Work("Reading the texts and clustering them", _clustering(dataset))


def check_work(dataset: str, labeler: str | None = None) -> Work:
    """Embed what is new, cluster, then check the labels."""
    check = ("check", "--dataset", dataset, *(("--labeler", labeler) if labeler else ()))
    return Work("Checking the labels", (*_clustering(dataset), jobs.THEN, *check))


def coverage_work(dataset: str, reference: str | None) -> Work:
    """Compare with a reference sample; the vectors of both sides first."""
    other = ("embed", "--dataset", reference, jobs.THEN) if reference else ()
    against = ("--reference", reference) if reference else ()
    embed = ("embed", "--dataset", dataset, jobs.THEN)
    return Work("Comparing with the reference", (*embed, *other, "coverage", "--dataset", dataset, *against))


def curve_work(dataset: str, labeler: str | None) -> Work:
    """Draw the learning curve."""
    whose = ("--labeler", labeler) if labeler else ()
    curve = ("curve", "--dataset", dataset, *whose)
    return Work("Training a cheap student on parts of the data", ("embed", "--dataset", dataset, jobs.THEN, *curve))


def train_work(version: str, kind: str, start: str | None, settings: Mapping[str, float | str | None]) -> Work:
    """Train a student; DPO starts from a finished SFT run. Settings are options of the command; None is its default."""
    given = [(f"--{name}", str(value)) for name, value in settings.items() if value is not None]
    more = (*(("--from", start) if start else ()), *(part for option in given for part in option))
    return Work("Training a student", ("train", kind, "--version", version, *more))


def evaluate_work(version: str, student: str, others: Sequence[str]) -> Work:
    """Compare a student with others, each as `curator evaluate --models` names it."""
    models = ",".join([f"student={student}", *others])
    return Work("Evaluating the student", ("evaluate", "--version", version, "--models", models))


def check_button(settings: Settings, dataset: str, label: str) -> None:
    """Offer to embed, cluster and check; asks whose labels where there are several."""
    known = labels.choices(settings.store, dataset)
    whose = st.selectbox("Whose labels?", known, width=320) if len(known) > 1 else None
    work_button(settings, label, check_work(dataset, whose))
    if not known:
        st.text("There are no labels yet: the texts are checked for what needs none.")


def checked_run(settings: Settings, dataset: str) -> CheckRun:
    """The newest check run of the dataset; without one the page ends here, with a button to check."""
    run = findings.newest_run(settings.store, dataset)
    before = run is not None and run.labeler == labels.NOBODY and labels.labelers(settings.store, dataset)
    if run is None or before:
        st.text("The labels have not been checked yet." if before else "The dataset has not been checked yet.")
        check_button(settings, dataset, "Check it now")
        st.stop()
    return run


def work_button(settings: Settings, label: str, work: Work, *, disabled: bool = False, primary: bool = True) -> None:
    """Offer to start the work; not while other work is going on in the project."""
    project = settings.project
    busy = any(job.state == "running" for job in jobs.listing(project))
    look: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    allowed = permitted(*jobs.needed(work.argv))
    hint = None if allowed else "Your role does not allow this."
    if st.button(label, type=look, disabled=disabled or busy or not allowed, key=f"work:{label}", help=hint):
        try:
            st.session_state[_WATCHED] = jobs.start(project, work.argv, work.title)
        except CuratorError as error:
            show_error(error)
            return
        st.rerun()


def watch(project: Path) -> None:
    """Show the work that was started here, or that is going on in the project anyway. Once on a page."""
    ident = st.session_state.get(_WATCHED)
    job = jobs.get(project, ident) if ident else None
    if job is None:
        job = next((j for j in jobs.listing(project) if j.state == "running"), None)
    if job is None:
        return
    st.session_state[_WATCHED] = job.id
    if job.state == "running":
        _poll(project)
    else:
        del st.session_state[_WATCHED]  # how it ended is said once
        _show(job)


@st.fragment(run_every=_POLL_S)
def _poll(project: Path) -> None:
    """Draw the progress once a second from the job's files."""
    job = jobs.get(project, st.session_state.get(_WATCHED, ""))
    if job is None:
        return
    if job.state != "running":
        st.rerun()
    _show(job)
    if st.button("Stop", key="work:stop"):
        try:
            jobs.cancel(project, job.id)
        except CuratorError as error:
            show_error(error)
            return
        st.rerun()


def went_well(job: Job) -> bool:
    """Whether the work was done, whatever it says (1: the answer is no; 3: not enough data for an answer)."""
    return job.exit_code in (0, 1, 3) and job.result is not None


def _clustering(dataset: str) -> tuple[str, ...]:
    return ("embed", "--dataset", dataset, jobs.THEN, "cluster", "--dataset", dataset)


def _show(job: Job) -> None:
    """Draw one job: a bar while it runs, then how it ended."""
    if job.state == "running":
        done, total = job.progress or (0, 0)
        st.progress(min(1.0, done / total) if total else 0.0, f"{job.title}…")
        stage = f"{job.stage}: {done:,} of {total:,}" if total else job.stage
        st.text(stage or "Starting")
        st.text("You may close this page or the app: the work goes on.")
    elif went_well(job):
        st.success(f"{job.title}: done.")
    elif job.state == "cancelled":
        st.info(f"{job.title}: stopped. What was stored stays; starting again goes on from there.")
    else:
        st.error(f"{job.title}: failed" + (f" (exit code {job.exit_code})." if job.exit_code is not None else "."))
        st.code(job.log_tail[-2000:] or "The process ended without a word.", language=None)
