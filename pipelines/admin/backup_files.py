"""The files of a backup: listed with their hashes, copied one by one, each read again where it landed."""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from curator.errors import DataError, RequestError
from curator.records import TooDeepError, read_json
from storage.engine.faults import in_words

FORMAT = 2
MARK = "backup.json"
STORE = "curator.duckdb"
"""The store's file in a backup, and in what is restored from it, wherever the project keeps its own."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """What a backup holds. `files`: path -> (bytes, SHA-256). Made last, so a backup without it is unfinished."""

    format: int
    curator: str
    seq: int
    store: str
    audit_head: Mapping[str, Any] | None
    files: Mapping[str, tuple[int, str]]

    def write(self, folder: Path) -> None:
        """Put it into the backup's folder."""
        with (folder / MARK).open("w", encoding="utf-8") as handle:
            json.dump(asdict(self), handle, ensure_ascii=False, indent=1, sort_keys=True)
            handle.flush()
            os.fsync(handle.fileno())


def read_manifest(folder: Path) -> BackupManifest:
    """The manifest of a finished backup.

    Raises:
        DataError: It is not what a backup writes.
    """
    file = folder / MARK
    try:
        content = read_json(file.read_text(encoding="utf-8"), str(file))
        if content.get("format") is None and {"seq", "files", "store"} <= set(content):
            msg = f"{file} was made by an older Curator, without hashes: nothing can say whether it is whole"
            raise DataError(f"{msg}; restore it with that Curator, and make a new backup")
        files = {str(path): (int(size), str(sha)) for path, (size, sha) in content["files"].items()}
        made = BackupManifest(
            int(content["format"]),
            str(content["curator"]),
            int(content["seq"]),
            str(content["store"]),
            content["audit_head"],
            files,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, DataError) and not isinstance(error, TooDeepError):
            raise
        msg = f"{file} is damaged ({error}): it is no manifest of a backup; use another backup"
        raise DataError(msg) from error
    if made.format > FORMAT:
        msg = f"{file} has format {made.format}, this Curator knows up to {FORMAT}; upgrade Curator"
        raise DataError(msg)
    for path in (*made.files, made.store):
        _inside(path, file)
    return made


def _inside(path: str, file: Path) -> None:
    parts = PurePosixPath(path)
    odd = parts.is_absolute() or "\\" in path or ":" in path or "\0" in path or str(parts) != path
    if odd or any(part in ("", ".", "..") for part in parts.parts) or path == MARK:
        msg = f"{file} names {path!r}, which is no file inside a project; the backup is not to be trusted"
        raise DataError(msg)


def walk(folder: Path) -> Iterator[Path]:
    """Every file under a folder, by name. What is hidden (drafts, locks) is no part of a project.

    Raises:
        RequestError: A link, a pipe, a device: a backup holds files alone.
    """
    if not os.path.lexists(folder):
        return
    require_plain(folder, directory=True)
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        path = Path(entry.path)
        if entry.name.startswith(".") or entry.name.endswith((".lock", ".waiting")):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from walk(path)
        else:
            require_plain(path)
            yield path


def require_plain(path: Path, *, directory: bool = False) -> None:
    """See that a path is a file (or a folder) itself, not a link to one, nor anything else.

    Raises:
        RequestError: It is not.
    """
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode) if directory else stat.S_ISREG(mode):
        return
    what = "a link" if stat.S_ISLNK(mode) else "no plain file"
    msg = f"{path} is {what}; a backup holds plain files alone: put what it stands for in its place, or move it away"
    raise RequestError(msg)


def copy(source: Path, target: Path, *, expected: tuple[int, str] | None = None) -> tuple[int, str]:
    """Copy one file, down to the disk; returns its size and SHA-256. One that is there with them already is left.

    Raises:
        DataError: It is not what was expected.
        NoRoomError: The disk is full.
    """
    require_plain(source)
    known = expected or facts(source)
    if target.exists() and facts(target) == known:
        return known
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with in_words(target), source.open("rb") as reading, target.open("wb") as writing:
        while block := reading.read(_BLOCK):
            digest.update(block)
            size += len(block)
            writing.write(block)
        writing.flush()
        os.fsync(writing.fileno())
    found = size, digest.hexdigest()
    if expected is not None and found != expected:
        target.unlink()
        msg = (
            f"{source} is not what the backup's manifest says ({size:,} bytes); the backup is damaged, use another one"
        )
        raise DataError(msg)
    return found


def facts(path: Path) -> tuple[int, str]:
    """A file's size and SHA-256."""
    with path.open("rb") as handle:
        return path.stat().st_size, hashlib.file_digest(handle, "sha256").hexdigest()


def with_own_store(text: str) -> str:
    """The text of a `curator.toml`, with the store inside the project."""
    head, section, rest = text.partition("[project]")
    body, following, tail = rest.partition("\n[")
    strings = r"\"(?:[^\"\\]|\\.)*\"|'[^']*'"
    body = re.sub(rf"(?m)^(\s*store\s*=\s*)(?:{strings})", rf'\g<1>"{STORE}"', body)
    return head + section + body + following + tail
