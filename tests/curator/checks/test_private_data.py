from collections import Counter

import pytest

from curator.checks.private_data import iban, luhn, personal_data, secrets
from tests.curator.curation_data import shared
from tests.hang import ends

KINDS = {
    "EMAIL_ADDRESS": "e-mail address",
    "CREDIT_CARD": "card number",
    "IBAN_CODE": "account number (IBAN)",
    "PHONE_NUMBER": "phone number",
    "US_SSN": "social security number (US)",
}


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


@pytest.mark.parametrize(
    "number",
    ["(415) 555-2671", "07700 063 966", "+46 (0)8 928 571 38", "call me on 9498777106", "my phone is 467 3395",
     "345-899-3560x4587", "电话 138-0013-8000"],
)  # fmt: skip
def test_a_phone_number_is_known_by_its_groups_or_by_the_words_before_it(number):
    assert [fault.rule for fault in personal_data([number])] == ["phone number"]


@pytest.mark.parametrize(
    "text",
    ["2000-04-16 11:34:35", "log in to 192.168.100.200", "the war of 1988-1989", "order 9498777106 of 467 3395 sheets",
     "from 1,000,000 to 2,000,000", "rows 100 200 300", "version 10.15.7", "GB37LTXZ84215830989319"],
)  # fmt: skip
def test_dates_machines_years_and_counts_are_no_personal_data(text):
    assert personal_data([text]) == []


def test_what_a_published_set_of_personal_data_marks_is_found_and_little_else():
    rows = shared("presidio_pii/data.jsonl")
    marked: dict[str, set[int]] = {kind: set() for kind in KINDS.values()}
    for place, row in enumerate(rows):
        for span in row["spans"]:
            if span["entity_type"] in KINDS:
                marked[KINDS[span["entity_type"]]].add(place)
    found = {fault.rule: set(fault.rows) for fault in personal_data([row["text"] for row in rows])}
    recall = {kind: len(found[kind] & there) / len(there) for kind, there in marked.items()}
    false = Counter({kind: len(found[kind] - there) for kind, there in marked.items()})
    assert min(recall[kind] for kind in recall if kind != "phone number") > 0.99
    assert recall["phone number"] > 0.85
    assert false.total() <= 2


def test_ordinary_questions_hold_no_personal_data():
    rows = shared("banking77/train.jsonl", "clinc150/data_full.jsonl")
    assert personal_data([row["text"] for row in rows]) == []


def test_check_digits():
    assert luhn("4111 1111 1111 1111")
    assert not luhn("0000 0000 0000 0000")
    assert not iban("GB82 WEST 1234 5698 7654 33")


def test_an_account_number_has_the_length_of_its_country():
    assert iban("be68539007547034")
    assert not iban("QX55123456789012"), "right check digits, but no such country"
    assert not iban("GB25123456789012345678"), (
        "the check digits are right, a British number begins with a bank's letters"
    )


def test_an_account_number_is_found_beside_short_words():
    texts = [
        "send it from BE68 5390 0754 7034 this week",
        "to NL91 ABNA 0417 1643 00 as ever",
        "DE89370400440532013000.",
    ]
    (found,) = [fault for fault in personal_data(texts) if fault.rule == "account number (IBAN)"]
    assert found.rows == (0, 1, 2)


def test_a_line_of_a_million_letters_is_searched_once_and_not_once_from_each_letter() -> None:
    with ends():
        faults = personal_data(["a" * 1_000_000, "a." * 500_000, "write to ana@example.org"])
    assert [fault.rows for fault in faults] == [(2,)]


@pytest.mark.parametrize(
    "text",
    [
        "glpat-" + "aB3" * 8,
        "sk_live_" + "aB3" * 8,
        "github_pat_" + "aB3" * 20,
        'aws_secret_access_key = "' + "aB3/" * 10,
        "postgres://ana:pa55word@host:5432/db",
        "my password is hunter22",
    ],
)
def test_tokens_of_common_services_settings_and_addresses_with_a_password_are_secrets(text):
    assert len(secrets([text])) == 1


def test_names_of_keys_in_a_schema_and_addresses_without_a_password_are_no_secrets():
    texts = ["key = course_identifier_of_2010", "https://example.org:8080/a@b", "what is a password and is it safe"]
    assert secrets(texts) == []


def test_a_barcode_of_thirteen_digits_is_no_card():
    assert personal_data(["6935364052143"]) == []


@pytest.mark.parametrize("text", ["key=" * 200_000, "password:" * 200_000, "a://" * 200_000])
def test_long_runs_of_what_begins_a_secret_are_read_once(text):
    with ends():
        secrets([text])


@pytest.mark.parametrize(
    ("number", "card"),
    [
        ("4539 1488 0343 6467", True),  # Visa
        ("5555 5555 5555 4444", True),  # Mastercard
        ("2223 0031 2200 3222", True),  # Mastercard, since 2017
        ("3782 822463 10005", True),  # American Express
        ("6011 1111 1111 1117", True),  # Discover
        ("3530 1113 3330 0000", True),  # JCB
        ("9999 9999 9999 9995", False),
        ("7992 7398 7130 0006", False),
        ("1234 5678 9012 3452", False),
        ("0000 1111 2222 3332", False),
    ],
)
def test_a_number_that_no_issuer_uses_is_no_card(number, card):
    found = [fault.rule for fault in personal_data([f"my card is {number}, thanks"])]
    assert ("card number" in found) == card
