"""The store: a path, not a connection.

DuckDB lets one process write or several read, and opening the same file from several processes with
retries alone has destroyed it. So open, transaction and close happen under one lock that is exclusive
across threads (a process lock) and across processes (`flock` on a file beside the store). A block is
short: never across a network call, a model call or a person.

Opening and closing costs more than most blocks. So a thread whose block ends hands the open file on to one that
waits in the same process, lock and all, for at most `TURNS_S` before another process gets its turn; and a thread that
has several blocks to do one after the other keeps it open for itself as long (`Store.together`).
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import polars as pl

from curator.errors import NotFoundError, StoreError
from storage.engine.faults import in_words, require_store
from storage.engine.migrations import migrate, require_current
from storage.engine.open_file import OpenFile
from storage.engine.turns import FileTurns

CHUNK_ROWS, LEAST_ROWS = 400, 50
"""Rows of a bulk append written at once: whoever waits for the file waits for one chunk and its commit at most."""

CHUNK_S = 0.05
"""How long a chunk should take; where the machine is busy, and a job behind everybody, the next ones are smaller."""

BLOCK_ROWS = 2_000
"""Rows of a bulk append in one block, while nobody waits: opening and closing the file takes longer than a chunk."""

PAUSE_S = 0.01
"""Between two blocks of a bulk append, so that those who wait find the file free."""

FEW = 8
"""Records that are appended as parameters."""

T = TypeVar("T")

File = tuple[Path, int, int]
"""A store's file: path, device and inode."""

_current = threading.local()


def _release(*, went_well: bool) -> None:
    """End this thread's turn, if it has one."""
    turns: FileTurns | None = getattr(_current, "kept", None)
    _current.kept = None
    if turns is not None:
        turns.end(went_well=went_well)


def _next_size(rows: int, seconds: float) -> int:
    """Rows of the next chunk, so that it takes `CHUNK_S` at the pace of the last one."""
    return max(LEAST_ROWS, min(CHUNK_ROWS, round(rows * CHUNK_S / max(seconds, 1e-6))))


@dataclass(frozen=True, slots=True)
class Appended:
    """What went into a table in one transaction: how many rows, and the first and last seq they were given."""

    table: str
    added: int
    first: int
    last: int


class Connection:
    """An open transaction. Lives for one block."""

    def __init__(self, raw: duckdb.DuckDBPyConnection) -> None:
        self._raw = raw
        self.wrote = False

    def rows(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Run SQL and return all rows; parameters by place (`?`), or by name (`$name`)."""
        return self._raw.execute(sql, parameters if isinstance(parameters, dict) else list(parameters)).fetchall()

    @contextmanager
    def table(self, name: str, records: pl.DataFrame) -> Iterator[None]:
        """Let SQL in the block read a frame as a table of this name."""
        self._raw.register(name, records)
        yield
        # Not after an error: the transaction is lost then, and to say so again would hide why. The file is closed.
        self._raw.unregister(name)

    def frame(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> pl.DataFrame:
        """Run SQL and return a polars frame; parameters as for `rows`."""
        given = parameters if isinstance(parameters, dict) else list(parameters)
        result = self._raw.sql(sql, params=given) if given else self._raw.sql(sql)
        frame: pl.DataFrame = result.pl()
        return frame

    def next_seqs(self, count: int) -> range:
        """Take `count` sequence numbers, in this transaction."""
        self.wrote = True
        (last,) = self.rows("update counter set value = value + ? returning value", [count])[0]
        return range(last - count + 1, last + 1)

    def seq(self) -> int:
        """The newest sequence number handed out."""
        return int(self.rows("select value from counter")[0][0])

    def appended(self, table: str, records: pl.DataFrame, *, ignore_existing: bool = False) -> Appended:
        """As `append`; says also which seqs the rows were given."""
        seqs = self.next_seqs(records.height)
        return Appended(table, self._append(table, records, seqs, ignore_existing), seqs.start, seqs.stop - 1)

    def append(self, table: str, records: pl.DataFrame, *, ignore_existing: bool = False) -> int:
        """Append records, each with the next `seq`; returns how many went in.

        With `ignore_existing`, rows whose primary key is there already are left alone.
        """
        return self._append(table, records, self.next_seqs(records.height), ignore_existing) if records.height else 0

    def _append(self, table: str, records: pl.DataFrame, seqs: range, ignore_existing: bool) -> int:
        if records.is_empty():
            return 0
        numbered = records.with_columns(pl.Series("seq", seqs, dtype=pl.Int64))
        clause = "on conflict do nothing" if ignore_existing else ""
        columns = ", ".join(numbered.columns)
        if numbered.height <= FEW:  # as parameters: to register a frame costs more than they do
            places = ", ".join([f"({', '.join('?' * numbered.width)})"] * numbered.height)
            values = [value for row in numbered.iter_rows() for value in row]
            return int(self.rows(f"insert into {table} ({columns}) values {places} {clause}", values)[0][0])
        with self.table("incoming", numbered):
            return int(self.rows(f"insert into {table} ({columns}) select {columns} from incoming {clause}")[0][0])


Told = Callable[[Connection, Appended], None]
"""Tells, in the same transaction, of rows that went in."""

News = Callable[[Connection, pl.DataFrame], pl.DataFrame]
"""Those of some records that are still to be appended, by what the transaction sees."""


class Store:
    """One project's DuckDB file, opened for the length of a block."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    @classmethod
    def create(cls, path: Path) -> "Store":
        """Make the file with today's tables; an existing one is migrated."""
        path.parent.mkdir(parents=True, exist_ok=True)
        store = cls(path)
        with store.exclusive():
            if store.path.exists() and not store.path.stat().st_size:
                store.path.unlink()  # left by an end between making the file and writing its first page
            store.open().close()
        return store

    @property
    def folder(self) -> Path:
        """Where the files beside the store live (vectors, jobs, rejects)."""
        return self.path.parent

    @property
    def file(self) -> File:
        """The store's file, a key for what is kept in memory; another in its place (a restored backup) is another past.

        Raises:
            NotFoundError: There is no store at the path.
        """
        self._require()
        stat = self.path.stat()
        return self.path, stat.st_dev, stat.st_ino

    @property
    def writable(self) -> bool:
        """Whether this user may write the file, and beside it, where the engine's log lies."""
        return os.access(self.path if self.path.exists() else self.folder, os.W_OK) and os.access(self.folder, os.W_OK)

    def _require(self) -> None:
        if not self.path.exists():
            msg = f"no store at {self.path}; run `curator init` in the project folder first"
            raise NotFoundError(msg)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Everything in the block is committed, or nothing. Holds the lock: keep it short.

        Raises:
            NotFoundError: There is no store at the path.
            StoreError: The file is newer than this Curator or cannot be opened; or a block in a block.
            StoreBusyError: Somebody else kept the file for too long.
            NoRoomError: The disk is full. What other blocks committed is kept.
        """
        self._require()
        with in_words(self.path), self._turn() as turns:
            if turns.file is None:
                turns.flock()
                turns.file = self.open()
                turns.since = turns.taken = time.monotonic()
            raw = turns.file.raw
            raw.execute("begin")
            connection = Connection(raw)
            try:
                yield connection
            except BaseException:
                with suppress(duckdb.Error):  # the engine may have let go of the transaction; why is the news
                    raw.execute("rollback")
                raise
            raw.execute("commit")
            if connection.wrote:
                turns.read.clear()

    def append(
        self,
        table: str,
        records: pl.DataFrame,
        *,
        ignore_existing: bool = False,
        news: News | None = None,
        told: Told | None = None,
    ) -> int:
        """Append many records in blocks of chunks, giving way to whoever waits; returns how many went in.

        An append that is cut off leaves whole blocks.

        Args:
            table: Where to.
            records: All columns but `seq`.
            ignore_existing: Leave rows alone whose primary key is there.
            news: What of a chunk to append, knowing what others have written by then.
            told: Called at the end of each block that took rows in.
        """
        added = done = 0
        size = CHUNK_ROWS
        while done < records.height:
            if done:
                time.sleep(PAUSE_S)  # a waiting reviewer gets the lock before the next block
            with self.transaction() as connection:
                before, first = added, connection.seq() + 1 if told else 0
                stop = min(done + BLOCK_ROWS, records.height)
                while done < stop:
                    begun, chunk = time.monotonic(), records.slice(done, min(size, stop - done))
                    fresh = news(connection, chunk) if news else chunk
                    added += connection.append(table, fresh, ignore_existing=ignore_existing)
                    done += chunk.height
                    size = _next_size(chunk.height, time.monotonic() - begun)
                    if FileTurns.of(self.path).wanted():
                        break
                if told and added > before:
                    told(connection, Appended(table, added - before, first, connection.seq()))
        return added

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """One query in a block of its own, as tuples."""
        with self.transaction() as connection:
            return connection.rows(sql, parameters)

    def frame(self, sql: str, parameters: Sequence[Any] = ()) -> pl.DataFrame:
        """One query in a block of its own, as a polars frame."""
        with self.transaction() as connection:
            return connection.frame(sql, parameters)

    def seq(self) -> int:
        """The newest sequence number: what the store is "as of" now."""
        with self.transaction() as connection:
            return connection.seq()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the file alone and closed, across threads and processes. Nobody opens it outside such a block."""
        with in_words(self.path), self._turn() as turns:
            if turns.file is not None:
                turns.close()
            turns.flock()
            yield

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let this thread's blocks share one opening of the file, one after the other, for at most `TURNS_S`.

        For a page that asks who is there, saves and reads again: one wait for others' blocks instead of three. What is
        slow in itself (a model, the network, a person) stays outside, as it stays outside a block, and so does what may
        wait for another thread, which may wait for the file.
        """
        before = getattr(_current, "keeps", None)
        _current.keeps = self.path
        try:
            yield
        finally:
            _current.keeps = before
            if before != self.path:
                with in_words(self.path):
                    _release(went_well=True)

    def let_go(self) -> None:
        """Within `together`: let others have the file now, since what comes next may take a moment."""
        if not getattr(_current, "held", False):
            _release(went_well=True)

    def read_once(self, key: object, read: Callable[[], T]) -> T:
        """What `read` finds in the store; within `together` it is asked once, until this thread lets go or writes.

        Nobody else can write meanwhile. The key says what is read.
        """
        turns = FileTurns.of(self.path)
        if getattr(_current, "kept", None) is turns and key in turns.read:
            found: T = turns.read[key]
            return found
        made = read()
        if getattr(_current, "kept", None) is turns:
            turns.read[key] = made
        return made

    @contextmanager
    def _turn(self) -> Iterator[FileTurns]:
        """One thread's turn with the file."""
        if getattr(_current, "held", False):
            msg = f"{self.path}: a block was opened inside a block; close the first one before"
            raise StoreError(msg)
        turns = FileTurns.of(self.path)
        if getattr(_current, "kept", None) is not turns:
            _release(went_well=True)
            turns.acquire()
            turns.taken = time.monotonic()
            turns.read.clear()
        _current.kept, _current.held, went_well = turns, True, False
        try:
            yield turns
            went_well = True
        finally:
            _current.held = False
            if not (went_well and getattr(_current, "keeps", None) == self.path and turns.keeps()):
                _release(went_well=went_well)

    def open(self) -> OpenFile:
        """Open the file, migrated; only inside `exclusive`. One that may only be read is opened as it is.

        Raises:
            StoreError: It is no DuckDB file, a damaged one, or of another schema that cannot be brought up to date.
            NoRoomError: The disk is full.
        """
        require_store(self.path)
        writable = self.writable
        try:
            with in_words(self.path):
                file = OpenFile(self.path, read_only=not writable)
        except duckdb.Error as error:
            msg = f"cannot open {self.path}: {error}; restore a backup, or move the file away"
            raise StoreError(msg) from error
        try:
            if writable:
                migrate(file.raw, str(self.path))
            else:
                require_current(file.raw, str(self.path))
        except BaseException:
            file.close()
            raise
        return file
