import time

from curator.private_data import iban, luhn, personal_data, secrets


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
    assert {fault.rule: fault.rows for fault in personal_data(texts)} == {
        "e-mail address": (0,), "card number": (1,), "account number (IBAN)": (3,), "phone number": (4,),
    }  # fmt: skip


def test_check_digits():
    assert luhn("4111 1111 1111 1111")
    assert not luhn("0000 0000 0000 0000")
    assert not iban("GB82 WEST 1234 5698 7654 33")


def test_a_line_of_a_million_letters_is_searched_once_and_not_once_from_each_letter() -> None:
    started = time.monotonic()
    faults = personal_data(["a" * 1_000_000, "a." * 500_000, "write to ana@example.org"])
    assert [fault.rows for fault in faults] == [(2,)]
    assert time.monotonic() - started < 5
