"""A backup is whole or not there, and what is restored from it is what was backed up, inside its own folder."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from curator.errors import CuratorError, DataError, NoRoomError, NotFoundError, RequestError
from pipelines.admin import audit_check, deep_check
from pipelines.admin import backup as backups
from pipelines.admin.backup_files import MARK
from pipelines.intake import embed
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from storage.access import audit
from storage.dataset import vectors
from storage.engine import logical
from storage.engine.snapshot import copy_store
from storage.release import versions
from tests.full_disk import fill, small_disk
from tests.pipelines.release.test_small_datasets import Letters
from tests.sample_project import finish_project, make_project


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a release, vectors and rejects."""
    folder = tmp_path_factory.mktemp("template") / "project"
    settings = make_project(folder, rows=60)
    embed.run(embed.EmbedConfig("support"), settings.store, Letters())
    finish_project(settings)
    (folder / "rejects").mkdir(exist_ok=True)
    (folder / "rejects" / "some.jsonl").write_text("{}\n")
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "secrets.toml").write_text("secret")
    (folder / "jobs" / "one").mkdir(parents=True)
    (folder / "jobs" / "one" / "log").write_text("log")
    return folder


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Settings:
    folder = tmp_path / "project"
    shutil.copytree(template, folder)
    return project_settings.load(folder)


@pytest.fixture
def backup(project: Settings, tmp_path: Path) -> Path:
    backups.backup(project, tmp_path / "backup")
    return tmp_path / "backup"


def content(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    names = [row[0] for row in settings.store.rows("show tables")]
    return {name: settings.store.rows(f"select * from {name} order by all") for name in names}


def everything(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def hidden(folder: Path) -> list[str]:
    """Drafts and locks that were left."""
    return [p.name for p in folder.iterdir() if p.name.startswith(".")]


def elsewhere(settings: Settings, store: Path, *, named: str) -> Settings:
    """The project with its store at another place."""
    store.parent.mkdir(parents=True, exist_ok=True)
    settings.store_file.rename(store)
    for beside in ("vectors", "rejects"):
        (settings.project / beside).rename(store.parent / beside)
    file = settings.project / "curator.toml"
    file.write_text(file.read_text().replace('store = "curator.duckdb"', f"store = {named!r}"))
    return project_settings.load(settings.project)


def test_what_is_restored_is_what_was_backed_up_and_no_secret_and_no_job(
    project: Settings, backup: Path, tmp_path: Path
) -> None:
    backups.restore(backup, tmp_path / "new")
    restored = project_settings.load(tmp_path / "new")
    assert content(restored) == content(project)
    assert not deep_check.run(restored).problems
    assert not [p for p in everything(backup) if "secret" in p or p.startswith("jobs")]
    assert "rejects/some.jsonl" in everything(tmp_path / "new")
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_a_store_elsewhere_is_backed_up_whole_and_restored_into_its_own_folder(
    project: Settings, tmp_path: Path, absolute: bool
) -> None:
    place = tmp_path / "disk" / "live.duckdb"
    moved = elsewhere(project, place, named=str(place) if absolute else "../disk/live.duckdb")
    backups.backup(moved, tmp_path / "backup")
    shutil.move(tmp_path / "disk", tmp_path / "gone")
    backups.restore(tmp_path / "backup", tmp_path / "new")
    restored = project_settings.load(tmp_path / "new")
    assert restored.store_file == tmp_path / "new" / "curator.duckdb"
    encoder, revision = vectors.encoders(restored.store)[0]
    hashes = [row[0] for row in restored.store.rows("select content_hash from example")]
    assert len(vectors.load(restored.store, encoder, revision, hashes)) == len(hashes)
    assert not deep_check.run(restored).problems
    audit.note(restored.store, actor="ana", action="note", subject="mine")
    assert not (tmp_path / "disk").exists()


def first(folder: Path, pattern: str) -> Path:
    return sorted(p for p in folder.rglob(pattern) if p.is_file())[0]


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-7])


PARTS = ["curator.duckdb", "*.npy", "manifest.json", "train.jsonl", "some.jsonl", "curator.toml", "review.parquet"]


@pytest.mark.parametrize("part", [*PARTS, MARK])
@pytest.mark.parametrize("harm", [flip, cut, Path.unlink])
def test_a_backup_that_is_flipped_cut_or_lacks_a_file_is_refused_and_nothing_stands(
    backup: Path, tmp_path: Path, part: str, harm: Callable[[Path], None]
) -> None:
    harm(first(backup, part))
    with pytest.raises((DataError, NotFoundError)):
        backups.restore(backup, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def rewrite(backup: Path, change: Callable[[dict[str, object]], None]) -> None:
    noted = json.loads((backup / MARK).read_text())
    change(noted)
    (backup / MARK).write_text(json.dumps(noted))


@pytest.mark.parametrize("path", ["../out.txt", "/etc/out.txt", "vectors/../../out", "a\\b", "jobs/1/job.json", "x.py"])
def test_a_crafted_manifest_names_no_place_outside_a_project(backup: Path, tmp_path: Path, path: str) -> None:
    rewrite(backup, lambda noted: noted["files"].update({path: [0, "0" * 64]}))  # type: ignore[attr-defined]
    with pytest.raises(DataError, match="not to be trusted"):
        backups.restore(backup, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("named", ["/tmp/live.duckdb", "../project/curator.duckdb", "releases/x.duckdb"])
def test_a_crafted_backup_names_no_other_store(backup: Path, tmp_path: Path, named: str) -> None:
    from pipelines.admin.backup_files import facts

    (backup / "curator.toml").write_text(f"[project]\nstore = {named!r}\n")
    rewrite(backup, lambda n: n["files"].update({"curator.toml": facts(backup / "curator.toml")}))  # type: ignore[attr-defined]
    with pytest.raises(DataError, match="not to be trusted"):
        backups.restore(backup, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_links_and_pipes_are_refused_in_a_project_and_in_a_backup(project: Settings, tmp_path: Path) -> None:
    link = project.project / "rejects" / "passwords"
    link.symlink_to("/etc/passwd")
    with pytest.raises(RequestError, match="is a link"):
        backups.backup(project, tmp_path / "backup")
    link.unlink()
    os.mkfifo(link)
    with pytest.raises(RequestError, match="no plain file"):
        backups.backup(project, tmp_path / "backup")
    link.unlink()
    backups.backup(project, tmp_path / "backup")
    file = first(tmp_path / "backup", "some.jsonl")
    file.rename(tmp_path / "same")
    file.symlink_to(tmp_path / "same")
    with pytest.raises(RequestError, match="is a link"):
        backups.restore(tmp_path / "backup", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_backup_into_what_it_backs_up_is_refused_and_one_beside_it_is_no_part_of_the_next(project: Settings) -> None:
    for inside in ("releases/backup", "vectors/a/b"):
        with pytest.raises(RequestError, match="part of itself"):
            backups.backup(project, project.project / inside)
    once = backups.backup(project, project.project / "backups" / "one")
    twice = backups.backup(project, project.project / "backups" / "two")
    assert once.files == twice.files


def test_a_backup_that_found_no_room_goes_on_when_there_is_some(project: Settings, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 24) as disk:
        ballast = fill(disk, leave=project.store_file.stat().st_size + 200_000)
        with pytest.raises(NoRoomError, match="make room"):
            backups.backup(project, disk / "backup")
        assert not (disk / "backup").exists()
        ballast.unlink()
        backups.backup(project, disk / "backup")
        ballast = fill(disk, leave=1_000_000)
        with pytest.raises(NoRoomError, match="make room"):
            backups.restore(disk / "backup", disk / "new")
        assert not (disk / "new").exists()
        ballast.unlink()
        backups.restore(disk / "backup", disk / "new")
        assert [p.name for p in disk.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("step", ["copy", "_require_whole"])
def test_a_killed_restore_does_not_stand_and_the_next_one_does(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    real, calls = getattr(backups, step), iter(range(10**6))

    def killed(*arguments: object, **given: object) -> object:
        if next(calls) == (5 if step == "copy" else 0):
            raise KeyboardInterrupt
        return real(*arguments, **given)

    with monkeypatch.context() as patch:
        patch.setattr(backups, step, killed)
        with pytest.raises(KeyboardInterrupt):
            backups.restore(backup, tmp_path / "new")
    with pytest.raises(NotFoundError, match="is no Curator project"):
        project_settings.find_project(str(tmp_path / "new"))
    backups.restore(backup, tmp_path / "new")
    assert hidden(tmp_path) == []


def test_a_store_made_anew_from_parquet_is_the_store(project: Settings, backup: Path, tmp_path: Path) -> None:
    backups.restore(backup, tmp_path / "new", from_logical=True)
    restored = project_settings.load(tmp_path / "new")
    assert content(restored) == content(project)
    described = "select table_name, column_name, data_type, is_nullable from information_schema.columns order by all"
    assert restored.store.rows(described) == project.store.rows(described)
    audit.note(restored.store, actor="ana", action="note", subject="goes on")
    assert audit.verify(restored.store).intact
    assert restored.store.rows("select count(*) from audit_event where created_at is null") == [(0,)]


def test_a_backup_of_an_older_curator_is_told(backup: Path, tmp_path: Path) -> None:
    (backup / MARK).write_text(json.dumps({"seq": 1, "files": 3, "store": "curator.duckdb"}))
    with pytest.raises(DataError, match="older Curator"):
        backups.restore(backup, tmp_path / "new")


@pytest.mark.parametrize("harm", [flip, cut, Path.unlink])
def test_damage_is_found_in_depth_and_embed_makes_the_vectors_anew(
    project: Settings, harm: Callable[[Path], None]
) -> None:
    assert not deep_check.run(project).problems
    encoder, revision = vectors.encoders(project.store)[0]
    hashes = [row[0] for row in project.store.rows("select content_hash from example")]
    before = vectors.load(project.store, encoder, revision, hashes)
    harm(first(project.project / "vectors", "*.npy"))
    harm(first(project.project / "releases", "train.jsonl"))
    found = deep_check.run(project).problems
    assert [("embed" in p.do, "rebuild" in p.do) for p in found] == [(True, False), (False, True)]
    assert embed.run(embed.EmbedConfig("support"), project.store, Letters()).repaired == 1
    assert np.array_equal(vectors.load(project.store, encoder, revision, hashes), before)
    assert [("rebuild" in p.do) for p in deep_check.run(project).problems] == [True]


@pytest.mark.parametrize("harm", [cut, Path.unlink])
def test_vectors_that_are_gone_are_told_with_what_to_do(project: Settings, harm: Callable[[Path], None]) -> None:
    encoder, revision = vectors.encoders(project.store)[0]
    harm(first(project.project / "vectors", "*.npy"))
    hashes = [row[0] for row in project.store.rows("select content_hash from example")]
    for load in (vectors.load, vectors.load_known):
        with pytest.raises(CuratorError, match="`curator embed` makes it anew"):
            load(project.store, encoder, revision, hashes)


def test_a_project_that_noted_whole_paths_finds_its_own_releases_again(project: Settings, tmp_path: Path) -> None:
    moved = elsewhere(project, tmp_path / "disk" / "live.duckdb", named=str(tmp_path / "disk" / "live.duckdb"))
    backups.backup(moved, tmp_path / "backup")
    backups.restore(tmp_path / "backup", tmp_path / "new")
    restored = project_settings.load(tmp_path / "new")
    found = versions.get(restored.store, "support", 1).path
    assert Path(found).is_relative_to(tmp_path / "new")


def test_a_copy_that_found_no_room_leaves_no_half_store(project: Settings, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        with pytest.raises(NoRoomError):
            copy_store(project.store, disk / "copy.duckdb")
        assert list(disk.iterdir()) == []


def test_a_project_that_may_only_be_read_is_backed_up(project: Settings, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 24) as disk:
        shutil.copytree(project.project, disk / "project")
        before = content(project_settings.load(disk / "project"))
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        backups.backup(project_settings.load(disk / "project"), tmp_path / "backup")
    backups.restore(tmp_path / "backup", tmp_path / "new")
    assert content(project_settings.load(tmp_path / "new")) == before


def test_a_fault_that_the_project_had_is_restored_with_it_and_told(project: Settings, tmp_path: Path) -> None:
    flip(first(project.project / "releases", "train.jsonl"))
    backups.backup(project, tmp_path / "backup")
    (fault,) = backups.restore(tmp_path / "backup", tmp_path / "new").faults
    assert "support@1" in fault
    assert "rebuild" in fault


DEEP = "[" * 100_000


def test_a_manifest_nested_without_end_is_a_damaged_one_wherever_it_lies(
    backup: Path, project: Settings, tmp_path: Path
) -> None:
    (backup / MARK).write_text(DEEP)
    with pytest.raises(DataError, match="use another backup"):
        backups.restore(backup, tmp_path / "new")
    schema = tmp_path / "logical"
    schema.mkdir()
    (schema / "schema.json").write_text(DEEP)
    with pytest.raises(DataError, match="holds no export of a store"):
        logical.rebuild(schema, tmp_path / "made.duckdb")
    (manifest,) = project.project.glob("releases/**/manifest.json")
    manifest.write_text(DEEP)
    assert audit_check.run(project).log.intact
    assert [each.what for each in deep_check.run(project).problems]


def test_a_head_in_a_release_folder_counts_though_the_versions_record_was_taken_out(project: Settings) -> None:
    assert [after is not None for *_, after in audit_check.run(project).kept] == [True]
    with project.store.transaction() as connection:
        connection.rows("delete from dataset_version")
        connection.rows("delete from audit_event")
        connection.rows("delete from audit_link")
    found = audit_check.run(project)
    assert [after for *_, after in found.kept] == [None]
    assert any("is not in the chain" in line for line in audit_check.in_words(found))
