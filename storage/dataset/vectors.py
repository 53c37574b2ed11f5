"""Vectors: immutable float32 files beside the store, indexed from it.

One file holds the vectors of one batch, `vectors/ENCODER/REVISION/DIGEST.npy`, shape [N, D]. The index says
which row of which file belongs to a content hash. A file is written under another name, synced and renamed
before the index mentions it, so a killed run leaves at most an unused file. The newest hash that is noted of a file
is what it must have; one that is damaged or gone is written anew from its texts.
"""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curator.errors import DataError, NotEnoughDataError
from curator.statistics import unit_rows
from storage.engine.faults import in_words
from storage.engine.store import Store


def _folder(store: Store, encoder: str, revision: str) -> Path:
    safe = [re.sub(r"[^A-Za-z0-9._-]", "_", part) for part in (encoder, revision)]
    return store.folder / "vectors" / safe[0] / safe[1]


def missing(store: Store, encoder: str, revision: str, content_hashes: Sequence[str]) -> list[str]:
    """The content hashes without a vector, each once, in order."""
    have = {
        row[0]
        for row in store.rows(
            "select content_hash from vector_row where encoder = ? and revision = ?", [encoder, revision]
        )
    }
    return [h for h in dict.fromkeys(content_hashes) if h not in have]


def add(
    store: Store, encoder: str, revision: str, content_hashes: Sequence[str], vectors_ND: NDArray[np.float32]
) -> None:
    """Write one batch: the file first, then its index.

    Raises:
        DataError: The numbers of hashes and vectors differ, or a vector is not finite.
    """
    if len(content_hashes) != len(vectors_ND) or not np.isfinite(vectors_ND).all():
        msg = f"encoder {encoder}: {len(content_hashes)} texts gave {len(vectors_ND)} vectors, or one is not finite"
        raise DataError(msg)
    folder = _folder(store, encoder, revision)
    name = hashlib.sha256("\n".join(content_hashes).encode()).hexdigest()[:24] + ".npy"
    _write(store, folder / name, vectors_ND)
    index = pl.DataFrame(
        {
            "encoder": [encoder] * len(content_hashes),
            "revision": [revision] * len(content_hashes),
            "content_hash": list(content_hashes),
            "file": [str((folder / name).relative_to(store.folder))] * len(content_hashes),
            "row_number": list(range(len(content_hashes))),
        }
    )
    store.append("vector_row", index, ignore_existing=True)


def _write(store: Store, path: Path, vectors_ND: NDArray[np.float32]) -> None:
    """Put a file in its place, down to the disk, and note its hash."""
    with in_words(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with temporary.open("wb") as handle:
                np.save(handle, np.ascontiguousarray(vectors_ND, dtype=np.float32))
                handle.flush()
                os.fsync(handle.fileno())
            size, sha = _facts(temporary)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    noted = {"file": [str(path.relative_to(store.folder))], "bytes": [size], "sha256": [sha]}
    store.append("vector_file", pl.DataFrame(noted))


def _facts(path: Path) -> tuple[int, str]:
    with path.open("rb") as handle:
        return path.stat().st_size, hashlib.file_digest(handle, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Damaged:
    """A file of vectors that is not what was written: the texts that it was made from, in its order, and why."""

    encoder: str
    revision: str
    file: str
    content_hashes: tuple[str, ...]
    why: str


def damaged(store: Store, encoder: str | None = None, revision: str | None = None) -> list[Damaged]:
    """The files that are missing or not what was written, of one encoder or of all.

    A file that an older Curator wrote has no hash: its form and its numbers are looked at.
    """
    index = store.rows(
        "select encoder, revision, file, content_hash, row_number from vector_row "
        "where (? is null or encoder = ?) and (? is null or revision = ?) order by encoder, revision, file, row_number",
        [encoder, encoder, revision, revision],
    )
    hashes = {
        file: (size, sha) for file, size, sha in store.rows("select file, bytes, sha256 from vector_file order by seq")
    }
    rows: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    for name, version, file, content, number in index:
        rows.setdefault((name, version, file), []).append((content, number))
    found = []
    for (name, version, file), held in rows.items():
        why = _fault(store.folder / file, hashes.get(file), 1 + max(number for _, number in held))
        if why is not None:
            found.append(Damaged(name, version, file, tuple(content for content, _ in held), why))
    return found


def _fault(path: Path, noted: tuple[int, str] | None, rows: int) -> str | None:
    """What is wrong with a file, or None."""
    if path.is_symlink() or not path.is_file():
        return "the file is missing"
    if noted is not None:
        return None if _facts(path) == noted else "the file is not what was written (its hash differs)"
    try:
        vectors_ND = np.load(path, mmap_mode="r")
    except (OSError, ValueError) as error:
        return f"the file cannot be read: {error}"
    if vectors_ND.ndim != 2 or vectors_ND.dtype != np.float32 or len(vectors_ND) < rows:
        return f"the file holds {vectors_ND.shape} of {vectors_ND.dtype}, expected {rows} rows of float32"
    if not np.isfinite(vectors_ND).all():
        return "the file holds numbers that are none"
    return None


def repair(store: Store, broken: Damaged, vectors_ND: NDArray[np.float32]) -> None:
    """Write a damaged file anew: the vectors of its texts, in its order.

    Raises:
        DataError: Other vectors than it needs, or the index skips a row of it.
    """
    numbers = store.rows(
        "select row_number from vector_row where encoder = ? and revision = ? and file = ? order by row_number",
        [broken.encoder, broken.revision, broken.file],
    )
    if len(vectors_ND) != len(broken.content_hashes) or not np.isfinite(vectors_ND).all():
        msg = f"{broken.file}: {len(broken.content_hashes)} texts gave {len(vectors_ND)} vectors, or one is not finite"
        raise DataError(msg)
    whole_ND = np.zeros((1 + numbers[-1][0], vectors_ND.shape[1]), dtype=np.float32)
    whole_ND[[row[0] for row in numbers]] = vectors_ND
    _write(store, store.folder / broken.file, whole_ND)


def _open(store: Store, file: str) -> NDArray[np.float32]:
    """A file's vectors, memory-mapped.

    Raises:
        DataError: It is missing or damaged.
    """
    try:
        vectors_ND: NDArray[np.float32] = np.load(store.folder / file, mmap_mode="r")
    except (OSError, ValueError) as error:
        msg = f"{store.folder / file} is missing or damaged ({error}); `curator embed` makes it anew"
        raise DataError(msg) from error
    return vectors_ND


def _rows_of(store: Store, file: str, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    vectors_ND = _open(store, file)
    if vectors_ND.ndim != 2 or (len(numbers) and numbers.max() >= len(vectors_ND)):
        msg = f"{store.folder / file} is cut: it holds {len(vectors_ND)} rows; `curator embed` makes it anew"
        raise DataError(msg)
    taken_ND: NDArray[np.float32] = vectors_ND[numbers]
    return taken_ND


def encoders(store: Store) -> list[tuple[str, str]]:
    """The (encoder, revision) pairs that have vectors, newest first."""
    rows = store.rows("select encoder, revision from vector_row group by all order by max(seq) desc")
    return [(row[0], row[1]) for row in rows]


def complete(store: Store, content_hashes: Sequence[str]) -> tuple[str, str] | None:
    """The newest (encoder, revision) that has a vector of every one of the texts, or None where none has."""
    return next((each for each in encoders(store) if not missing(store, *each, content_hashes)), None)


def most_complete(store: Store, content_hashes: Sequence[str]) -> tuple[str, str] | None:
    """The (encoder, revision) that has vectors of most of the texts, the newest of several; None below half of them."""
    lacking = [(len(missing(store, *each, content_hashes)), place, each) for place, each in enumerate(encoders(store))]
    if not lacking:
        return None
    fewest, _, best = min(lacking)
    return best if 2 * fewest < len(set(content_hashes)) else None


def load_or_zero(store: Store, encoder: str, revision: str, content_hashes: Sequence[str]) -> NDArray[np.float32]:
    """Vectors [N, D] of unit length in the order of `content_hashes`; zeros where a text has none."""
    known, found_ND = load_known(store, encoder, revision, content_hashes)
    place = {content: row for row, content in enumerate(known)}
    made_ND = np.zeros((len(content_hashes), found_ND.shape[1]), dtype=np.float32)
    rows = [row for row, content in enumerate(content_hashes) if content in place]
    made_ND[rows] = found_ND[[place[content_hashes[row]] for row in rows]]
    return made_ND


def load_known(
    store: Store, encoder: str, revision: str, content_hashes: Sequence[str]
) -> tuple[list[str], NDArray[np.float32]]:
    """Those of the texts that have a vector, and these [N, D], of unit length; it reads no others."""
    wanted = pl.DataFrame({"content_hash": content_hashes}, schema={"content_hash": pl.String}).unique()
    with store.transaction() as connection, connection.table("wanted", wanted):
        index = connection.frame(
            "select content_hash, file, row_number from vector_row join wanted using (content_hash) "
            "where encoder = ? and revision = ? order by file, row_number",
            [encoder, revision],
        )
    parts = [
        _rows_of(store, str(file), part["row_number"].to_numpy())
        for (file,), part in index.group_by("file", maintain_order=True)
    ]
    found_ND = np.concatenate(parts) if parts else np.empty((0, 0), dtype=np.float32)
    return index["content_hash"].to_list(), unit_rows(found_ND)


def load(store: Store, encoder: str, revision: str, content_hashes: Sequence[str]) -> NDArray[np.float32]:
    """Vectors [N, D] of unit length in the order of `content_hashes`, read from memory-mapped files.

    Raises:
        NotEnoughDataError: Some rows have no vector yet.
    """
    index = store.frame(
        "select content_hash, file, row_number from vector_row where encoder = ? and revision = ?",
        [encoder, revision],
    )
    wanted = pl.DataFrame({"content_hash": list(content_hashes), "position": range(len(content_hashes))})
    found = wanted.join(index, on="content_hash", how="left")
    lacking = found["file"].null_count()
    if lacking or not content_hashes:
        msg = f"{lacking} of {len(content_hashes)} rows have no vector of {encoder}; run `curator embed` first"
        raise NotEnoughDataError(msg)
    vectors_ND: NDArray[np.float32] | None = None
    for (file,), part in found.group_by("file"):
        batch_MD = _rows_of(store, str(file), part["row_number"].to_numpy())
        if vectors_ND is None:
            vectors_ND = np.empty((len(content_hashes), batch_MD.shape[1]), dtype=np.float32)
        vectors_ND[part["position"].to_numpy()] = batch_MD
    assert vectors_ND is not None
    return unit_rows(vectors_ND)
