"""DuckDB's engine: started once for a process, with a file attached for as long as somebody holds the file's lock.

To start an engine costs about 30 ms, to attach a file to one that runs about 4. To write what is in a file's log into
the file costs five waits for the disk, 30 to 60 ms; to read a log of 200 kB again, 2. So whoever has others wait for
the file may leave a short log behind: what was committed is on the disk either way.
"""

import itertools
import os
import secrets
import tempfile
import threading
from pathlib import Path

import duckdb

_guard = threading.Lock()
_names = (f"store{number}" for number in itertools.count())
_engine: duckdb.DuckDBPyConnection | None = None


class OpenFile:
    """A DuckDB file that is attached to the engine.

    Attributes:
        raw: A connection that works in the file.
        log: The file's log, where it has one.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Attach a file; it is made where there is none. Only the holder of its lock may.

        Raises:
            duckdb.Error: It is no DuckDB file, or a damaged one.
        """
        with _guard:
            self._name = next(_names)
            self.raw = _running().cursor()
        self.log, self._read_only = path.with_name(f"{path.name}.wal"), read_only
        try:
            quoted = str(path).replace("'", "''")
            mode = "read_only" if read_only else "read_write"
            self.raw.execute(f"attach '{quoted}' as {self._name} (type duckdb, {mode})")
            self.raw.execute(f"use {self._name}")
        except BaseException:
            self.close()
            raise

    def close(self, *, keep_log: int = 0) -> None:
        """Write what is in the file's log into the file, and let go of it.

        Args:
            keep_log: A log of at most so many bytes stays as it is, for the next who opens the file.
        """
        try:
            if self.log_bytes > keep_log and not self._read_only:
                self.raw.execute("checkpoint")
            self.raw.execute("use memory")
            self.raw.execute(f"detach database if exists {self._name}")
        except BaseException:
            _stop()  # the engine may hold the file still; the next file gets another one
            raise
        finally:
            self.raw.close()

    @property
    def log_bytes(self) -> int:
        """The size of the file's log, 0 where it has none."""
        try:
            return self.log.stat().st_size
        except FileNotFoundError:
            return 0


def _running() -> duckdb.DuckDBPyConnection:
    """The engine, started at the first call."""
    global _engine  # one for the process is the point
    if _engine is None:
        # What does not fit into memory goes to a folder of this process alone: DuckDB numbers its files from 0.
        spill = Path(tempfile.gettempdir()) / f"curator-{os.getpid()}-{secrets.token_hex(8)}"
        settings: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "temp_directory": str(spill)}
        # Nothing is fetched: what a store needs comes with the engine.
        settings |= {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
        _engine = duckdb.connect(":memory:", config=settings)
        _engine.execute("pragma disable_checkpoint_on_shutdown")  # `close` does it, or knows why not
    return _engine


def _stop() -> None:
    """Let go of an engine that cannot let go of a file; it ends when its other files are closed."""
    global _engine
    with _guard:
        _engine = None
