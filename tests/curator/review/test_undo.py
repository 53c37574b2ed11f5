"""What stands of decisions after undos, by name and without."""

from hypothesis import given
from hypothesis import strategies as st

from curator.records import Action
from curator.review.resolution import TakenDecision, in_force, standing_decisions


def decided(
    ident: str, action: Action = "keep", *, value: str | None = None, finding: str | None = None
) -> TakenDecision:
    return TakenDecision(ident, action, value, finding)


def names(rows: list[TakenDecision]) -> list[str]:
    return [row.decision for row in rows]


def test_an_undo_without_a_name_takes_the_newest_back_and_one_with_a_name_that_one() -> None:
    taken = [decided("a"), decided("b"), decided("c")]
    assert names(in_force([*taken, decided("u", "undo")])) == ["a", "b"]
    assert names(in_force([*taken, decided("u", "undo", value="a")])) == ["b", "c"]
    assert names(in_force([*taken, decided("u", "undo", value="a"), decided("v", "undo")])) == ["b"]


@given(st.lists(st.sampled_from("abcd"), max_size=6), st.sampled_from("abcd"))
def test_the_same_undo_by_name_twice_is_as_once(taken: list[str], undone: str) -> None:
    rows = [decided(name) for name in dict.fromkeys(taken)]
    once = in_force([*rows, decided("u", "undo", value=undone)])
    twice = in_force([*rows, decided("u", "undo", value=undone), decided("v", "undo", value=undone)])
    assert once == twice
    assert names(once) == [name for name in dict.fromkeys(taken) if name != undone]


def test_an_undo_reaches_only_its_own_finding_and_what_stands_keeps_its_order() -> None:
    taken = [
        decided("a", finding="f"),
        decided("b", finding="g"),
        decided("c"),
        decided("u", "undo", finding="f"),
        decided("v", "undo", value="c"),
        decided("d", finding="f"),
        decided("e"),
    ]
    assert names(standing_decisions(taken)) == ["b", "d", "e"]
    assert names(standing_decisions([*taken, decided("w", "undo", value="d", finding="f")])) == ["b", "e"]
