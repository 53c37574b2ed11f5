"""DuckDB's engine: started once for a process, with a file attached for as long as somebody holds the file's lock.

To start an engine costs about 30 ms, to attach a file to one that runs about 4.
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
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Attach a file; it is made where there is none. Only the holder of its lock may.

        Raises:
            duckdb.Error: It is no DuckDB file, or a damaged one.
        """
        with _guard:
            self._name = next(_names)
            self.raw = _running().cursor()
        try:
            quoted = str(path).replace("'", "''")
            mode = "read_only" if read_only else "read_write"
            self.raw.execute(f"attach '{quoted}' as {self._name} (type duckdb, {mode})")
            self.raw.execute(f"use {self._name}")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Write what is in the file's log into the file, and let go of it."""
        try:
            self.raw.execute("use memory")
            self.raw.execute(f"detach database if exists {self._name}")
        except BaseException:
            _stop()  # the engine may hold the file still; the next file gets another one
            raise
        finally:
            self.raw.close()


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
    return _engine


def _stop() -> None:
    """Let go of an engine that cannot let go of a file; it ends when its other files are closed."""
    global _engine
    with _guard:
        _engine = None
