"""What left rows out: each row under one filter, and the counts add up to the dataset."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from curator.records import Action
from curator.release import filters
from curator.review import Standing, TakenDecision


def decided(action: Action, ident: str, reason: str, value: str | None = None) -> Standing:
    """A row about which one decision is in force."""
    decision = TakenDecision(ident, action, value, reason=reason, seq=int(ident[1:]))
    return Standing(None, decision, decision)


OUT = st.sampled_from(["excluded", "rejected", "disputed", "unlabelled", "leak: shares a source group with test"])
STANDING = st.builds(decided, st.sampled_from(["exclude", "merge", "keep"]), st.sampled_from(["d1", "d2", "d3"]),
                     st.sampled_from(["off topic", "copies", ""]))  # fmt: skip


@given(st.lists(st.tuples(OUT, st.none() | STANDING), max_size=30), st.integers(0, 50))
def test_every_row_is_counted_once_whatever_left_it_out(rows: list[tuple[str, Standing | None]], kept: int) -> None:
    out = {f"e{n}": why for n, (why, _) in enumerate(rows)}
    found = filters(out, kept, {f"e{n}": said for n, (_, said) in enumerate(rows) if said is not None})
    assert found.rows == found.kept + sum(each.rows for each in found.left_out) == kept + len(rows)
    assert len({(each.by, each.reason) for each in found.left_out}) == len(found.left_out)
    undecided = Counter(why for why, said in rows if said is None)
    by = Counter({each.by: each.rows for each in found.left_out if not each.decisions})
    assert all(by[why] >= n for why, n in undecided.items())


def test_exclusions_are_told_apart_by_reason_and_name_their_decisions_in_order() -> None:
    standing = {
        "a": decided("exclude", "d9", "off topic"),
        "b": decided("exclude", "d2", "off topic"),
        "c": decided("exclude", "d3", "cap: no label above 30%"),
        "d": decided("merge", "d4", "copies", value="z"),
    }
    found = filters({**dict.fromkeys("abcd", "excluded"), "e": "disputed"}, 10, standing)
    assert [(each.by, each.reason, each.decisions, each.rows) for each in found.left_out] == [
        ("exclude", "off topic", ("d2", "d9"), 2),
        ("disputed", None, (), 1),
        ("exclude", "cap: no label above 30%", ("d3",), 1),
        ("merge", "copies", ("d4",), 1),
    ]
