"""What a plan says that it can claim: prices of the allocations, and what an attempt that missed costs the next."""

from pathlib import Path

import polars as pl
import pytest

from curator.errors import NotEnoughDataError
from pipelines.analysis import check
from pipelines.review import answers as review
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from storage.engine.store import Store
from storage.review import plans
from tests.sample_project import make_project


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_project(tmp_path / "project").store


def test_a_plan_says_what_its_reviews_would_give_in_either_allocation(store: Store) -> None:
    claims = planning.run(PlanConfig("support", reviews=60), store).claims
    assert claims is not None
    certify, find = claims.allocations
    assert (certify.allocation, find.allocation) == ("certify", "find")
    assert certify.error_rate == find.error_rate == 0.05, "half of the target"
    assert certify.upper < find.upper
    assert find.found > certify.found
    census = planning.run(PlanConfig("support", reviews=1_000), store).claims
    assert census is not None
    assert census.allocations == ()


def test_after_a_miss_the_next_plan_asks_for_more_reviews_and_says_why(store: Store) -> None:
    first = planning.run(PlanConfig("support", max_error=0.06), store)
    assert not any("attempt" in note for note in first.notes)
    tasks = plans.tasks(store, first.plan)
    told = [
        {"task_id": task, "reviewer": "ana", "verdict": "reject", "action_id": f"a{n}"}
        for n, task in enumerate(tasks["task"][:2])
    ]
    review.import_records(told, first.plan, store)
    second = planning.run(PlanConfig("support", max_error=0.06, seed=1), store)
    assert second.reviews > first.reviews
    assert second.claims is not None
    assert second.claims.confidence == pytest.approx(0.975)
    assert any(note.startswith("attempt 2") and first.plan in note for note in second.notes)
    find = planning.run(PlanConfig("support", "find", max_error=0.06, reviews=40, seed=2), store)
    assert find.claims is not None
    assert find.claims.confidence == 0.95
    assert not any("attempt" in note for note in find.notes)


def test_a_test_plan_that_finds_no_test_row_leaves_the_splits_open(store: Store) -> None:
    with pytest.raises(NotEnoughDataError, match="test-share above 0"):
        planning.run(PlanConfig("support", "test", test_share=0.0), store)
    assert planning.run(PlanConfig("support", "test", test_share=0.2), store).splits["test"] == 40


def test_where_every_row_trains_already_a_test_plan_says_so(store: Store) -> None:
    planning.run(PlanConfig("support", reviews=20, test_share=0.0), store)
    with pytest.raises(NotEnoughDataError, match="all 200 rows were assigned before"):
        planning.run(PlanConfig("support", "test", test_share=0.2), store)


def test_a_risk_card_claims_no_check_that_never_ran(store: Store) -> None:
    before = planning.run(PlanConfig("support", reviews=20, risk_reviews=5), store)
    said = plans.tasks(store, before.plan).filter(pl.col("stream") == "risk")["why"].unique().to_list()
    assert said == ["beside the audit: taken by chance, since no check has ranked the rows by risk yet"]
    check.run(check.CheckConfig("support"), store)
    after = planning.run(PlanConfig("support", reviews=20, risk_reviews=5), store)
    said = plans.tasks(store, after.plan).filter(pl.col("stream") == "risk")["why"].unique().to_list()
    assert after.created, "the advice to check first is worth following after the first plan too"
    assert all("by the checks" in why or "by risk" in why for why in said)
    assert not planning.run(PlanConfig("support", reviews=20, risk_reviews=5), store).created
