"""How far a dataset is, step by step, on a real project."""

from pages.components.review.component import ReviewAction
from pages.frame.health import reviewers
from pages.review.parts.native_queue import NativeQueue
from pipelines import loop
from pipelines.analysis import check, decide
from pipelines.release import release
from pipelines.release.release import ReleaseConfig
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from pipelines.runtime.settings import Settings
from storage.checks import findings
from storage.engine.store import Store
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


def next_code(store: Store) -> str:
    return loop.of_dataset(store, "support").next.code


def test_the_next_step_leads_from_labels_to_a_release(project: Settings) -> None:
    store = project.store
    assert reviewers(store, "support") == "nobody yet"
    assert next_code(store) == "check"
    check.run(check.CheckConfig("support"), store)
    settle_patterns(project)
    assert next_code(store) == "draw"

    plan = planning.run(PlanConfig("support", reviews=60), store).plan
    step = loop.of_dataset(store, "support").next
    assert (step.code, step.why) == ("review", "60 rows of the spot-check wait for an answer.")
    review_all(project, plan)
    assert reviewers(store, "support") == "ana"
    assert next_code(store) == "draw_test"

    review_all(project, planning.run(PlanConfig("support", "test"), store).plan)
    assert next_code(store) == "release"
    version = release.run(ReleaseConfig("support"), store, project.releases).version
    assert version is not None
    assert next_code(store) == "train"


def test_a_half_reviewed_spot_check_comes_before_everything_that_follows_it(project: Settings) -> None:
    make_finished_project(project.project)
    settle_patterns(project)
    step = loop.of_dataset(project.store, "support").next
    assert (step.code, step.why) == ("review", "25 rows of the spot-check wait for an answer.")


def test_a_rejected_row_that_keeps_the_certificate_away_is_settled_first(project: Settings) -> None:
    store = project.store
    check.run(check.CheckConfig("support"), store)
    settle_patterns(project)
    plan = planning.run(PlanConfig("support", reviews=60, max_error=0.05), store).plan
    tasks = plans.tasks(store, plan).select("task", "proposed").rows()
    ana = NativeQueue(store, "support", plan, "ana")
    ana.apply([ReviewAction("r", tasks[0][0], "reject"), ReviewAction("s", tasks[1][0], "skip")])
    ana.apply([ReviewAction(f"a{task}", task, "edit", value) for task, value in tasks[2:]])
    found = loop.facts(store, "support")
    assert (found.status, found.unanswered) == ("UNCERTIFIED", 2)
    assert loop.of_dataset(store, "support").next.code == "adjudicate"


def test_a_group_decision_asks_for_a_fresh_draw_before_anybody_reviews_on(project: Settings) -> None:
    store = project.store
    check.run(check.CheckConfig("support"), store)
    settle_patterns(project)
    plan = planning.run(PlanConfig("support", reviews=60), store).plan
    rows = plans.rows(store, plan).filter(drawn_value="refund")["example_id"].to_list()[:3]
    given = {"action": "relabel", "value": "account", "example_ids": rows, "reviewer": "ana", "reason": "a test"}
    decide.take([{"action_id": "x", **given}], "support", store)
    assert loop.of_dataset(store, "support").next.code == "redraw"


def test_a_further_draw_does_not_undo_a_spot_check_that_holds(project: Settings) -> None:
    store = project.store
    check.run(check.CheckConfig("support"), store)
    settle_patterns(project)
    review_all(project, planning.run(PlanConfig("support", reviews=60), store).plan)
    before = loop.facts(store, "support")
    assert before.status == "CERTIFIED"
    planning.run(PlanConfig("support", reviews=30, seed=9), store)
    assert loop.facts(store, "support") == before
