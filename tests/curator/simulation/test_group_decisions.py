"""A group decision is judged by a fresh audit, never by the rows that suggested it."""

import pytest

from curator.errors import RequestError
from curator.simulation.group_decisions import Groups, simulate_decisions
from curator.spot_checks import Score


@pytest.mark.parametrize("rows_seen", [1, 2, 3])
@pytest.mark.parametrize("score", ["good", "useless", "misleading"])
def test_a_fresh_audit_holds_where_the_rows_that_suggested_the_decision_do_not(rows_seen: int, score: Score) -> None:
    c = simulate_decisions(Groups(rows_seen, score), repetitions=1_000, seed=2)
    least = 0.95 - 3 * c.standard_error
    assert min(c.fresh_one_sided, c.fresh_two_sided) >= least, c
    assert c.same_one_sided < least, c


def test_fewer_rows_seen_decide_more_groups_and_spoil_the_same_audit_more() -> None:
    one, two, three = (simulate_decisions(Groups(n), repetitions=500, seed=2) for n in (1, 2, 3))
    assert one.decided > two.decided > three.decided > 0
    assert one.same_one_sided < two.same_one_sided < three.same_one_sided
    assert one.error_after < one.error_before


def test_without_a_decision_the_same_audit_is_as_good_as_a_fresh_one() -> None:
    c = simulate_decisions(Groups(1, affected=0.0), repetitions=100)
    assert (c.decided, c.error_after, c.same_one_sided, c.fresh_two_sided) == (0.0, 0.0, 1.0, 1.0)


def test_groups_that_do_not_fit_are_refused() -> None:
    with pytest.raises(RequestError, match="divide"):
        simulate_decisions(Groups(1, group_size=30))
    with pytest.raises(RequestError, match="rows_seen"):
        simulate_decisions(Groups(0))
