"""The store: a path, not a connection.

DuckDB lets one process write or several read, and opening the same file from several processes with
retries alone has destroyed it. So open, transaction and close happen under one lock that is exclusive
across threads (a process lock) and across processes (`flock` on a file beside the store). A block is
short: never across a network call, a model call or a person.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from curator.errors import NotFoundError, StoreError
from storage.migrations import migrate

CHUNK_ROWS = 1_000
"""Rows of a bulk append written in one block; about 40 ms for short texts, half of it the checkpoint at close."""

_process_locks: dict[str, threading.Lock] = {}
_process_locks_guard = threading.Lock()
_current = threading.local()


class Connection:
    """An open transaction. Lives for one block."""

    def __init__(self, raw: duckdb.DuckDBPyConnection) -> None:
        self._raw = raw

    def rows(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Run SQL and return all rows; parameters by place (`?`), or by name (`$name`)."""
        return self._raw.execute(sql, parameters if isinstance(parameters, dict) else list(parameters)).fetchall()

    @contextmanager
    def table(self, name: str, records: pl.DataFrame) -> Iterator[None]:
        """Let SQL in the block read a frame as a table of this name."""
        self._raw.register(name, records)
        try:
            yield
        finally:
            self._raw.unregister(name)

    def frame(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> pl.DataFrame:
        """Run SQL and return a polars frame; parameters as for `rows`."""
        given = parameters if isinstance(parameters, dict) else list(parameters)
        result = self._raw.sql(sql, params=given) if given else self._raw.sql(sql)
        frame: pl.DataFrame = result.pl()
        return frame

    def next_seqs(self, count: int) -> range:
        """Take `count` sequence numbers, in this transaction."""
        (last,) = self.rows("update counter set value = value + ? returning value", [count])[0]
        return range(last - count + 1, last + 1)

    def seq(self) -> int:
        """The newest sequence number handed out."""
        return int(self.rows("select value from counter")[0][0])

    def append(self, table: str, records: pl.DataFrame, *, ignore_existing: bool = False) -> int:
        """Append records, each with the next `seq`; returns how many went in.

        With `ignore_existing`, rows whose primary key is there already are left alone.
        """
        if records.is_empty():
            return 0
        before = self.rows(f"select count(*) from {table}")[0][0]
        seqs = self.next_seqs(records.height)
        numbered = records.with_columns(pl.Series("seq", seqs, dtype=pl.Int64))
        self._raw.register("incoming", numbered)
        clause = "on conflict do nothing" if ignore_existing else ""
        columns = ", ".join(numbered.columns)
        self._raw.execute(f"insert into {table} ({columns}) select {columns} from incoming {clause}")
        self._raw.unregister("incoming")
        return int(self.rows(f"select count(*) from {table}")[0][0] - before)


class Store:
    """One project's DuckDB file, opened for the length of a block."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._migrated: tuple[int, int] | None = None

    @classmethod
    def create(cls, path: Path) -> "Store":
        """Make the file with today's tables; an existing one is migrated."""
        path.parent.mkdir(parents=True, exist_ok=True)
        store = cls(path)
        with store.exclusive():
            store.connect().close()
        return store

    @property
    def folder(self) -> Path:
        """Where the files beside the store live (vectors, jobs, rejects)."""
        return self.path.parent

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Everything in the block is committed, or nothing. Holds the lock: keep it short.

        Raises:
            NotFoundError: There is no store at the path.
            StoreError: The file is newer than this Curator or cannot be opened; or a block in a block.
        """
        if not self.path.exists():
            msg = f"no store at {self.path}; run `curator init` in the project folder first"
            raise NotFoundError(msg)
        with self.exclusive():
            raw = self.connect()
            try:
                raw.execute("begin")
                try:
                    yield Connection(raw)
                except BaseException:
                    raw.execute("rollback")
                    raise
                raw.execute("commit")
            finally:
                raw.close()

    def append(self, table: str, records: pl.DataFrame, *, ignore_existing: bool = False) -> int:
        """Append many records in chunks, giving way to others between them; returns how many went in."""
        added = 0
        for start in range(0, records.height, CHUNK_ROWS):
            if start:
                time.sleep(0.002)  # a waiting reviewer gets the lock before the next chunk
            with self.transaction() as connection:
                chunk = records.slice(start, CHUNK_ROWS)
                added += connection.append(table, chunk, ignore_existing=ignore_existing)
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
        """Hold the file alone, across threads and processes. Nobody opens it outside such a block."""
        if getattr(_current, "held", False):
            msg = f"{self.path}: a block was opened inside a block; close the first one before"
            raise StoreError(msg)
        with _process_locks_guard:
            lock = _process_locks.setdefault(str(self.path), threading.Lock())
        with lock:
            handle = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT, 0o644)
            _current.held = True
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                _current.held = False
                os.close(handle)  # closing releases the lock

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open the file, migrated; only inside `exclusive`."""
        try:
            raw = duckdb.connect(str(self.path), config={"threads": 2})
        except duckdb.Error as error:
            msg = f"cannot open {self.path}: {error}; restore a backup, or move the file away"
            raise StoreError(msg) from error
        try:
            stat = self.path.stat()
            if self._migrated != (stat.st_dev, stat.st_ino):
                migrate(raw, str(self.path))
                self._migrated = (stat.st_dev, stat.st_ino)
        except BaseException:
            raw.close()
            raise
        return raw
