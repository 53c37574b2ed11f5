"""Disputed rows through the review component's protocol: the last word, who may say it, and taking it back."""

import pytest

from curator.certificates import document
from pages.components.review.component import ReviewAction
from pages.review.parts.adjudication_queue import AdjudicationQueue
from pages.review.parts.native_queue import NativeQueue
from pipelines.certify import facts as certificate_facts
from pipelines.certify import judge as certificates
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from pipelines.runtime.settings import Settings
from storage.review import plans
from storage.views import agreement as opinions
from storage.views import current as views
from tests.sample_project import LABELS


@pytest.fixture
def plan(project: Settings) -> str:
    """Thirty audit rows, accepted by ana; ben rejects one and calls another by another label."""
    made = planning.run(PlanConfig("support", reviews=30), project.store).plan
    tasks = plans.tasks(project.store, made).select("task", "proposed").rows()
    ana, ben = (NativeQueue(project.store, "support", made, who) for who in ("ana", "ben"))
    ana.apply([ReviewAction(f"a{task}", task, "edit", value) for task, value in tasks])
    (first, _), (second, value) = tasks[:2]
    other = next(label for label in LABELS if label != value)
    ben.apply([ReviewAction("b1", first, "reject"), ReviewAction("b2", second, "edit", other)])
    return made


def test_the_card_says_who_said_what_and_the_last_word_settles_the_certificate(project: Settings, plan: str) -> None:
    queue = AdjudicationQueue(project.store, "support", "cleo", own=False)
    state = queue.load()
    assert (len(state.items), state.done, state.total) == (2, 0, 2)
    card = state.items[0]
    assert card.stream == "adjudication"
    assert all(who in card.why for who in ("ana", "ben", "the teacher"))
    assert certificates.judge_newest(project.store, "support", plan=plan).unsettled == 2
    right = [ReviewAction(f"c{c.task_id}", c.task_id, "accept", c.proposed) for c in state.items]
    assert queue.apply(right).stored == [action.action_id for action in right]
    assert queue.apply(right).stored == [action.action_id for action in right], "sent again, stored once"
    assert certificates.judge_newest(project.store, "support", plan=plan).unsettled == 0
    after = queue.load()
    assert (list(after.items), after.done, after.total, len(after.recent)) == ([], 2, 2, 2)
    assert views.current(project.store, "support")["basis"].to_list().count("adjudication") == 2
    queue.apply([ReviewAction("undo", right[0].task_id, "undo", undoes=right[0].action_id)])
    assert [c.task_id for c in queue.load().items] == [right[0].task_id]


def test_a_reviewer_settles_no_dispute_of_their_own_and_no_row_that_is_settled(project: Settings, plan: str) -> None:
    ben = AdjudicationQueue(project.store, "support", "ben", own=False)
    assert list(ben.load().items) == []
    (dispute, _) = opinions.disputes(project.store, "support")
    refused = ben.apply([ReviewAction("x", dispute.task, "accept", dispute.proposed)]).refused
    assert "not yours to settle" in refused["x"]
    engineer = AdjudicationQueue(project.store, "support", "ben", own=True)
    (theirs,) = engineer.disputes()
    assert {s.verdict for s in theirs.said if s.reviewer == "ben"} == {"edit"}
    assert engineer.left_to_others() == 1, "what ben rejected is left to somebody else"
    assert engineer.apply([ReviewAction("y", theirs.task, "edit", "no such label")]).refused
    assert engineer.apply([ReviewAction("z", theirs.task, "accept", theirs.proposed)]).stored == ["z"]
    late = AdjudicationQueue(project.store, "support", "cleo", own=True)
    assert "somebody else" in late.apply([ReviewAction("w", theirs.task, "reject")]).refused["w"]


def test_who_works_alone_settles_what_they_rejected_and_the_certificate_says_so(project: Settings) -> None:
    made = planning.run(PlanConfig("support", reviews=30), project.store).plan
    tasks = plans.tasks(project.store, made).select("task", "proposed").rows()
    queue = NativeQueue(project.store, "support", made, "ana")
    queue.apply([ReviewAction(f"a{task}", task, "edit", value) for task, value in tasks[2:]])
    (first, proposed), (second, _) = tasks[:2]
    queue.apply([ReviewAction("r", first, "reject"), ReviewAction("s", second, "skip")])
    ana = AdjudicationQueue(project.store, "support", "ana", own=True)
    assert [card.task_id for card in ana.load().items] == [first, second], "what one skipped oneself comes last"
    assert ana.apply([ReviewAction("z", first, "accept", proposed)]).stored == ["z"]
    found = certificates.judge_newest(project.store, "support", plan=made)
    told = str(document(certificate_facts.facts(project.store, "support", found)))
    assert "the same person rejected and settled 1 of the drawn rows" in told
    assert "1 row could not be judged" in told


def test_a_skipped_row_comes_to_somebody_else(project: Settings) -> None:
    made = planning.run(PlanConfig("support", reviews=30), project.store).plan
    task, proposed = plans.tasks(project.store, made).select("task", "proposed").row(0)
    NativeQueue(project.store, "support", made, "ana").apply([ReviewAction("s", task, "skip")])
    ben = AdjudicationQueue(project.store, "support", "ben", own=False)
    (card,) = ben.load().items
    assert "Skipped" in card.why
    assert ben.apply([ReviewAction("b", task, "accept", proposed)]).stored == ["b"]
    assert list(ben.load().items) == []


def test_a_dispute_that_is_skipped_stays_open_comes_last_and_counts_as_nothing_done(
    project: Settings, plan: str
) -> None:
    queue = AdjudicationQueue(project.store, "support", "cleo", own=False)
    one, two = (card.task_id for card in queue.load().items)
    queue.apply([ReviewAction("s1", one, "skip")])
    state = queue.load()
    assert ([card.task_id for card in state.items], state.done, state.total) == ([two, one], 0, 2)
    queue.apply([ReviewAction("s2", two, "reject"), ReviewAction("s3", one, "reject")])
    state = queue.load()
    assert (list(state.items), state.done, state.total) == ([], 2, 2)
