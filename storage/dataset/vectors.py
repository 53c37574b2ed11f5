"""Vectors: immutable float32 files beside the store, indexed from it.

One file holds the vectors of one batch, `vectors/ENCODER/REVISION/DIGEST.npy`, shape [N, D]. The index says
which row of which file belongs to a content hash. A file is written under another name, synced and renamed
before the index mentions it, so a killed run leaves at most an unused file.
"""

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curator.errors import DataError, NotEnoughDataError
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
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256("\n".join(content_hashes).encode()).hexdigest()[:24] + ".npy"
    temporary = folder / f".{name}.{os.getpid()}"
    with in_words(temporary), temporary.open("wb") as handle:
        np.save(handle, np.ascontiguousarray(vectors_ND, dtype=np.float32))
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(folder / name)
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


def encoders(store: Store) -> list[tuple[str, str]]:
    """The (encoder, revision) pairs that have vectors, newest first."""
    rows = store.rows("select encoder, revision from vector_row group by all order by max(seq) desc")
    return [(row[0], row[1]) for row in rows]


def complete(store: Store, content_hashes: Sequence[str]) -> tuple[str, str] | None:
    """The newest (encoder, revision) that has a vector of every one of the texts, or None where none has."""
    return next((each for each in encoders(store) if not missing(store, *each, content_hashes)), None)


def load_known(
    store: Store, encoder: str, revision: str, content_hashes: Sequence[str]
) -> tuple[list[str], NDArray[np.float32]]:
    """Those of the texts that have a vector, and their vectors [N, D]; of many embedded texts it reads no others."""
    wanted = pl.DataFrame({"content_hash": content_hashes}, schema={"content_hash": pl.String}).unique()
    with store.transaction() as connection, connection.table("wanted", wanted):
        index = connection.frame(
            "select content_hash, file, row_number from vector_row join wanted using (content_hash) "
            "where encoder = ? and revision = ? order by file, row_number",
            [encoder, revision],
        )
    parts = [
        np.load(store.folder / str(file), mmap_mode="r")[part["row_number"].to_numpy()]
        for (file,), part in index.group_by("file", maintain_order=True)
    ]
    return index["content_hash"].to_list(), np.concatenate(parts) if parts else np.empty((0, 0), dtype=np.float32)


def load(store: Store, encoder: str, revision: str, content_hashes: Sequence[str]) -> NDArray[np.float32]:
    """Vectors [N, D] in the order of `content_hashes`, read from memory-mapped files.

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
        batch_MD = np.load(store.folder / str(file), mmap_mode="r")
        if vectors_ND is None:
            vectors_ND = np.empty((len(content_hashes), batch_MD.shape[1]), dtype=np.float32)
        vectors_ND[part["position"].to_numpy()] = batch_MD[part["row_number"].to_numpy()]
    assert vectors_ND is not None
    return vectors_ND
