"""What is where: taken from leases, reviews and what was sent and pulled."""

import time

import pytest

from pipelines.review import answers as review
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from pipelines.runtime.settings import Settings
from storage.access import audit
from storage.review import plans
from storage.views import queues as standing
from tests.sample_project import make_project


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A dataset with two spot-checks: one routed away, one in the app, handed out in part and answered in part."""
    settings = make_project(tmp_path_factory.mktemp("standing") / "project", rows=120)
    store = settings.store
    away = planning.run(PlanConfig("support", reviews=10, seed=1), store).plan
    audit.note(store, actor="ana", action="route", subject=away, to="argilla", added=10, refused=0)
    audit.note(store, actor="ana", action="pull", subject=away, answered=3)
    here = planning.run(PlanConfig("support", reviews=12, seed=2), store).plan
    review.claim(store, "support", "ana", plan=here, count=4)
    task, proposed = plans.tasks(store, here).select("task", "proposed").row(0)
    told = {"task_id": task, "reviewer": "ana", "verdict": "accept", "value": proposed, "seconds": 4.0}
    review.import_records([{**told, "action_id": "a1"}], here, store)
    return settings


def test_each_plan_tells_its_queue_its_progress_and_when_it_was_sent_and_pulled(settings: Settings) -> None:
    here, away = standing.of_dataset(settings.store, "support")
    assert (here.board, here.routed, here.pulled) == ("native", None, None)
    assert (here.progress.done, here.progress.tasks) == (1, 12)
    assert (here.last_hour, away.last_hour) == (1, 0)
    assert here.last_answer is not None
    assert away.board == "argilla"
    assert away.routed is not None
    assert away.pulled is not None
    assert (away.routed["added"], away.pulled["answered"]) == (10, 3)
    assert away.routed["at"][:2] == "20"


def test_tasks_that_are_handed_out_and_not_answered_tell_their_age(settings: Settings) -> None:
    now = time.time() + 5 * 60
    here, away = standing.of_dataset(settings.store, "support", now=now)
    (held,) = here.held
    assert (held.reviewer, held.tasks) == ("ana", 3)
    assert held.oldest_s == pytest.approx(5 * 60, abs=60)
    assert away.held == ()


def test_a_lease_that_has_run_out_is_held_by_nobody_and_old_answers_are_no_pace(settings: Settings) -> None:
    here, _ = standing.of_dataset(settings.store, "support", now=time.time() + 2 * 60 * 60)
    assert here.held == ()
    assert here.last_hour == 0
