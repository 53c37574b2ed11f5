"""Progress for a person (a bar on a terminal, whole lines in a log) and for the app (the job's file)."""

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
EVERY_LINE_S = 10.0
_beside = [""]
"""What the work that is going on says of itself beside its count."""


_asking = threading.Event()


@contextmanager
def paused() -> Iterator[None]:
    """Draw no bar for the length of a block: a person is asked something where it would stand."""
    _asking.set()
    try:
        yield
    finally:
        _asking.clear()


def say(text: str) -> None:
    """What stands beside the count of the stage that is going on: its rate, what was paid, why it is slow."""
    _beside[0] = text


@contextmanager
def stage(name: str) -> Iterator[Progress]:
    """Report one stage of work. The bar appears if the work takes longer than a second, and lives on its own."""
    job = os.environ.get(JOB_VARIABLE)
    at = [0, 0]
    say("")
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
    show = _paint if sys.stderr.isatty() else _write
    painter = threading.Thread(target=show, args=(name, at, ended), daemon=True)
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
    while _asking.is_set():
        if ended.wait(EVERY_S):
            return
    with tqdm(desc=name, total=at[1] or None, file=sys.stderr, leave=False) as bar:
        while True:
            if _asking.is_set():
                bar.clear()
            else:
                bar.total = at[1] or None
                bar.n = at[0]
                bar.set_postfix_str(_beside[0], refresh=False)
                bar.refresh()
            if ended.wait(EVERY_S):
                return


def _write(name: str, at: list[int], ended: threading.Event) -> None:
    """Write a line every few seconds until the work has ended: a bar that redraws itself is rubbish in a log."""
    began = time.monotonic()
    while not ended.wait(EVERY_LINE_S):
        told = line(name, at[0], at[1], time.monotonic() - began)
        sys.stderr.write(", ".join(filter(None, (told, _beside[0]))) + "\n")
        sys.stderr.flush()


def line(name: str, done: int, total: int, elapsed_s: float) -> str:
    """One line of a log: what is done, of how much, since when, and the time left at the rate so far.

    >>> line("check", 3, 5, 75.0)
    'check: 3 of 5 (60 %), 1:15 so far, about 0:50 left'
    >>> line("label", 0, 0, 10.0)
    'label: 0:10 so far'
    """
    so_far = f"{_clock(elapsed_s)} so far"
    if not total:
        return f"{name}: {f'{done:,} done, ' if done else ''}{so_far}"
    left = f", about {_clock(elapsed_s * (total - done) / done)} left" if 0 < done < total else ""
    return f"{name}: {done:,} of {total:,} ({100 * done // total} %), {so_far}{left}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
