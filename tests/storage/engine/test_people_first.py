"""Whoever people wait for goes first, and whoever has others wait leaves a short log: nothing is lost by either."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curator.errors import StoreBusyError
from storage.access import audit
from storage.engine import turns
from storage.engine.snapshot import copy_store
from storage.engine.store import CHUNK_ROWS, LEAST_ROWS, Connection, Store
from storage.engine.turns import FileTurns, InOrder

ROOT = Path(__file__).parents[3]
WAITS = """
import sys
from pathlib import Path
from storage.access import audit
from storage.engine import turns
from storage.engine.store import Store
if sys.argv[2] == "people":
    turns.people_wait()
store = Store(Path(sys.argv[1]))
sys.stdin.readline()
audit.note(store, actor="test", action="note", subject=sys.argv[2])
"""


@pytest.fixture(autouse=True)
def for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileTurns, "people", False)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "curator.duckdb")


def log(store: Store) -> int:
    file = Path(f"{store.path}.wal")
    return file.stat().st_size if file.exists() else 0


def note(store: Store, subject: str) -> None:
    audit.note(store, actor="test", action="note", subject=subject)


def waiter(store: Store, who: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WAITS, str(store.path), who]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True)


def go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def until(true: object) -> None:
    limit = time.monotonic() + 120
    while not true():  # type: ignore[operator]
        assert time.monotonic() < limit
        time.sleep(0.005)


def subjects(store: Store) -> list[str]:
    return [row[0] for row in store.rows("select subject from audit_event order by seq")]


@pytest.fixture
def two(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[list["subprocess.Popen[str]"]]:
    monkeypatch.setattr("storage.engine.turns.GIVE_WAY_S", 600.0)
    made = [waiter(store, "job"), waiter(store, "people")]
    yield made
    for process in made:
        assert process.stdin is not None
        process.stdin.close()
        process.kill()
        process.wait()


def test_people_who_came_later_go_before_a_job_that_waited(store: Store, two: list["subprocess.Popen[str]"]) -> None:
    job, people = two
    mine = FileTurns.of(store.path)
    with store.exclusive():
        go(job)
        until(mine.wanted)
        go(people)
        until(lambda: mine._rung(mine._bells()[1]))
    assert (job.wait(120), people.wait(120)) == (0, 0)
    assert subjects(store) == ["people", "job"]


def test_a_job_gives_way_for_a_while_and_not_for_ever(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.engine.turns.GIVE_WAY_S", 0.05)
    monkeypatch.setattr(FileTurns, "_rung", lambda self, path: True)
    note(store, "after a while")
    assert subjects(store) == ["after a while"]


def test_while_somebody_waits_a_short_log_stays_and_what_it_holds_is_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileTurns, "wanted", lambda self: True)
    for turn in range(20):
        note(store, f"{turn}")
        assert 0 < log(store) <= turns.LOG_BYTES
    assert subjects(store) == [f"{turn}" for turn in range(20)]
    assert audit.verify(store).intact
    monkeypatch.undo()
    store.rows("select 1")
    assert log(store) == 0


def test_a_log_that_grew_is_written_into_the_file_though_somebody_waits(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileTurns, "wanted", lambda self: True)
    note(store, "x" * (turns.LOG_BYTES + 1))
    assert log(store) == 0
    assert len(subjects(store)[0]) == turns.LOG_BYTES + 1


def test_keys_written_and_replaced_in_a_log_are_what_they_were_after_it_was_read_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileTurns, "wanted", lambda self: True)
    for turn in range(12):
        with store.transaction() as connection:
            connection.rows("insert or replace into lease values ('t', 'ana', ?), (?, 'bo', 1)", [turn, f"u{turn % 5}"])
            if turn % 4 == 3:
                connection.rows("delete from lease where task = ?", [f"u{turn % 5}"])
    expected = {("t", "ana", 11.0), ("u0", "bo", 1.0), ("u4", "bo", 1.0)}
    there = set(store.rows("select task, reviewer, expires from lease"))
    assert expected <= there
    assert len(there) == len(store.rows("select distinct task, reviewer from lease"))
    with store.exclusive():
        pass
    monkeypatch.undo()
    assert set(store.rows("select task, reviewer, expires from lease")) == there
    assert log(store) == 0


def test_threads_of_one_process_lose_nothing_between_the_logs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.engine.turns.TURNS_S", 0.0)
    threads = [threading.Thread(target=lambda who=who: [note(store, f"{who}-{n}") for n in range(8)]) for who in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(subjects(store)) == sorted(f"{who}-{n}" for who in "abc" for n in range(8))
    assert log(store) == 0


def test_where_chunks_take_long_the_next_ones_are_smaller_and_every_row_is_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    real = Connection.append

    def slow(self: Connection, table: str, records: pl.DataFrame, **given: Any) -> int:
        sizes.append(records.height)
        clock[0] += 0.001 * records.height  # a millisecond a row
        return real(self, table, records, **given)

    clock = [0.0]
    monkeypatch.setattr(Connection, "append", slow)
    monkeypatch.setattr("storage.engine.store.time.monotonic", lambda: clock[0])
    rows = pl.DataFrame({"subject": [f"{n}" for n in range(1_001)], "actor": "a", "action": "b", "detail": "{}"})
    assert store.append("audit_event", rows) == 1_001
    monkeypatch.undo()
    assert sizes[:3] == [CHUNK_ROWS, LEAST_ROWS, LEAST_ROWS]
    assert subjects(store) == [f"{n}" for n in range(1_001)]


def test_a_copy_of_a_store_that_may_only_be_read_has_the_rows_of_its_log(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(FileTurns, "wanted", lambda self: True)
        note(store, "in the log alone")
    assert log(store) > 0
    before = store.path.read_bytes()
    monkeypatch.setattr(Store, "writable", False)
    assert subjects(store) == ["in the log alone"]
    copy_store(store, tmp_path / "copy.duckdb")
    assert store.path.read_bytes() == before
    monkeypatch.undo()
    assert not (tmp_path / "copy.duckdb.wal").exists()
    assert subjects(Store(tmp_path / "copy.duckdb")) == ["in the log alone"]


def test_threads_get_the_lock_in_the_order_in_which_they_asked_and_who_gave_up_is_passed_over() -> None:
    lock = InOrder()
    turns = [lock.ask() for _ in range(5)]
    assert [turn.is_set() for turn in turns] == [True, False, False, False, False]
    assert not lock.give_up(turns[2])
    order = []
    for _ in range(4):
        (now,) = [n for n, turn in enumerate(turns) if turn.is_set() and n not in order]
        order.append(now)
        lock.release()
    assert order == [0, 1, 3, 4]
    assert lock.give_up(lock.ask())  # it is free again: whoever asks has it


def test_a_thread_that_gives_up_waiting_leaves_the_file_to_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.turns.SAY_S", 0.01)
    monkeypatch.setenv("CURATOR_WAIT_S", "0.05")
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with store.transaction():
            held.set()
            over.wait(120)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(120)
    with pytest.raises(StoreBusyError):
        store.seq()
    over.set()
    thread.join()
    monkeypatch.setenv("CURATOR_WAIT_S", "60")
    note(store, "after")
    assert subjects(store) == ["after"]
