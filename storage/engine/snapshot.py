"""A consistent copy of a store that is in use."""

from pathlib import Path

from storage.engine.store import Store


def copy_store(store: Store, target: Path) -> int:
    """Copy the store's file as of now, and return its seq. The file alone without its log would lack rows."""
    with store.exclusive():
        file = store.open()
        try:
            newest = file.raw.execute("select value from counter").fetchone()
            file.raw.execute("checkpoint")
        finally:
            file.close()
        target.write_bytes(store.path.read_bytes())
    assert newest is not None
    return int(newest[0])
