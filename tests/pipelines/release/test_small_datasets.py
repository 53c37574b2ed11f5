"""Small and unusual datasets."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from curator.errors import NotEnoughDataError
from curator.records import make_task
from pipelines.analysis import check
from pipelines.intake import embed, ingest
from pipelines.release import release
from storage.dataset import datasets
from storage.engine.store import Store


class Letters:
    """Counts letters: an encoder that needs no model."""

    name, revision, dimension = "letters", "1", 26

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        counts_ND = np.array([[t.lower().count(chr(97 + i)) for i in range(26)] for t in texts], dtype=np.float32)
        unit_ND: NDArray[np.float32] = counts_ND / np.linalg.norm(counts_ND, axis=1, keepdims=True)
        return unit_ND


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "curator.duckdb")


def _dataset(store: Store, folder: Path, name: str, texts: Sequence[str]) -> None:
    datasets.create(store, name, make_task({"name": "t", "labels": ["a", "b"]}))
    file = folder / f"{name}.csv"
    file.write_text("text,label\n" + "".join(f"{t},{'ab'[i % 2]}\n" for i, t in enumerate(texts)))
    ingest.run(ingest.IngestConfig(name, (file,)), store)


def test_a_check_made_before_the_vectors_is_made_again_once_they_are_there(store: Store, tmp_path: Path) -> None:
    _dataset(store, tmp_path, "first", ["some text", "other words"])
    _dataset(store, tmp_path, "second", ["good morning", "a nice day", "hello there"])
    embed.run(embed.EmbedConfig("first"), store, Letters())
    without = check.run(check.CheckConfig("second"), store)
    embed.run(embed.EmbedConfig("second"), store, Letters())
    having = check.run(check.CheckConfig("second"), store)
    assert having.run != without.run
    assert [n for n in without.notes if n.startswith("no vectors")]
    assert not [n for n in having.notes if "no vectors" in n]


def test_one_row_is_released_without_a_test_file(store: Store, tmp_path: Path) -> None:
    _dataset(store, tmp_path, "one", ["hello there"])
    report = release.run(release.ReleaseConfig("one"), store, tmp_path / "releases")
    assert report.path is not None
    assert report.rows == {"train": 1, "test": 0}
    assert not list(Path(report.path).rglob("test.jsonl"))
    assert len(list(Path(report.path).rglob("train.jsonl"))) == 2


def test_a_dataset_without_rows_says_that_it_has_none(store: Store) -> None:
    datasets.create(store, "empty", make_task({"name": "t", "labels": ["a", "b"]}))
    with pytest.raises(NotEnoughDataError, match="no rows to embed; run `curator ingest"):
        embed.run(embed.EmbedConfig("empty"), store, Letters())


def test_rows_without_a_label_are_checked_for_what_needs_none_and_again_under_the_first_labels(
    store: Store, tmp_path: Path
) -> None:
    datasets.create(store, "d", make_task({"name": "t", "labels": ["a", "b"]}))
    with pytest.raises(NotEnoughDataError, match="no rows to check"):
        check.run(check.CheckConfig("d"), store)
    file = tmp_path / "d.jsonl"
    file.write_text(
        '{"id": 1, "text": "my card"}\n{"id": 2, "text": "My card!"}\n{"id": 3, "text": "ana@example.org"}\n'
    )
    ingest.run(ingest.IngestConfig("d", (file,)), store)
    found = check.run(check.CheckConfig("d"), store)
    assert (found.labeler, found.counts) == ("nobody", {"exact_duplicate": 1, "personal_data": 1})
    assert "suspect_label, label_pattern: no row has a label" in found.notes
    with pytest.raises(NotEnoughDataError, match="no labels yet"):
        check.run(check.CheckConfig("d", labeler="gpt"), store)
    file.write_text('{"id": 1, "text": "my card", "label": "a"}\n{"id": 2, "text": "My card!", "label": "b"}\n')
    ingest.run(ingest.IngestConfig("d", (file,), labeler="gpt"), store)
    found = check.run(check.CheckConfig("d"), store)
    assert (found.labeler, found.counts["contradiction"]) == ("gpt", 1)
