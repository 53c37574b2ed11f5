"""What a contestant answered is read back as its stated frame, the newest answer of each row."""

from pathlib import Path

from curator.ports import Completion
from curator.records import PREDICTIONS
from storage.engine.store import Store
from storage.release import runs


def test_answers_come_back_as_they_are_stated_also_where_there_are_none(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "curator.duckdb")
    assert dict(runs.predictions(store, "k").schema) == {name: kind() for name, kind in PREDICTIONS.dtypes.items()}
    for text in ("first", "second"):
        runs.add_predictions(
            store,
            dataset="d",
            version=1,
            contestant="c",
            request_key="k",
            example_ids=["e"],
            completions=[Completion(text, 0.5, 3, 1)],
        )
    (row,) = runs.predictions(store, "k").iter_rows(named=True)
    assert (row["example_id"], row["answer"], row["latency_s"], row["cut"]) == ("e", "second", 0.5, False)
