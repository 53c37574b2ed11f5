"""The frozen test rows of a version, and the columns by which an evaluation is told apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curator.errors import NotEnoughDataError
from curator.evaluation import length_bands
from curator.records import SplitTruth, Task
from curator.release import Manifest
from curator.text import language
from storage.checks import clusters
from storage.dataset import examples
from storage.engine.store import Store
from storage.views import current as views


@dataclass(frozen=True, slots=True)
class TestItems:
    """What every contestant is asked, and what is known about it.

    Attributes:
        task: What is asked.
        rows: example_id, external_id, text, messages, truth, human_status, unit, source, metadata; one a row.
        truth: The test split as it was frozen.
        groups_N: Group of each row: its source group, else the row.
    """

    __test__ = False  # a record, whatever pytest thinks of its name

    task: Task
    rows: pl.DataFrame
    truth: SplitTruth
    groups_N: NDArray[Any]

    @property
    def reviewed(self) -> int:
        """Rows whose answer people settled."""
        return int((self.rows["human_status"] == "settled").fill_null(False).sum())

    @property
    def measure(self) -> Literal["accuracy", "agreement"]:
        """What the share of right answers is."""
        return "accuracy" if self.reviewed == self.rows.height else "agreement"

    @property
    def answers(self) -> list[str]:
        """The true answers."""
        return [str(value) for value in self.rows["truth"]]


def of_version(store: Store, dataset: str, manifest: Manifest) -> TestItems:
    """The version's test rows with their answers as of the version.

    Raises:
        NotEnoughDataError: The version has none.
    """
    rows = manifest.rows.get("test", ())
    if not rows:
        msg = f"version {manifest.version} has no test rows: nothing can be evaluated on it"
        raise NotEnoughDataError(msg)
    labeler, as_of = manifest.settings.labeler, manifest.as_of_seq
    wanted = pl.DataFrame({"example_id": [row.example_id for row in rows]})
    current = views.current(store, dataset, labeler=labeler, as_of=as_of)
    items = wanted.join(current, on="example_id", how="left", maintain_order="left").select(
        "example_id",
        "external_id",
        "text",
        "messages",
        pl.col("value").alias("truth"),
        "human_status",
        pl.coalesce("group", "example_id").alias("unit"),
        "source",
        "metadata",
    )
    return TestItems(
        datasets_task(store, dataset),
        items,
        views.truth_of_test(store, dataset, labeler=labeler, as_of=as_of),
        np.asarray(items["unit"].to_numpy()),
    )


def datasets_task(store: Store, dataset: str) -> Task:
    """What the dataset is labelled for."""
    from storage.dataset import datasets

    return datasets.task_of(store, dataset)


def slice_columns(store: Store, dataset: str, items: TestItems) -> dict[str, list[str | None]]:
    """Name -> each row's value of what test rows are told apart by.

    label (of a classification), cluster (newest run), length, language, source, and each column of metadata.
    """
    rows = items.rows
    made: dict[str, list[str | None]] = {}
    if items.task.kind == "classification":
        made["label"] = rows["truth"].to_list()
    if (found := _clusters(store, dataset, rows["example_id"].to_list())) is not None:
        made["cluster"] = found
    texts = [str(text or "") for text in rows["text"]]
    made["length"] = list(length_bands([len(text) for text in texts]))
    made["language"] = [language(text) for text in texts]
    made["source"] = rows["source"].to_list()
    for name, values in _metadata(rows["metadata"].to_list()).items():
        made[name if name not in made else f"column {name}"] = values
    return made


def _clusters(store: Store, dataset: str, example_ids: Sequence[str]) -> list[str | None] | None:
    run = clusters.newest(store, dataset)
    if run is None:
        return None
    names = {each.cluster: f"{each.cluster} {each.name}" for each in run.report.clusters}
    place: Mapping[str, int] = dict(clusters.members(store, run.run).select("example_id", "cluster").iter_rows())
    return [names.get(place.get(example, -1)) for example in example_ids]


def _metadata(stored: Sequence[str | None]) -> dict[str, list[str | None]]:
    """Column -> each row's value as text; values that hold others are no kinds of rows."""
    read = [examples.parse_metadata(each) for each in stored]
    names = list(dict.fromkeys(name for each in read for name in each))
    return {
        name: [None if (v := each.get(name)) is None or isinstance(v, dict | list) else str(v) for each in read]
        for name in names
    }
