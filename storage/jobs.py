"""Jobs of the app: a folder for each, with what was started, its heartbeat and progress, its log and its result.

Progress polls read these files, never the database.
"""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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
    except (OSError, ValueError):
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
    elif not alive(start["pid"]):
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


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
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
