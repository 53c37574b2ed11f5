"""Review tasks are handed out once, for a while, in review order."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest

from curator.errors import DataError
from curator.records import Review
from pipelines.bench.store import fill_plan
from storage.engine.store import Store
from storage.review import plans, reviews
from storage.views import progress
from storage.views.progress import GoldProgress


@pytest.fixture
def queue(store: Store) -> Store:
    fill_plan(store, "d", "plan_1", 60)
    return store


def claim(store: Store, reviewer: str, count: int = 5, **more: Any) -> list[str]:
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


def _share_out(store: Store, *, overlap: int = 1, quota: int | None = None, gold: int = 0) -> None:
    """A second plan over the same rows: each task for `overlap` people, and gold cards on the first plan's rows."""
    rows = plans.rows(store, "plan_1").sort("example_id")
    ids = rows["example_id"].to_list()
    tasks = pl.DataFrame(
        {
            "task": [f"p2_{e}" for e in ids[:20]] + [f"gold_{e}" for e in ids[20 : 20 + gold]],
            "example_id": ids[: 20 + gold],
            "stream": ["audit"] * 20 + ["gold"] * gold,
            "position": [*range(20), *range(gold)],
            "overlap": [overlap] * 20 + [1] * gold,
        }
    ).with_columns(
        stratum=pl.lit("all"),
        inclusion_probability=pl.lit(1.0),
        blind=pl.lit(True),
        content_hash=pl.lit("c"),
        why=pl.lit("w"),
        proposed=pl.lit("x"),
    )
    plans.add(
        store, plan="plan_2", dataset="d", purpose="certify", labeler="bench", seed=0, as_of_seq=0,
        settings={} if quota is None else {"quota": quota}, rows=rows.drop("external_id"), tasks=tasks,
    )  # fmt: skip


def _answer(store: Store, tasks: list[str], reviewer: str) -> None:
    given = [Review(t, t.partition("_")[2], reviewer, "accept", "x", False, action_id=f"{reviewer}-{t}") for t in tasks]
    reviews.add(store, "d", "plan_2", given)


def test_as_many_people_get_a_row_as_the_plan_asks_and_nobody_twice(queue: Store) -> None:
    _share_out(queue, overlap=2)
    ana = claim(queue, "ana", 60, plan="plan_2")
    assert len(ana) == 20
    _answer(queue, ana[:5], "ana")
    assert claim(queue, "ana", 60, plan="plan_2") == ana[5:]
    assert claim(queue, "ben", 60, plan="plan_2") == ana
    assert claim(queue, "cleo", 60, plan="plan_2") == [], "ana and ben hold or have answered each"
    _answer(queue, ana, "ben")
    _answer(queue, ana[5:], "ana")
    assert [claim(queue, who, 60, plan="plan_2") for who in ("ana", "ben", "cleo")] == [[], [], []]


def test_the_lease_of_one_of_two_reviewers_runs_out_alone(queue: Store) -> None:
    _share_out(queue, overlap=2)
    held = claim(queue, "ana", 3, plan="plan_2", now=0.0, lease_s=100)
    assert claim(queue, "ben", 3, plan="plan_2", now=50.0, lease_s=100) == held
    assert not set(claim(queue, "cleo", 3, plan="plan_2", now=99.0)) & set(held)
    assert claim(queue, "dan", 3, plan="plan_2", now=120.0) == held, "ana's leases are over, ben's are not"


def test_a_quota_is_the_most_that_one_reviewer_gets(queue: Store) -> None:
    _share_out(queue, quota=6)
    first = claim(queue, "ana", 60, plan="plan_2")
    assert len(first) == 6
    _answer(queue, first[:4], "ana")
    assert claim(queue, "ana", 60, plan="plan_2") == first[4:]
    _answer(queue, first[4:], "ana")
    assert claim(queue, "ana", 60, plan="plan_2") == []
    assert len(claim(queue, "ben", 60, plan="plan_2")) == 6


def test_gold_cards_go_to_everybody_who_has_not_seen_the_row_and_are_no_part_of_the_quota(queue: Store) -> None:
    _share_out(queue, overlap=2, gold=2, quota=20)
    seen = plans.tasks(queue, "plan_2").filter(pl.col("stream") == "gold")["example_id"][0]
    reviews.add(queue, "d", "plan_1", [accept(f"t_{seen}", "ana")])
    got = {who: claim(queue, who, 60, plan="plan_2") for who in ("ana", "ben")}
    gold = {who: {t for t in tasks if t.startswith("gold_")} for who, tasks in got.items()}
    assert gold["ana"] == gold["ben"] - {f"gold_{seen}"}
    assert len(gold["ben"]) == 2, "a gold card is not used up by one reviewer"
    assert [sum(not t.startswith("gold_") for t in tasks) for tasks in got.values()] == [20, 20]
    _answer(queue, sorted(gold["ben"]), "ben")
    assert not gold["ben"] & set(claim(queue, "ben", 60, plan="plan_2"))


def test_progress_counts_the_people_that_a_row_still_needs_and_leaves_gold_aside(queue: Store) -> None:
    _share_out(queue, overlap=2, gold=3)
    tasks = plans.tasks(queue, "plan_2")
    audit = tasks.filter(pl.col("stream") == "audit")["task"].to_list()
    gold = tasks.filter(pl.col("stream") == "gold")["task"].to_list()
    _answer(queue, [*audit[:10], *gold], "ana")
    _answer(queue, audit[:4], "ben")
    now = progress.of_plan(queue, "plan_2")
    assert (now.tasks, now.done, now.left) == (20, 4, 16)
    assert (now.answers, now.answers_wanted) == (14, 40)
    assert now.gold == GoldProgress(3, 3)


def test_an_acceptance_without_a_value_cannot_be_written() -> None:
    with pytest.raises(DataError, match="needs a value"):
        Review("t", "e", "ana", "accept", None, False)
