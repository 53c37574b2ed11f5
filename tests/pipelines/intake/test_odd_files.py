"""One file with several labelers for each row, as crowds give it."""

import json
from pathlib import Path

import pytest

from curator.records import make_task
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
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


def test_a_deeply_nested_answer_is_one_rejected_row_and_the_ingest_goes_on(store: Store, tmp_path: Path) -> None:
    datasets.create(store, "d", make_task({"name": "d", "kind": "extraction"}))
    deep = {101: "too_deep", 700: "too_deep", 5_000: "malformed_json"}
    lines = [json.dumps({"id": f"r{n}", "text": f"row {n}", "label": {"a": n}}) for n in range(50)]
    for levels in deep:
        lines.insert(
            20, f'{{"id": "deep-{levels}", "text": "t", "label": ' + '{"a":' * levels + "1" + "}" * levels + "}"
        )
        lines.insert(30, json.dumps({"id": f"text-{levels}", "text": "t", "label": "[" * levels + "]" * levels}))
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = ingest.run(IngestConfig("d", (file,)), store)
    assert (report.added, report.rejected) == (50, 6)
    assert report.by_reason == {"invalid_label": 3, "malformed_json": 1, "too_deep": 2}
