"""Progress for a person (a bar on standard error) and for the app (the job's file)."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from curator.ports import Progress
from pipelines.runtime.jobs import JOB_VARIABLE
from storage import jobs

SHOW_AFTER_S = 1.0
EVERY_S = 0.3
EVERY_WITHOUT_TERMINAL_S = 10.0


@contextmanager
def stage(name: str) -> Iterator[Progress]:
    """Report one stage of work. The bar appears if the work takes longer than a second, and lives on its own."""
    job = os.environ.get(JOB_VARIABLE)
    at = [0, 0]
    ended = threading.Event()
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        at[:] = done, total
        now = time.monotonic()
        if job is not None and (now - last > EVERY_S or done >= total):
            jobs.beat(Path(job), name, done, total)
            last = now

    if job is not None:
        jobs.beat(Path(job), name, 0, 0)
    painter = threading.Thread(target=_paint, args=(name, at, ended), daemon=True)
    if job is None:
        painter.start()
    try:
        yield report
    finally:
        ended.set()
        if job is None:
            painter.join()


def _paint(name: str, at: list[int], ended: threading.Event) -> None:
    """Draw the bar until the work has ended; also while a step says nothing."""
    if ended.wait(SHOW_AFTER_S):
        return
    every = EVERY_S if sys.stderr.isatty() else EVERY_WITHOUT_TERMINAL_S
    with tqdm(desc=name, total=at[1] or None, file=sys.stderr, leave=False) as bar:
        while True:
            bar.total = at[1] or None
            bar.n = at[0]
            bar.refresh()
            if ended.wait(every):
                return
