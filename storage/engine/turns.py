"""Whose turn it is with the store's file: one lock for the threads of a process, and one for the processes.

Nobody waits in silence or for ever: after `SAY_S` the log says who has the file, after `_GIVE_UP_S` the wait ends.
A process that serves people goes before one that does not: the others ask, before they begin with the file, whether
such a process waits, and stand back for `GIVE_WAY_S` at most.
"""

import errno
import fcntl
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from curator.errors import StoreBusyError
from storage.engine.open_file import OpenFile

TURNS_S = 0.25
"""How long the threads of one process may hand the open file on among themselves."""
SAY_S = 2.0
"""How long somebody waits for the file before the log says for whom."""
_GIVE_UP_S = 60.0
"""How long somebody waits for the file at most; `CURATOR_WAIT_S` in the environment stands above it."""
GIVE_WAY_S = 1.0
"""How long a process that serves nobody lets those go first that do."""
AGAIN_S = 0.01
"""Between two looks whether people wait."""
LOG_BYTES = 400_000
"""A log of at most so many bytes is left to the next who opens the file, while somebody waits: it costs about 4 ms."""
PEOPLE_LOG_BYTES = 1_200_000
"""As much where people wait for this process: what the others leave, and some hundred saves."""
_log = logging.getLogger("curator.store")


def patience() -> float:
    """How many seconds to wait for the file at most."""
    try:
        return max(0.0, float(os.environ.get("CURATOR_WAIT_S", _GIVE_UP_S)))
    except ValueError:
        return _GIVE_UP_S


def people_wait() -> None:
    """Say that people wait for what this process does with a store: it goes before those that work for themselves."""
    FileTurns.people = True


class InOrder:
    """A lock that threads get in the order in which they asked: where many want it, nobody is passed over for long."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._queue: deque[threading.Event] = deque()

    def ask(self) -> threading.Event:
        """Want the lock: it is the caller's as soon as the event is set."""
        turn = threading.Event()
        with self._guard:
            if self._held:
                self._queue.append(turn)
            else:
                self._held = True
                turn.set()
        return turn

    def give_up(self, turn: threading.Event) -> bool:
        """Want it no more; whether it is the caller's already, who has to release it."""
        with self._guard:
            if turn.is_set():
                return True
            self._queue.remove(turn)
            return False

    def release(self) -> None:
        """Hand the lock on to whoever has waited longest, or let go of it."""
        with self._guard:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._held = False


class FileTurns:
    """The threads of this process that want one file: the lock, and what its holder has open and has read."""

    _all: ClassVar[dict[str, "FileTurns"]] = {}
    _guard: ClassVar[threading.Lock] = threading.Lock()
    people: ClassVar[bool] = False
    """Whether people wait for what this process does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = InOrder()
        self.waiting = 0
        self.file: OpenFile | None = None
        self.handle: int | None = None
        self.since = self.taken = 0.0
        self.read: dict[object, Any] = {}

    @classmethod
    def of(cls, path: Path) -> "FileTurns":
        """The one that all threads share for a path."""
        with cls._guard:
            return cls._all.setdefault(str(path), cls(path))

    def acquire(self) -> None:
        """Wait for the lock, known to its holder as somebody who waits.

        Raises:
            StoreBusyError: Another thread kept the file for too long.
        """
        with self._guard:
            self.waiting += 1
        turn: threading.Event | None = None
        try:
            turn = self.lock.ask()
            if not turn.wait(SAY_S):
                self._wait(turn.wait, "another part of this process", SAY_S)
        except BaseException:  # interrupted: what was left open for this thread must not stay so
            if self.lock.give_up(turn or self.lock.ask()):
                self.close()
                self.lock.release()
            raise
        finally:
            with self._guard:
                self.waiting -= 1

    def flock(self) -> None:
        """Lock other processes out; where nobody waits for this one, let those go first that people wait for.

        Raises:
            StoreBusyError: Another process kept the file for too long.
        """
        begun = time.monotonic()
        while True:
            self._flock()
            if FileTurns.people or time.monotonic() - begun > GIVE_WAY_S or not self._rung(self._bells()[1]):
                break
            self.close()
            time.sleep(AGAIN_S)
        if self.handle is not None:
            with suppress(OSError):  # a full disk, or a file that may only be read: the holder's name is a courtesy
                os.pwrite(self.handle, f"{os.getpid():<12}\n".encode(), 0)

    def _flock(self) -> None:
        """Lock other processes out. While it waits, this process shares locks that tell the holder so.

        Where the folder may only be read there may be no lock to take, and nobody of this user who writes.
        """
        handle = _lock_file(f"{self.path}.lock")
        if handle is None:
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiter = _Waiter(handle)
            try:
                with ExitStack() as bells:
                    for path in self._bells()[: 2 if FileTurns.people else 1]:
                        bell = bells.enter_context(_opened(path))
                        if bell is not None:
                            fcntl.flock(bell, fcntl.LOCK_SH)
                    waiter.start()
                    if not waiter.wait(SAY_S):
                        self._wait(waiter.wait, self._holder(), SAY_S)
            except BaseException:
                waiter.abandon()
                raise
        except BaseException:
            os.close(handle)
            raise
        self.handle = handle

    def _bells(self) -> tuple[str, str]:
        """Files whose lock somebody shares who waits: whoever it is, and a process that people wait for."""
        return f"{self.path}.waiting", f"{self.path}.people.waiting"

    def _wait(self, wait: Callable[[float], bool], holder: str, waited: float) -> None:
        limit = patience()
        _log.warning("curator: %s is in use by %s; waiting for it, %s seconds at most", self.path, holder, f"{limit:g}")
        if not wait(max(0.0, limit - waited)):
            msg = (
                f"{self.path} is in use by {holder} for {limit:g} seconds now; wait until it is done or end it, then "
                "do the same again (CURATOR_WAIT_S sets how many seconds to wait)"
            )
            raise StoreBusyError(msg)

    def _holder(self) -> str:
        """Who has the file, as well as its note and the system tell."""
        try:
            pid = int(Path(f"{self.path}.lock").read_text(encoding="ascii").split()[0])
        except (OSError, ValueError, IndexError):
            return "another process"
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            words = []
        named = " ".join(Path(word).name if place == 0 else word for place, word in enumerate(words))
        shown = " ".join(named.split())
        return f"process {pid}" + (f" ({shown[:100]})" if shown else "")

    def wanted(self) -> bool:
        """Whether another thread or another process waits for the file."""
        return self.waiting > 0 or self._rung(self._bells()[0])

    @staticmethod
    def _rung(path: str) -> bool:
        """Whether somebody shares the lock of a bell."""
        with _opened(path) as bell:
            if bell is None:
                return False
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
        """Close the file and let other processes in. While one waits, a short log stays for it to read."""
        file, handle, self.file, self.handle = self.file, self.handle, None, None
        try:
            if file is not None:
                most = PEOPLE_LOG_BYTES if FileTurns.people else LOG_BYTES
                file.close(keep_log=most if file.log_bytes and self.wanted() else 0)
        finally:
            if handle is not None:
                os.close(handle)  # closing releases the lock


class _Waiter:
    """Waits for a lock in the system's own queue, in a thread of its own, so that whoever wants it can stop waiting."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._guard = threading.Lock()
        self._got = threading.Event()
        self._abandoned = False
        self._started = False

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()
        self._started = True

    def wait(self, timeout: float) -> bool:
        return self._got.wait(timeout)

    def abandon(self) -> None:
        """Want it no more: the lock is let go of when it comes."""
        with self._guard:
            self._abandoned = True
            done = self._got.is_set() or not self._started
        if done:
            os.close(self._handle)

    def _run(self) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        with self._guard:
            if self._abandoned:
                os.close(self._handle)
            else:
                self._got.set()


def _lock_file(path: str) -> int | None:
    """A file to lock, made where there is none; opened for reading alone where nothing else is allowed."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        if not _read_only(error):
            raise
    try:
        return os.open(path, os.O_RDONLY)
    except (FileNotFoundError, PermissionError):
        return None


def _read_only(error: OSError) -> bool:
    return isinstance(error, PermissionError) or error.errno == errno.EROFS


@contextmanager
def _opened(path: str) -> Iterator[int | None]:
    handle = _lock_file(path)
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)  # which releases its lock
