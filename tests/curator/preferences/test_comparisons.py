from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from curator.preferences.comparisons import chosen, draw, preferred

ROWS = [{"example_id": f"e{i}", "content_hash": f"h{i}"} for i in range(400)]
A = {f"e{i}": f"answer {i}" for i in range(400)}
B = {f"e{i}": f" answer {i} \n" if i % 4 == 0 else f"other {i}" for i in range(399)}


def drawn(count: int | None = None, seed: int = 0):
    return draw(ROWS, A, B, dataset="d", a_source="one", b_source="two", count=count, seed=seed)


def said(choice: str, reviewer: str = "ana", comparison: str = "c1") -> dict[str, Any]:
    row = {"comparison": comparison, "example_id": "e1", "a": "first", "b": "second"}
    return {**row, "choice": choice, "reviewer": reviewer}


def test_only_rows_with_two_different_answers_are_compared_and_the_others_are_counted() -> None:
    found = drawn()
    assert (len(found.comparisons), found.equal, found.missing) == (299, 100, 1)


def test_each_side_comes_about_as_often_left_and_the_same_seed_gives_the_same_draw() -> None:
    found = drawn(seed=3)
    left = Counter(c.left for c in found.comparisons)
    assert 110 < left["a"] < 190
    assert drawn(seed=3) == found
    assert [c.left for c in drawn(seed=4).comparisons] != [c.left for c in found.comparisons]
    assert drawn(50, seed=3).comparisons == found.comparisons[:50]


@given(st.sampled_from(["left", "right"]), st.sampled_from(["a", "b"]))
def test_left_and_right_are_the_two_answers(side, left) -> None:
    assert {chosen("left", left), chosen("right", left)} == {"a", "b"}
    assert (chosen(side, left) == left) == (side == "left")


def test_a_choice_becomes_a_candidate_with_the_preferred_answer_chosen() -> None:
    (candidate,) = preferred("d", [said("b"), said("skip", "ben")]).candidates
    assert (candidate.chosen, candidate.rejected, candidate.source) == ("second", "first", "preference")


def test_a_tie_never_becomes_a_pair_and_reviewers_who_differ_make_none() -> None:
    found = preferred(
        "d",
        [
            said("tie", comparison="c1"),
            said("a", comparison="c2"),
            said("b", "ben", comparison="c2"),
            said("a", comparison="c3"),
            said("tie", "ben", comparison="c3"),
            said("skip", comparison="c4"),
        ],
    )
    assert (found.candidates, found.ties, found.conflicts) == ((), 1, 2)


def test_the_newest_choice_of_a_reviewer_counts() -> None:
    (candidate,) = preferred("d", [said("a"), said("b")]).candidates
    assert candidate.chosen == "second"


def test_more_than_half_of_the_raters_decide_and_it_is_said_that_not_all_agreed() -> None:
    found = preferred("d", [said("b"), said("b", "ben"), said("a", "cy"), said("tie", comparison="c2"),
                            said("tie", "ben", comparison="c2"), said("a", "cy", comparison="c2")])  # fmt: skip
    assert [(one.chosen, one.rejected) for one in found.candidates] == [("second", "first")]
    assert (found.ties, found.conflicts, found.by_majority) == (1, 0, 1)
