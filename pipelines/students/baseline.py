"""The cheap contestant: a logistic regression on embeddings, learnt from the version's train rows.

Where it wins, no large model is needed. It answers labels alone, in no time that is worth measuring.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from curator.errors import NotEnoughDataError, RequestError
from curator.label_errors import logistic_log_probabilities
from curator.release import Manifest
from pipelines.students.items import TestItems
from storage.dataset import vectors
from storage.engine.store import Store
from storage.views import current as views

STRENGTH = 10.0
"""Inverse of the L2 penalty on unit vectors (scikit-learn's C); from 1 to 100 little changes on Banking77."""


@dataclass(frozen=True, slots=True)
class EncoderName:
    """Whose vectors are read: an encoder's name and revision."""

    name: str
    revision: str


def answer_rows(store: Store, dataset: str, manifest: Manifest, items: TestItems, encoder: EncoderName) -> pl.DataFrame:
    """Answers to the test rows: example_id, answer.

    Raises:
        RequestError: The task has no labels.
        NotEnoughDataError: Train rows of fewer than two labels, or rows without vectors.
    """
    if items.task.kind != "classification":
        msg = f"the baseline names labels, and {dataset!r} is of kind {items.task.kind!r}: leave it out of --models"
        raise RequestError(msg)
    current = views.current(store, dataset, labeler=manifest.settings.labeler, as_of=manifest.as_of_seq)
    released = [row.example_id for row in manifest.rows.get("train", ())]
    train = current.filter(pl.col("example_id").is_in(released) & pl.col("value").is_not_null())
    if train["value"].n_unique() < 2:
        msg = f"version {manifest.version} trains fewer than two labels: the baseline has nothing to learn"
        raise NotEnoughDataError(msg)
    test = items.rows.select("example_id").join(
        current.select("example_id", "content_hash"), on="example_id", how="left", maintain_order="left"
    )
    hashes = [*train["content_hash"], *test["content_hash"]]
    both_ND = vectors.load(store, encoder.name, encoder.revision, hashes)
    names, classes_R = np.unique(train["value"].to_numpy(), return_inverse=True)
    chances_TC = logistic_log_probabilities(
        both_ND[: train.height], classes_R.astype(np.int64), both_ND[train.height :], strength=STRENGTH
    )
    said = [str(names[place]) for place in chances_TC.argmax(axis=1)]
    return pl.DataFrame({"example_id": test["example_id"], "answer": said})
