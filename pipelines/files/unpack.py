"""From the file as it came to UTF-8 on disk: unpacked, and decoded as what it is.

No encoding is guessed from letters: a wrong guess changes them without a word. A byte order mark and the zeros of
UTF-16 are facts; for the rest the person says `--encoding`.
"""

import bz2
import codecs
import gzip
import lzma
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import zstandard

from curator.errors import RequestError
from pipelines.files.limits import WINDOW, counted

_BLOCK = 1 << 20
_PACKED = frozenset([".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz", ".zip"])
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ENCODING_WORDS = (
    "save the file as UTF-8, or name its encoding (--encoding cp1252 for western languages on Windows, cp1250 for "
    "central European ones, shift_jis, gb18030 …)"
)
"""What to do with a text in an encoding that its bytes do not tell."""
_MANY = 3
"""Lines that are no UTF-8; fewer are damaged rows rather than another encoding."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A file that can be read: where it lies, what it is called, and what was done to it."""

    path: Path
    notes: tuple[str, ...]
    truncated: str | None = None


def unpack(path: Path, folder: Path) -> Plain:
    """Unpack a file into the folder, if it is packed.

    Raises:
        RequestError: An archive of several files, one that cannot be unpacked, or one that unfolds too large.
    """
    with path.open("rb") as handle:
        head = handle.read(8)
    name = path.name
    if head.startswith(b"PK\x03\x04") and path.suffix.lower() not in (".xlsx", ".xlsm"):
        return _from_zip(path, folder)
    opener, suffixes = _packing(head)
    if opener is None:
        return _as_it_is(path, folder)
    inner = folder / (path.stem if path.suffix.lower() in suffixes else name)
    problem = None
    with inner.open("wb") as target:
        try:
            for block in counted(opener(path), path):
                target.write(block)
        except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
            problem = f"{name} is damaged or cut off: {error}; what could be unpacked was read, get the whole file"
    with inner.open("rb") as handle:
        if handle.read(262)[257:] == b"ustar":
            msg = f"{name} is an archive of files; unpack it, and name the files in it"
            raise RequestError(msg)
    if not inner.stat().st_size and problem:
        raise RequestError(problem)
    _refuse_packed_twice(inner, name)
    return Plain(inner, (f"unpacked from {suffixes[0][1:]}",), problem)


def _as_it_is(path: Path, folder: Path) -> Plain:
    """A file that is not packed; one whose name says that it is goes by the rest of its name."""
    if path.suffix.lower() not in _PACKED or not path.stat().st_size:
        return Plain(path, ())
    named = folder / path.stem
    named.symlink_to(path.resolve())
    return Plain(named, (f"it is not packed, though its name ends in {path.suffix}",))


def _refuse_packed_twice(inner: Path, name: str) -> None:
    """Raise where what was unpacked is packed again.

    Raises:
        RequestError: It is.
    """
    with inner.open("rb") as handle:
        opener, suffixes = _packing(handle.read(8))
    if opener is not None:
        msg = f"{name} is packed twice: it holds another {suffixes[0][1:]}; unpack it once"
        raise RequestError(msg)


def _packing(head: bytes) -> tuple[Callable[[Path], Iterator[bytes]] | None, tuple[str, ...]]:
    if head.startswith(b"\x1f\x8b"):
        return lambda path: _blocks(gzip.open(path)), (".gz", ".gzip")
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return _zstandard, (".zst", ".zstd")
    if head.startswith(b"BZh"):
        return lambda path: _blocks(bz2.open(path)), (".bz2",)
    if head.startswith(b"\xfd7zXZ\x00"):
        return lambda path: _blocks(lzma.open(path)), (".xz",)
    return None, ()


def _blocks(file: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile) -> Iterator[bytes]:
    """What can be unpacked, before the error of a file that is cut off."""
    with file:
        while block := file.read1(_BLOCK):
            yield block


def _zstandard(path: Path) -> Iterator[bytes]:
    """The frames of a file; unlike the library's own reader, one that is cut off is an error."""
    frame = zstandard.ZstdDecompressor(max_window_size=WINDOW).decompressobj()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            while block:
                if frame.eof:
                    frame = zstandard.ZstdDecompressor(max_window_size=WINDOW).decompressobj()
                yield frame.decompress(block)
                block = frame.unused_data if frame.eof else b""
    if not frame.eof:
        msg = "the last frame has no end"
        raise EOFError(msg)


def _from_zip(path: Path, folder: Path) -> Plain:
    try:
        with zipfile.ZipFile(path) as archive:
            files = [i for i in archive.infolist() if not i.is_dir() and not i.filename.startswith("__MACOSX/")]
            if any(i.filename == "xl/workbook.xml" for i in files):
                return Plain(path, ())
            if len(files) != 1:
                names = ", ".join(i.filename for i in files[:5])
                msg = f"{path.name} holds {len(files)} files ({names}); unpack it, and name the ones to read"
                raise RequestError(msg)
            inner = folder / (Path(files[0].filename).name or "inner")
            with archive.open(files[0]) as source, inner.open("wb") as target:
                for block in counted(iter(partial(source.read, _BLOCK), b""), path):
                    target.write(block)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError) as error:
        msg = f"{path.name} cannot be unpacked: {error}; unpack it yourself, and name the file in it"
        raise RequestError(msg) from error
    return Plain(inner, (f"unpacked {files[0].filename} from zip",))


def as_utf8(plain: Plain, name: str, folder: Path, encoding: str | None) -> Plain:
    """The same text in UTF-8.

    Args:
        plain: An unpacked text file.
        name: What the person calls it.
        folder: For the UTF-8 copy, where one is needed.
        encoding: What the person says that it is, a name that Python knows; None: see for yourself.

    Raises:
        RequestError: It is not in the encoding; or in none that can be told.
    """
    told = encoding
    if encoding is None or codecs.lookup(_known(encoding)).name in ("utf-8", "utf-8-sig"):
        encoding = _seen(plain.path)
        if encoding is None:
            if told is None:
                _refuse_other_encodings(plain.path, name)
            return plain
    target = folder / f"utf8-{plain.path.name}"
    try:
        with (
            plain.path.open(encoding=_known(encoding), newline="") as source,
            target.open("w", encoding="utf-8", newline="") as copy,
        ):
            shutil.copyfileobj(source, copy, _BLOCK)
    except (UnicodeError, ValueError) as error:
        msg = f"{name} is not {encoding} throughout ({error}); name its encoding with --encoding, or save it as UTF-8"
        raise RequestError(msg) from error
    return Plain(target, (*plain.notes, f"read as {encoding.upper()}"), plain.truncated)


def _known(encoding: str) -> str:
    """The encoding, checked.

    Raises:
        RequestError: Python knows no text encoding of the name.
    """
    try:
        "a".encode(encoding).decode(encoding)
    except (LookupError, UnicodeError, ValueError, AttributeError) as error:
        known = "utf-8, utf-16, cp1252 (Windows), mac_roman, shift_jis, gb18030"
        msg = f"--encoding {encoding}: no such encoding; some are {known}"
        raise RequestError(msg) from error
    return encoding


def _seen(path: Path) -> str | None:
    """UTF-16 or UTF-32, by the byte order mark or by the zeros that it has in Latin text; else None."""
    with path.open("rb") as handle:
        head = handle.read(4096)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    even, odd = head[0::2], head[1::2]
    if len(odd) > 1 and odd.count(0) > 0.4 * len(odd) and not even.count(0):
        return "utf-16-le"
    if len(odd) > 1 and even.count(0) > 0.4 * len(even) and not odd.count(0):
        return "utf-16-be"
    return None


def _refuse_other_encodings(path: Path, name: str) -> None:
    """Raise where the file is in an encoding of which each byte is a letter.

    Raises:
        RequestError: At least `_MANY` lines, and a hundredth of all, are no UTF-8, and no line beyond ASCII is.
    """
    with path.open("rb") as handle:
        if _is_utf8(handle):
            return
        handle.seek(0)
        first, bad, total, letter = 0, 0, 0, 0
        for total, line in enumerate(handle, start=1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                bad += 1
                if not first:
                    first, letter = total, line[error.start]
            else:
                return  # UTF-8 with damaged rows
    if bad >= _MANY and bad * 100 >= total:
        msg = (
            f"{name} is not UTF-8: byte 0x{letter:02X} on line {first}, and {bad - 1:,} more lines like it; "
            f'{ENCODING_WORDS}; in Excel, save it as "CSV UTF-8"'
        )
        raise RequestError(msg)


def _is_utf8(handle: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    pending = False
    while block := handle.read(_BLOCK):
        if block.isascii() and not pending:
            continue
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            return False
        pending = bool(decoder.getstate()[0])
    return not pending
