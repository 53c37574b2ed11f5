"""An end for what might never end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ends(within_s: int = 60) -> Iterator[None]:
    """Fail where the block goes on for so long: what it guards takes seconds at most, or hours. No measure of speed."""

    def give_up(*_: object) -> None:
        msg = f"no end after {within_s} s"
        raise TimeoutError(msg)

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(within_s)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
