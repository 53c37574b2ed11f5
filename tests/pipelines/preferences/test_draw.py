from pathlib import Path

import pytest

from curator.errors import NotEnoughDataError, NotFoundError, RequestError
from curator.records import make_task
from pages.components.preferences.component import PreferenceAction
from pages.review.parts.preference_queue import PreferenceQueue
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.preferences import draw as compare
from pipelines.preferences import pairs
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from storage.dataset import datasets
from storage.release import versions
from storage.review import comparisons


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Twelve questions that two labelers answered, nine of them differently."""
    made = project_settings.init(tmp_path / "project")[0]
    datasets.create(made.store, "qa", make_task({"name": "qa", "kind": "text"}))
    for who in ("one", "two"):
        file = tmp_path / f"{who}.jsonl"
        lines = [
            f'{{"id": "q{i}", "text": "question {i}", "label": "{who if i > 2 else "same"} {i}"}}' for i in range(12)
        ]
        file.write_text("\n".join(lines))
        ingest.run(IngestConfig("qa", (file,), source="teacher", labeler=who), made.store)
    return made


def queue(settings: Settings, reviewer: str = "ana", overlap: int = 1) -> PreferenceQueue:
    batch = compare.run(compare.CompareConfig("qa", a="one", b="two", overlap=overlap), settings.store).batch
    return PreferenceQueue(settings.store, "qa", batch, reviewer)


def say(queue: PreferenceQueue, verdict: str, count: int = 1) -> list[str]:
    items = queue.load().items[:count]
    queue.apply(
        [
            PreferenceAction(
                f"{queue.reviewer}-{c.task_id}", c.task_id, "skip" if verdict == "skip" else "prefer", verdict
            )
            for c in items
        ]
    )
    return [c.task_id for c in items]


def test_the_rows_that_differ_are_compared_once_and_a_rerun_adds_nothing(settings: Settings) -> None:
    first = compare.run(compare.CompareConfig("qa", a="one", b="two"), settings.store)
    again = compare.run(compare.CompareConfig("qa", a="one", b="two"), settings.store)
    assert (first.comparisons, first.added, first.equal) == (9, 9, 3)
    assert (again.batch, again.added) == (first.batch, 0)


def test_a_choice_is_stored_with_the_side_and_becomes_a_pair_of_the_preferred_answer(settings: Settings) -> None:
    mine = queue(settings)
    card = mine.load().items[0]
    say(mine, "right")
    (stored,) = comparisons.answers(settings.store, "qa").iter_rows(named=True)
    assert stored["choice"] == ("b" if stored["left_side"] == "a" else "a")
    assert stored[stored["choice"]] == card.right
    report = pairs.build("qa", settings.store, labeler="one")
    made = [p for p in versions.pairs(settings.store, "qa") if p.source == "preference"]
    assert report.by_source.get("preference", 0) == len(made)
    assert all((p.chosen, p.rejected) == (card.right, card.left) for p in made)


def test_ties_skips_and_reviewers_who_differ_make_no_pair_and_are_counted(settings: Settings) -> None:
    ana, ben = queue(settings, "ana", 2), queue(settings, "ben", 2)
    say(ana, "tie")
    say(ana, "left")
    say(ben, "tie")
    say(ben, "right")
    say(ana, "skip")
    report = pairs.build("qa", settings.store, labeler="one")
    assert report.dropped["tie"] == 1
    assert report.dropped["reviewers_differ"] == 1
    assert "preference" not in report.by_source


def test_no_two_reviewers_get_the_same_comparison_unless_overlap_asks_for_it(settings: Settings) -> None:
    ana, ben = queue(settings, "ana"), queue(settings, "ben")
    assert len(ana.load().items) == 9
    assert ben.load().items == []
    both = [queue(settings, who, 2) for who in ("ana", "ben", "eva")]
    assert both[0].batch == both[1].batch


def test_an_undo_brings_the_comparison_back_and_the_same_action_twice_counts_once(settings: Settings) -> None:
    mine = queue(settings)
    (task,) = say(mine, "left")
    action = PreferenceAction(f"ana-{task}", task, "prefer", "left")
    assert mine.apply([action, action]).stored == [action.action_id] * 2
    assert comparisons.answers(settings.store, "qa").height == 1
    state = mine.load()
    assert (state.done, state.total, state.recent[0].action_id) == (1, 9, action.action_id)
    mine.apply([PreferenceAction("u1", task, "undo", undoes=action.action_id)])
    assert task in {c.task_id for c in mine.load().items}
    assert mine.load().done == 0


def test_an_action_on_another_batch_is_refused_and_the_others_go_through(settings: Settings) -> None:
    mine = queue(settings)
    good = mine.load().items[0].task_id
    applied = mine.apply(
        [PreferenceAction("a1", "cmp_none", "prefer", "left"), PreferenceAction("a2", good, "prefer", "tie")]
    )
    assert applied.stored == ["a2"]
    assert "not of this batch" in applied.refused["a1"]


def test_a_comparison_of_a_source_with_itself_or_with_an_unknown_one_is_refused(settings: Settings) -> None:
    with pytest.raises(RequestError, match="two different sources"):
        compare.run(compare.CompareConfig("qa", a="one", b="one"), settings.store)
    with pytest.raises(NotFoundError, match="no answers by 'three'"):
        compare.run(compare.CompareConfig("qa", a="one", b="three"), settings.store)
    datasets.create(settings.store, "empty", make_task({"name": "e", "kind": "text"}))
    with pytest.raises((NotFoundError, NotEnoughDataError)):
        compare.run(compare.CompareConfig("empty", a="one", b="two"), settings.store)
