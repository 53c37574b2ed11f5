"""How large a file may be once it is unfolded: asked of what it declares before it is read, and counted while it is.

A compressed file of a few kilobytes can hold terabytes. What it says about itself (a zip's directory, the length at a
gzip's end, a zstd frame's header, a Parquet footer) is looked at first, so that an honest large file is refused in
milliseconds; what it says may be false or missing, so `counted` counts the bytes that really come out.
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from curator.errors import RequestError

UNFOLDED = 8 * 1024**3
"""Bytes that one file may hold once it is unfolded."""
RATIO = 250
"""Times its own size that a file may unfold to; text that repeats itself much reaches about 50."""
ALWAYS = 64 * 1024**2
"""Bytes that a file may unfold to whatever its ratio: a few megabytes of one repeated word are no danger."""
MEMBERS = 10_000
"""Files in one archive."""
_COLUMNS = 10_000
"""Columns of one Parquet file."""
DEFLATE_MOST = 1_032
"""Times its size that gzip can unfold to."""
WINDOW = 128 * 1024**2
"""Bytes of memory that a zstd frame may ask for."""

_ZIP, _GZIP, _ZSTD, _PARQUET = b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"


def allowed(size: int) -> int:
    """The bytes that a file of `size` bytes may unfold to.

    >>> allowed(1_000) == ALWAYS, allowed(10**6) == 250 * 10**6, allowed(10**12) == UNFOLDED
    (True, True, True)
    """
    return min(UNFOLDED, max(ALWAYS, RATIO * size))


def check_declared(path: Path) -> None:
    """See that a file does not say of itself that it is too large once unfolded. Reads its head and its end alone.

    Files that are not compressed pass. A file that is cut or damaged passes too: its reader says what is wrong.

    Raises:
        RequestError: It holds more than `allowed`, or too many files or columns.
    """
    size = path.stat().st_size
    with path.open("rb") as handle:
        head = handle.read(18)
        try:
            if head.startswith(_ZIP):
                _check_zip(path, handle, size)
            elif head.startswith(_GZIP) and size >= 18:
                handle.seek(-4, io.SEEK_END)
                declared = int.from_bytes(handle.read(4), "little")
                if declared <= DEFLATE_MOST * size:  # more cannot be: the file is cut, and its end says nothing
                    _check(path, declared, size)
            elif head.startswith(_ZSTD):
                _check_zstd(path, head, size)
            elif head.startswith(_PARQUET):
                _check_parquet(path, size)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            if isinstance(error, RequestError):
                raise


def counted(blocks: Iterator[bytes], path: Path) -> Iterator[bytes]:
    """The same blocks, until more comes out than the file may hold, whatever it declared.

    Raises:
        RequestError: That is the case.
    """
    most, came = allowed(path.stat().st_size), 0
    for block in blocks:
        came += len(block)
        if came > most:
            raise _too_large(path, came, "at least ")
        yield block


def _check_zip(path: Path, handle: BinaryIO, size: int) -> None:
    """An archive, or a workbook, which is one."""
    with zipfile.ZipFile(handle) as archive:
        members = archive.infolist()
    if len(members) > MEMBERS:
        msg = f"{path.name} holds {len(members):,} files, at most {MEMBERS:,} are read; unpack it and name the files"
        raise RequestError(msg)
    _check(path, sum(member.file_size for member in members), size)


def _check_zstd(path: Path, head: bytes, size: int) -> None:
    import zstandard

    try:
        frame = zstandard.get_frame_parameters(head)
    except zstandard.ZstdError:
        return
    if frame.content_size not in (zstandard.CONTENTSIZE_UNKNOWN, zstandard.CONTENTSIZE_ERROR):
        _check(path, frame.content_size, size)
    if frame.window_size > WINDOW:
        msg = f"{path.name} asks for {frame.window_size:,} bytes of memory to be unfolded, at most {WINDOW:,} are given"
        raise RequestError(msg)


def _check_parquet(path: Path, size: int) -> None:
    """The pages' sizes by the footer; a value that is kept once and meant often counts once there."""
    import pyarrow
    from pyarrow import parquet

    try:
        found = parquet.ParquetFile(path).metadata
    except (pyarrow.ArrowException, OSError):
        return
    if found.num_columns > _COLUMNS:
        msg = f"{path.name} has {found.num_columns:,} columns, at most {_COLUMNS:,} are read"
        raise RequestError(msg)
    _check(path, sum(found.row_group(n).total_byte_size for n in range(found.num_row_groups)), size)


def _check(path: Path, unfolded: int, size: int) -> None:
    if unfolded > allowed(size):
        raise _too_large(path, unfolded)


def _too_large(path: Path, unfolded: int, at_least: str = "") -> RequestError:
    size = path.stat().st_size
    msg = (
        f"{path.name} has {size:,} bytes and unfolds to {at_least}{unfolded:,}; a file of its size may hold "
        f"{allowed(size):,}. If it is meant so, unpack it yourself and bring in what it holds, in parts"
    )
    return RequestError(msg)
