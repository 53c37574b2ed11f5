"""A consistent copy of a store that is in use."""

import os
import shutil
from pathlib import Path

from storage.engine.faults import in_words
from storage.engine.open_file import OpenFile
from storage.engine.store import Store


def copy_store(store: Store, target: Path) -> int:
    """Copy the store's file as of now, and return its seq. The file alone without its log would lack rows.

    Raises:
        NoRoomError: The disk is full; no half copy stays.
    """
    with store.exclusive():
        file = store.open()
        try:
            newest = file.raw.execute("select value from counter").fetchone()
            if store.writable:
                file.raw.execute("checkpoint")
        finally:
            file.close()
        log = target.with_name(f"{target.name}.wal")
        try:
            with in_words(target), store.path.open("rb") as reading, target.open("wb") as writing:
                shutil.copyfileobj(reading, writing, 1 << 22)
                writing.flush()
                os.fsync(writing.fileno())
            if file.log_bytes:  # a store that may only be read keeps its log, without which rows would lack
                with in_words(target):
                    shutil.copyfile(file.log, log)
                    OpenFile(target).close()
        except BaseException:
            target.unlink(missing_ok=True)
            log.unlink(missing_ok=True)
            raise
    assert newest is not None
    return int(newest[0])
