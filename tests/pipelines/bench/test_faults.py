"""The short form of the kills, the full disk, the held lock, the clock and the damage, on a real project."""

from collections import Counter

import pytest

from pipelines.bench import fault_project, faults


@pytest.mark.slow
def test_no_fault_loses_or_doubles_a_row_and_each_is_told() -> None:
    report = faults.run(quick=True)
    assert report.passed, faults.render(report)
    assert report.kills >= faults.QUICK_KILLS
    assert set(report.by_step) == set(faults.QUICK)
    assert {each["harm"] for each in report.damage} == {"flipped", "cut", "missing"}
    assert "0 rows lost, 0 doubled" in faults.render(report)


def test_a_row_that_is_missing_twice_or_another_is_counted() -> None:
    expected = {"label": Counter({("a",): 1, ("b",): 1}), "review": Counter({("r",): 2})}
    made = {"label": Counter({("a",): 2}), "review": Counter({("r",): 2})}
    assert fault_project.compare(made, expected) == (1, 1, ["label"])
    assert fault_project.compare(expected, expected) == (0, 0, [])


@pytest.mark.parametrize(
    ("code", "out", "err", "good"),
    [
        (0, "{}", "", True),
        (4, '{"error": "there is no room left to write"}', "curator: no room", True),
        (70, '{"error": "OSError: this is a bug of Curator, look"}', "Traceback", False),
        (2, "", "Traceback (most recent call last)", False),
        (-9, "", "", False),
    ],
)
def test_a_command_ends_in_words_or_it_does_not(code: int, out: str, err: str, good: bool) -> None:
    assert fault_project.CommandSaid(code, out, err).in_words is good
