"""The rows most like a given one that people have settled, with their labels: precedents for a reviewer."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import polars as pl

from curator.review import by_similarity, precedents
from storage.dataset import examples, vectors
from storage.engine.store import Store
from storage.review import reviews


@dataclass(frozen=True, slots=True)
class NearestConfig:
    """Which row is asked about.

    Attributes:
        dataset: Whose rows.
        example_id: The row; it is never its own precedent.
        blind: Whether the reviewer must not be led by the teacher.
        count: How many rows at most.
    """

    dataset: str
    example_id: str
    blind: bool
    count: int = 6


@dataclass(frozen=True, slots=True)
class SettledNeighbour:
    """A settled row near the one asked about. `similarity` is a cosine, -1..1."""

    example_id: str
    text: str
    value: str
    similarity: float


@dataclass(frozen=True, slots=True)
class SettledNeighbours:
    """The nearest settled rows, nearest first, and in words why there are none or not all."""

    rows: tuple[SettledNeighbour, ...]
    note: str | None


def run(config: NearestConfig, store: Store) -> SettledNeighbours:
    """Look up the nearest rows whose label people have settled.

    On a blind row only precedents that do not come from the teacher are shown (`Precedent.unaided`): a blind look
    estimates the teacher's error, and a label that somebody accepted on sight would bring the teacher's answer in
    by the back door.
    """
    dataset, example_id, blind, count = config.dataset, config.example_id, config.blind, config.count
    asked = examples.get(store, example_id)
    content = asked.content_hash if asked else ""
    reviewed = reviews.reviewed(store, dataset).filter(pl.col("example_id") != example_id)
    if reviewed.is_empty():
        return SettledNeighbours((), "No settled row to compare with yet.")
    for encoder, revision in vectors.encoders(store):
        hashes, vectors_ND = vectors.load_known(store, encoder, revision, [content, *reviewed["content_hash"]])
        if content in hashes:
            rows_N, cosine_N = by_similarity(vectors_ND[hashes.index(content)], vectors_ND)
            order = pl.DataFrame({"content_hash": [hashes[row] for row in rows_N], "cosine": cosine_N})
            near = order.join(reviewed, on="content_hash", maintain_order="left_right")
            rows = tuple(islice(_settled(store, dataset, near, blind=blind), count))
            return SettledNeighbours(rows, None if rows else _ONLY_ECHOES if blind else "No settled row is near yet.")
    return SettledNeighbours((), "This row has no vector yet; run `curator embed`.")


def _settled(store: Store, dataset: str, near: pl.DataFrame, *, blind: bool) -> Iterator[SettledNeighbour]:
    """Those of the rows that may be shown, in their order; looks the nearest up first, then more and more."""
    start, size = 0, 64
    while start < near.height:
        part = near.slice(start, size)
        said = reviews.frame(store, dataset, example_ids=part["example_id"].to_list())
        found = {p.example_id: p for p in precedents(said.iter_rows(named=True)) if p.unaided or not blind}
        texts = examples.texts(store, list(found))
        for example, cosine in part.select("example_id", "cosine").iter_rows():
            if example in found:
                yield SettledNeighbour(example, texts[example], found[example].value, cosine)
        start, size = start + size, size * 4


_ONLY_ECHOES = "All settled rows were accepted with the teacher's answer in view; a blind row does not show those."
