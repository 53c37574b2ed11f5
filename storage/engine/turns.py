"""Whose turn it is with the store's file: one lock for the threads of a process, and one for the processes."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from storage.engine.open_file import OpenFile

TURNS_S = 0.25
"""How long the threads of one process may hand the open file on among themselves."""


class Turns:
    """The threads of this process that want one file: the lock, and what its holder has open."""

    _all: ClassVar[dict[str, "Turns"]] = {}
    _guard: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting = 0
        self.file: OpenFile | None = None
        self.handle: int | None = None
        self.since = self.taken = 0.0

    @classmethod
    def of(cls, path: Path) -> "Turns":
        """The one that all threads share for a path."""
        with cls._guard:
            return cls._all.setdefault(str(path), cls())

    def acquire(self) -> None:
        """Wait for the lock, known to its holder as somebody who waits."""
        with self._guard:
            self.waiting += 1
        try:
            self.lock.acquire()
        except BaseException:  # interrupted: what was left open for this thread must not stay so
            with self._guard:
                self.waiting -= 1
            if self.lock.acquire(blocking=False):
                self.close()
                self.lock.release()
            raise
        with self._guard:
            self.waiting -= 1

    def flock(self, path: Path) -> None:
        """Lock other processes out. While it waits, this process shares a lock that tells the holder so."""
        self.handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with _opened(f"{path}.waiting") as bell:
                fcntl.flock(bell, fcntl.LOCK_SH)
                fcntl.flock(self.handle, fcntl.LOCK_EX)

    def wanted(self, path: Path) -> bool:
        """Whether another thread or another process waits for the file."""
        if self.waiting:
            return True
        with _opened(f"{path}.waiting") as bell:
            try:
                fcntl.flock(bell, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def lasts(self) -> bool:
        """Whether the file may stay open for another thread: it is, and other processes have not waited long."""
        return self.file is not None and time.monotonic() - self.since < TURNS_S

    def keeps(self) -> bool:
        """Whether its holder may keep the file open: it is, and this thread has not had it long."""
        return self.file is not None and time.monotonic() - self.taken < TURNS_S

    def end(self, *, went_well: bool) -> None:
        """Hand the open file on to a thread that waits, or close it; after an error nothing is handed on."""
        try:
            if not (went_well and self.waiting > 0 and self.lasts()):
                self.close()
        finally:
            self.lock.release()

    def close(self) -> None:
        """Close the file and let other processes in."""
        file, handle, self.file, self.handle = self.file, self.handle, None, None
        try:
            if file is not None:
                file.close()
        finally:
            if handle is not None:
                os.close(handle)  # closing releases the lock


@contextmanager
def _opened(path: str) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield handle
    finally:
        os.close(handle)  # which releases its lock
