"""One file with several labelers for each row, as crowds give it."""

from pathlib import Path

import pytest

from curator.records import make_task
from pipelines.intake import ingest
from storage.dataset import datasets, labels
from storage.engine.store import Store

CROWD = """\
item,question,worker,answer
7,Is it blue?,ann,yes
7,Is it blue?,bo,no
8,Is it round?,ann,yes
7,Is it blue?,cy,yes
7,Is it blue?,ann,no
8,Is it square?,bo,no
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.create(tmp_path / "curator.duckdb")
    datasets.create(store, "crowd", make_task({"name": "crowd", "labels": ["yes", "no"]}))
    return store


def test_each_labeler_of_a_row_is_kept_and_only_a_second_line_of_the_same_labeler_is_refused(
    store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "crowd.csv"
    file.write_text(CROWD)
    mapping = {"input": "question", "id": "item", "labeler": "worker", "label": "answer"}
    config = ingest.IngestConfig("crowd", (file,), mapping)
    report = ingest.run(config, store)
    assert (report.added, report.unchanged, report.labels_added) == (2, 2, 4)
    assert report.by_reason == {"duplicate_id": 2}
    given = labels.frame(store, "crowd")
    assert sorted(given["labeler"].to_list()) == ["ann", "ann", "bo", "cy"]
    again = ingest.run(config, store)
    assert (again.added, again.unchanged, again.labels_added, again.rejected) == (0, 4, 0, 2)
