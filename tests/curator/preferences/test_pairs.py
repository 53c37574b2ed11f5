import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import RequestError
from curator.preferences.pairs import SOURCE_VALUE, Candidate, build_pairs, check_pairs
from curator.records import PreferencePair, write_exact
from curator.text import squeeze


def candidate(example="e1", chosen="good", rejected="bad", source="review_edit"):
    return Candidate(example, "d", chosen, rejected, source)


def pair(number, chosen="good", rejected="bad", example=None):
    return PreferencePair(f"p{number}", "d", example or f"e{number}", chosen, rejected, "review_edit")


def kinds(findings):
    return {finding.kind for finding in findings}


CANDIDATES = st.lists(
    st.builds(
        Candidate,
        st.sampled_from(["e1", "e2", "e3"]),
        st.just("d"),
        st.sampled_from(["", " ", "a", "b", "c", " a ", "A"]),
        st.sampled_from(["", "a", "b", "c", "b\n", "A"]),
        st.sampled_from(list(SOURCE_VALUE)),
    ),
    max_size=30,
)


@given(CANDIDATES, st.integers(1, 3), st.integers(0, 3), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_every_candidate_is_kept_or_counted_and_the_order_does_not_matter(candidates, cap, seed, random):
    result = build_pairs(candidates, cap_per_label_pair=cap, seed=seed)
    assert len(result.pairs) + sum(result.dropped.values()) == len(candidates)
    shuffled = random.sample(candidates, len(candidates))
    assert build_pairs(shuffled, cap_per_label_pair=cap, seed=seed) == result
    inputs = {example: example for example in ("e1", "e2", "e3")}
    assert not kinds(check_pairs(result.pairs, inputs)) & {"identical", "empty", "contradiction", "missing_input"}
    assert len({each.id for each in result.pairs}) == len(result.pairs)


def test_each_reason_is_counted():
    candidates = [
        candidate("e1", "", "bad"),
        candidate("e2", "same ", " same"),
        candidate("e3", "other", "approved"),
        candidate("e4"),
        candidate("e4", source="student_error"),
        candidate("e5", "x", "y"),
        candidate("e5", "y", "x"),
        candidate("e6"),
        candidate("e7"),
    ]
    result = build_pairs(candidates, cap_per_label_pair=2, seed=0, approved={"e3": "approved"})
    assert result.dropped == {
        "empty": 1,
        "identical": 1,
        "rejected_is_approved": 1,
        "duplicate": 1,
        "contradiction": 2,
        "over_label_pair_cap": 1,
    }
    assert len(result.pairs) == 2


def test_the_better_source_survives_the_cap_and_a_duplicate():
    weak = [candidate(f"e{i}", source="decision") for i in range(20)]
    strong = [candidate("strong"), candidate("e0")]
    result = build_pairs([*weak, *strong], cap_per_label_pair=2, seed=3)
    assert {(each.example_id, each.source) for each in result.pairs} == {
        ("strong", "review_edit"),
        ("e0", "review_edit"),
    }
    assert result.dropped == {"duplicate": 1, "over_label_pair_cap": 19}


def test_the_seed_decides_among_equal_sources():
    many = [candidate(f"e{i:02}") for i in range(30)]
    kept = {tuple(p.example_id for p in build_pairs(many, cap_per_label_pair=3, seed=s).pairs) for s in range(5)}
    assert len(kept) > 1


def test_a_difference_of_case_is_a_difference():
    assert squeeze("Select  1") == "Select 1" != squeeze("select 1")
    assert len(build_pairs([candidate("e1", "A", "a")], cap_per_label_pair=1, seed=0).pairs) == 1


def test_a_cap_below_one_is_refused():
    with pytest.raises(RequestError, match="below 1"):
        build_pairs([], cap_per_label_pair=0, seed=0)


def test_two_examples_with_one_text_contradict_each_other():
    pairs = [pair(1, "a", "b"), pair(2, "b", "a")]
    found = check_pairs(pairs, {"e1": "Hello  there", "e2": "Hello there"}, min_prompts=1)
    assert [(f.kind, set(f.pair_ids)) for f in found] == [("contradiction", {"p1", "p2"})]


def test_a_circle_of_three_answers_is_found_and_a_chain_is_not():
    circle = [pair(1, "a", "b"), pair(2, "b", "c"), pair(3, "c", "a"), pair(4, "a", "d")]
    inputs = {f"e{i}": "one prompt" for i in range(1, 5)}
    (found,) = check_pairs(circle, inputs, min_prompts=1)
    assert (found.kind, set(found.pair_ids)) == ("cycle", {"p1", "p2", "p3"})
    chain = [pair(1, "a", "b"), pair(2, "b", "c"), pair(3, "a", "c")]
    assert check_pairs(chain, inputs, min_prompts=1) == ()


@pytest.mark.parametrize(("chosen", "rejected"), [("a b ", "a b"), ("a\r\nb", "a\nb"), ("caf\u00e9", "cafe\u0301")])
def test_answers_that_differ_in_nothing_that_a_model_sees_are_identical(chosen, rejected):
    result = build_pairs([candidate("e1", chosen, rejected)], cap_per_label_pair=1, seed=0)
    assert result.dropped == {"identical": 1}


@pytest.mark.parametrize(
    ("chosen", "rejected"),
    [
        ("if a:\n    b()\nc()", "if a:\n    b()\n    c()"),
        ("    return x", "return x"),
        ("10\u2075 people", "105 people"),
        ("5 m\u00b2", "5 m2"),
        ("- a\n- b", "- a - b"),
        ("SELECT 'a  b'", "SELECT 'a b'"),
        ("fine", "\ufb01ne"),
        ("Refund", "refund"),
    ],
)
def test_a_correction_that_a_model_sees_makes_a_pair(chosen, rejected):
    (made,) = build_pairs([candidate("e1", chosen, rejected)], cap_per_label_pair=1, seed=0).pairs
    assert (made.chosen, made.rejected) == (chosen, rejected)
    assert not kinds(check_pairs([made], {"e1": "x"}, min_prompts=1))


def test_a_pair_without_its_input_is_an_error():
    found = check_pairs([pair(1)], {}, min_prompts=0)
    assert [(f.kind, f.severity) for f in found] == [("missing_input", "error")]


def test_length_bias_and_a_dominant_label_pair_are_figures_with_a_share():
    pairs = [pair(i, "a long answer", "short") for i in range(15)]
    pairs += [pair(i, f"s{i}", f"a long answer {i}") for i in range(15, 20)]
    inputs = {f"e{i}": f"text {i}" for i in range(20)}
    found = {f.kind: f for f in check_pairs(pairs, inputs, min_prompts=20)}
    assert found.keys() == {"length_bias", "dominant_label_pair"}
    assert found["length_bias"].evidence["share_chosen_longer"] == 0.75
    assert found["dominant_label_pair"].evidence["share"] == 0.75


def test_balanced_pairs_have_no_finding():
    pairs = [pair(i, "xxx" if i % 2 else "x", f"y{i}"[:2]) for i in range(60)]
    assert check_pairs(pairs, {f"e{i}": f"text {i}" for i in range(60)}) == ()


def test_few_prompts_are_reported():
    (found,) = check_pairs([pair(1)], {"e1": "x"})
    assert (found.kind, found.evidence["prompts"]) == ("few_prompts", 1)


@pytest.mark.parametrize(("longer", "side"), [(True, "longer"), (False, "shorter")])
def test_a_bias_for_length_is_said_in_either_direction(longer, side):
    answers = [("a" * 40, f"b{n}") if (n % 10 != 0) == longer else (f"b{n}", "a" * 40) for n in range(40)]
    pairs = [pair(n, chosen, rejected) for n, (chosen, rejected) in enumerate(answers)]
    found = {f.kind: f.text for f in check_pairs(pairs, {}, min_prompts=1)}
    assert f"the {side} one in 90% of the pairs" in found["length_bias"]


def test_pairs_that_all_prefer_one_source_are_said():
    pairs = [pair(n, f"good {n}", f"poor {n}") for n in range(40)]
    one_way = {each.id: ("gpt", "llama") for each in pairs}
    (found,) = (f for f in check_pairs(pairs, {}, sources=one_way) if f.kind == "one_sided_source")
    assert (found.evidence["winner"], found.evidence["loser"], found.evidence["pairs"]) == ("gpt", "llama", 40)
    mixed = {each.id: ("gpt", "llama") if n % 3 else ("llama", "gpt") for n, each in enumerate(pairs)}
    assert "one_sided_source" not in {f.kind for f in check_pairs(pairs, {}, sources=mixed)}


def test_two_calls_of_one_function_with_the_same_arguments_are_no_pair():
    def call(ident, arguments):
        called = {"id": ident, "type": "function", "function": {"name": "f", "arguments": arguments}}
        return write_exact({"role": "assistant", "content": None, "tool_calls": [called]})

    same = candidate("e1", call("1", {"a": 1}), call("2", '{"a": 1.0}'))
    other = candidate("e2", call("1", {"a": 1}), call("1", {"a": 2}))
    result = build_pairs([same, other], cap_per_label_pair=9, seed=0)
    assert result.dropped == {"identical": 1}
    assert [each.example_id for each in result.pairs] == ["e2"]
