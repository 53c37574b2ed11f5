"""A consistent copy of a store that is in use."""

from pathlib import Path

from storage.store import Store


def copy_store(store: Store, target: Path) -> int:
    """Copy the store's file as of now, and return its seq. The file alone without its log would lack rows."""
    with store.exclusive():
        raw = store.connect()
        try:
            newest = raw.execute("select value from counter").fetchone()
            raw.execute("checkpoint")
        finally:
            raw.close()
        target.write_bytes(store.path.read_bytes())
    assert newest is not None
    return int(newest[0])
