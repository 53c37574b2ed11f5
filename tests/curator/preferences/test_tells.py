"""What tells a chosen answer without reading it, and what balancing by length leaves."""

import json
from collections import Counter
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.preferences import balanced_by_length, check_pairs, length_auc
from curator.preferences.tells import format_tells, position_bias
from curator.records import PreferencePair
from tests.places import SHARED


def pair(n, chosen, rejected):
    return PreferencePair(f"p{n}", "d", f"e{n}", chosen, rejected, "import")


LENGTHS = st.lists(st.tuples(st.integers(1, 200), st.integers(1, 200)), max_size=60)


@given(LENGTHS, st.integers(0, 5))
def test_after_balancing_no_length_and_no_factor_tells_the_chosen_answer_and_no_pair_is_unaccounted_for(lengths, seed):
    pairs = [pair(n, "c" * c, "r" * r) for n, (c, r) in enumerate(lengths)]
    kept, gone = balanced_by_length(pairs, seed=seed)
    assert sorted(p.id for p in [*kept, *gone]) == sorted(p.id for p in pairs)
    assert length_auc(kept) in (None, 0.5)
    by_factor = Counter()
    for each in kept:
        if len(each.chosen) != len(each.rejected):
            factor = log2(len(each.chosen) / len(each.rejected))
            by_factor[int(2 * abs(factor))] += 1 if factor > 0 else -1
    assert not any(by_factor.values())
    assert balanced_by_length(kept, seed=seed) == (kept, [])


def test_pairs_that_were_stored_before_stay():
    pairs = [pair(n, "long answer", "short") for n in range(10)]
    kept, gone = balanced_by_length(pairs, seed=0, fixed=frozenset({"p3"}))
    assert [p.id for p in kept] == ["p3"]
    assert len(gone) == 9


@pytest.mark.parametrize(("name", "before"), [("LLMBar_Natural", 0.565), ("Processed_MT-Bench", 0.6925)])
def test_published_preferences_lose_their_length_bias_at_a_stated_loss(name, before):
    file = SHARED / "llmbar" / "raw" / f"{name}.json"
    if not file.exists():
        pytest.skip(f"{file} is not here")
    rows = json.loads(file.read_text(encoding="utf-8"))
    sides = [(r["output_1"], r["output_2"]) if r["label"] == 1 else (r["output_2"], r["output_1"]) for r in rows]
    pairs = [pair(n, *each) for n, each in enumerate(sides)]
    kept, gone = balanced_by_length(pairs, seed=0)
    assert length_auc(pairs) == pytest.approx(before)
    assert length_auc(kept) == 0.5
    assert len(kept) + len(gone) == len(pairs)
    assert len(gone) < 0.45 * len(pairs)


def test_a_mark_of_form_on_one_side_is_told_and_one_on_both_is_not():
    marked = [pair(n, f"- point {n}", f"point {n}") for n in range(30)]
    (tell,) = format_tells(marked)
    assert (tell.what, tell.chosen, tell.differing) == ("has a list", 30, 30)
    assert not format_tells([pair(n, f"- point {n}", f"- other {n}") for n in range(30)])
    even = [pair(n, *((f"**a** {n}", f"a {n}") if n % 2 else (f"a {n}", f"**a** {n}"))) for n in range(60)]
    assert not format_tells(even)
    assert any(f.kind == "format_tell" and "has a list" in f.text for f in check_pairs(marked, {}))


def test_whoever_takes_the_left_answer_is_told_by_name():
    sides = [("ana", True)] * 28 + [("ana", False)] * 2 + [("bo", n % 2 == 0) for n in range(30)]
    (tell,) = position_bias(sides)
    assert (tell.what, tell.chosen, tell.differing) == ("ana", 28, 30)
    (found,) = [f for f in check_pairs([], {}, sides=sides) if f.kind == "position_bias"]
    assert found.evidence == {"reviewer": "ana", "left": 28, "choices": 30, "share_left": 28 / 30}
