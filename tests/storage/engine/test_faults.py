"""A full disk, a held lock, a file that is none of ours, a project that may only be read: each ends in words."""

import fcntl
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from curator.errors import NoRoomError, StoreBusyError, StoreError
from storage.access import audit
from storage.engine.store import Store
from tests.full_disk import fill, small_disk


def note(store: Store, subject: str) -> None:
    audit.note(store, actor="test", action="note", subject=subject)


def subjects(path: Path) -> list[str]:
    return [row[0] for row in Store(path).rows("select subject from audit_event order by seq")]


def bulk(count: int) -> pl.DataFrame:
    text = [f"{n:06d}" + os.urandom(2000).hex() for n in range(count)]
    return pl.DataFrame({"subject": text}).with_columns(actor=pl.lit("a"), action=pl.lit("bulk"), detail=pl.lit("{}"))


def append_until_it_fails(store: Store) -> int:
    """Append until there is no room; returns the rows that were acknowledged."""
    done = 0

    def go_on() -> None:
        nonlocal done
        while True:
            done += store.append("audit_event", bulk(400))

    with pytest.raises(NoRoomError, match="make room on that disk, then do the same again"):
        go_on()
    return done


@pytest.mark.parametrize("leave", [0, 100_000, 1_500_000])
def test_a_full_disk_is_told_and_what_was_committed_is_there_when_there_is_room(tmp_path: Path, leave: int) -> None:
    with small_disk(tmp_path / "disk", 8) as disk:
        store = Store.create(disk / "curator.duckdb")
        note(store, "before")
        ballast = fill(disk, leave=leave)
        done = append_until_it_fails(store)
        with pytest.raises(NoRoomError):
            store.append("audit_event", bulk(4_000))
        ballast.unlink()
        kept = subjects(store.path)
        assert kept[0] == "before"
        assert len(kept) >= 1 + done
        note(store, "after")
        assert subjects(store.path)[-1] == "after"


def test_a_limit_on_the_size_of_files_is_a_full_disk_too(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "curator.duckdb")
    code = (
        "import resource, sys, polars as pl\n"
        "from pathlib import Path\n"
        "from storage.engine.store import Store\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))\n"
        "import tests.storage.engine.test_faults as here\n"
        "for _ in range(100): Store(Path(sys.argv[1])).append('audit_event', here.bulk(400))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(store.path)], capture_output=True, text=True, check=False)
    assert "NoRoomError" in ended.stderr.splitlines()[-1], ended.stderr
    assert len(set(subjects(store.path))) == len(subjects(store.path)) > 0


@contextmanager
def held(store: Store) -> Iterator[int]:
    """Another process that has the store's lock."""
    code = (
        "import sys, fcntl, os, time\n"
        "from storage.engine.store import Store\n"
        "from pathlib import Path\n"
        "with Store(Path(sys.argv[1])).exclusive():\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(store.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process.pid
        finally:
            process.kill()


def test_who_waits_for_the_file_is_told_for_whom_and_not_kept_for_ever(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("storage.engine.turns.SAY_S", 0.2)
    monkeypatch.setenv("CURATOR_WAIT_S", "0.5")
    caplog.set_level(logging.WARNING, "curator.store")
    with held(store) as pid:
        with pytest.raises(StoreBusyError, match=rf"in use by process {pid} .* for 0\.5 seconds"):
            note(store, "early")
        assert [f"process {pid}" in message for message in caplog.messages] == [True]
        with pytest.raises(StoreBusyError):
            note(store, "early again")
    note(store, "later")
    assert subjects(store.path) == ["later"]


def test_who_gave_up_takes_the_file_from_nobody_when_it_comes_free(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.turns.SAY_S", 0.05)
    monkeypatch.setenv("CURATOR_WAIT_S", "0.1")
    with held(store), pytest.raises(StoreBusyError):
        note(store, "early")
    handle = os.open(f"{store.path}.lock", os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)  # blocks for ever if the lock that was given up is held when it comes
    os.close(handle)


@pytest.mark.parametrize("content", [b"SQLite format 3\x00" + b"x" * 5000, b"{}", b"PAR1" * 2000, b""])
def test_a_file_that_is_no_store_is_refused_before_the_engine_sees_it(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "curator.duckdb"
    path.write_bytes(content)
    monkeypatch.setattr("storage.engine.store.OpenFile", lambda *_, **__: pytest.fail("the engine was asked"))
    with pytest.raises(StoreError, match=r"is no Curator store|is empty"):
        Store(path).seq()
    assert path.read_bytes() == content


def test_a_project_that_may_only_be_read_is_read_and_refuses_to_be_written(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 16) as disk:
        note(Store.create(disk / "curator.duckdb"), "kept")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert subjects(disk / "curator.duckdb") == ["kept"]
        with pytest.raises(StoreError, match="may be read but not written"):
            note(Store(disk / "curator.duckdb"), "new")
        assert subjects(disk / "curator.duckdb") == ["kept"]


def test_a_project_without_a_lock_file_is_read_where_none_can_be_made(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 16) as disk:
        note(Store.create(disk / "curator.duckdb"), "kept")
        for beside in ("lock", "waiting"):
            (disk / f"curator.duckdb.{beside}").unlink(missing_ok=True)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert subjects(disk / "curator.duckdb") == ["kept"]
