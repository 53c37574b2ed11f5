import numpy as np
import pytest

from curator.review import Staffing
from pages.components.review.component import ReviewAction
from pages.review.parts.native_queue import NativeQueue
from pipelines.analysis import nearest_settled as neighbours
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from pipelines.runtime.settings import Settings
from storage.dataset import examples, vectors
from storage.review import plans
from tests.sample_project import make_project


@pytest.fixture
def queue(tmp_path) -> NativeQueue:
    """A queue over 40 rows whose vectors turn with their order: neighbours in the file are neighbours."""
    settings: Settings = make_project(tmp_path / "project", rows=40)
    rows = examples.frame(settings.store, "support")
    angles = np.linspace(0, 1.5, rows.height)
    turned = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    vectors.add(settings.store, "turn", "1", rows["content_hash"].to_list(), turned)
    plan = planning.run(
        PlanConfig("support", reviews=20, risk_reviews=8, staffing=Staffing(blind_share=0.0)), settings.store
    ).plan
    return NativeQueue(settings.store, "support", plan, "ana")


def accept(queue: NativeQueue, stream: str) -> list[str]:
    """Give the teacher's label to every row of a stream; returns their example ids."""
    tasks = plans.tasks(queue.store, queue.plan).filter(stream=stream)
    queue.apply([ReviewAction(f"a-{t}", t, "edit", value) for t, value in tasks.select("task", "proposed").iter_rows()])
    return tasks["example_id"].to_list()


def test_a_blind_row_is_shown_no_label_that_was_accepted_with_the_teachers_answer_in_view(queue: NativeQueue) -> None:
    risky = set(accept(queue, "risk"))
    audit = plans.tasks(queue.store, queue.plan).filter(stream="audit")["example_id"].to_list()
    seen = neighbours.run(neighbours.NearestConfig("support", audit[0], blind=False), queue.store)
    assert seen.rows
    assert {n.example_id for n in seen.rows} <= risky
    hidden = neighbours.run(neighbours.NearestConfig("support", audit[0], blind=True), queue.store)
    assert hidden.rows == ()
    assert "teacher's answer in view" in (hidden.note or "")
    accept(queue, "audit")
    shown = {
        n.example_id
        for n in neighbours.run(neighbours.NearestConfig("support", audit[0], blind=True), queue.store).rows
    }
    assert shown
    assert shown <= set(audit) - {audit[0]}


def test_the_nearest_settled_rows_come_first_with_their_labels(queue: NativeQueue) -> None:
    accept(queue, "audit")
    rows = examples.frame(queue.store, "support")["example_id"].to_list()
    settled = plans.tasks(queue.store, queue.plan).filter(stream="audit")
    place = {example: rows.index(example) for example in settled["example_id"]}
    found = neighbours.run(neighbours.NearestConfig("support", rows[0], blind=True, count=5), queue.store).rows
    nearest = sorted(p for p in place.values() if p > 0)[:5]
    assert [place[n.example_id] for n in found] == nearest
    assert [n.similarity for n in found] == sorted((n.similarity for n in found), reverse=True)
    labels = dict(settled.select("example_id", "proposed").iter_rows())
    assert all(n.value == labels[n.example_id] for n in found)


def test_without_a_vector_or_a_settled_row_the_answer_says_so(queue: NativeQueue) -> None:
    task = plans.tasks(queue.store, queue.plan).row(0, named=True)
    assert queue.neighbours(task["task"]) == "No settled row to compare with yet."
    assert queue.neighbours("t-none") == "This row is not of this spot-check."
