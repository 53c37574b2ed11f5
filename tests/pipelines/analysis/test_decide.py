"""Decisions of the app: one action is applied once, and an undo takes back exactly what it names."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curator.records import Finding
from pipelines.analysis import decide
from storage.access import audit
from storage.checks import findings
from storage.checks.findings import CheckSummary
from storage.dataset import examples
from storage.engine.store import Store
from storage.review import reviews
from storage.views import current as views
from tests.sample_project import make_project


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_project(tmp_path / "project").store


@pytest.fixture
def rows(store: Store) -> list[str]:
    return examples.frame(store, "support")["example_id"].to_list()


def record(action_id: str, action: str = "exclude", **more: Any) -> dict[str, Any]:
    return {"action_id": action_id, "action": action, "reviewer": "ana", "reason": "", **more}


def out(store: Store, rows: list[str]) -> list[str | None]:
    state = dict(views.current(store, "support").select("example_id", "out").iter_rows())
    return [state[row] for row in rows]


def test_an_action_is_applied_once_however_often_it_comes(store: Store, rows: list[str]) -> None:
    one = record("a1", example_ids=rows[:2])
    assert decide.take([one, one], "support", store).decisions == 1
    again = decide.take([one, record("a2", example_ids=rows[2:3])], "support", store)
    assert (again.decisions, again.rows, again.rejected) == (1, 1, 0)
    assert [d.rows for d in reviews.taken(store, "support")] == [2, 1]
    assert [e for e in audit.events(store)["action"] if e.startswith("decide")] == ["decide:exclude"] * 2


def test_an_undo_takes_back_the_decision_that_it_names_and_no_other(store: Store, rows: list[str]) -> None:
    first = record("a1", "relabel", value="refund", example_ids=rows[:2])
    second = record("a2", example_ids=rows[1:3])
    decide.take([first, second], "support", store)
    undo = record("a3", "undo", decision=decide.decision_id("support", "a1"))
    assert decide.take([undo], "support", store).rows == 2
    assert decide.take([undo | {"action_id": "a4"}], "support", store).rejected == 0  # once more changes nothing
    assert out(store, rows[:3]) == [None, "excluded", "excluded"]
    assert set(views.current(store, "support")["basis"][:3]) == {"teacher"}


def checked(store: Store, *found: Finding) -> None:
    scores = pl.DataFrame({"example_id": ["e"], "kind": "risk", "score": 0.5})
    about: dict[str, Any] = {"labeler": "teacher", "seed": 0, "as_of_seq": 1, "report": CheckSummary(1, {}, ())}
    findings.add_run(store, "support", run="ck", findings=found, scores=scores, **about)


def leak(rows: list[str]) -> Finding:
    """A row of test (the first) that stands in train twice."""
    return Finding("find_1", "leak", 1.0, tuple(rows), {}, {"action": "exclude", "text": "", "example_ids": rows[1:]})


def test_to_leave_a_leak_out_is_about_its_train_rows_alone(store: Store, rows: list[str]) -> None:
    checked(store, leak(rows[:3]))
    assert decide.take([record("a1", finding_id="find_1")], "support", store).rows == 2
    assert out(store, rows[:3]) == [None, "excluded", "excluded"]
    assert decide.take([record("a2", "keep", finding_id="find_1")], "support", store).rows == 3


def test_copies_are_merged_into_the_row_of_test_else_the_reviewed_one_else_the_representative(
    store: Store, rows: list[str]
) -> None:
    copies = Finding("find_1", "near_duplicate", 1.0, tuple(rows[:3]), {"representative": rows[1]}, {})
    checked(store, copies)
    merge = record("a1", "merge", finding_id="find_1")
    decide.take([merge], "support", store)
    assert out(store, rows[:3]) == ["excluded", None, "excluded"]
    decide.take([record("a2", "undo", finding_id="find_1")], "support", store)
    examples.assign_splits(store, "support", {rows[2]: "test"}, "drawn")
    decide.take([merge | {"action_id": "a3"}], "support", store)
    assert out(store, rows[:3]) == ["excluded", "excluded", None]


def test_an_undo_by_finding_takes_back_its_newest_decision_and_none_from_elsewhere(
    store: Store, rows: list[str]
) -> None:
    checked(store, leak(rows[:3]))
    undo = record("a3", "undo", finding_id="find_1")
    assert decide.take([undo], "support", store).by_reason == {"nothing_to_undo": 1}
    both = [record("a1", finding_id="find_1"), record("a2", example_ids=[rows[0], rows[2]])]
    decide.take(both, "support", store)
    assert decide.take([undo], "support", store).rows == 2
    assert out(store, rows[:3]) == ["excluded", None, "excluded"]
    at_once = [record("a4", finding_id="find_1"), record("a5", "undo", finding_id="find_1")]
    decide.take(at_once, "support", store)
    assert out(store, rows[:3]) == ["excluded", None, "excluded"]


def test_an_undo_of_a_finding_settled_by_name_reopens_it(store: Store, rows: list[str]) -> None:
    checked(store, Finding("find_1", "contradiction", 1.0, (rows[0], rows[3]), {}, {}))
    decide.take([record("a1", "keep", finding_id="find_1")], "support", store)
    undo = record("a2", "undo", decision=decide.decision_id("support", "a1"))
    decide.take([undo], "support", store)
    taken = reviews.taken(store, "support")
    assert [(d.finding_id, d.kind, d.rows) for d in taken] == [("find_1", "contradiction", 2)] * 2


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"action": "undo", "decision": "d_none"}, "unknown_decision"),
        ({"action": "exclude", "decision": "d_none"}, "no_rows"),
        ({"action": "exclude", "finding_id": "find_none"}, "unknown_finding"),
        ({"action": "exclude", "example_ids": ["none"]}, "unknown_row"),
        ({"action": "relabel", "external_ids": ["q1"], "value": "nonsense"}, "bad_value"),
        ({"action": "merge", "external_ids": ["q1", "q2"], "value": "q3"}, "bad_value"),
    ],
)
def test_a_wrong_record_is_refused_with_the_reason_and_the_others_are_taken(
    store: Store, rows: list[str], wrong: dict[str, Any], reason: str
) -> None:
    report = decide.take([{**record("a1"), **wrong}, record("a2", example_ids=rows[:1])], "support", store)
    assert report.by_reason == {reason: 1}
    assert report.rejects[0]["line"] == 1
    assert report.decisions == 1


def test_copies_merge_into_the_row_named_by_either_id(store: Store, rows: list[str]) -> None:
    decide.take([record("a1", "merge", external_ids=["q0", "q1"], value="q1")], "support", store)
    decide.take([record("a2", "merge", external_ids=["q2", "q3"], value=rows[3])], "support", store)
    assert out(store, rows[:4]) == ["excluded", None, "excluded", None]
