"""Backup and restore of a project: whole and checked, or not there.

A backup is made beside its place and moved into it when its manifest is written; a restore is verified whole before it
stands. What a run that ended in between left is hidden, and the same command goes on from it.
"""

import shutil
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

from curator import __version__
from curator.errors import DataError, NotFoundError, RequestError
from pipelines.admin import deep_check
from pipelines.admin.backup_files import (
    FORMAT,
    MARK,
    STORE,
    BackupManifest,
    copy,
    facts,
    read_manifest,
    require_plain,
    walk,
    with_own_store,
)
from pipelines.runtime import acting
from pipelines.runtime.alone import alone
from pipelines.runtime.new_place import check_new
from pipelines.runtime.settings import FILE, Settings, load
from storage.access import audit
from storage.engine import logical
from storage.engine.faults import in_words
from storage.engine.snapshot import copy_store
from storage.engine.store import Store

BESIDE_STORE = ("vectors", "rejects")
IN_PROJECT = ("releases", "tinker", "runs")
LOGICAL = "logical"
"""Where a backup keeps every table as Parquet, for another engine or another day."""
_KEPT = (FILE, STORE, *BESIDE_STORE, *IN_PROJECT, LOGICAL)


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that stands.

    Attributes:
        path: Its folder, in full.
        seq: The state of the store in it.
        files: Files in it, its manifest among them.
        store: The store's file in it.
    """

    path: str
    seq: int
    files: int
    store: str


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """A project that was restored.

    Attributes:
        path: Its folder, in full.
        seq: The state of its store.
        files: Files that the backup's manifest lists.
        verified: That each is as the backup says; a restore that is not ends with an error.
        faults: What was wrong with the project already when it was backed up, one sentence each.
    """

    path: str
    seq: int
    files: int
    verified: bool
    faults: tuple[str, ...]


def backup(settings: Settings, directory: Path) -> BackupReport:
    """Copy store, vectors, releases, rejects and training state; the app and commands may go on meanwhile.

    Jobs, logs and secrets stay. Beside the copy of the store's file lies every table as Parquet.

    Raises:
        RequestError: The folder is there and not empty, or lies in what is backed up; a link in the project.
        NoRoomError: The disk is full. With room, the same command goes on.
    """
    acting.require("export")
    target = check_new(directory, "folder").resolve()
    sources = [(settings.store.folder, name) for name in BESIDE_STORE] + [(settings.project, n) for n in IN_PROJECT]
    _require_free(target, "name a new folder")
    if any(target.is_relative_to((place / name).resolve()) for place, name in sources):
        msg = f"{target} lies in what is backed up, and would be part of itself; name a folder elsewhere"
        raise RequestError(msg)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.unfinished-backup")
    with in_words(draft), alone(target.with_name(f".{target.name}.lock"), f"a backup into {target}"):
        _forget_others(draft, target)
        draft.mkdir(exist_ok=True)
        if settings.store.writable:  # a project that may only be read is backed up without leaving a word in it
            who = acting.actor()
            audit.note(settings.store, actor=who, action="backup", subject=settings.project.name, path=str(target))
        manifest = _fill(settings, draft, sources)
        _drop_strangers(draft, manifest)
        manifest.write(draft)
        if target.exists():
            target.rmdir()
        draft.replace(target)
    target.with_name(f".{target.name}.lock").unlink(missing_ok=True)
    return BackupReport(str(target), manifest.seq, len(manifest.files) + 1, STORE)


def _fill(settings: Settings, draft: Path, sources: list[tuple[Path, str]]) -> BackupManifest:
    """Copy everything into the draft; what an earlier run left there in full is not copied again."""
    config = with_own_store((settings.project / FILE).read_text(encoding="utf-8"))
    (draft / FILE).write_text(config, encoding="utf-8")
    for stale in draft.glob(f"{STORE}*"):
        stale.unlink()
    seq = copy_store(settings.store, draft / STORE)
    files = {FILE: facts(draft / FILE), STORE: facts(draft / STORE)}
    for place, name in sources:
        for source in walk(place / name):
            path = f"{name}/{source.relative_to(place / name).as_posix()}"
            try:
                files[path] = copy(source, draft / path)
            except FileNotFoundError:
                continue  # a checkpoint that was replaced meanwhile
    shutil.rmtree(draft / LOGICAL, ignore_errors=True)
    logical.export(draft / STORE, draft / LOGICAL)
    for made in walk(draft / LOGICAL):
        files[f"{LOGICAL}/{made.name}"] = facts(made)
    head = audit.head(settings.store, as_of=seq)
    return BackupManifest(FORMAT, __version__, seq, STORE, None if head is None else asdict(head), files)


def restore(directory: Path, target: Path, *, from_logical: bool = False) -> RestoreReport:
    """Put a backup in place as a project of its own, verified whole.

    Args:
        directory: The backup.
        target: A new or empty folder.
        from_logical: Make the store anew from the Parquet files, not from the copy of its file.

    Raises:
        NotFoundError: The folder holds no finished backup.
        RequestError: The target is not empty; or the backup holds links.
        DataError: The backup is damaged, or names files outside of itself.
        NoRoomError: The disk is full. With room, the same command goes on.
    """
    source, place = directory.resolve(), check_new(target, "folder").resolve()
    if not (source / MARK).is_file():
        msg = f"{source} holds no finished backup (no {MARK})"
        raise NotFoundError(msg)
    _require_free(place, "restore into a new folder")
    if place.is_relative_to(source):
        msg = f"{place} lies in the backup; restore into a folder elsewhere"
        raise RequestError(msg)
    noted = read_manifest(source)
    if strange := sorted(path for path in noted.files if path.split("/")[0] not in _KEPT):
        msg = f"{source / MARK} names {strange[0]!r}, which no backup holds; the backup is not to be trusted"
        raise DataError(msg)
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.unfinished-restore")
    with in_words(draft), alone(place.with_name(f".{place.name}.lock"), f"a restore into {place}"):
        _forget_others(draft, place)
        draft.mkdir(exist_ok=True)
        _copy_in(source, draft, noted)
        if from_logical:
            for stale in draft.glob(f"{STORE}*"):
                stale.unlink()
            logical.rebuild(draft / LOGICAL, draft / STORE)
        faults = _require_whole(draft, noted)
        shutil.rmtree(draft / LOGICAL, ignore_errors=True)
        if place.exists():
            place.rmdir()
        draft.replace(place)
    place.with_name(f".{place.name}.lock").unlink(missing_ok=True)
    return RestoreReport(str(place), noted.seq, len(noted.files), verified=True, faults=tuple(faults))


def _copy_in(source: Path, draft: Path, noted: BackupManifest) -> None:
    """Copy each file that the manifest names, and see that it is what the manifest says."""
    for path, expected in sorted(noted.files.items()):
        for above in reversed(Path(path).parents[:-1]):
            if (source / above).exists():
                require_plain(source / above, directory=True)
        try:
            copy(source / path, draft / path, expected=expected)
        except FileNotFoundError as error:
            msg = f"{source / path} is missing; the backup is damaged, use another one"
            raise DataError(msg) from error
    _drop_strangers(draft, noted)


def _require_whole(draft: Path, noted: BackupManifest) -> list[str]:
    """Open what was restored and look through it, before it stands.

    Returns:
        What was wrong with the project already when it was backed up: each file is what the backup's manifest says.

    Raises:
        DataError: It is not what was backed up.
    """
    try:
        content = tomllib.loads((draft / FILE).read_text(encoding="utf-8"))
        named = content.get("project", {}).get("store", STORE)
        if named != STORE:
            msg = f"the backup's {FILE} names the store {named!r}, and a restored project keeps its own in {STORE}"
            raise DataError(f"{msg}; the backup is not to be trusted")
        settings = load(draft)
        store = Store(settings.store_file)
        if store.seq() != noted.seq:
            msg = f"the store is at seq {store.seq()}, the backup says {noted.seq}; the backup is damaged"
            raise DataError(msg)
        problems = deep_check.run(settings)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"the backup's {FILE} is damaged: {error}; use another backup"
        raise DataError(msg) from error
    finally:
        for beside in draft.glob(f"{STORE}.*"):
            if beside.suffix in (".lock", ".waiting"):
                beside.unlink()
    if problems.breaks:
        first = problems.breaks[0]
        msg = f"the backup is damaged: {first.what}: {first.why} ({len(problems.breaks)} faults); use another backup"
        raise DataError(msg)
    return [f"{p.what}: {p.why}; {p.do}" for p in problems.problems]


def _require_free(place: Path, otherwise: str) -> None:
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        msg = f"{place} is not empty; {otherwise}"
        raise RequestError(msg)


def _forget_others(draft: Path, place: Path) -> None:
    """A draft must be a folder of ours: a link in its place would lead elsewhere."""
    if draft.is_symlink() or (draft.exists() and not draft.is_dir()):
        msg = f"{draft} is in the way of {place}; move it away"
        raise RequestError(msg)


def _drop_strangers(draft: Path, noted: BackupManifest) -> None:
    """Remove what an earlier, unfinished run left and this one does not hold."""
    for path in [p for p in draft.rglob("*") if not p.is_dir() or p.is_symlink()]:
        if path.relative_to(draft).as_posix() not in noted.files:
            path.unlink()
