"""Progress for a person (a bar on standard error) and for the app (the job's file)."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from curator.ports import Progress
from pipelines.jobs import ENVIRONMENT
from storage import jobs

SHOW_AFTER_S = 1.0
EVERY_S = 0.3


@contextmanager
def stage(name: str) -> Iterator[Progress]:
    """Report one stage of work. The bar appears if the work takes longer than a second."""
    job = os.environ.get(ENVIRONMENT)
    bar = tqdm(desc=name, total=None, file=sys.stderr, delay=SHOW_AFTER_S, leave=False, disable=job is not None)
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        bar.total = total
        bar.update(done - bar.n)
        now = time.monotonic()
        if job is not None and (now - last > EVERY_S or done >= total):
            jobs.beat(Path(job), name, done, total)
            last = now

    if job is not None:
        jobs.beat(Path(job), name, 0, 0)
    try:
        yield report
    finally:
        bar.close()
