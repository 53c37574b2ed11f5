"""Public sets that the curation benches measure on, and their vectors, kept between runs where a folder is named."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curator.errors import NotFoundError
from curator.records import short_id
from pipelines import wiring
from pipelines.runtime.settings import init
from storage.dataset import vectors

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
_SETS = {
    "banking77": ("banking77/train.jsonl", "banking77/test.jsonl"),
    "clinc150": ("clinc150/data_full.jsonl",),
}
"""Banking77 (Casanueva et al. 2020, CC BY 4.0) and CLINC150 (Larson et al. 2019, CC BY 3.0), as JSON Lines."""
_BATCH = 512


@dataclass(frozen=True, slots=True)
class RealSet:
    """A labelled set; a split is the name that its authors gave it."""

    name: str
    texts: list[str]
    labels: list[str]
    splits: list[str]


def folder_of(data: Path | None) -> Path:
    """The folder that holds the sets: the one named, else CURATOR_SHARED_DATA, else one beside the checkout."""
    return data or Path(os.environ.get("CURATOR_SHARED_DATA", _BESIDE))


def load(name: str, data: Path | None) -> RealSet:
    """Read a set.

    Args:
        name: One of `_SETS`.
        data: The folder that holds the sets; default CURATOR_SHARED_DATA, else one beside the checkout.

    Raises:
        NotFoundError: A file is not there.
    """
    folder = folder_of(data)
    rows: list[dict[str, str]] = []
    for file in _SETS[name]:
        if not (folder / file).is_file():
            msg = (
                f"no file {folder / file}: this bench measures on {name}. Put it there as JSON Lines with text, label "
                "and split, and name the folder with --data or CURATOR_SHARED_DATA"
            )
            raise NotFoundError(msg)
        rows += [json.loads(line) for line in (folder / file).read_text(encoding="utf-8").splitlines()]
    splits = [row["split"].rpartition("_")[2] for row in rows]  # "oos_test" is test
    return RealSet(name, [row["text"] for row in rows], [row["label"] for row in rows], splits)


def encoded(texts: Sequence[str], keep: Path) -> NDArray[np.float32]:
    """Unit vectors [N, D] of the default encoder; texts that the folder `keep` has vectors of are not encoded again."""
    project, _ = init(keep)
    encoder = wiring.encoder(project)
    hashes = [short_id("text", [text]) for text in texts]
    text_by_hash = dict(zip(hashes, texts, strict=True))
    todo = vectors.missing(project.store, encoder.name, encoder.revision, hashes)
    todo.sort(key=lambda name: len(text_by_hash[name]))
    for start in range(0, len(todo), _BATCH):
        batch = todo[start : start + _BATCH]
        made = encoder.encode([text_by_hash[name] for name in batch])
        vectors.add(project.store, encoder.name, encoder.revision, batch, made)
    return vectors.load(project.store, encoder.name, encoder.revision, hashes)
