"""What is next, in every state that a dataset can be in on its way to a student."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.loop import STAGES, LoopFacts, loop

ROWS = LoopFacts(rows=200)
LABELLED = replace(ROWS, labelled=200, target=0.05)
CHECKED = replace(LABELLED, checked=True)
DRAWN = replace(CHECKED, drawn=True, status="INCOMPLETE", unreviewed=60)
REVIEWED = replace(DRAWN, unreviewed=0, status="UNCERTIFIED", estimate=0.02, upper=0.06)
CERTIFIED = replace(REVIEWED, status="CERTIFIED", estimate=0.01, upper=0.04)
TESTED = replace(CERTIFIED, test_rows=40, test_drawn=True)
RELEASED = replace(TESTED, versions=1)
TRAINED = replace(RELEASED, finished=1)
JUDGED = replace(TRAINED, outcome="HOLD", failures=3)


def but(facts: LoopFacts, **changes: Any) -> LoopFacts:
    return replace(facts, **changes)


STATES: list[tuple[str, LoopFacts, str]] = [
    ("nothing", LoopFacts(), "ingest"),
    ("rows without labels", ROWS, "label"),
    ("one row without a label", but(ROWS, rows=1), "label"),
    ("labels of a part", but(ROWS, labelled=5), "check"),
    ("labels", LABELLED, "check"),
    ("checked before there were labels", but(LABELLED, checked=False), "check"),
    ("a group is wrong in the same way", but(CHECKED, patterns=1), "decide_patterns"),
    ("several are", but(CHECKED, patterns=3), "decide_patterns"),
    ("checked", CHECKED, "draw"),
    ("checked, without a target", but(CHECKED, target=None), "draw"),
    ("drawn", DRAWN, "review"),
    ("one row is left", but(DRAWN, unreviewed=1), "review"),
    ("rows are left, and people differ already", but(DRAWN, disputed=2), "review"),
    ("labels changed while rows are left", but(DRAWN, void=True), "redraw"),
    ("a second look is due", but(DRAWN, unreviewed=0, second_looks=1), "second_looks"),
    ("people differ", but(DRAWN, unreviewed=0, disputed=1), "adjudicate"),
    ("people differ, and a second look is due", but(DRAWN, unreviewed=0, disputed=1, second_looks=1), "adjudicate"),
    ("not done, for whatever reason", but(DRAWN, unreviewed=0), "review"),
    ("one rejected row is all that keeps the certificate away", but(REVIEWED, unanswered=1), "adjudicate"),
    ("a group decision came after the draw", but(REVIEWED, void=True, upper=None, estimate=None), "redraw"),
    ("a group decision came, and a row was rejected", but(REVIEWED, void=True, upper=None, unanswered=1), "redraw"),
    ("no figure", but(REVIEWED, upper=None, estimate=None), "redraw"),
    ("too few rows to show it", REVIEWED, "draw_more"),
    ("too many errors", but(REVIEWED, estimate=0.09, upper=0.13), "find_mistakes"),
    ("as many errors as the target", but(REVIEWED, estimate=0.05, upper=0.09), "find_mistakes"),
    ("no target: a figure is enough", but(REVIEWED, status="CERTIFIED", target=None), "release"),
    ("certified", CERTIFIED, "release"),
    ("certified, though a row was rejected", but(CERTIFIED, unanswered=1), "release"),
    ("a test split nobody has reviewed", but(CERTIFIED, test_rows=40), "draw_test"),
    ("test rows are left", but(TESTED, test_unreviewed=7), "review_test"),
    ("test rows are disputed", but(TESTED, test_disputed=1), "adjudicate_test"),
    ("test reviewed", TESTED, "release"),
    ("released", RELEASED, "train"),
    ("released, and labels changed since", but(RELEASED, stale=True), "train"),
    ("a student is in training", but(RELEASED, running=1), "wait_for_training"),
    ("training failed", but(RELEASED, failed=True), "train"),
    ("it failed, and another one runs", but(RELEASED, failed=True, running=1), "wait_for_training"),
    ("trained", TRAINED, "evaluate"),
    ("an older student is finished, the newest failed", but(TRAINED, failed=True), "evaluate"),
    ("held", JUDGED, "improve"),
    ("ships", but(JUDGED, outcome="SHIP"), "ship"),
    ("too little data for a verdict", but(JUDGED, outcome="NOT ENOUGH DATA"), "more_test_rows"),
    ("released with a waiver, uncertified", but(REVIEWED, versions=1), "draw_more"),
    ("new rows came after a release", but(JUDGED, void=True, status="UNCERTIFIED", upper=None), "redraw"),
]


@pytest.mark.parametrize(("state", "facts", "step"), STATES, ids=[name for name, *_ in STATES])
def test_the_next_step_is_the_first_that_is_not_done(state: str, facts: LoopFacts, step: str) -> None:
    assert loop(facts).next.code == step, state


def test_thirty_states_and_more_are_told_apart() -> None:
    assert len(STATES) >= 30
    assert len({step for *_, step in STATES}) == 21, "every step is reached"


def test_a_stage_says_why_it_is_blocked() -> None:
    found = {stage.name: stage for stage in loop(but(REVIEWED, estimate=0.09)).stages}
    assert found["Certify"].state == "next"
    assert found["Release"].state == "blocked"
    assert "not certified" in found["Release"].why
    assert found["Train"].why == "Nothing is released yet."
    assert {stage.state for stage in loop(LoopFacts()).stages[1:]} == {"blocked"}


def test_without_a_target_a_release_is_not_held_up() -> None:
    found = {stage.name: stage for stage in loop(but(CHECKED, target=None)).stages}
    assert found["Release"].state == "open"


def test_a_bound_is_never_rounded_down_and_one_row_is_one() -> None:
    assert "At most 6.01 %" in loop(but(REVIEWED, upper=0.060001)).next.why
    assert "1 row of the spot-check waits" in loop(but(DRAWN, unreviewed=1)).next.why


facts_of_any_state = st.builds(
    LoopFacts,
    rows=st.integers(0, 9), labelled=st.integers(0, 9), checked=st.booleans(), patterns=st.integers(0, 2),
    drawn=st.booleans(), unreviewed=st.integers(0, 2), second_looks=st.integers(0, 2), disputed=st.integers(0, 2),
    unanswered=st.integers(0, 2), void=st.booleans(),
    status=st.sampled_from([None, "CERTIFIED", "UNCERTIFIED", "INCOMPLETE"]),
    estimate=st.none() | st.floats(0, 1), upper=st.none() | st.floats(0, 1), target=st.none() | st.floats(0.001, 0.5),
    test_rows=st.integers(0, 2), test_drawn=st.booleans(), test_unreviewed=st.integers(0, 2),
    test_disputed=st.integers(0, 2), versions=st.integers(0, 2), stale=st.booleans(), running=st.integers(0, 1),
    finished=st.integers(0, 1), failed=st.booleans(),
    outcome=st.sampled_from([None, "SHIP", "HOLD", "NOT ENOUGH DATA"]), failures=st.integers(0, 3),
)  # fmt: skip


@given(facts_of_any_state)
def test_whatever_the_facts_there_is_one_step_in_one_stage_and_each_stage_says_why(facts: LoopFacts) -> None:
    found = loop(facts)
    assert tuple(stage.name for stage in found.stages) == STAGES
    nexts = [stage.name for stage in found.stages if stage.state == "next"]
    assert nexts == ([] if found.next.code == "ship" else [found.next.stage])
    assert all(stage.why.endswith((".", "SHIP.")) for stage in found.stages)
