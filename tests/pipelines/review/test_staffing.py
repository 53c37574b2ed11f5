"""Plans for several reviewers: what is stored, what the certificate makes of it, what gold cards leave alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curator.review import Staffing
from pipelines.certify import judge as certificates
from pipelines.review import answers as review
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from storage.engine.store import Store
from storage.review import plans, reviews
from storage.views import current as views
from storage.views import progress
from storage.views.progress import StreamProgress
from tests.sample_project import make_project

SHARED = PlanConfig("support", reviews=40, risk_reviews=20, staffing=Staffing(overlap=2, overlap_share=0.5, quota=30))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_project(tmp_path_factory.mktemp("staffing") / "project").store


@pytest.fixture(scope="module")
def plan(store: Store) -> str:
    return planning.run(SHARED, store).plan


def say(store: Store, plan: str, tasks: pl.DataFrame, who: str, **more: Any) -> None:
    records = [
        {"task_id": t["task"], "reviewer": who, "verdict": "accept", "action_id": f"{plan}-{who}-{t['task']}"} | more
        for t in tasks.iter_rows(named=True)
    ]
    report = review.import_records(records, plan, store)
    assert (report.added, report.rejected) == (len(records), 0)


def test_the_plan_records_which_tasks_overlap_and_which_risk_rows_are_blind(store: Store, plan: str) -> None:
    tasks = plans.tasks(store, plan)
    by_stream = {s: tasks.filter(pl.col("stream") == s) for s in ("audit", "risk")}
    assert by_stream["audit"]["overlap"].value_counts().sort("overlap").rows() == [(1, 20), (2, 20)]
    assert by_stream["audit"]["blind"].all()
    assert by_stream["risk"]["blind"].sum() == 4, "a fifth of 20"
    assert (by_stream["risk"]["overlap"] == 1).all()
    again = planning.run(SHARED, store)
    assert (again.plan, again.created, again.overlapped) == (plan, False, 20)
    other = planning.run(replace(SHARED, staffing=Staffing(overlap=3, overlap_share=0.5)), store)
    assert other.plan != plan


def test_the_certificate_waits_for_everybody_whom_an_overlapped_row_asks(store: Store, plan: str) -> None:
    audit = plans.tasks(store, plan).filter(pl.col("stream") == "audit")
    say(store, plan, audit, "ana")
    waiting = certificates.judge_newest(store, "support", plan=plan)
    assert (waiting.status, waiting.unreviewed, waiting.unsettled) == ("INCOMPLETE", 0, 20)
    overlapped = audit.filter(pl.col("overlap") == 2)
    say(store, plan, overlapped[1:], "ben")
    say(store, plan, overlapped[:1], "ben", verdict="reject")
    assert progress.of_plan(store, plan).by_stream["audit"] == StreamProgress(40, 40)
    disputed = certificates.judge_newest(store, "support", plan=plan)
    assert (disputed.status, disputed.unsettled, disputed.errors_found) == ("INCOMPLETE", 1, 0)
    say(store, plan, overlapped[:1], "cleo", adjudicates=True)
    settled = certificates.judge_newest(store, "support", plan=plan)
    assert settled.status != "INCOMPLETE"
    assert settled.teacher_error is not None
    assert settled.teacher_error.reviews == 40, "a row is one review, however many people looked"


def test_gold_cards_ask_settled_rows_again_and_never_enter_an_estimate(store: Store) -> None:
    asked = PlanConfig("support", reviews=20, staffing=Staffing(gold=5), seed=3)
    report = planning.run(asked, store)
    assert report.gold == 5
    tasks = plans.tasks(store, report.plan)
    gold = tasks.filter(pl.col("stream") == "gold")
    audit = tasks.filter(pl.col("stream") == "audit")
    assert gold["blind"].all()
    assert set(gold["why"]) == set(audit["why"]), "the card does not say that it is gold"
    say(store, report.plan, audit, "ana")
    before = certificates.judge_newest(store, "support", plan=report.plan)
    state = views.current(store, "support")
    say(store, report.plan, gold, "dan", verdict="reject")
    assert certificates.judge_newest(store, "support", plan=report.plan).as_json() == before.as_json() | {
        "reviewers": ("ana", "dan")
    }
    assert views.current(store, "support").equals(state), "a wrong answer to a gold card disputes nothing"
    assert set(reviews.frame(store, "support", plan=report.plan)["stream"]) == {"audit", "gold"}


def test_where_no_row_is_settled_there_is_no_gold_and_the_plan_says_so(tmp_path: Path) -> None:
    fresh = make_project(tmp_path / "project", rows=60).store
    report = planning.run(PlanConfig("support", reviews=20, staffing=Staffing(gold=5)), fresh)
    assert report.gold == 0
    assert any("gold" in note for note in report.notes)
