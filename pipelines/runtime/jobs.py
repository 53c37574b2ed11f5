"""Starting, watching and cancelling work that outlives a page: a subprocess running the same command."""

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from curator.records import Permission
from pipelines.runtime import acting, child
from storage import jobs

JOB_VARIABLE = "CURATOR_JOB"
BEHIND = ("nice", "-n", "5")
"""Work that nobody waits for at the page lets people at the page go first. Not further behind: on a machine that others
keep busy a job would get a hundredth of a processor, also while it has the store, and people wait for that."""
THEN = "--then"
"""Parts the commands of one job."""
JOB_PERMISSIONS: dict[str, tuple[Permission, ...]] = {
    "embed": ("check",),
    "cluster": ("check",),
    "check": ("check",),
    "coverage": ("check",),
    "curve": ("check",),
    "ingest": ("ingest",),
    "label": ("ingest",),
    "plan": ("plan",),
    "release": ("export",),
    "pairs": ("export",),
    "train": ("train",),
    "evaluate": ("train",),
    "demo": ("ingest", "export", "train"),
}
"""What a command needs; one that is not listed needs an admin."""
_started: dict[str, subprocess.Popen[bytes]] = {}


def folder(project: Path) -> Path:
    """Where a project's jobs lie."""
    return project / "jobs"


def start(project: Path, argv: Sequence[str], title: str) -> str:
    """Run `curator ARGV --project PROJECT --json` in a process of its own; returns the job's id.

    The job goes on when the app ends, and its result stays in its folder. Commands parted by `THEN` run one
    after the other, each after the success of the one before.

    Raises:
        NotAllowedError: Whoever asks may not run one of them.
    """
    for permission in needed(argv):
        acting.require(permission)
    ident = time.strftime("%Y%m%d-%H%M%S-") + uuid.uuid4().hex[:6]
    place = folder(project) / ident
    place.mkdir(parents=True)
    common = ["--project", str(project), "--json"]
    words = [word for each in argv for word in ((*common, THEN) if each == THEN else (each,))]
    module = "pipelines.cli.sequence" if THEN in argv else "pipelines.cli"
    command = [*BEHIND, *child.command(module), *words, *common]
    with (place / "log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=child.environment({JOB_VARIABLE: str(place), acting.ACTOR_VARIABLE: acting.actor()}),
            process_group=0,  # no session of its own: Linux shares the processor out by sessions before `nice` counts
        )
    _started[ident] = process
    jobs.write(
        place / "job.json",
        {
            "title": title,
            "argv": list(argv),
            "pid": process.pid,
            "mark": jobs.mark(process.pid),
            "started": time.time(),
            "who": acting.actor(),
        },
    )
    return ident


def needed(argv: Sequence[str]) -> set[Permission]:
    """What the commands of a job need."""
    starts = [0, *(place + 1 for place, word in enumerate(argv) if word == THEN)]
    return {permission for start in starts for permission in JOB_PERMISSIONS.get(argv[start], ("administer",))}


def get(project: Path, ident: str) -> jobs.Job | None:
    """The job, or None."""
    _reap()
    if Path(ident).name != ident:  # an id is one folder's name
        return None
    return jobs.read(folder(project) / ident)


def listing(project: Path) -> list[jobs.Job]:
    """The project's jobs, newest first."""
    _reap()
    return jobs.listing(folder(project))


def cancel(project: Path, ident: str) -> bool:
    """End a running job and what it started. What it had stored stays; a rerun goes on from there.

    Raises:
        NotAllowedError: Whoever asks could not have started it.
    """
    job = get(project, ident)
    if job is None or job.state != "running":
        return False
    for permission in needed(job.argv):
        acting.require(permission)
    jobs.write(folder(project) / ident / "result.json", {"exit_code": 130, "cancelled": True, "result": None})
    if not jobs.still(folder(project) / ident):  # it has ended, and its number may be somebody else's by now
        return False
    try:
        if os.getpgid(job.pid) != job.pid:
            return False
        os.killpg(job.pid, signal.SIGTERM)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def wait(project: Path, ident: str, timeout_s: float) -> jobs.Job | None:
    """Wait until the job has ended or the time is over."""
    limit = time.monotonic() + timeout_s
    job = get(project, ident)
    while job is not None and job.state == "running" and time.monotonic() < limit:
        time.sleep(0.1)
        job = get(project, ident)
    return job


def _reap() -> None:
    """Collect ended children of this process, so that they are no zombies that look alive."""
    for ident, process in list(_started.items()):
        if process.poll() is not None:
            _started.pop(ident, None)
