"""A version's folder: written under another name, moved into place, never changed."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from curator.errors import StoreError
from curator.records import canonical_json, read_json
from curator.release import Manifest, companions, croissant, manifest_bytes, readme, seal, unsealed
from storage import jobs
from storage.engine.faults import in_words


def nothing() -> None:
    """Do nothing first."""


def write(
    target: Path, files: Mapping[str, bytes], manifest: Manifest, *, first: Callable[[], None] = nothing
) -> Manifest:
    """Write the folder under another name, then move it into place; returns the sealed manifest.

    A folder that is there with the same manifest is left alone (a run killed between this and its record).

    Args:
        target: The folder.
        files: Path in it -> content.
        manifest: Of the version, sealed or not.
        first: Called when everything is written, before the folder is in its place.

    Raises:
        StoreError: Something else lies there.
    """
    sealed = manifest if manifest.content_sha256 else seal(manifest, _cards(manifest))
    body = manifest_bytes(sealed.as_json())
    if target.exists() and any(target.iterdir()):
        have = target / "manifest.json"
        if have.exists() and have.read_bytes() == body:
            return sealed
        msg = f"{target} is there already and holds something else; move it away, or choose another folder with --out"
        raise StoreError(msg)
    _clear_drafts(target)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with in_words(target):
            _fill(draft, files, sealed, body)
            first()
            if target.exists():
                target.rmdir()
            draft.replace(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return sealed


def clear_unrecorded(target: Path, manifest: Manifest) -> None:
    """Remove the folder of a version that was never recorded: the run that wrote it ended before.

    Only for whoever releases alone and knows that the store has no version of this number. Anything else that lies
    there stays, and `write` says so.
    """
    try:
        found = read_json((target / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if isinstance(found, dict) and (found.get("name"), found.get("number")) == (manifest.name, manifest.number):
        shutil.rmtree(target)


def _clear_drafts(target: Path) -> None:
    """Remove drafts of the same folder whose process is gone."""
    for draft in target.parent.glob(f".{target.name}.*"):
        pid = draft.name.rpartition(".")[2]
        if draft.is_dir() and pid.isdigit() and (int(pid) == os.getpid() or not jobs.alive(int(pid))):
            shutil.rmtree(draft, ignore_errors=True)


def _fill(draft: Path, files: Mapping[str, bytes], sealed: Manifest, body: bytes) -> None:
    """Write every file of a version, each down to the disk."""
    cards = _cards(unsealed(sealed))
    everything = dict(files) | cards | {"manifest.json": body}
    for path, data in sorted(everything.items()):
        (draft / path).parent.mkdir(parents=True, exist_ok=True)
        with (draft / path).open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())


def _cards(manifest: Manifest) -> dict[str, bytes]:
    """The files for people, catalogues and trainers, made from the manifest before it is sealed."""
    made = {
        "README.md": readme(manifest).encode(),
        "croissant.json": canonical_json(croissant(manifest)) + b"\n",
    }
    return made | companions(manifest)
