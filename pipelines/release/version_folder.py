"""A version's folder: written under another name, moved into place, never changed."""

import os
import shutil
from pathlib import Path
from typing import Any, cast

from curator.errors import StoreError
from curator.records import Split, canonical_json
from curator.release import Stage, croissant, extra_files, manifest_bytes, readme, seal


def write(target: Path, files: dict[str, tuple[bytes, int]], manifest: dict[str, Any]) -> dict[str, Any]:
    """Write the folder under another name, then move it into place; returns the sealed manifest.

    A folder that is there with the same manifest is left alone (a run killed between this and its record).
    """
    sealed = manifest if "content_sha256" in manifest else seal(manifest, _cards(manifest))
    body = manifest_bytes(sealed)
    if target.exists() and any(target.iterdir()):
        have = target / "manifest.json"
        if have.exists() and have.read_bytes() == body:
            return sealed
        msg = f"{target} is there already and holds something else; move it away, or choose another folder with --out"
        raise StoreError(msg)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    bare = {k: v for k, v in sealed.items() if k != "content_sha256"}
    bare["files"] = [f for f in sealed["files"] if f["rows"] is not None]
    everything = {path: data for path, (data, _) in files.items()} | _cards(bare) | {"manifest.json": body}
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


def _cards(manifest: dict[str, Any]) -> dict[str, bytes]:
    """The files for people, catalogues and trainers, made from the manifest before it is sealed."""
    made = {
        "README.md": readme(manifest).encode(),
        "croissant.json": canonical_json(croissant(manifest)) + b"\n",
    }
    for name in manifest["settings"]["formats"]:
        stages = [
            (cast("Stage", stage), cast("Split", Path(file).stem))
            for fmt, stage, file in (f["path"].split("/") for f in manifest["files"])
            if fmt == name
        ]
        made |= extra_files(name, manifest["name"], stages)
    return made
