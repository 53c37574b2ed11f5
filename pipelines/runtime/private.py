"""What a process of ours keeps to itself: its files, and the passwords in the addresses that it speaks to."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from curator.errors import without_password

UMASK = 0o077
"""Files are their owner's alone: 0600, and folders 0700."""


@contextmanager
def private_process() -> Iterator[None]:
    """For the length of a block, make files for their owner alone, and write no password to standard error.

    A library's traceback or log line may tell the address that it could not reach; a job's log is what it writes there.
    """
    before, stream = os.umask(UMASK), sys.stderr
    sys.stderr = cast("TextIO", _Masked(stream))
    try:
        yield
    finally:
        sys.stderr = stream
        os.umask(before)


class _Masked:
    """A stream that is written to as it is, but for passwords."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(without_password(text))
        return len(text)

    def writelines(self, texts: list[str]) -> None:
        for text in texts:
            self.write(text)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)
