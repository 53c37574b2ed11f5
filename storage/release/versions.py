"""Preference pairs and dataset versions."""

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from curator.errors import NotFoundError, RequestError
from curator.records import PreferencePair, file_stem
from curator.release import DatasetVersion, Manifest, manifest_hash, read_manifest
from storage.engine.store import Store, Told


def add_pairs(store: Store, pairs: Sequence[PreferencePair], *, told: Told | None = None) -> int:
    """Append pairs, each block with the event of `told`; ids that are there stay. Returns how many went in."""
    frame = pl.DataFrame(
        {
            "pair": [p.id for p in pairs],
            "dataset": [p.dataset for p in pairs],
            "example_id": [p.example_id for p in pairs],
            "chosen": [p.chosen for p in pairs],
            "rejected": [p.rejected for p in pairs],
            "source": [p.source for p in pairs],
        }
    )
    return store.append("preference_pair", frame, ignore_existing=True, told=told)


def pairs(store: Store, dataset: str, *, as_of: int | None = None) -> list[PreferencePair]:
    """The dataset's pairs in order."""
    rows = store.rows(
        "select pair, dataset, example_id, chosen, rejected, source from preference_pair "
        "where dataset = ? and seq <= ? order by seq",
        [dataset, as_of if as_of is not None else 2**62],
    )
    return [PreferencePair(*row) for row in rows]


def find(store: Store, dataset: str, request_hash: str) -> DatasetVersion | None:
    """The version made by an equal request, or None."""
    rows = store.rows(
        "select number from dataset_version where dataset = ? and request_hash = ? order by number desc limit 1",
        [dataset, request_hash],
    )
    return get(store, dataset, rows[0][0]) if rows else None


def next_number(store: Store, dataset: str) -> int:
    """The number of the next version, from 1."""
    rows = store.rows("select coalesce(max(number), 0) + 1 from dataset_version where dataset = ?", [dataset])
    return int(rows[0][0])


def add(store: Store, dataset: str, manifest: Manifest, *, path: str, told: Told | None = None) -> None:
    """Record a finished release, with the events that `told` writes.

    A folder inside the project is kept relative to it, so that a project can move.
    """
    content = manifest.as_json()
    project, folder = store.path.resolve().parent, Path(path).resolve()
    record = pl.DataFrame(
        {
            "dataset": [dataset],
            "number": [manifest.number],
            "request_hash": [manifest.request_hash],
            "manifest_sha256": [manifest_hash(content)],
            "path": [str(folder.relative_to(project) if folder.is_relative_to(project) else folder)],
            "manifest": [json.dumps(content, ensure_ascii=False)],
        }
    )
    store.append("dataset_version", record, told=told)


def get(store: Store, dataset: str, number: int) -> DatasetVersion:
    """One version.

    Raises:
        NotFoundError: There is no such version.
    """
    rows = store.rows(
        "select dataset, number, seq, path, manifest_sha256, manifest, created_at from dataset_version "
        "where dataset = ? and number = ?",
        [dataset, number],
    )
    if not rows:
        msg = f"no version {dataset}@{number}; `curator versions list {dataset}` lists them"
        raise NotFoundError(msg)
    _, _, seq, path, sha256, manifest, created_at = rows[0]
    return DatasetVersion(
        dataset=dataset,
        number=number,
        seq=seq,
        path=str(_place(store, dataset, number, path)),
        manifest_sha256=sha256,
        manifest=read_manifest(json.loads(manifest), f"{dataset}@{number} in the store"),
        created_at=created_at,
    )


def _place(store: Store, dataset: str, number: int, noted: str) -> Path:
    """Where a version lies.

    A project that keeps its store elsewhere notes the whole path. Restored, it has its own releases beside the store.
    """
    beside = store.path.resolve().parent
    own = beside / "releases" / file_stem(dataset) / str(number)
    return own if Path(noted).is_absolute() and own.is_dir() else beside / noted


def listing(store: Store, dataset: str) -> list[DatasetVersion]:
    """All versions, newest first."""
    rows = store.rows("select number from dataset_version where dataset = ? order by number desc", [dataset])
    return [get(store, dataset, row[0]) for row in rows]


_DIGITS = 9
"""Of a version's number."""


def parse(reference: str) -> tuple[str, int]:
    """Split `NAME@3` into its parts.

    Raises:
        RequestError: It does not have that form.

    >>> parse("intent@3")
    ('intent', 3)
    """
    name, at, number = reference.rpartition("@")
    if not at or not name or not (number.isascii() and number.isdigit() and len(number) <= _DIGITS):
        msg = f"{reference!r} is not a version; expected NAME@NUMBER, for example intent@1"
        raise RequestError(msg)
    return name, int(number)
