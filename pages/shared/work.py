"""Long work from a page: a button that starts the same commands as the command line, and their progress.

A step is a subprocess of its own (`pipelines.jobs`): it goes on when the page is closed or the app ends, and a
page that is opened later finds it by its files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pipelines import jobs
from pipelines.settings import Settings
from storage import labels
from storage.jobs import Job

POLL_S = 1.0
_QUEUE = "work_queue"
_WATCHED = "work_watched"


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the command line, and what it is called on screen."""

    title: str
    argv: tuple[str, ...]


def cluster_steps(dataset: str) -> list[Step]:
    """Embed what is new, then cluster."""
    return [
        Step("Reading the texts with the encoder", ("embed", "--dataset", dataset)),
        Step("Clustering", ("cluster", "--dataset", dataset)),
    ]


def train_steps(version: str, kind: str, start: str | None, epochs: int | None) -> list[Step]:
    """Train a student; DPO starts from a finished SFT run."""
    more = (*(("--from", start) if start else ()), *(("--epochs", str(epochs)) if epochs else ()))
    return [Step(f"Training on {version}", ("train", kind, "--version", version, *more))]


def evaluate_steps(version: str, student: str, teacher: str | None) -> list[Step]:
    """Compare a student with the untrained model and the teacher."""
    models = f"student={student},base=" + (f",teacher={teacher}" if teacher else "")
    return [Step(f"Evaluating on {version}", ("evaluate", "--version", version, "--models", models))]


def check_button(settings: Settings, dataset: str, label: str) -> None:
    """Offer to embed, cluster and check; asks whose labels where there are several."""
    known = labels.labelers(settings.store, dataset)
    whose = st.selectbox("Whose labels?", known, width=320) if len(known) > 1 else None
    named = ("--labeler", whose) if whose else ()
    check = Step("Checking the labels", ("check", "--dataset", dataset, *named))
    work_button(settings, label, [*cluster_steps(dataset), check], disabled=not known)
    if not known:
        st.text("There are no labels to check yet.")


def work_button(settings: Settings, label: str, steps: Sequence[Step], *, disabled: bool = False) -> None:
    """Offer to start the steps, one after the other."""
    project = settings.project
    busy = any(job.state == "running" for job in jobs.listing(project))
    if st.button(label, type="primary", disabled=disabled or busy, key=f"work:{label}"):
        st.session_state[_QUEUE] = list(steps)
        _start_next(project)
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
    if job.state == "running" or st.session_state.get(_QUEUE):
        _poll(project)
    else:
        del st.session_state[_WATCHED]  # how it ended is said once
        _show(job)


@st.fragment(run_every=POLL_S)
def _poll(project: Path) -> None:
    """Draw the progress once a second from the job's files, and go on to the next step."""
    job = jobs.get(project, st.session_state[_WATCHED])
    if job is None:
        return
    _show(job)
    if job.state == "running":
        if st.button("Stop", key="work:stop"):
            st.session_state[_QUEUE] = []
            jobs.cancel(project, job.id)
        return
    if _went_well(job) and st.session_state.get(_QUEUE):
        _start_next(project)
    else:
        st.session_state[_QUEUE] = []
    st.rerun()


def _start_next(project: Path) -> None:
    step = st.session_state[_QUEUE].pop(0)
    st.session_state[_WATCHED] = jobs.start(project, step.argv, step.title)


def _went_well(job: Job) -> bool:
    """Whether the work was done, whatever it says (1: the answer is no; 3: not enough data for an answer)."""
    return job.exit_code in (0, 1, 3) and job.result is not None


def _show(job: Job) -> None:
    """Draw one job: a bar while it runs, then how it ended."""
    if job.state == "running":
        done, total = job.progress or (0, 0)
        st.progress(min(1.0, done / total) if total else 0.0, f"{job.title}…")
        if job.stage:
            st.text(f"{job.stage}: {done:,} of {total:,}" if total else job.stage)
    elif _went_well(job):
        st.success(f"{job.title}: done.")
    elif job.state == "cancelled":
        st.info(f"{job.title}: stopped. What was stored stays; starting again goes on from there.")
    else:
        st.error(f"{job.title}: failed" + (f" (exit code {job.exit_code})." if job.exit_code is not None else "."))
        st.code(job.log_tail[-2000:] or "The process ended without a word.", language=None)
