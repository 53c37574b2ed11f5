"""Groups between the component and the store: what is open, what a key decides, and that it can be taken back."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pages.components.groups.component import GroupAction, read_action
from pages.data.parts.group_queue import MEMBERS_SHOWN, GroupQueue
from pipelines.analysis import decide
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from storage.checks import findings
from storage.review import reviews
from storage.views import current as views
from tests.pages.groups_project import make_groups, make_rows


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_groups(tmp_path_factory.mktemp("groups") / "project", conflicts=6, copies=4, alike=3)


@pytest.fixture
def settings(made: Settings, tmp_path: Path) -> Settings:
    shutil.copytree(made.project, tmp_path / "project")
    return project_settings.load(tmp_path / "project")


def queue(
    settings: Settings, kind: str = "contradiction", *, least: float = 0.0, test: tuple[str, ...] = ()
) -> GroupQueue:
    run = findings.newest_run(settings.store, "support")
    assert run is not None
    return GroupQueue(settings.store, "support", run.run, kind, least, "ana", frozenset(test), {})


def current(settings: Settings) -> dict[str, tuple[str, str | None]]:
    rows = views.current(settings.store, "support").select("external_id", "value", "out").iter_rows()
    return {external: (value, out) for external, value, out in rows}


def test_a_group_shows_its_rows_with_labels_reasons_and_the_differing_words(settings: Settings) -> None:
    group = next(g for g in queue(settings).load().items if g.members[0].name == "r0")
    assert [member.label for member in group.members] == ["refund", "delivery"]
    assert [name for name, _ in group.labels] == ["delivery", "refund"]
    assert [[piece for piece, differs in m.pieces if differs] for m in group.members] == [[], ["do"]]
    assert group.rows == 2
    near = queue(settings, "near_duplicate").load().items[0]
    assert {note for member in near.members for note in member.notes} >= {"differs in a word"}
    assert near.suggested in {member.example_id for member in near.members}


def test_a_label_for_the_group_settles_it_and_reaches_every_row(settings: Settings) -> None:
    groups = queue(settings)
    first = groups.load().items[0]
    assert groups.apply([GroupAction("a1", first.task_id, "relabel", "card_lost")]).stored == ["a1"]
    state = groups.load()
    assert first.task_id not in {group.task_id for group in state.items}
    assert (state.done, state.total) == (1, 6)
    assert {current(settings)[member.name][0] for member in first.members} == {"card_lost"}


def test_duplicates_leave_one_row_in_and_the_reader_may_choose_which(settings: Settings) -> None:
    groups = queue(settings, "exact_duplicate")
    first, second = groups.load().items[:2]
    other = next(m for m in first.members if m.example_id != first.suggested)
    actions = [GroupAction("a1", first.task_id, "merge", other.example_id)]
    groups.apply([*actions, GroupAction("a2", second.task_id, "exclude")])
    now = current(settings)
    assert {m.name: now[m.name][1] for m in first.members} == {
        m.name: None if m == other else "excluded" for m in first.members
    }
    assert {now[member.name][1] for member in second.members} == {"excluded"}


def test_a_row_of_the_test_split_is_the_one_that_is_kept(settings: Settings) -> None:
    group = queue(settings, "exact_duplicate").load().items[0]
    last = next(m.example_id for m in group.members if m.example_id != group.suggested)
    kept = queue(settings, "exact_duplicate", test=(last,)).load().items[0]
    assert kept.suggested == last
    assert "in the test split" in next(m.notes for m in kept.members if m.example_id == last)


def test_the_same_action_twice_is_stored_once_and_acknowledged_twice(settings: Settings) -> None:
    groups = queue(settings)
    action = GroupAction("a1", groups.load().items[0].task_id, "keep")
    assert groups.apply([action]).stored == ["a1"]
    assert groups.apply([action, action]).stored == ["a1", "a1"]
    assert len(reviews.taken(settings.store, "support")) == 1


def test_an_undo_in_the_same_message_or_after_a_reload_brings_the_group_back(settings: Settings) -> None:
    groups = queue(settings)
    one, two = groups.load().items[:2]
    undo = GroupAction("a2", one.task_id, "undo", undoes="a1")
    applied = groups.apply([GroupAction("a1", one.task_id, "exclude"), undo, GroupAction("a3", two.task_id, "keep")])
    assert applied.stored == ["a1", "a2", "a3"]
    state = queue(settings).load()  # another session
    assert one.task_id in {group.task_id for group in state.items}
    ((group, decision),) = state.recent
    assert group.task_id == two.task_id
    assert queue(settings).apply([GroupAction("a4", two.task_id, "undo", undoes=decision)]).refused == {}
    assert queue(settings).load().done == 0


def test_a_skipped_group_comes_back_after_the_others_and_nothing_is_stored(settings: Settings) -> None:
    groups = queue(settings)
    order = [group.task_id for group in groups.load().items]
    groups.apply([GroupAction("a1", order[0], "skip"), GroupAction("a2", order[1], "skip")])
    assert [group.task_id for group in groups.load().items] == [*order[2:], *order[:2]]
    groups.apply([GroupAction("a3", order[0], "undo", "skip", undoes="a1")])
    assert [group.task_id for group in groups.load().items] == [order[0], *order[2:], order[1]]
    assert reviews.taken(settings.store, "support") == []


def test_a_threshold_moves_what_is_shown(settings: Settings) -> None:
    everything = queue(settings, "near_duplicate").load()
    assert everything.total == 3, "a word more that goes with another label makes no duplicate"
    assert queue(settings, "near_duplicate", least=0.999).load().total == 0


def test_what_is_decided_about_the_rows_elsewhere_settles_a_group(settings: Settings) -> None:
    groups = queue(settings)
    group = groups.load().items[0]
    record = {
        "action_id": "b",
        "action": "exclude",
        "reviewer": "ben",
        "reason": "",
        "external_ids": [group.members[0].name],
    }
    decide.take([record], "support", settings.store)
    assert group.task_id not in {g.task_id for g in groups.load().items}


def test_duplicates_with_different_labels_say_that_they_contradict_and_propose_no_row(tmp_path: Path) -> None:
    said = "please look at the matter of my parcel"
    rows = [
        (said, "refund"),
        (said.replace("matter", "mattter"), "delivery"),
        (said.upper() + " again tomorrow", "refund"),
    ]
    near = queue(make_rows(tmp_path, [*rows, (rows[2][0].lower(), "refund")]), "near_duplicate")
    before = near.load().items
    assert all(len({m.label for m in g.members}) == 1 for g in before), "first they are settled as contradictions"
    contradictions = replace(near, kind="contradiction")
    (open_group,) = contradictions.load().items
    contradictions.apply([GroupAction("k", open_group.task_id, "keep")])
    groups = near.load().items
    groups += (
        queue(make_rows(tmp_path / "b", [rows[2], (rows[2][0].lower(), "refund")]), "exact_duplicate").load().items
    )
    apart, alike = (next(g for g in groups if len({m.label for m in g.members}) == size) for size in (2, 1))
    assert "Settle them under Contradictions first" in apart.warning
    assert apart.suggested is None
    assert alike.warning == ""
    assert alike.suggested is not None


def test_a_group_that_is_not_there_or_a_label_that_is_none_is_refused(settings: Settings) -> None:
    groups = queue(settings)
    task = groups.load().items[0].task_id
    bad = [GroupAction("a1", "find_none", "keep"), GroupAction("a2", task, "relabel", "nonsense")]
    applied = groups.apply([*bad, GroupAction("a3", task, "keep")])
    assert applied.stored == ["a3"]
    assert "no finding" in applied.refused["a1"]
    assert "unknown label" in applied.refused["a2"]


def test_a_malformed_action_is_refused_with_the_reason() -> None:
    raw = {"action_id": "a", "task_id": "t", "verdict": "relabel"}
    with pytest.raises(ValueError, match="needs a value"):
        read_action(raw)
    with pytest.raises(ValueError, match="unknown verdict"):
        read_action(raw | {"verdict": "delete"})
    assert read_action(raw | {"value": "x"}).value == "x"


def test_a_long_group_shows_some_rows_of_each_label(tmp_path: Path) -> None:
    labels = ["refund"] * 40 + ["account"]
    settings = make_rows(tmp_path / "project", [("the very same words of one question", label) for label in labels])
    (group,) = queue(settings).load().items
    assert group.rows == 41
    assert dict(group.labels) == {"refund": 40, "account": 1}
    assert len(group.members) <= MEMBERS_SHOWN
    assert {member.label for member in group.members} == {"refund", "account"}
