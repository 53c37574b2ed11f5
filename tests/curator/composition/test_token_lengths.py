import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curator.composition import TokenLengths, token_lengths

COUNTS = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 500)), min_size=1, max_size=80)


@given(COUNTS, st.integers(1, 6000))
def test_the_rows_above_the_limit_are_counted_one_by_one_and_quantiles_are_counts_that_occur(counts, limit):
    inputs, answers = zip(*counts, strict=True)
    ids = [f"r{n}" for n in range(len(counts))]
    found = token_lengths(ids, inputs, answers, tokenizer="t", why="a test", sha256="0", limit=limit)
    whole = [a + b for a, b in counts]
    assert found.over == sum(each > limit for each in whole)
    assert found.whole.longest == max(whole) == whole[ids.index(found.longest_id)]
    assert {found.whole.median, found.whole.p95, found.whole.p99} <= set(whole)
    assert np.mean([each <= found.whole.p95 for each in whole]) >= 0.95
    assert found.answer.longest == max(answers)
    assert ("is above" in found.sentence() or "are above" in found.sentence()) == (found.over > 0)


def test_without_a_tokenizer_lengths_are_said_to_be_unknown():
    found = TokenLengths(None, "none is here")
    assert found.sentence() == "token lengths are not known: none is here"
    assert (found.rows, found.whole, found.share_over) == (0, None, 0.0)
