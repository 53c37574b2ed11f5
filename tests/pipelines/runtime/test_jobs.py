"""Stop ends the job's own process and no other, whatever got its number since."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.runtime import jobs
from storage import jobs as files


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own group that is none of our jobs."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"], process_group=0)
    yield process
    process.kill()
    process.wait()


def left(project: Path, **job: Any) -> str:
    """A job's folder as an app that is gone left it."""
    place = jobs.folder(project) / "old"
    place.mkdir(parents=True)
    content = {"title": "Old work", "argv": ["check"], "started": time.time() - 86_400, "who": "ana", **job}
    (place / "job.json").write_text(json.dumps(content))
    return place.name


def test_a_job_runs_until_it_is_stopped_and_its_process_is_gone_then(tmp_path: Path) -> None:
    ident = jobs.start(tmp_path, ["doctor"], "A check")
    job = jobs.get(tmp_path, ident)
    assert job is not None
    assert job.state == "running" or job.exit_code is not None
    jobs.cancel(tmp_path, ident)
    limit = time.monotonic() + 30
    while files.still(jobs.folder(tmp_path) / ident) and time.monotonic() < limit:
        jobs.listing(tmp_path)
        time.sleep(0.05)
    assert not files.still(jobs.folder(tmp_path) / ident)


@pytest.mark.parametrize("kept", ["no mark", "the mark of another start", "the mark of another boot"])
def test_a_process_that_got_the_jobs_number_is_no_running_job_and_is_not_ended(
    tmp_path: Path, stranger: subprocess.Popen[bytes], kept: str
) -> None:
    mark = files.mark(stranger.pid)
    assert mark is not None
    boot, start = mark.rsplit(" ", 1)
    marks = {
        "no mark": {},
        "the mark of another start": {"mark": f"{boot} {int(start) - 1}"},
        "the mark of another boot": {"mark": f"another {start}"},
    }
    ident = left(tmp_path, pid=stranger.pid, **marks[kept])
    job = jobs.get(tmp_path, ident)
    assert job is not None
    assert job.state == "lost"
    assert jobs.cancel(tmp_path, ident) is False
    assert stranger.poll() is None


def test_a_process_that_ends_between_the_look_and_the_signal_is_not_mistaken(
    tmp_path: Path, stranger: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    ident = left(tmp_path, pid=stranger.pid, mark=files.mark(stranger.pid))
    real = files.write

    def number_changes_hands(file: Path, content: dict[str, Any]) -> None:
        real(file, content)
        start = file.parent / "job.json"
        start.write_text(json.dumps(json.loads(start.read_text()) | {"mark": "another 1"}))

    monkeypatch.setattr(files, "write", number_changes_hands)
    assert jobs.cancel(tmp_path, ident) is False
    assert stranger.poll() is None


@pytest.mark.parametrize("pid", [0, 1, -1, "12", None, True])
def test_a_job_file_with_a_number_that_is_no_process_of_ours_is_lost(tmp_path: Path, pid: object) -> None:
    job = jobs.get(tmp_path, left(tmp_path, pid=pid))
    assert job is not None
    assert job.state == "lost"


def test_a_job_of_an_older_curator_that_still_runs_is_seen_by_its_start(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    job = jobs.get(tmp_path, left(tmp_path, pid=stranger.pid, started=time.time()))
    assert job is not None
    assert job.state == "running"
    assert os.getpgid(stranger.pid) == stranger.pid
