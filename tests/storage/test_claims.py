"""Review tasks are handed out once, for a while, in review order."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from curator.errors import DataError
from curator.types import Review
from pipelines.bench.store import fill_plan
from storage import plans, reviews
from storage.store import Store


@pytest.fixture
def queue(store: Store) -> Store:
    fill_plan(store, "d", "plan_1", 60)
    return store


def claim(store: Store, reviewer: str, count: int = 5, **more: float) -> list[str]:
    return reviews.claim(store, dataset="d", reviewer=reviewer, count=count, **more)["task"].to_list()


def accept(task: str, reviewer: str = "ana", action: str | None = None) -> Review:
    return Review(task, task.removeprefix("t_"), reviewer, "accept", "x", False, action_id=action or f"a-{task}")


def test_fifteen_reviewers_at_once_never_get_the_same_task(queue: Store) -> None:
    with ThreadPoolExecutor(15) as pool:
        got = list(pool.map(lambda n: claim(Store(queue.path), f"r{n}", 4), range(15)))
    handed = [task for each in got for task in each]
    assert len(handed) == len(set(handed)) == 60
    assert claim(queue, "one more") == []


def test_tasks_come_in_review_order_and_a_reload_gives_the_same_again(queue: Store) -> None:
    first = claim(queue, "ana", now=0.0)
    assert first == plans.tasks(queue, "plan_1")["task"].to_list()[:5]
    assert claim(queue, "ana", now=1.0) == first
    assert not set(claim(queue, "ben", now=1.0)) & set(first)


def test_a_lease_runs_out_and_the_task_goes_to_somebody_else(queue: Store) -> None:
    mine = claim(queue, "ana", now=0.0, lease_s=100)
    assert not set(claim(queue, "ben", now=99.0)) & set(mine)
    assert claim(queue, "cleo", now=101.0) == mine
    assert not set(claim(queue, "ana", now=102.0)) & set(mine)


def test_a_reviewed_task_is_not_handed_out_until_its_review_is_taken_back(queue: Store) -> None:
    task = claim(queue, "ana", 1)[0]
    reviews.add(queue, "d", "plan_1", [accept(task)])
    assert task not in claim(queue, "ana", 60)
    assert not reviews.add_undo(queue, action_id="u0", undoes=f"a-{task}", reviewer="ben"), "not ben's to take back"
    assert reviews.add_undo(queue, action_id="u1", undoes=f"a-{task}", reviewer="ana")
    assert not reviews.add_undo(queue, action_id="u2", undoes=f"a-{task}", reviewer="ana"), "taken back already"
    assert claim(queue, "ana", 1) == [task]
    assert reviews.frame(queue, "d").is_empty()


def test_the_same_action_twice_is_one_review(queue: Store) -> None:
    assert reviews.add(queue, "d", "plan_1", [accept("t_plan_1_ex_0")]) == 1
    assert reviews.add(queue, "d", "plan_1", [accept("t_plan_1_ex_0")]) == 0
    assert reviews.frame(queue, "d").height == 1


def test_reviews_as_of_a_moment_do_not_know_what_came_later(queue: Store) -> None:
    reviews.add(queue, "d", "plan_1", [accept("t_plan_1_ex_0")])
    moment = queue.seq()
    reviews.add(queue, "d", "plan_1", [accept("t_plan_1_ex_1")])
    reviews.add_undo(queue, action_id="u", undoes="a-t_plan_1_ex_0", reviewer="ana")
    assert reviews.frame(queue, "d", as_of=moment)["task"].to_list() == ["t_plan_1_ex_0"]
    assert reviews.frame(queue, "d")["task"].to_list() == ["t_plan_1_ex_1"]


def test_an_acceptance_without_a_value_cannot_be_written() -> None:
    with pytest.raises(DataError, match="needs a value"):
        Review("t", "e", "ana", "accept", None, False)
