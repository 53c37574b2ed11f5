"""A version's folder: written under another name, moved into place, never changed."""

import os
import shutil
from pathlib import Path
from typing import cast

from curator.errors import StoreError
from curator.records import Split, canonical_json
from curator.release import Manifest, Stage, croissant, extra_files, manifest_bytes, readme, seal, unsealed


def write(target: Path, files: dict[str, tuple[bytes, int]], manifest: Manifest) -> Manifest:
    """Write the folder under another name, then move it into place; returns the sealed manifest.

    A folder that is there with the same manifest is left alone (a run killed between this and its record).
    """
    sealed = manifest if manifest.content_sha256 else seal(manifest, _cards(manifest))
    body = manifest_bytes(sealed.as_json())
    if target.exists() and any(target.iterdir()):
        have = target / "manifest.json"
        if have.exists() and have.read_bytes() == body:
            return sealed
        msg = f"{target} is there already and holds something else; move it away, or choose another folder with --out"
        raise StoreError(msg)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    cards = _cards(unsealed(sealed))
    everything = {path: data for path, (data, _) in files.items()} | cards | {"manifest.json": body}
    for path, data in sorted(everything.items()):
        (draft / path).parent.mkdir(parents=True, exist_ok=True)
        with (draft / path).open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
    if target.exists():
        target.rmdir()
    draft.replace(target)
    return sealed


def _cards(manifest: Manifest) -> dict[str, bytes]:
    """The files for people, catalogues and trainers, made from the manifest before it is sealed."""
    made = {
        "README.md": readme(manifest).encode(),
        "croissant.json": canonical_json(croissant(manifest)) + b"\n",
    }
    for name in manifest.settings.formats:
        stages = [
            (cast("Stage", stage), cast("Split", Path(file).stem))
            for fmt, stage, file in (f.path.split("/") for f in manifest.files)
            if fmt == name
        ]
        made |= extra_files(name, manifest.name, stages)
    return made
