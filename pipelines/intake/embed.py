"""Texts -> unit vectors in files. Equal texts share one; a rerun encodes only what is new."""

from dataclasses import dataclass

import numpy as np

from curator.errors import NotEnoughDataError
from curator.ports import Encoder, Progress
from pipelines.runtime import acting
from storage.dataset import datasets, examples, vectors
from storage.engine.store import Store

_BATCH = 256


@dataclass(frozen=True, slots=True)
class EmbedConfig:
    """What to embed.

    Attributes:
        dataset: Whose texts.
    """

    dataset: str


@dataclass(frozen=True, slots=True)
class EmbedReport:
    """How many rows have vectors now, how many texts were encoded for it, and how many damaged files were made anew."""

    dataset: str
    encoder: str
    revision: str
    rows: int
    encoded: int
    repaired: int = 0


def run(
    config: EmbedConfig, store: Store, encoder: Encoder, *, progress: Progress = lambda _done, _total: None
) -> EmbedReport:
    """Encode the texts that have no vector of this encoder yet; each finished batch stays.

    Files of this encoder that are damaged or gone are made anew from their texts, of whichever dataset.

    Raises:
        NotEnoughDataError: The dataset has no rows.
    """
    acting.require("check")
    dataset = config.dataset
    datasets.require(store, dataset)
    rows = examples.frame(store, dataset).select("content_hash", "text")
    if rows.is_empty():
        msg = f"dataset {dataset!r} has no rows to embed; run `curator ingest FILE --dataset {dataset}` first"
        raise NotEnoughDataError(msg)
    repaired = _repair(store, encoder)
    texts = dict(rows.iter_rows())
    todo = vectors.missing(store, encoder.name, encoder.revision, rows["content_hash"].to_list())
    # Texts of like length together: the encoder pads a batch to its longest text.
    todo.sort(key=lambda h: len(texts[h]))
    for start in range(0, len(todo), _BATCH):
        batch = todo[start : start + _BATCH]
        vectors.add(store, encoder.name, encoder.revision, batch, encoder.encode([texts[h] for h in batch]))
        progress(start + len(batch), len(todo))
    return EmbedReport(dataset, encoder.name, encoder.revision, rows.height, len(todo), repaired)


def _repair(store: Store, encoder: Encoder) -> int:
    """Make damaged files of this encoder anew; returns how many."""
    broken = vectors.damaged(store, encoder.name, encoder.revision)
    for each in broken:
        texts = examples.texts_of(store, each.content_hashes)
        batches = [each.content_hashes[at : at + _BATCH] for at in range(0, len(each.content_hashes), _BATCH)]
        made = [encoder.encode([texts[h] for h in batch]) for batch in batches]
        vectors.repair(store, each, np.concatenate(made))
    return len(broken)
