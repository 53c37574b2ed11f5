"""A cap on chosen rows: the most redundant go first, reviewed rows never."""

from pathlib import Path

import numpy as np
import pytest

from curator.errors import NotFoundError, RequestError
from pipelines.analysis import cap
from pipelines.review import answers as review
from pipelines.review import send
from storage.dataset import examples, vectors
from storage.engine.store import Store
from storage.review import plans
from tests.sample_project import make_project


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_project(tmp_path / "project", rows=12).store


def with_vectors(store: Store, vectors_ND: np.ndarray) -> list[str]:
    rows = examples.frame(store, "support")
    made = vectors_ND / np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    vectors.add(store, "made", "1", rows["content_hash"].to_list(), made.astype(np.float32))
    return rows["example_id"].to_list()


def test_copies_go_before_rows_that_stand_alone(store: Store) -> None:
    vectors_ND = np.eye(12)
    vectors_ND[7] = vectors_ND[2]
    vectors_ND[9] = vectors_ND[2] + 0.1 * vectors_ND[3]
    ids = with_vectors(store, vectors_ND)
    report = cap.run(cap.CapConfig("support", ids, 10), store)
    assert report.drop == (ids[7], ids[9])
    assert report.by_likeness


def test_a_reviewed_row_stays_though_it_is_the_most_redundant(store: Store) -> None:
    vectors_ND = np.eye(12)
    vectors_ND[7] = vectors_ND[2]
    ids = with_vectors(store, vectors_ND)
    plan = send.run(send.SendConfig("support", [ids[7]], "odd", "ana"), store).plan
    assert plan is not None
    record = {"task_id": plans.tasks(store, plan)["task"][0], "reviewer": "ben", "verdict": "accept", "action_id": "a"}
    review.import_records([record], plan, store)
    report = cap.run(cap.CapConfig("support", ids, 11), store)
    assert report.drop == (ids[2],)
    assert cap.run(cap.CapConfig("support", ids, 0), store).drop.count(ids[7]) == 0


def test_without_vectors_the_newest_rows_go_first(store: Store) -> None:
    ids = examples.frame(store, "support")["example_id"].to_list()
    report = cap.run(cap.CapConfig("support", ids[:6], 4), store)
    assert set(report.drop) == {ids[4], ids[5]}
    assert not report.by_likeness


def test_a_cap_above_the_number_of_rows_drops_nothing(store: Store) -> None:
    ids = with_vectors(store, np.eye(12))
    assert cap.run(cap.CapConfig("support", ids, 12), store).drop == ()


def test_a_bad_request_is_refused(store: Store) -> None:
    with pytest.raises(RequestError):
        cap.run(cap.CapConfig("support", [], -1), store)
    with pytest.raises(NotFoundError):
        cap.run(cap.CapConfig("support", ["ex_nobody"], 1), store)
