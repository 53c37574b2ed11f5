"""What differs between two definitions is told part by part."""

from curator.records import make_task, task_changes

BASE = {"name": "t", "labels": {"a": "first", "b": ""}, "rubric": "One line.\nAnother line."}


def test_equal_definitions_differ_in_nothing() -> None:
    assert task_changes(make_task(BASE), make_task(BASE)) == ()


def test_labels_are_told_one_by_one_and_a_long_text_as_its_changed_lines() -> None:
    after = make_task(
        BASE | {"labels": {"a": "the first", "c": ""}, "rubric": "One line.\nA new line.", "max_error": 0.05}
    )
    said = [change.sentence() for change in task_changes(make_task(BASE), after)]
    assert said[:3] == [
        "label a: first -> the first",
        "label b removed: (no definition)",
        "label c added: (no definition)",
    ]
    assert "  -Another line.\n  +A new line." in said[3]
    assert said[4:] == ["max_error added: 0.05"]


def test_another_order_of_the_labels_is_a_change() -> None:
    swapped = make_task(BASE | {"labels": {"b": "", "a": "first"}})
    changes = task_changes(make_task(BASE), swapped)
    assert [change.part for change in changes] == ["order of labels"]
