"""What a dataset needs next, step by step, on a real project."""

from pages.components.review.component import ReviewAction
from pages.frame.health import FINDINGS, REVIEW, SPOT_CHECK, VERSIONS, next_step, reviewers
from pages.review.parts.native_queue import NativeQueue
from pipelines.analysis import check, decide
from pipelines.release import release
from pipelines.release.release import ReleaseConfig
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from pipelines.runtime.settings import Settings
from storage.checks import findings
from storage.review import plans
from tests.sample_project import make_finished_project


def review_all(settings: Settings, plan: str) -> None:
    """Accept every row of a spot-check."""
    queue = NativeQueue(settings.store, "support", plan, "ana")
    answers = plans.tasks(settings.store, plan).select("task", "proposed").rows()
    queue.apply([ReviewAction(f"a{task}", task, "edit", value) for task, value in answers])


def settle_patterns(settings: Settings) -> None:
    """Decide about every pattern that proposes a label."""
    store = settings.store
    run = findings.newest_run(store, "support")
    assert run is not None
    for finding in findings.frame(store, run.run, "label_pattern"):
        record = {"finding_id": finding.id, "action": "keep", "reviewer": "ana"}
        decide.apply([(1, record, None)], "support", store, source=finding.id)


def test_the_next_step_leads_from_labels_to_a_release(project: Settings) -> None:
    store = project.store
    assert reviewers(store, "support") == "nobody yet"
    assert next_step(store, "support").page == FINDINGS
    check.run(check.CheckConfig("support"), store)
    settle_patterns(project)
    assert next_step(store, "support").page == SPOT_CHECK

    plan = planning.run(PlanConfig("support", reviews=60), store).plan
    step = next_step(store, "support")
    assert (step.page, step.text) == (REVIEW, "60 rows of the spot-check wait for a review.")
    review_all(project, plan)
    assert reviewers(store, "support") == "ana"
    assert "test split" in next_step(store, "support").text

    review_all(project, planning.run(PlanConfig("support", "test"), store).plan)
    assert next_step(store, "support").page == VERSIONS
    version = release.run(ReleaseConfig("support"), store, project.releases).version
    assert version is not None
    assert next_step(store, "support").label == "Train a student"


def test_a_half_reviewed_spot_check_comes_before_everything_that_follows_it(project: Settings) -> None:
    make_finished_project(project.project)
    settle_patterns(project)
    step = next_step(project.store, "support")
    assert (step.page, step.text) == (REVIEW, "25 rows of the spot-check wait for a review.")
