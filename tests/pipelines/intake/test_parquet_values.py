"""What a Parquet file says by its values comes in as it was meant, or it is said what became of it."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curator.records import make_task
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig, IngestReport
from pipelines.intake.preview import preview, propose_labels
from storage.dataset import datasets, examples, labels
from storage.dataset.examples import parse_metadata
from storage.engine.store import Store

TEXTS = ["good film", "bad film", "so so", "great"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.create(tmp_path / "curator.duckdb")
    datasets.create(store, "d", make_task({"name": "d", "labels": ["neg", "pos"]}))
    return store


def take(store: Store, table: pa.Table, folder: Path) -> IngestReport:
    pq.write_table(table, folder / "rows.parquet")
    return ingest.run(IngestConfig("d", (folder / "rows.parquet",)), store)


def kept(store: Store) -> list[dict[str, Any]]:
    return [parse_metadata(stored) for stored in examples.frame(store, "d")["metadata"]]


def hugging_face(features: dict[str, Any], **columns: Any) -> pa.Table:
    said = json.dumps({"info": {"features": features}})
    return pa.table({"text": TEXTS, **columns}).replace_schema_metadata({"huggingface": said})


CLASS = {"names": ["neg", "pos"], "_type": "ClassLabel"}


def test_numbers_of_classes_come_in_as_their_names_and_minus_one_is_no_label(store: Store, tmp_path: Path) -> None:
    tags = {"feature": {"names": ["x", "y"], "_type": "ClassLabel"}, "_type": "Sequence"}
    table = hugging_face({"label": CLASS, "tags": tags}, label=[1, 0, -1, None], tags=[[0], [1, 0], [], None])
    report = take(store, table, tmp_path)
    assert (report.added, report.rejected) == (4, 0)
    assert sorted(labels.frame(store, "d")["value"]) == ["neg", "pos"]
    assert any("label: numbers are read as the class names in the file (0 = neg, 1 = pos)" in n for n in report.notes)
    assert [row.get("tags") for row in kept(store)] == [["x"], ["y", "x"], [], None]
    shown = preview(tmp_path / "rows.parquet")
    assert [row["label"] for row in shown.rows] == ["pos", "neg", "", ""]
    assert dict(propose_labels(tmp_path / "rows.parquet", "label").counts) == {"neg": 1, "pos": 1}


def test_a_number_that_is_no_class_is_refused_and_other_metadata_changes_nothing(store: Store, tmp_path: Path) -> None:
    report = take(store, hugging_face({"label": CLASS}, label=[1, 7, 0, 0]), tmp_path)
    assert report.by_reason == {"unknown_label": 1}
    for said in (b"no json", b'{"info": 3}', b'{"info": {"features": {"label": {"_type": "ClassLabel", "names": 3}}}}'):
        table = pa.table({"text": TEXTS, "label": ["neg"] * 4}).replace_schema_metadata({"huggingface": said})
        assert take(store, table, tmp_path).rejected == 0


def test_values_of_every_type_are_kept_with_all_that_they_say(store: Store, tmp_path: Path) -> None:
    columns = {
        "price": pa.array([Decimal("1.10"), Decimal("2.00"), None, Decimal("-3.45")], pa.decimal128(20, 2)),
        "fine": pa.array([1767323045123456789] * 4, pa.timestamp("ns")),
        "zone": pa.array([dt.datetime(2026, 1, 2, tzinfo=dt.UTC)] * 4, pa.timestamp("us", tz="Asia/Tokyo")),
        "took": pa.array([3_600_000_000_001] * 4, pa.duration("ns")),
        "single": pa.array([0.1, 1e-7, 3e38, None], pa.float32()),
        "word": pa.array(["x", "y", "x", None]).dictionary_encode(),
        "large": pa.array(["l"] * 4, pa.large_string()),
        "most": pa.array([2**64 - 1] * 4, pa.uint64()),
        "map": pa.array([[("k", 1)], [], None, [("z", 2)]], pa.map_(pa.string(), pa.int64())),
    }
    report = take(store, pa.table({"text": TEXTS, **columns}), tmp_path)
    assert (report.added, report.rejected) == (4, 0)
    first, second, third, fourth = kept(store)
    assert [json.dumps(row.get("single"), default=str) for row in (first, second, third)] == ["0.1", "1e-07", "3e+38"]
    assert str(first["price"]) == "1.10"
    assert first["fine"] == "2026-01-02T03:04:05.123456789"
    assert first["zone"] == "2026-01-02T09:00:00+09:00"
    assert first["took"] == "1:00:00.000000001"
    assert (first["most"], first["word"], first["large"], first["map"]) == (2**64 - 1, "x", "l", {"k": 1})
    assert "word" not in fourth


def test_what_json_has_not_is_left_out_or_kept_as_text_and_said(store: Store, tmp_path: Path) -> None:
    columns = {"f": [float("inf"), float("nan"), 1.0, 2.0], "image": pa.array([b"\xff\xd8", b"plain", None, b""])}
    report = take(store, pa.table({"text": TEXTS, **columns}), tmp_path)
    assert (report.added, report.rejected) == (4, 0)
    assert [row.get("f") for row in kept(store)] == [None, None, 1.0, 2.0]
    assert [row.get("image") for row in kept(store)] == ["/9g=", "plain", None, ""]
    assert any(
        "'f' holds an infinity" in note and "(1 rows, first rows.parquet line 1)" in note for note in report.notes
    )
    assert any("'image' holds bytes that are no text: kept in base64 (1 rows" in note for note in report.notes)
