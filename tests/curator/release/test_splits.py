import json
from collections import Counter, defaultdict

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import DataError, RequestError
from curator.records import Split
from curator.release.splits import LEAK_CHAIN, LEAK_NEAR, LEAK_SOURCE, LEAK_TEMPLATE, assign_splits
from tests.places import SHARED

SPLITS = st.sampled_from(["train", "validation", "test"])


def frame(rows):
    schema = {"example_id": pl.String, "group": pl.String, "label": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def split(rows, *, near=None, share=0.2, seed=1, ledger=None, requested=None, validation=0.0, templates=None):
    return assign_splits(
        frame(rows),
        near_groups=near or {},
        test_share=share,
        seed=seed,
        ledger=ledger or {},
        requested=requested or {},
        validation_share=validation,
        templates=templates,
    )


@st.composite
def cases(draw):
    n = draw(st.integers(0, 25))
    ids = [f"e{i:02}" for i in range(n)]
    key = st.sampled_from([None, *"abcdef"])
    rows = [(i, draw(key), draw(st.sampled_from([None, "x", "y"]))) for i in ids]
    near = {i: value for i in ids if (value := draw(key)) is not None}
    some = st.dictionaries(st.sampled_from(ids), SPLITS) if ids else st.just({})
    return rows, near, draw(some), draw(some), draw(st.floats(0, 0.9)), draw(st.integers(0, 5))


@given(cases())
@settings(max_examples=200, deadline=None)
def test_no_group_is_in_both_splits_and_every_row_is_accounted_for_once(case):
    rows, near, ledger, requested, share, seed = case
    result = split(rows, near=near, share=share, seed=seed, ledger=ledger, requested=requested)
    seen = defaultdict(set)
    for example_id, group, _ in rows:
        assert (example_id in result.assignments) != (example_id in result.held_out)
        if example_id in result.assignments:
            seen["source", group if group is not None else example_id].add(result.assignments[example_id])
            seen["near", near.get(example_id, example_id)].add(result.assignments[example_id])
    assert all(len(splits) == 1 for splits in seen.values())


@given(cases())
@settings(max_examples=200, deadline=None)
def test_a_row_of_the_ledger_never_moves_and_a_test_row_is_never_held_out(case):
    rows, near, ledger, requested, share, seed = case
    result = split(rows, near=near, share=share, seed=seed, ledger=ledger, requested=requested)
    for example_id, before in ledger.items():
        if before == "test":
            assert result.assignments[example_id] == "test"
        else:
            assert result.assignments.get(example_id, before) == before


@given(cases(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_rows_does_not_matter(case, random):
    rows, near, ledger, requested, share, seed = case
    shuffled = random.sample(rows, len(rows))
    options = {"near": near, "share": share, "seed": seed, "ledger": ledger, "requested": requested}
    assert split(rows, **options) == split(shuffled, **options)


@given(cases())
@settings(max_examples=100, deadline=None)
def test_a_second_run_with_the_first_as_ledger_changes_nothing(case):
    rows, near, _, requested, share, seed = case
    first = split(rows, near=near, share=share, seed=seed, requested=requested)
    again = split(rows, near=near, share=share, seed=seed, requested=requested, ledger=first.assignments)
    assert again.assignments == first.assignments
    assert again.held_out.keys() == first.held_out.keys()


def test_about_the_wanted_share_of_every_label_tests():
    rows = [(f"e{i:04}", None, "rare" if i % 10 == 0 else "common") for i in range(1000)]
    result = split(rows, share=0.2)
    tested = Counter(label for i, _, label in rows if result.assignments[i] == "test")
    assert abs(tested["rare"] - 20) <= 1
    assert abs(tested["common"] - 180) <= 1


def test_another_seed_draws_other_rows_of_the_same_number():
    rows = [(f"e{i:03}", None, "x") for i in range(200)]
    first, second = split(rows, seed=1).assignments, split(rows, seed=2).assignments
    assert first != second
    assert Counter(first.values()) == Counter(second.values()) == {"train": 160, "test": 40}


def test_a_component_larger_than_the_test_set_trains():
    rows = [(f"e{i:03}", "giant" if i < 50 else None, "x") for i in range(100)]
    result = split(rows, share=0.2)
    assert {result.assignments[f"e{i:03}"] for i in range(50)} == {"train"}
    assert Counter(result.assignments.values())["test"] == 20


def test_a_conflict_of_the_data_holds_out_the_train_row_and_says_why():
    rows = [("a", None, "x"), ("b", None, "x"), ("c", "thread", "x"), ("d", "thread", "x"), ("e", "thread", "x")]
    requested: dict[str, Split] = {"a": "train", "b": "test", "c": "train", "d": "test", "e": "train"}
    result = split(rows, near={"a": "g", "b": "g"}, requested=requested)
    assert result.assignments == {"b": "test", "d": "test"}
    assert result.held_out == {"a": LEAK_NEAR, "c": LEAK_SOURCE, "e": LEAK_SOURCE}
    assert (result.components, result.straddling) == (2, 2)
    assert result.reasons == {LEAK_NEAR: 1, LEAK_SOURCE: 2}


def test_a_chain_through_a_held_out_row_is_held_out_too():
    rows = [("a", None, "x"), ("b", "thread", "x"), ("c", "thread", "x")]
    result = split(rows, near={"a": "g", "b": "g"}, requested={"a": "test", "b": "train", "c": "train"})
    assert result.held_out == {"b": LEAK_NEAR, "c": LEAK_CHAIN}


def test_a_new_row_like_a_frozen_test_row_is_held_out_and_one_like_a_train_row_trains():
    rows = [("a", None, "x"), ("b", None, "x"), ("new1", None, "x"), ("new2", None, "x")]
    near = {"a": "g", "new1": "g", "b": "h", "new2": "h"}
    result = split(rows, near=near, ledger={"a": "test", "b": "train"})
    assert result.held_out == {"new1": LEAK_NEAR}
    assert result.assignments == {"a": "test", "b": "train", "new2": "train"}


def test_test_rows_that_came_with_the_data_count_towards_the_share():
    rows = [(f"e{i:03}", None, "x") for i in range(100)]
    result = split(rows, share=0.2, requested={f"e{i:03}": "test" for i in range(30)})
    assert Counter(result.assignments.values()) == {"test": 30, "train": 70}


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_share_outside_its_range_is_refused(share):
    with pytest.raises(RequestError, match="test share"):
        split([], share=share)


def test_a_repeated_id_and_a_missing_column_are_refused_by_name():
    with pytest.raises(DataError, match="'a' is missing or occurs twice"):
        split([("a", None, "x"), ("a", None, "x")])
    with pytest.raises(DataError, match="'group'"):
        assign_splits(
            pl.DataFrame({"example_id": ["a"], "label": ["x"]}),
            near_groups={},
            test_share=0.2,
            seed=0,
            ledger={},
            requested={},
        )


@pytest.mark.skipif(not (SHARED / "banking77").is_dir(), reason="needs the shared Banking77 files")
def test_banking77_texts_in_both_of_its_own_splits_are_held_out_of_train():
    rows, near, requested = [], {}, {}
    for name in ("train", "test"):
        for line in (SHARED / "banking77" / f"{name}.jsonl").read_bytes().splitlines():
            row = json.loads(line)
            rows.append((row["id"], None, row["label"]))
            near[row["id"]] = " ".join(row["text"].casefold().split())
            requested[row["id"]] = row["split"]
    train = {near[i] for i, each in requested.items() if each == "train"}
    test = {near[i] for i, each in requested.items() if each == "test"}
    shared = train & test
    result = split(rows, near=near, requested=requested)
    assert result.straddling == len(shared) > 0
    assert set(result.held_out) == {i for i, text in near.items() if text in shared and requested[i] == "train"}
    assert sum(each == "test" for each in result.assignments.values()) == 3080


def templated(templates, size, label="x"):
    """Rows with ids, so many of each template, and the template of each."""
    names = {f"t{t:02}-{n:02}": f"template {t}" for t in range(templates) for n in range(size)}
    return [(name, None, label) for name in names], names


def test_a_draw_keeps_the_rows_of_a_template_together_and_validation_apart_from_both():
    rows, templates = templated(40, 25)
    result = split(rows, templates=templates, validation=0.1)
    seen = defaultdict(set)
    for example, where in result.assignments.items():
        seen[templates[example]].add(where)
    assert all(len(each) == 1 for each in seen.values())
    assert Counter(result.assignments.values()) == {"train": 700, "test": 200, "validation": 100}
    assert not result.divided


def test_templates_that_leave_too_few_rows_to_draw_from_are_divided_and_it_is_said():
    rows, templates = templated(3, 30)
    result = split(rows, templates=templates)
    assert result.divided
    assert Counter(result.assignments.values())["test"] == 18
    assert result.assignments == split(rows).assignments


def test_a_template_that_holds_the_last_rows_of_a_label_trains():
    rows, templates = templated(30, 10)
    rows = [(name, None, templates[name]) for name, _, _ in rows]  # a label for each template
    result = split([*rows, *((f"z{n}", None, "other") for n in range(100))], templates=templates)
    trained = {label for name, _, label in rows if result.assignments[name] == "train"}
    assert len(trained) == 30
    assert "test" in result.assignments.values()


def test_a_later_row_goes_where_the_ledger_has_its_template_and_is_held_out_where_that_is_test_alone():
    rows = [("a", None, "x"), ("b", None, "x"), ("c", None, "x"), ("d", None, "x")]
    templates = {"a": "one", "c": "one", "b": "two", "d": "two"}
    result = split(rows, templates=templates, ledger={"a": "test", "b": "train"})
    assert result.held_out == {"c": LEAK_TEMPLATE}
    assert result.assignments["d"] == "train"
    mixed = split(rows, templates={**templates, "b": "one"}, ledger={"a": "test", "b": "train"})
    assert mixed.assignments["c"] == "train"


def test_templates_move_no_split_that_the_data_brings():
    rows, templates = templated(10, 10)
    asked = {name: ("test" if name.endswith("0") else "train") for name, _, _ in rows}
    assert split(rows, templates=templates, requested=asked).assignments == asked


def test_test_wins_over_validation_and_validation_over_train():
    rows = [("a", "g", "x"), ("b", "g", "x"), ("c", "h", "x"), ("d", "h", "x")]
    asked = {"a": "test", "b": "validation", "c": "validation", "d": "train"}
    result = split(rows, requested=asked)
    assert result.assignments == {"a": "test", "c": "validation"}
    assert result.held_out == {"b": LEAK_SOURCE, "d": "leak: shares a source group with validation"}


def test_shares_that_leave_nothing_to_train_are_refused():
    with pytest.raises(RequestError, match="leave no row to train"):
        split([("a", None, "x")], share=0.6, validation=0.4)


def test_the_largest_set_of_rows_that_belong_together_is_counted():
    assert split([("a", "g", "x"), ("b", "g", "x"), ("c", None, "x")]).largest == 2
