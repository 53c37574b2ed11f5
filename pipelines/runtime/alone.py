"""One process at a time for a longer step, by a lock on a file. Nobody waits in silence or for ever."""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from curator.errors import StoreBusyError
from storage.engine.turns import SAY_S, patience

_LOOK_S = 0.05
_log = logging.getLogger("curator.alone")


@contextmanager
def alone(lock: Path, what: str) -> Iterator[None]:
    """Hold a lock for the length of the block, across threads and processes; it goes with whoever holds it.

    Args:
        lock: The file to lock; made where there is none.
        what: What the holder does, for the message.

    Raises:
        StoreBusyError: Somebody else held it for too long.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait(handle, what)
        yield
    finally:
        os.close(handle)  # which releases the lock


def _wait(handle: int, what: str) -> None:
    begun, said, limit = time.monotonic(), False, patience()
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - begun
        else:
            return
        if waited > limit:
            msg = f"{what} goes on elsewhere for {limit:g} seconds now; wait until it is done, then do the same again"
            raise StoreBusyError(msg)
        if waited > SAY_S and not said:
            said = True
            _log.warning("curator: %s goes on elsewhere; waiting for it, %s seconds at most", what, f"{limit:g}")
        time.sleep(_LOOK_S)
