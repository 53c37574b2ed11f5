"""Who is asked what: shares by the seed, gold cards that give nothing away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import RequestError
from curator.review.staffing import GOLD_EVERY, Staffing, gold_rows, share_of, with_gold

ROWS = [f"ex_{n}" for n in range(200)]


@given(share=st.floats(0, 1), seed=st.integers(0, 99), order=st.permutations(range(60)))
def test_a_share_is_exact_repeatable_and_blind_to_order(share: float, seed: int, order: list[int]) -> None:
    rows = ROWS[:60]
    chosen = share_of(rows, share, seed=seed, use="blind")
    assert chosen == share_of([rows[i] for i in order], share, seed=seed, use="blind")
    assert len(chosen) == (0 if share == 0 else max(1, round(share * 60)))


def test_two_choices_with_one_seed_are_independent() -> None:
    blind, overlapped = (share_of(ROWS, 0.5, seed=3, use=use) for use in ("blind", "overlap"))
    assert 30 < len(blind & overlapped) < 70


def test_each_row_is_blind_equally_often_over_seeds() -> None:
    times = [sum(row in share_of(ROWS[:20], 0.25, seed=s, use="blind") for s in range(400)) for row in ROWS[:20]]
    assert all(60 <= n <= 145 for n in times)


def test_adjudicated_rows_become_gold_first() -> None:
    settled = [(row, n % 4 == 0) for n, row in enumerate(ROWS[:40])]
    first = gold_rows(settled, 12, seed=1)
    assert sum(dict(settled)[row] for row in first) == 10
    assert gold_rows(settled, 99, seed=1)[:12] == first


@given(tasks=st.integers(0, 60), cards=st.integers(0, 9), done=st.integers(0, 99), answered=st.integers(0, 5))
def test_mixing_keeps_every_task_in_order_and_repeats_itself(tasks: int, cards: int, done: int, answered: int) -> None:
    asked, gold = ROWS[:tasks], [f"g{n}" for n in range(cards)]
    mixed = with_gold(asked, gold, done=done, answered=answered, seed=1, reviewer="ana")
    assert [task for task in mixed if task not in gold] == asked
    assert len(mixed) == len(set(mixed))
    assert mixed == with_gold(asked, gold[::-1], done=done, answered=answered, seed=1, reviewer="ana")


def test_a_reviewer_meets_one_gold_card_in_ten_wherever_the_batches_end() -> None:
    gold, met, order = [f"g{n}" for n in range(9)], [], list(ROWS[:80])
    done = 0
    while order:
        batch = with_gold(order, gold, done=done, answered=len(met), seed=2, reviewer="ben")
        first = batch[0]
        if first in gold:
            met.append((done, first))
            gold.remove(first)
        else:
            order.remove(first)
            done += 1
    assert [place // GOLD_EVERY for place, _ in met] == list(range(8))
    whole = with_gold(ROWS[:80], [f"g{n}" for n in range(9)], done=0, answered=0, seed=2, reviewer="ben")
    assert [card for card in whole if card.startswith("g")] == [card for _, card in met]


def test_two_reviewers_meet_gold_in_another_order() -> None:
    gold = [f"g{n}" for n in range(8)]
    orders = {tuple(with_gold(ROWS, gold, done=0, answered=0, seed=1, reviewer=who)) for who in ("ana", "ben", "cleo")}
    assert len(orders) == 3


@pytest.mark.parametrize(
    "wrong",
    [{"overlap": 0}, {"gold": -1}, {"quota": 0}, {"overlap_share": 1.5}, {"blind_share": -0.1}],
)
def test_a_number_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(RequestError):
        Staffing(**wrong).check("classification")  # type: ignore[arg-type]


def test_cards_without_labels_to_choose_from_are_never_blind() -> None:
    assert Staffing().blind_of_risk("sql") == 0.0
    with pytest.raises(RequestError, match="labels to choose from"):
        Staffing(gold=3).check("extraction")
