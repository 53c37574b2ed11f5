"""Backup and restore of a project."""

import json
import shutil
from pathlib import Path
from typing import Any

from curator.errors import DataError, NotFoundError, RequestError
from pipelines.runtime import acting
from pipelines.runtime.settings import FILE, Settings, load
from storage.access import audit
from storage.engine.snapshot import copy_store
from storage.engine.store import Store

FOLDERS = ("vectors", "releases", "rejects", "tinker", "runs")
MARK = "backup.json"


def backup(settings: Settings, directory: Path) -> dict[str, Any]:
    """Copy store, vectors, releases, rejects and training state; the app and commands may go on meanwhile.

    Raises:
        RequestError: The folder is there and not empty.
    """
    acting.require("export")
    target = directory.resolve()
    if target.exists() and any(target.iterdir()):
        msg = f"{target} is not empty; name a new folder"
        raise RequestError(msg)
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy2(settings.project / FILE, target / FILE)
    seq = copy_store(settings.store, target / settings.store_file.name)
    for name in FOLDERS:
        if (settings.project / name).exists():
            shutil.copytree(settings.project / name, target / name)
    audit.note(settings.store, actor=acting.actor(), action="backup", subject=settings.project.name, path=str(target))
    files = sum(1 for p in target.rglob("*") if p.is_file())
    content = {"seq": seq, "files": files, "store": settings.store_file.name}
    (target / MARK).write_text(json.dumps(content), encoding="utf-8")
    return {"path": str(target), **content}


def restore(directory: Path, target: Path) -> dict[str, Any]:
    """Put a backup in place as a project of its own.

    Raises:
        NotFoundError: The folder holds no finished backup.
        RequestError: The target is not empty.
        DataError: The backed-up store does not open at the seq that was noted.
    """
    source, place = directory.resolve(), target.resolve()
    if not (source / MARK).exists():
        msg = f"{source} holds no finished backup (no {MARK})"
        raise NotFoundError(msg)
    if place.exists() and any(place.iterdir()):
        msg = f"{place} is not empty; restore into a new folder"
        raise RequestError(msg)
    noted = json.loads((source / MARK).read_text(encoding="utf-8"))
    shutil.copytree(source, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns(MARK))
    store = Store(load(place).store_file)
    if store.seq() != noted["seq"]:
        msg = f"{place}: the store is at seq {store.seq()}, the backup says {noted['seq']}; the backup is damaged"
        raise DataError(msg)
    return {"path": str(place), "seq": noted["seq"]}
