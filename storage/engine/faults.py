"""What DuckDB or the system cannot do, in words: one place for every block.

A full disk shows wherever something is written: in a statement, at the commit, in the checkpoint as the file is
closed. What was committed before is kept, so a rerun goes on.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from curator.errors import NoRoomError, StoreError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The system has no room: the disk, the quota, the largest file that it allows."""
_FULL_WORDS = ("no space left", "disk quota exceeded", "file too large", "max_temp_directory_size")
_REFUSED_WORDS = ("read-only", "permission denied")
_DAMAGE = (duckdb.IOException, duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)
HEADER = slice(8, 12)
"""Where a DuckDB file says that it is one."""


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn errors of the engine, and a disk without room, into errors that say what to do.

    Raises:
        NoRoomError: There is no room to write.
        StoreError: The file is damaged, or may not be written.
    """
    try:
        yield
    except (duckdb.Error, OSError) as error:
        told = _told(path, error)
        if told is None:
            raise  # a mistake in our SQL, or a file that has nothing to do with the store
        raise told from error


def no_room(what: Path | str) -> NoRoomError:
    """The error of a disk without room."""
    return NoRoomError(
        f"{what}: there is no room left to write; make room on that disk, then do the same again: "
        "what was stored is kept, and it goes on from there"
    )


def require_store(path: Path) -> None:
    """See that a file is a DuckDB file before the engine opens it, which would look for an extension that reads it.

    Raises:
        StoreError: It is not.
    """
    try:
        with path.open("rb") as handle:
            start = handle.read(HEADER.stop)
    except FileNotFoundError:
        return
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}; change its permissions, or restore a backup"
        raise StoreError(msg) from error
    if start[HEADER] != b"DUCK":
        what = "is empty" if not start else "is no Curator store (a DuckDB file)"
        msg = f"{path} {what}; name another file in curator.toml ([project] store), or restore a backup"
        raise StoreError(msg)


def is_full(error: BaseException) -> bool:
    """Whether a disk without room is behind an error, whoever met it: the system, the engine, a library."""
    chain = _chain(error)
    if any(isinstance(each, OSError) and each.errno in FULL for each in chain):
        return True
    return any(word in str(each).lower() for each in chain for word in _FULL_WORDS)


def _chain(error: BaseException) -> list[BaseException]:
    """An error and those behind it."""
    found: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in found:
        found.append(link)
        link = link.__cause__ or link.__context__
    return found


def _told(path: Path, error: BaseException) -> Exception | None:
    """The first cause that we have words for: what a failed write brings after itself says less."""
    if is_full(error):
        return no_room(path)
    said = [str(each).lower() for each in _chain(error) if isinstance(each, duckdb.Error)]
    if any(word in text for text in said for word in _REFUSED_WORDS):
        return StoreError(f"{path} may be read but not written here; ask whoever owns the project, or copy it first")
    if isinstance(error, _DAMAGE):
        line = str(error).splitlines()[0]
        return StoreError(f"{path} cannot be read: {line}; run `curator doctor --deep`, or restore a backup")
    return None
