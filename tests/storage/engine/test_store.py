"""The store is a path: one block at a time, everything in it or nothing, over threads, processes and crashes."""

import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import polars as pl
import pytest

from curator.errors import NotFoundError, StoreError
from pipelines.bench import store as bench
from storage.access import audit
from storage.engine.migrations import MIGRATIONS, Migration, migrate
from storage.engine.open_file import OpenFile
from storage.engine.store import BLOCK_ROWS, CHUNK_ROWS, FEW, Store

ROOT = Path(__file__).parents[3]


def note(store: Store, subject: str) -> None:
    audit.note(store, actor="test", action="note", subject=subject)


def subjects(store: Store) -> list[str]:
    return [row[0] for row in store.rows("select subject from audit_event order by seq")]


def events(count: int) -> pl.DataFrame:
    return pl.DataFrame({"subject": [f"{n:06d}" for n in range(count)]}).with_columns(
        actor=pl.lit("a"), action=pl.lit("bulk"), detail=pl.lit("{}")
    )


class Boom(Exception):
    pass


def boom() -> None:
    raise Boom


def test_a_block_that_fails_leaves_nothing_and_takes_no_sequence_number(store: Store) -> None:
    note(store, "before")
    event = pl.DataFrame({"actor": ["a"], "action": ["b"], "subject": ["lost"], "detail": ["{}"]})

    def fail() -> None:
        with store.transaction() as connection:
            connection.append("audit_event", event)
            boom()

    with pytest.raises(Boom):
        fail()
    note(store, "after")
    assert store.rows("select seq, subject from audit_event order by seq") == [(1, "before"), (2, "after")]
    assert store.seq() == 2


def test_sequence_numbers_have_no_gap_and_no_copy_under_many_threads(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: note(Store(store.path), str(n)), range(40)))
    assert [row[0] for row in store.rows("select seq from audit_event order by seq")] == list(range(1, 41))
    assert sorted(subjects(store), key=int) == [str(n) for n in range(40)]


def test_a_block_inside_a_block_is_refused_and_the_outer_one_goes_on(store: Store) -> None:
    with store.transaction() as connection:
        with pytest.raises(StoreError, match="opened inside a block"):
            store.seq()
        assert connection.seq() == 0
    note(store, "still works")
    assert subjects(store) == ["still works"]


def test_a_bulk_append_longer_than_a_chunk_is_whole_and_in_order(store: Store) -> None:
    count = BLOCK_ROWS + 2 * CHUNK_ROWS + 7
    rows = events(count)
    assert store.append("audit_event", rows) == count
    assert subjects(store) == rows["subject"].to_list()


def test_a_record_whose_key_is_there_is_left_alone_and_not_counted(store: Store) -> None:
    intents = pl.DataFrame({"request_key": ["k1", "k2"], "dataset": ["d", "d"], "purpose": ["first", "first"]})
    assert store.append("request_intent", intents, ignore_existing=True) == 2
    again = pl.DataFrame({"request_key": ["k2", "k3"], "dataset": ["d", "d"], "purpose": ["second", "second"]})
    assert store.append("request_intent", again, ignore_existing=True) == 1
    kept = dict(store.rows("select request_key, purpose from request_intent"))
    assert kept == {"k1": "first", "k2": "first", "k3": "second"}


@pytest.mark.parametrize("count", [FEW, FEW + 1])
def test_a_record_that_the_table_refuses_says_why_and_the_store_goes_on(store: Store, count: int) -> None:
    bad = _events(["x"] * count).with_columns(subject=pl.lit(None, dtype=pl.String))
    with pytest.raises(duckdb.ConstraintException, match=r"audit_event\.subject"):
        store.append("audit_event", bad)
    assert store.append("audit_event", _events(["good"] * count)) == count
    assert subjects(store) == ["good"] * count


def test_a_missing_store_is_told_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="curator init"):
        Store(tmp_path / "none.duckdb").seq()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "curator.duckdb"
    path.write_bytes(b"this is no database" * 1000)
    with pytest.raises(StoreError, match="no Curator store"):
        Store(path).seq()


def test_an_older_file_is_migrated_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    first = (MIGRATIONS[0],)
    second = (*first, Migration(len(MIGRATIONS) + 1, "more", "create table extra (seq bigint not null)"))
    raw = duckdb.connect(str(path))
    assert migrate(raw, str(path), first) == [1]
    raw.execute("insert into audit_event (seq, actor, action, subject, detail) values (1, 'a', 'b', 'kept', '{}')")
    assert migrate(raw, str(path), (*MIGRATIONS, second[-1])) == [*range(2, len(MIGRATIONS) + 1), second[-1].number]
    assert raw.execute("select subject from audit_event").fetchall() == [("kept",)]
    assert migrate(raw, str(path), (*MIGRATIONS, second[-1])) == []
    raw.close()


def test_an_older_file_gets_what_stands_beside_the_text_of_its_conversations(tmp_path: Path) -> None:
    raw = duckdb.connect(str(tmp_path / "old.duckdb"))
    migrate(raw, "old", MIGRATIONS[:6])
    user = '{"role": "user", "parts": [{"kind": "text", "text": "hello"}]}'
    system = '{"role": "system", "parts": [{"kind": "text", "text": "Be short."}]}'
    for number, messages in enumerate([f"[{user}]", f"[{system}, {user}]", "[]"]):
        raw.execute(
            "insert into example (seq, example_id, dataset, external_id, content_hash, messages, text, source) "
            "values (?, ?, 'd', ?, 'h', ?, 'hello', 'import')",
            [number, f"ex{number}", str(number), messages],
        )
    migrate(raw, "old")
    found = raw.execute("select shown, context is null, content_hash, text from example order by seq").fetchall()
    assert found[0] == found[2] == (None, True, "h", "hello")
    assert found[1] == ("system: Be short.\n\nuser: hello", False, "h", "hello")
    raw.close()


def test_a_newer_file_is_refused_and_left_as_it_is(store: Store) -> None:
    note(store, "kept")
    newest = MIGRATIONS[-1].number
    raw = duckdb.connect(str(store.path))
    raw.execute("insert into migration values (?, 'from the future')", [newest + 1])
    raw.close()
    with pytest.raises(StoreError, match=f"has schema {newest + 1}.*upgrade Curator"):
        Store(store.path).seq()
    raw = duckdb.connect(str(store.path))
    assert raw.execute("select subject from audit_event").fetchall() == [("kept",)]
    raw.close()


def test_a_step_that_fails_leaves_nothing_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    broken = Migration(
        MIGRATIONS[-1].number + 1, "broken", "create table half (a integer); select nonsense from nowhere"
    )
    raw = duckdb.connect(str(path))
    with pytest.raises(duckdb.Error, match="nowhere"):
        migrate(raw, str(path), (*MIGRATIONS, broken))
    tables = {row[0] for row in raw.execute("select table_name from information_schema.tables").fetchall()}
    assert "half" not in tables
    assert "audit_event" in tables
    assert raw.execute("select max(number) from migration").fetchall() == [(MIGRATIONS[-1].number,)]
    raw.close()


def test_records_are_only_ever_appended() -> None:
    """SQL that changes or removes rows touches the counter and the leases; a migration fills columns that it adds."""
    found: set[str] = set()
    added = {f"{column} = fresh.{column}" for m in MIGRATIONS for column in re.findall(r"add column (\w+)", m.sql)}
    for file in (ROOT / "storage").rglob("*.py"):
        text = file.read_text(encoding="utf-8").lower()
        if file.name == "migrations.py":
            for filled in re.findall(r"update example set (.*) from", text):
                assert set(filled.split(", ")) <= added
            text = text.replace("update example set", "")
        found |= {m.group(2) for m in re.finditer(r"\b(update|delete\s+from|insert or replace into)\s+(\w+)", text)}
        assert not re.search(r"\b(truncate|drop table|alter table \w+ drop)\b", text), file
    assert found == {"counter", "lease"}


def test_a_waiting_thread_gets_in_between_the_chunks_of_a_bulk_append(store: Store) -> None:
    rows = events(6 * CHUNK_ROWS)
    loader = threading.Thread(target=lambda: Store(store.path).append("audit_event", rows))
    loader.start()
    while store.seq() == 0:
        pass
    note(store, "reviewer")
    loader.join()
    (mine,) = store.rows("select seq from audit_event where subject = 'reviewer'")[0]
    assert mine < 6 * CHUNK_ROWS


def test_a_waiting_process_gets_in_between_the_chunks_of_a_bulk_append(store: Store) -> None:
    loader = subprocess.Popen([sys.executable, "-c", LOADED, str(store.path), str(BLOCK_ROWS)], cwd=ROOT)
    while store.seq() == 0:
        assert loader.poll() is None
    note(store, "reviewer")
    assert loader.wait(600) == 0
    (mine,) = store.rows("select seq from audit_event where subject = 'reviewer'")[0]
    assert mine < BLOCK_ROWS
    assert store.rows("select count(*) from audit_event") == [(BLOCK_ROWS + 1,)]


def test_a_bulk_append_that_nobody_waits_for_opens_the_file_once_a_block(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []

    def counted(path: Path, *, read_only: bool) -> OpenFile:
        opened.append(path)
        return OpenFile(path, read_only=read_only)

    monkeypatch.setattr("storage.engine.store.OpenFile", counted)
    assert store.append("audit_event", events(BLOCK_ROWS + 1)) == BLOCK_ROWS + 1
    assert len(opened) == 2


@pytest.mark.slow
def test_what_nine_writers_were_told_is_stored_is_stored_once_and_claims_get_in_beside_a_load() -> None:
    report = bench.run(6)
    assert (report.lost, report.twice, report.exit_codes) == (0, 0, (0, 0, 0, 0)), report
    assert report.acknowledged == report.stored > 9, report
    assert report.rows_loaded_beside_claims > 0, report
    assert report.claimed_tasks == bench.BATCH * min(report.claims, 50) > 0, report  # none is handed out twice


LOADED = """
import sys
from pathlib import Path
from storage.engine.store import Store
from tests.storage.engine.test_store import events
Store(Path(sys.argv[1])).append("audit_event", events(int(sys.argv[2])))
"""
KILLED = """
import os
import sys
from pathlib import Path
from storage.access import audit
from storage.engine.store import Store

def say(what):
    os.write(1, f"{what}\\n".encode())

store = Store(Path(sys.argv[1]))
for attempt in sys.stdin:  # each writer is a fork: the imports are paid once
    if pid := os.fork():
        os.waitpid(pid, 0)
        say("killed")
        continue
    say(os.getpid())
    for n in range(100_000):
        audit.note(store, actor="test", action="note", subject=f"{attempt.strip()}-{n}")
        say(f"{attempt.strip()}-{n}")
"""


@pytest.mark.slow
def test_a_writer_killed_twenty_times_loses_nothing_that_it_acknowledged(store: Store) -> None:
    acknowledged: list[str] = []
    command = [sys.executable, "-c", KILLED, str(store.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writers:
        assert writers.stdin is not None
        assert writers.stdout is not None
        for attempt in range(20):
            writers.stdin.write(f"{attempt}\n")
            writers.stdin.flush()
            writer = int(writers.stdout.readline())
            acknowledged += [writers.stdout.readline().strip() for _ in range(2 + attempt % 4)]
            os.kill(writer, signal.SIGKILL)
            acknowledged += [line.strip() for line in iter(writers.stdout.readline, "killed\n")]
        writers.stdin.close()
    stored = subjects(store)
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
    # At most the one row that each writer was at when it was killed.
    assert len(stored) - len(acknowledged) <= 20
    assert [row[0] for row in store.rows("select seq from audit_event order by seq")] == list(range(1, len(stored) + 1))


def test_waiting_threads_take_turns_with_one_open_file(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    opening = Store.open
    monkeypatch.setattr(Store, "open", lambda self: opened.append(1) or opening(self))
    monkeypatch.setattr("storage.engine.turns.TURNS_S", 60.0)  # however slow the machine is
    barrier = threading.Barrier(8)

    def write(n: int) -> None:
        barrier.wait()
        for k in range(5):
            with Store(store.path).transaction() as connection:
                connection.append("audit_event", _events([f"{n}-{k}"]))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert len(opened) < 40, "each of 40 blocks opened the file for itself"
    assert store.rows("select count(*), count(distinct subject) from audit_event") == [(40, 40)]


def test_a_block_that_fails_hands_nothing_on(store: Store) -> None:
    inside, waiting = threading.Event(), threading.Event()

    def fail() -> None:
        with store.transaction() as connection:
            connection.append("audit_event", _events(["lost"]))
            inside.set()
            waiting.wait(60)
            raise ValueError("no")

    def wait() -> list[tuple[int]]:
        inside.wait(60)
        threading.Timer(0.2, waiting.set).start()
        return store.rows("select count(*) from audit_event")

    with ThreadPoolExecutor(2) as pool:
        failed, waited = pool.submit(fail), pool.submit(wait)
        with pytest.raises(ValueError, match="no"):
            failed.result()
        assert waited.result() == [(0,)]
    assert store.rows("select count(*) from audit_event") == [(0,)]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that a file is opened."""
    times: list[int] = []
    opening = Store.open
    monkeypatch.setattr(Store, "open", lambda self: times.append(1) or opening(self))
    return times


def test_blocks_together_share_one_opening_and_alone_they_do_not(
    store: Store, opened: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.turns.TURNS_S", 60.0)  # however slow the machine is
    with store.together():
        note(store, "a")
        with Store(store.path).together():  # another object of the same file, and an inner one
            note(Store(store.path), "b")
        assert subjects(store) == ["a", "b"]
    assert len(opened) == 1
    note(store, "c")
    assert subjects(store) == ["a", "b", "c"]
    assert len(opened) == 3


def test_together_ends_for_others_when_the_turn_is_over(
    store: Store, opened: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.turns.TURNS_S", 0.0)
    with store.together(), ThreadPoolExecutor(1) as pool:
        note(store, "mine")
        pool.submit(note, store, "another's").result(timeout=300)
        note(store, "mine again")
    assert len(opened) == 3
    assert subjects(store) == ["mine", "another's", "mine again"]


def test_an_error_in_a_block_together_lets_others_in_and_the_rest_goes_on(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as connection:
            connection.append("audit_event", _events(["lost"]))
            boom()

    with ThreadPoolExecutor(1) as pool:
        with store.together():
            note(store, "kept")
            with pytest.raises(Boom):
                fail()
            pool.submit(note, store, "another's").result(timeout=300)
            note(store, "after")
        pool.submit(note, store, "last").result(timeout=300)
    assert subjects(store) == ["kept", "another's", "after", "last"]


def test_a_second_file_ends_the_turn_with_the_first(store: Store, tmp_path: Path) -> None:
    second = Store.create(tmp_path / "second.duckdb")
    with ThreadPoolExecutor(1) as pool, store.together():
        note(store, "first")
        note(second, "of the second")
        pool.submit(note, store, "another's").result(timeout=300)
    assert subjects(store) == ["first", "another's"]
    assert subjects(second) == ["of the second"]


def _events(subjects: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"actor": "a", "action": "x", "subject": subjects, "detail": "{}"})
