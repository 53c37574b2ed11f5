"""Jobs of the app: a folder for each, with what was started, its heartbeat and progress, its log and its result.

Progress polls read these files, never the database.
"""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

SAME_START_S = 60.0
"""How far a job's own time and its process's may lie apart where no mark was left."""
State = Literal["running", "done", "failed", "cancelled", "lost"]


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its files tell it. `progress` is (done, total) or None; `exit_code` is None while it runs."""

    id: str
    title: str
    argv: tuple[str, ...]
    pid: int
    started: float
    state: State
    stage: str
    progress: tuple[int, int] | None
    exit_code: int | None
    result: dict[str, Any] | None
    log_tail: str


def write(file: Path, content: dict[str, Any]) -> None:
    """Replace a small JSON file in one step."""
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    draft.replace(file)


def _load(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content


def read(folder: Path) -> Job | None:
    """The job in a folder, or None where there is none."""
    start, beat, end = (_load(folder / name) for name in ("job.json", "progress.json", "result.json"))
    if not start:
        return None
    state: State = "running"
    if end:
        state = "cancelled" if end.get("cancelled") else "done" if end["exit_code"] == 0 else "failed"
    elif not runs(start):
        state = "lost"
    log = folder / "log"
    tail = log.read_bytes()[-4000:].decode("utf-8", "replace") if log.exists() else ""
    done = (int(beat["done"]), int(beat["total"])) if beat.get("total") else None
    return Job(
        id=folder.name,
        title=start["title"],
        argv=tuple(start["argv"]),
        pid=start["pid"],
        started=start["started"],
        state=state,
        stage=beat.get("stage", ""),
        progress=done,
        exit_code=end.get("exit_code"),
        result=end.get("result"),
        log_tail=tail,
    )


def listing(folder: Path) -> list[Job]:
    """All jobs of a project's jobs folder, newest first."""
    found = [read(f) for f in folder.iterdir()] if folder.exists() else []
    return sorted((job for job in found if job is not None), key=lambda job: -job.started)


def beat(folder: Path, stage: str, done: int, total: int) -> None:
    """Note progress; it is the heartbeat as well."""
    write(folder / "progress.json", {"stage": stage, "done": done, "total": total, "at": time.time()})


def mark(pid: int) -> str | None:
    """What tells a process from a later one with its number: when it began, in which run of the system.

    None where it does not run (a zombie does not), or where the system does not tell.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, IndexError):
        return _mark_by_ps(pid) if not Path("/proc/self/stat").exists() else None
    return None if fields[0] in ("Z", "X") else f"{boot} {fields[19]}"


def _mark_by_ps(pid: int) -> str | None:
    """The start of a process on a system without /proc."""
    told = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return told.stdout.strip() or None


def began(pid: int) -> float | None:
    """When a running process began, in seconds since 1970; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()
        (boot,) = [line.split()[1] for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime")]
    except (OSError, IndexError, ValueError):
        return None
    return int(boot) + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def runs(start: Mapping[str, Any]) -> bool:
    """Whether the process that a job's file names still runs: that one, not a later one that got its number.

    A job that an older Curator started left no mark; its process must have begun when the job did.
    """
    pid = start.get("pid")
    if not isinstance(pid, int) or pid <= 1 or not alive(pid):
        return False
    if "mark" in start:
        return start["mark"] is not None and start["mark"] == mark(pid)
    then = began(pid)
    return then is None or abs(then - float(start.get("started", 0))) < SAME_START_S


def still(folder: Path) -> bool:
    """Whether the process of the job in a folder runs now, whatever its result says."""
    start = _load(folder / "job.json")
    return bool(start) and runs(start)


def alive(pid: int) -> bool:
    """Whether a process of this number runs (a zombie does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, IndexError):
        return True
