"""A dataset without a label is labelled by keys, and goes the way of every other."""

from pathlib import Path

import pytest

from curator.errors import NotEnoughDataError
from curator.records import make_task
from pages.components.review.component import ReviewAction
from pages.review.parts.native_queue import NativeQueue
from pipelines import loop
from pipelines.analysis import check
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.release import release
from pipelines.release.release import ReleaseConfig
from pipelines.review import by_hand
from pipelines.runtime import settings as project_settings
from storage.dataset import datasets, labels
from storage.engine.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = project_settings.init(tmp_path / "project")[0].store
    file = tmp_path / "rows.csv"
    file.write_text("text\n" + "".join(f"where is parcel {n} of street {7 * n}\n" for n in range(20)))
    datasets.create(made, "bare", make_task({"name": "bare", "labels": ["a", "b"]}))
    ingest.run(IngestConfig("bare", (file,), {"input": "text"}), made)
    return made


def label_all(store: Store, plan: str) -> None:
    queue = NativeQueue(store, "bare", plan, "ana")
    cards = queue.load().items
    queue.apply([ReviewAction(f"{plan}{n}", card.task_id, "edit", "ab"[n % 2]) for n, card in enumerate(cards)])


def test_rows_without_labels_are_labelled_by_key_kept_checked_and_released(store: Store, tmp_path: Path) -> None:
    assert loop.of_dataset(store, "bare").next.code == "label"
    sent = by_hand.ask(store, "bare", 12, "ana")
    assert sent.sent == 12
    assert by_hand.standing(store, "bare") == by_hand.ByHandStanding(unlabelled=8, waiting=12, to_keep=0)
    assert sent.plan is not None
    label_all(store, sent.plan)
    assert by_hand.standing(store, "bare") == by_hand.ByHandStanding(unlabelled=8, waiting=0, to_keep=12)
    assert by_hand.keep(store, "bare") == 12
    assert by_hand.keep(store, "bare") == 0, "what is kept is kept once"
    assert labels.labelers(store, "bare") == ["ana"]
    again = by_hand.ask(store, "bare", 100, "ana")
    assert again.sent == 8
    with pytest.raises(NotEnoughDataError, match="waits for one"):
        by_hand.ask(store, "bare", 1, "ana")
    assert loop.of_dataset(store, "bare").next.code == "check"
    check.run(check.CheckConfig("bare"), store)
    made = release.run(ReleaseConfig("bare"), store, tmp_path / "releases")
    assert made.version is not None
