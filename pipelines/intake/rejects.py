"""The rows that were not taken, kept in a file with their reasons."""

import hashlib
import json
import os
from pathlib import Path

from curator.records import file_stem
from storage.engine.store import Store


def as_raw(record: dict[str, object]) -> str:
    """A record that is not taken, for the list of rejects."""
    try:
        return json.dumps(record, ensure_ascii=False, default=str)
    except RecursionError:
        return f"an object with the keys {', '.join(list(record)[:20])}, too deep to be written"


def keep_rejects(store: Store, dataset: str, rejects: list[dict[str, object]]) -> Path:
    """Write this run's rejects to a file named by their content, so that a rerun writes the same file."""
    body = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rejects).encode("utf-8", "backslashreplace")
    folder = store.folder / "rejects"
    folder.mkdir(exist_ok=True)
    path = folder / f"{file_stem(dataset)}-{hashlib.sha256(body).hexdigest()[:12]}.jsonl"
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_bytes(body)
    temporary.replace(path)
    return path
