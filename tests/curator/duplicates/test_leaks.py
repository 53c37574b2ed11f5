from curator.duplicates.leaks import leaks as leaks_of
from curator.duplicates.lexical import near_pairs
from curator.duplicates.templates import template_forms


def leaks(texts, splits, groups, pairs, **options):
    return leaks_of(texts, splits, groups, pairs, template_forms(texts), **options)


def test_leaks_name_both_sides_and_how():
    texts = ["Where is my new card?", "where is my new card", "Please close my account today",
             "Please close my acount today", "one thing", "another matter"]  # fmt: skip
    found = leaks(
        texts, ["train", "test", "train", "test", "train", "test"], [None] * 4 + ["g", "g"], near_pairs(texts)
    )
    assert [(leak.how, leak.test_rows, leak.train_rows) for leak in found] == [
        ("exact", (1,), (0,)), ("near", (3,), (2,)), ("group", (5,), (4,)),
    ]  # fmt: skip


def test_texts_that_differ_in_a_sign_are_no_leak():
    assert leaks(["what is x * y", "what is x / y"], ["train", "test"], [None] * 2, near_pairs([])) == []


def test_rows_without_a_split_leak_nothing():
    texts = ["same text", "same text"]
    assert leaks(texts, ["train", None], ["g", "g"], near_pairs(texts)) == []


def test_rows_of_one_template_on_both_sides_are_a_leak_and_equal_rows_are_not_told_twice():
    texts = [
        "ship order 12 to the new address",
        "ship order 77 to the new address",
        "to 5",
        "to 6",
        "pay bill 3 by card now",
        "Pay bill 3 by card now!",
    ]
    splits = ["train", "test"] * 3
    found = leaks(texts, splits, [None] * 6, near_pairs([]))
    assert [(leak.how, leak.test_rows, leak.train_rows) for leak in found] == [
        ("exact", (5,), (4,)),
        ("template", (1,), (0,)),
    ]


def test_a_sentence_with_other_names_and_words_in_its_slots_is_a_leak_where_its_rows_have_one_label():
    things = ("sofa", "lamp", "tent", "phone", "kettle", "jacket")
    texts = [f"where is the {thing} that I ordered for {name}" for thing in things for name in ("Ann", "Ben")]
    splits = ["test", *["train"] * 11]
    (leak,) = leaks(texts, splits, [None] * 12, near_pairs([]), labels=["order"] * 12)
    assert (leak.how, leak.test_rows, leak.train_rows) == ("template", (0,), tuple(range(1, 12)))
    by_thing = [thing for thing in things for _ in range(2)]
    assert leaks(texts, splits, [None] * 12, near_pairs([]), labels=by_thing) == []
