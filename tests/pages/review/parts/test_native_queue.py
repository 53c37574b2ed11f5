from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from curator.records import make_task
from curator.review import Staffing
from pages.components.review.component import Card, ReviewAction
from pages.review.parts.native_queue import NativeQueue
from pipelines.certify import judge as certificates
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.review import answers as review
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from storage.dataset import datasets
from storage.review import plans, reviews


@pytest.fixture
def queue(project: Settings) -> NativeQueue:
    plan = planning.run(PlanConfig("support", reviews=30), project.store).plan
    return NativeQueue(project.store, "support", plan, "ana")


def proposed(queue: NativeQueue) -> dict[str, str]:
    return dict(plans.tasks(queue.store, queue.plan).select("task", "proposed").iter_rows())


def decide(queue: NativeQueue, cards: Iterable[Card]) -> None:
    teacher = proposed(queue)
    queue.apply([ReviewAction(f"a-{c.task_id}", c.task_id, "edit", teacher[c.task_id]) for c in cards])


def test_audit_rows_are_handed_out_blind_in_review_order(queue: NativeQueue) -> None:
    state = queue.load()
    assert [card.task_id for card in state.items] == plans.tasks(queue.store, queue.plan)["task"].to_list()
    assert all(card.blind and card.proposed is None for card in state.items)
    assert (state.done, state.total) == (0, 30)


def test_an_answer_equal_to_the_teachers_is_stored_as_an_acceptance_and_leaves_the_queue(queue: NativeQueue) -> None:
    first = queue.load().items[0]
    decide(queue, [first])
    state = queue.load()
    assert first.task_id not in {card.task_id for card in state.items}
    assert state.second_looks == []
    assert reviews.frame(queue.store, "support")["verdict"].to_list() == ["accept"]
    assert state.recent[0].item.task_id == first.task_id


def test_a_blind_disagreement_comes_back_once_for_a_second_look(queue: NativeQueue) -> None:
    card = queue.load().items[0]
    teacher = proposed(queue)[card.task_id]
    mine = "refund" if teacher != "refund" else "account"
    queue.apply([ReviewAction("a1", card.task_id, "edit", mine)])
    (look,) = queue.load().second_looks
    assert (look.first, look.proposed) == (mine, teacher)
    queue.apply([ReviewAction("a2", card.task_id, "second_look", mine)])
    assert queue.load().second_looks == []
    stored = reviews.frame(queue.store, "support").select("verdict", "value", "blind").rows()
    assert stored == [("edit", mine, True), ("edit", mine, False)]


def test_the_same_action_twice_is_stored_once_and_acknowledged_twice(queue: NativeQueue) -> None:
    card = queue.load().items[0]
    action = ReviewAction("a1", card.task_id, "reject")
    assert queue.apply([action]).stored == ["a1"]
    assert queue.apply([action, action]).stored == ["a1", "a1"]
    assert reviews.frame(queue.store, "support").height == 1


def test_an_undo_brings_the_row_back_and_a_second_undo_changes_nothing(queue: NativeQueue) -> None:
    card = queue.load().items[0]
    queue.apply([ReviewAction("a1", card.task_id, "reject")])
    undo = ReviewAction("a2", card.task_id, "undo", undoes="a1")
    assert queue.apply([undo]).stored == ["a2"]
    assert queue.apply([undo]).stored == ["a2"]
    state = queue.load()
    assert card.task_id in {c.task_id for c in state.items}
    assert state.recent == []


def test_an_action_on_a_row_of_another_spot_check_or_with_an_unknown_label_is_refused(queue: NativeQueue) -> None:
    card = queue.load().items[0]
    bad = [ReviewAction("a1", "t-none", "reject"), ReviewAction("a2", card.task_id, "edit", "nonsense")]
    applied = queue.apply([*bad, ReviewAction("a3", card.task_id, "reject")])
    assert applied.stored == ["a3"]
    assert "not of this spot-check" in applied.refused["a1"]
    assert "unknown label" in applied.refused["a2"]


def test_json_that_does_not_fit_the_schema_is_refused_by_the_server_and_another_spelling_is_an_acceptance(
    tmp_path: Path,
) -> None:
    settings = project_settings.init(tmp_path / "project")[0]
    schema = {"type": "object", "required": ["total"], "properties": {"total": {"type": "number"}}}
    datasets.create(settings.store, "receipts", make_task({"name": "r", "kind": "extraction", "schema": schema}))
    file = tmp_path / "receipts.jsonl"
    file.write_text("".join(f'{{"text": "paid {i}", "label": {{"total": {i}.0, "by": "cash"}}}}\n' for i in range(12)))
    ingest.run(IngestConfig("receipts", (file,), source="teacher", labeler="teacher"), settings.store)
    plan = planning.run(PlanConfig("receipts", reviews=4), settings.store).plan
    queue = NativeQueue(settings.store, "receipts", plan, "ana")
    first, second, third = (card.task_id for card in queue.load().items[:3])
    spelled = proposed(queue)[third].replace(',"by":"cash"', "").replace("{", '{ "by": "cash", ')
    applied = queue.apply(
        [
            ReviewAction("a1", first, "edit", '{"total": "nine"}'),
            ReviewAction("a2", second, "edit", '{"total": 9'),
            ReviewAction("a3", third, "edit", spelled),
        ]
    )
    assert "does not fit the schema at $.total" in applied.refused["a1"]
    assert "not JSON" in applied.refused["a2"]
    assert reviews.frame(queue.store, "receipts")["verdict"].to_list() == ["accept"]
    assert {first, second} <= {card.task_id for card in queue.load().items}


def test_two_reviewers_are_never_handed_the_same_row(queue: NativeQueue) -> None:
    other = NativeQueue(queue.store, "support", queue.plan, "ben")
    mine = {card.task_id for card in queue.load().items}
    assert mine.isdisjoint(card.task_id for card in other.load().items)


def test_a_spot_check_reviewed_to_the_end_through_the_queue_can_be_certified(queue: NativeQueue) -> None:
    while cards := queue.load().items:
        decide(queue, cards)
    certificate = certificates.judge_newest(queue.store, "support", plan=queue.plan)
    assert certificate.status != "INCOMPLETE"
    assert certificate.teacher_error is not None
    assert certificate.teacher_error.estimate == 0.0


def test_a_gold_card_looks_like_an_audit_row_and_asks_for_no_second_look(queue: NativeQueue) -> None:
    while cards := queue.load().items:
        decide(queue, cards)
    second = planning.run(PlanConfig("support", reviews=12, staffing=Staffing(gold=2)), queue.store).plan
    ben = NativeQueue(queue.store, "support", second, "ben")
    gold = set(plans.tasks(ben.store, second).filter(pl.col("stream") == "gold")["task"])
    state = ben.load()
    asked = [card for card in state.items if card.task_id in gold]
    assert asked
    assert {(card.stream, card.blind, card.why) for card in asked} == {(c.stream, c.blind, c.why) for c in state.items}
    assert state.total == 12
    teacher = proposed(ben)
    wrong = "refund" if teacher[asked[0].task_id] != "refund" else "account"
    ben.apply([ReviewAction("g1", asked[0].task_id, "edit", wrong)])
    assert ben.load().second_looks == []
    assert ben.load().done == 0


def test_where_two_are_asked_the_other_one_is_the_second_look(project: Settings) -> None:
    plan = planning.run(PlanConfig("support", reviews=10, staffing=Staffing(overlap=2)), project.store).plan
    ana, ben = (NativeQueue(project.store, "support", plan, who) for who in ("ana", "ben"))
    card = ana.load().items[0]
    mine = "refund" if proposed(ana)[card.task_id] != "refund" else "account"
    ana.apply([ReviewAction("a1", card.task_id, "edit", mine)])
    assert ana.load().second_looks == []
    assert card.task_id in {c.task_id for c in ben.load().items}
    assert ana.load().done == 0
    ben.apply([ReviewAction("b1", card.task_id, "edit", mine)])
    assert ben.load().done == 1


def test_a_row_that_was_answered_in_two_tabs_comes_back_for_a_second_look_at_the_newer_answer(
    queue: NativeQueue,
) -> None:
    card = queue.load().items[0]
    teacher = proposed(queue)[card.task_id]
    one, two = (label for label in ("refund", "delivery", "account") if label != teacher)
    queue.apply([ReviewAction("a1", card.task_id, "edit", one)])
    queue.apply([ReviewAction("a2", card.task_id, "edit", two)])  # the other tab still showed the card
    (look,) = queue.load().second_looks
    assert look.first == two
    queue.apply([ReviewAction("a3", card.task_id, "skip")])  # and a third tab: a skip says nothing
    assert [look.first for look in queue.load().second_looks] == [two]
    queue.apply([ReviewAction("a4", card.task_id, "second_look", two)])
    state = queue.load()
    assert state.second_looks == []
    assert [(entry.second, entry.item.task_id) for entry in state.recent[-1:]] == [(True, card.task_id)]
    assert reviews.frame(queue.store, "support")["verdict"].to_list() == ["edit", "edit", "skip", "edit"]


def test_a_second_look_is_due_although_somebody_else_who_held_the_row_later_skipped_it(queue: NativeQueue) -> None:
    card = queue.load().items[0]
    mine = "refund" if proposed(queue)[card.task_id] != "refund" else "account"
    queue.apply([ReviewAction("a1", card.task_id, "edit", mine)])
    ben = NativeQueue(queue.store, "support", queue.plan, "ben")
    ben.apply([ReviewAction("b1", card.task_id, "skip")])
    assert [look.first for look in queue.load().second_looks] == [mine]
    assert ben.load().second_looks == []


def test_taking_back_ones_blind_answer_to_a_shared_row_shows_neither_the_teachers_nor_the_other_persons(
    project: Settings,
) -> None:
    plan = planning.run(PlanConfig("support", reviews=10, staffing=Staffing(overlap=2)), project.store).plan
    ana, ben = (NativeQueue(project.store, "support", plan, who) for who in ("ana", "ben"))
    card = ana.load().items[0]
    mine = "refund" if proposed(ana)[card.task_id] != "refund" else "account"
    ana.apply([ReviewAction("a1", card.task_id, "edit", mine)])
    ben.apply([ReviewAction("b1", card.task_id, "edit", mine)])
    (entry,) = ben.load().recent
    assert isinstance(entry.item, Card)
    assert (entry.second, entry.item.blind, entry.item.proposed) == (False, True, None)


def test_the_last_word_of_an_adjudicator_is_not_taken_back_from_the_review_page(queue: NativeQueue) -> None:
    card = queue.load().items[0]
    queue.apply([ReviewAction("a1", card.task_id, "reject")])
    word = {"task_id": card.task_id, "reviewer": "ana", "verdict": "edit", "value": "refund", "adjudicates": True}
    review.import_records([word | {"action_id": "w1"}], queue.plan, queue.store)
    assert [entry.action_id for entry in queue.load().recent] == ["a1"]
