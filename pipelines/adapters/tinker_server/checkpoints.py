"""Checkpoints on disk: written whole or not at all, found again after a restart.

ROOT/runs/<run>/run.json                            base model and user metadata of a training run
ROOT/runs/<run>/<weights|sampler_weights>/<name>/   model.safetensors, checkpoint.json, optimizer.safetensors
"""

import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from safetensors.torch import load_file, save_file
from torch import Tensor

SEGMENTS: dict[str, Literal["training", "sampler"]] = {"weights": "training", "sampler_weights": "sampler"}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class RefusedError(Exception):
    """The client asked for something that cannot be had; it is told why and does not retry."""


@dataclass(frozen=True, slots=True)
class Saved:
    """One checkpoint in the index."""

    run: str
    segment: str
    name: str
    time: str
    size_bytes: int
    user_metadata: dict[str, str] | None = None

    @property
    def path(self) -> str:
        """The `tinker://` address."""
        return f"tinker://{self.run}/{self.segment}/{self.name}"

    def view(self) -> dict[str, Any]:
        """The checkpoint as the REST interface shows it."""
        return {
            "checkpoint_id": f"{self.segment}/{self.name}",
            "checkpoint_type": SEGMENTS[self.segment],
            "time": self.time,
            "tinker_path": self.path,
            "size_bytes": self.size_bytes,
            "public": False,
            "user_metadata": self.user_metadata,
            "expires_at": None,
        }


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of a training run besides its weights."""

    id: str
    base_model: str
    user_metadata: dict[str, Any]
    time: str


def now() -> str:
    """The current time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat()


class CheckpointStore:
    """The checkpoints of one server, indexed in memory and rebuilt from disk at the start."""

    def __init__(self, root: Path) -> None:
        self.root = root / "runs"
        self.root.mkdir(parents=True, exist_ok=True)
        self.runs: dict[str, Run] = {}
        self.index: dict[str, Saved] = {}
        self._lock = Lock()
        for file in sorted(self.root.glob("*/run.json")):
            run = Run(**json.loads(file.read_text()))
            self.runs[run.id] = run
        for draft in self.root.glob("*/*/.draft-*"):
            shutil.rmtree(draft, ignore_errors=True)  # a save that a kill cut short was never acknowledged
        for file in self.root.glob("*/*/*/checkpoint.json"):
            saved = Saved(**json.loads(file.read_text()))
            self.index[saved.path] = saved

    def _folder(self, run: str) -> Path:
        return self.root / checked(run.replace(":", "-"))  # the client's run ids have colons; Windows forbids them

    def add_run(self, run: Run) -> None:
        """Record a training run, once."""
        folder = self._folder(run.id)
        folder.mkdir(exist_ok=True)
        draft = folder / ".run.json"
        draft.write_text(json.dumps(asdict(run)))
        draft.replace(folder / "run.json")
        with self._lock:
            self.runs[run.id] = run

    def save(
        self,
        saved: Saved,
        weights: dict[str, Tensor],
        optimizer: dict[str, Tensor] | None,
    ) -> Saved:
        """Write a checkpoint beside its place, flush it, then move it there; an older one is replaced."""
        place = self._folder(saved.run) / saved.segment / checked(saved.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=place.parent))
        save_file(weights, draft / "model.safetensors")
        if optimizer is not None:
            save_file(optimizer, draft / "optimizer.safetensors")
        saved = replace(saved, size_bytes=sum(file.stat().st_size for file in draft.iterdir()))
        (draft / "checkpoint.json").write_text(json.dumps(asdict(saved)))
        for file in draft.iterdir():
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
        shutil.rmtree(place, ignore_errors=True)
        draft.rename(place)
        with self._lock:
            self.index[saved.path] = saved
        return saved

    def run_of(self, path: str) -> Run:
        """The training run that a checkpoint came from.

        Raises:
            RefusedError: There is no checkpoint at this path.
        """
        return self.runs[self._saved(path).run]

    def _saved(self, path: str) -> Saved:
        saved = self.index.get(path)
        if saved is None:
            raise RefusedError(f"no checkpoint {path} on this server; it has {len(self.index)} under {self.root}")
        return saved

    def load(self, path: str, *, optimizer: bool) -> tuple[Run, dict[str, Tensor], dict[str, Tensor] | None]:
        """Read a checkpoint.

        Raises:
            RefusedError: There is none at this path.
        """
        saved = self._saved(path)
        folder = self._folder(saved.run) / saved.segment / saved.name
        states = folder / "optimizer.safetensors"
        return (
            self.runs[saved.run],
            load_file(folder / "model.safetensors"),
            load_file(states) if optimizer and states.exists() else None,
        )

    def delete(self, path: str) -> None:
        """Remove a checkpoint.

        Raises:
            RefusedError: There is none at this path.
        """
        with self._lock:
            saved = self.index.pop(path, None)
        if saved is None:
            raise RefusedError(f"no checkpoint {path} on this server")
        shutil.rmtree(self._folder(saved.run) / saved.segment / saved.name, ignore_errors=True)

    def of(self, run: str | None = None) -> list[Saved]:
        """The checkpoints of a run, or all, oldest first."""
        with self._lock:
            return sorted((s for s in self.index.values() if run in (None, s.run)), key=lambda s: s.time)


def checked(name: str) -> str:
    """Return a name that is safe as a folder name.

    Raises:
        RefusedError: It is not.
    """
    if not _NAME.fullmatch(name):
        raise RefusedError(f"name {name!r}: expected 1 to 128 letters, digits, '.', '_' or '-', not starting with '.'")
    return name
