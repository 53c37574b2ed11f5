import time

import pytest

from curator.dedup import near_pairs
from curator.hygiene import (
    format_faults,
    iban,
    leaks,
    luhn,
    mixed_system_prompts,
    personal_data,
    redundancy,
    repetition,
    secrets,
    shortcuts,
)  # fmt: skip


def rules(faults):
    return {fault.rule: fault.rows for fault in faults}


def test_chat_marks_lost_characters_and_left_prompts_are_found():
    texts = ["fine", "<|im_start|>user hi", "caf\ufffd", "You are a helpful assistant. Hi", "?!"]
    assert rules(format_faults(texts, [None] * 5, None)) == {
        "chat_template_mark": (1,), "broken_encoding": (2,), "prompt_left": (3,), "empty": (4,),
    }  # fmt: skip


def test_spellings_of_one_label_are_joined_to_the_one_that_the_task_defines():
    faults = format_faults(["t"] * 4, ["refund", "Refund", "refund ", "other"], ["refund", "other"])
    variants = next(fault for fault in faults if fault.rule == "label_variants")
    assert (variants.rows, variants.value) == ((1, 2), "refund")
    assert rules(faults)["label_space"] == (2,)
    assert rules(faults)["unknown_label"] == (1, 2)


def test_one_row_far_longer_than_the_others_is_overlong():
    assert rules(format_faults(["a b c"] * 20 + ["word " * 900], [None] * 21, None)) == {"overlong": (20,)}


def test_forms_are_counted_with_digits_masked():
    found = repetition([f"Order {n} is late" for n in range(30)] + ["Something else"] * 10)
    assert found.distinct == 2
    assert found.effective == pytest.approx(1.7548, abs=1e-3)
    assert len(found.rows) == 40


def test_a_label_stated_in_the_input_is_a_shortcut_and_the_word_alone_is_not():
    texts = [f"category: card loss, row {n}" for n in range(5)] + ["my card loss is sad"] * 5
    (fault,) = shortcuts(texts, ["card_loss"] * 10)
    assert fault.rows == tuple(range(5))


def test_secrets_are_found_and_only_their_start_is_shown():
    key = "AK" + "IA" + "ABCDEFGHIJKLMNOP"
    token = "gh" + "p_" + "a1" * 20
    (aws, github) = secrets(["nothing here", f"use {key}", f"use {token} now"])
    assert (aws.rule, aws.rows) == ("AWS access key", (1,))
    assert (github.rule, github.rows) == ("GitHub token", (2,))
    assert key not in aws.detail


def test_personal_data_is_found_by_kind_and_ordinary_numbers_are_not():
    texts = ["write to a.b@example.co.uk", "card 4539 1488 0343 6467", "card 4539 1488 0343 6468",
             "GB82 WEST 1234 5698 7654 32", "call +44 20 7946 0958",
             "on 2024-10-12 I paid 1,000.50 for order 123456"]  # fmt: skip
    assert rules(personal_data(texts)) == {
        "e-mail address": (0,), "card number": (1,), "account number (IBAN)": (3,), "phone number": (4,),
    }  # fmt: skip


def test_check_digits():
    assert luhn("4111 1111 1111 1111")
    assert not luhn("0000 0000 0000 0000")
    assert not iban("GB82 WEST 1234 5698 7654 33")


def test_leaks_name_both_sides_and_how():
    texts = ["Where is my new card?", "where is my new card", "Please close my account today",
             "Please close my acount today", "one thing", "another matter"]  # fmt: skip
    found = leaks(
        texts, ["train", "test", "train", "test", "train", "test"], [None] * 4 + ["g", "g"], near_pairs(texts)
    )
    assert [(leak.how, leak.test_rows, leak.train_rows) for leak in found] == [
        ("exact", (1,), (0,)), ("near", (3,), (2,)), ("group", (5,), (4,)),
    ]  # fmt: skip


def test_rows_without_a_split_leak_nothing():
    texts = ["same text", "same text"]
    assert leaks(texts, ["train", None], ["g", "g"], near_pairs(texts)) == []


def test_redundancy_is_the_likeness_to_the_nearest_copy():
    score = redundancy(near_pairs(["where is my card", "where is my crad", "something else entirely"]), 3)
    assert score[0] == score[1] > 0.8
    assert score[2] == 0.0


def test_a_line_of_a_million_letters_is_searched_once_and_not_once_from_each_letter() -> None:
    started = time.monotonic()
    faults = personal_data(["a" * 1_000_000, "a." * 500_000, "write to ana@example.org"])
    assert [fault.rows for fault in faults] == [(2,)]
    assert time.monotonic() - started < 5


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


def test_rows_with_another_system_prompt_than_most_are_named():
    found = mixed_system_prompts(["Be  brief."] * 5 + ["Be brief.", "Be kind.", None])
    assert [(fault.rule, fault.rows) for fault in found] == [("mixed_system_prompts", (6, 7))]
    assert "3 different system prompts: 6 rows with 'Be brief.'" in found[0].detail
    assert mixed_system_prompts(["Be brief."] * 3) == []
    assert mixed_system_prompts([None, None]) == []
