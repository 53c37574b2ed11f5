"""Rows that a person sends to review: who gets them, which stay out, and that they never certify anything."""

from pathlib import Path

import pytest

from curator.errors import NotEnoughDataError, NotFoundError, RequestError
from pipelines.analysis import decide
from pipelines.certify import judge as certificates
from pipelines.review import answers as review
from pipelines.review import plan as planning
from pipelines.review import send
from pipelines.review.plan import PlanConfig
from storage.dataset import examples
from storage.engine.store import Store
from storage.review import plans
from storage.views import current as views
from tests.sample_project import make_project


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_project(tmp_path / "project", rows=60).store


def rows(store: Store, count: int, start: int = 0) -> list[str]:
    return examples.frame(store, "support")["example_id"].to_list()[start : start + count]


def test_sent_rows_come_to_the_queue_in_the_order_given_with_their_label_and_the_reason(store: Store) -> None:
    asked = rows(store, 3)[::-1]
    report = send.run(send.SendConfig("support", asked, "they stand apart on the map", "ana"), store)
    assert (report.sent, report.left_out) == (3, {})
    cards = review.claim(store, "support", "ben", plan=report.plan)
    assert cards["example_id"].to_list() == asked
    assert cards["why"].unique().to_list() == ["sent to review by ana: they stand apart on the map"]
    assert not cards["blind"].any()
    assert cards["stream"].unique().to_list() == ["risk"]
    current = dict(views.current(store, "support").select("example_id", "value").iter_rows())
    assert cards["proposed"].to_list() == [current[e] for e in asked]


def test_a_review_of_a_sent_row_sets_its_label(store: Store) -> None:
    (row,) = rows(store, 1)
    plan = send.run(send.SendConfig("support", [row], "odd", "ana"), store).plan
    assert plan is not None
    task = plans.tasks(store, plan)["task"][0]
    record = {"task_id": task, "reviewer": "ben", "verdict": "edit", "value": "account", "action_id": "a1"}
    assert review.import_records([record], plan, store).added == 1
    shown = views.current(store, "support").filter(example_id=row).row(0, named=True)
    assert (shown["value"], shown["basis"]) == ("account", "review")


def test_sending_rows_that_are_open_already_adds_nothing(store: Store) -> None:
    send.run(send.SendConfig("support", rows(store, 3), "odd", "ana"), store)
    again = send.run(send.SendConfig("support", rows(store, 4), "odd", "ben"), store)
    assert (again.sent, again.left_out) == (1, {"waiting": 3})
    nothing = send.run(send.SendConfig("support", rows(store, 4), "odd", "ben"), store)
    assert (nothing.plan, nothing.sent, nothing.left_out) == (None, 0, {"waiting": 4})
    assert len(plans.of_dataset(store, "support", "sent")) == 2


def test_a_reviewed_row_can_be_sent_again(store: Store) -> None:
    (row,) = rows(store, 1)
    plan = send.run(send.SendConfig("support", [row], "odd", "ana"), store).plan
    assert plan is not None
    task = plans.tasks(store, plan)["task"][0]
    record = {"task_id": task, "reviewer": "ben", "verdict": "accept", "action_id": "a1"}
    review.import_records([record], plan, store)
    assert send.run(send.SendConfig("support", [row], "still odd", "ana"), store).sent == 1
    review.undo(store, reviewer="ben", undoes="a1", action_id="u1")
    assert plans.waiting(store, "support") == {row}


def test_an_open_audit_row_stays_blind_in_its_own_spot_check(store: Store) -> None:
    audit = planning.run(PlanConfig("support", reviews=20, test_share=0.0), store).plan
    drawn = plans.tasks(store, audit)["example_id"].to_list()
    report = send.run(send.SendConfig("support", rows(store, 60), "all of them", "ana"), store)
    assert report.left_out == {"waiting": 20}
    assert report.plan is not None
    assert set(plans.tasks(store, report.plan)["example_id"]).isdisjoint(drawn)


def test_excluded_rows_are_left_out_and_counted(store: Store) -> None:
    out = rows(store, 2)
    line = {"example_ids": out, "action": "exclude", "reviewer": "ana", "reason": "junk"}
    decide.apply([(1, line, None)], "support", store, source="test")
    report = send.run(send.SendConfig("support", rows(store, 5), "odd", "ana"), store)
    assert (report.sent, report.left_out) == (3, {"excluded": 2})


def test_a_sent_plan_never_certifies(store: Store) -> None:
    plan = send.run(send.SendConfig("support", rows(store, 60), "all of them", "ana"), store).plan
    assert plan is not None
    tasks = plans.tasks(store, plan)["task"]
    records = [{"task_id": t, "reviewer": "ben", "verdict": "accept", "action_id": f"a{t}"} for t in tasks]
    assert review.import_records(records, plan, store).tasks_left == 0
    with pytest.raises(NotEnoughDataError, match="no spot-check yet"):
        certificates.judge_newest(store, "support")
    with pytest.raises(RequestError, match="sent plan"):
        certificates.judge_newest(store, "support", plan=plan)


@pytest.mark.parametrize(
    ("ids", "why", "who", "labeler", "error"),
    [
        ([], "odd", "ana", None, RequestError),
        (["first"], " ", "ana", None, RequestError),
        (["first"], "odd", "", None, RequestError),
        (["ex_nobody"], "odd", "ana", None, NotFoundError),
        (["first"], "odd", "ana", "gpt", NotFoundError),
    ],
)
def test_a_bad_request_is_refused_and_nothing_is_stored(
    store: Store, ids: list[str], why: str, who: str, labeler: str | None, error: type[Exception]
) -> None:
    named = [rows(store, 1)[0] if i == "first" else i for i in ids]
    with pytest.raises(error):
        send.run(send.SendConfig("support", named, why, who, labeler=labeler), store)
    assert plans.of_dataset(store, "support") == []
