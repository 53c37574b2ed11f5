"""Two releases at once, and releases that were killed or found no room: right or a sentence, and no draft."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from curator.errors import NoRoomError, StoreError
from curator.records import make_task
from pipelines.intake import ingest
from pipelines.release import release
from pipelines.release.release import ReleaseConfig
from storage.access import audit
from storage.dataset import datasets
from storage.engine.store import Store
from storage.release import versions
from tests.full_disk import fill, small_disk


def made(folder: Path) -> Store:
    store = Store.create(folder / "curator.duckdb")
    datasets.create(store, "d", make_task({"name": "t", "labels": ["a", "b"]}))
    more(store, folder, "first", 40)
    return store


def more(store: Store, folder: Path, name: str, count: int) -> None:
    file = folder / f"{name}.csv"
    words = "".join(f"{name} {chr(97 + n % 26)}{n},{'ab'[n % 2]}\n" for n in range(count))
    file.write_text("text,label\n" + words)
    ingest.run(ingest.IngestConfig("d", (file,)), store)


def left(releases: Path) -> list[str]:
    """What lies beside the versions."""
    return [p.name for p in (releases / "d").iterdir() if not p.name.isdigit()]


def actions(store: Store) -> list[str]:
    return [e.action for e in audit.everything(store) if e.action in ("release", "waive")]


def test_equal_releases_at_once_are_one_version(tmp_path: Path) -> None:
    store = made(tmp_path)
    config = ReleaseConfig("d", waive=("certificate",), why="a test", who="ana")
    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(lambda _: release.run(config, Store(store.path), tmp_path / "releases"), range(3)))
    assert {r.version for r in reports} == {"d@1"}
    assert sorted(r.created for r in reports) == [False, False, True]
    assert actions(store) == ["waive", "release"]
    assert left(tmp_path / "releases") == []


def test_different_releases_at_once_are_two_versions(tmp_path: Path) -> None:
    store = made(tmp_path)
    configs = [ReleaseConfig("d", formats=(name,)) for name in ("tinker", "openai")]
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda c: release.run(c, Store(store.path), tmp_path / "releases"), configs))
    assert {r.version for r in reports} == {"d@1", "d@2"}
    assert left(tmp_path / "releases") == []


@pytest.mark.parametrize("changed", [False, True], ids=["unchanged", "with more rows by then"])
def test_a_release_killed_before_its_record_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: bool
) -> None:
    store = made(tmp_path)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(versions, "add", killed)
        with pytest.raises(KeyboardInterrupt):
            release.run(ReleaseConfig("d"), store, tmp_path / "releases")
    if changed:
        more(store, tmp_path, "second", 20)
    report = release.run(ReleaseConfig("d"), store, tmp_path / "releases")
    assert (report.version, report.created) == ("d@1", True)
    manifest = json.loads((tmp_path / "releases" / "d" / "1" / "manifest.json").read_bytes())
    assert sum(len(rows) for rows in manifest["rows"].values()) == sum(report.rows.values())
    assert (len(versions.listing(store, "d")), left(tmp_path / "releases")) == (1, [])


def test_a_folder_that_is_no_release_of_ours_stays_and_is_told(tmp_path: Path) -> None:
    store = made(tmp_path)
    there = tmp_path / "releases" / "d" / "1" / "notes.txt"
    there.parent.mkdir(parents=True)
    there.write_text("mine")
    with pytest.raises(StoreError, match="holds something else"):
        release.run(ReleaseConfig("d"), store, tmp_path / "releases")
    assert there.read_text() == "mine"


def test_the_draft_of_a_process_that_is_gone_is_cleared_away_and_a_living_ones_is_not(tmp_path: Path) -> None:
    store = made(tmp_path)
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    place = tmp_path / "releases" / "d"
    for pid in (int(gone.stdout), os.getppid()):
        (place / f".1.{pid}").mkdir(parents=True)
    release.run(ReleaseConfig("d"), store, tmp_path / "releases")
    assert left(tmp_path / "releases") == [f".1.{os.getppid()}"]


def test_a_release_without_room_leaves_no_draft_and_goes_through_when_there_is_some(tmp_path: Path) -> None:
    store = made(tmp_path)
    with small_disk(tmp_path / "releases", 1) as disk:
        ballast = fill(disk, leave=20_000)
        with pytest.raises(NoRoomError, match="make room on that disk"):
            release.run(ReleaseConfig("d"), store, disk)
        assert left(disk) == []
        ballast.unlink()
        assert release.run(ReleaseConfig("d"), store, disk).version == "d@1"


def test_waivers_release_and_their_record_are_one_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = made(tmp_path)
    config = ReleaseConfig("d", waive=("certificate",), why="a test", who="ana")
    real, count = audit.append, iter(range(100))

    def fails_at_the_second(*arguments: Any, **given: Any) -> None:
        if next(count) == 1:
            raise KeyboardInterrupt
        real(*arguments, **given)

    with monkeypatch.context() as patch:
        patch.setattr(audit, "append", fails_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            release.run(config, store, tmp_path / "releases")
    assert (versions.listing(store, "d"), actions(store)) == ([], [])
    assert release.run(config, store, tmp_path / "releases").created
    assert actions(store) == ["waive", "release"]
    assert audit.verify(store).intact
