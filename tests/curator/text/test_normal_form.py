import re
import unicodedata
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.text import cased, normal_form, signs
from curator.text.normal_form import marks, name_words, negations_in, normalise, numbers_in, operators_in
from tests.curator.curation_data import shared


@given(st.text())
def test_normalising_twice_changes_nothing_more(text):
    # NFKC of a lower-cased text can compose once more (for example the dotted capital I), hence the second pass.
    once = normalise(normalise(text))
    assert normalise(once) == once


@pytest.mark.parametrize(
    "variant",
    ["where is my card", "WHERE IS MY CARD?", "  Where\tis my   card…", "Wh\u200bere is my card", 
     "Ｗｈｅｒｅ is my card!", "Where\u00a0is my ca\u00adrd"],
)  # fmt: skip
def test_case_spacing_width_and_punctuation_do_not_matter(variant):
    assert normalise(variant) == "where is my card"


TOKENS = st.lists(
    st.sampled_from(
        ["3", "80", "000", "1,000", "5%", "%", "-4", "7.", "two", "Paris", "not", "can't", "fee", "*", "."]
    ),
    min_size=1,
    max_size=8,
)
SPACES = st.sampled_from([" ", "  ", "\n", "\t", "\r\n", "\u00a0", "\u2003"])


@given(TOKENS, st.lists(SPACES, min_size=8, max_size=8))
def test_another_white_space_between_words_changes_neither_form_nor_marks(tokens, spaces):
    plain = " ".join(tokens)
    spaced = "".join(token + space for token, space in zip(tokens, spaces, strict=False))
    assert normalise(spaced) == normalise(plain)
    one, other = marks([plain, spaced])
    assert one == other


@pytest.mark.parametrize("text", ["में नहीं", "ฉันไม่รู้", "你知道吗", "как дела", "كيف حالك"])
def test_letters_and_marks_of_other_scripts_survive(text):
    assert normalise(text).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("files", "conflicts", "straddling"),
    [(("banking77/train.jsonl", "banking77/test.jsonl"), 2, 25), (("clinc150/data_full.jsonl",), 4, 36)],
)
def test_the_known_conflicts_and_straddling_texts_are_found(files, conflicts, straddling):
    labels, splits = defaultdict(set), defaultdict(set)
    for row in shared(*files):
        labels[normalise(row["text"])].add(row["label"])
        splits[normalise(row["text"])].add(row["split"])
    assert sum(len(found) > 1 for found in labels.values()) == conflicts
    assert sum(len(found) > 1 for found in splits.values()) == straddling


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1,000", "1000"),
        ("1 000 rows", "1000 rows"),
        ("２", "2"),
        ("٣", "3"),
        ("two", "2"),
        ("1.5", "1,5"),
        (".5", "0.5"),
        ("drei", "3"),
        ("семь", "7"),
        ("a dozen", "12"),
        ("–5", "-5"),
    ],
)
def test_one_number_in_two_spellings_is_one_number(left, right):
    assert numbers_in(left) == numbers_in(right)


def test_the_groups_of_one_number_have_one_separator():
    assert numbers_in("8,867,448 224 Forrest Hill Road") == ("8867448", "224")


@pytest.mark.parametrize(("left", "right"), [("1.5", "15"), ("-5", "5"), ("10%", "10"), ("1000", "100"), ("1 5", "15")])
def test_different_numbers_stay_different(left, right):
    assert numbers_in(left) != numbers_in(right)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("I can't", 1),
        ("I cannot", 1),
        ("I cant", 1),
        ("I can", 0),
        ("it isn’t and never was", 2),
        ("я не знаю", 1),
        ("ich habe kein Geld", 1),
        ("我不知道", 1),
        ("ฉันไม่รู้", 1),
    ],
)
def test_negations_are_counted(text, count):  # fmt: skip
    assert negations_in(text) == count


def test_a_word_is_a_name_by_how_the_corpus_writes_it():
    texts = [
        "I fly to Paris",
        "a flight to Paris",
        "Where is it?",
        "Hi, Where is it?",
        "where is it",
        "we met in paris",
    ]
    assert name_words(texts) == {"paris"}
    assert marks(["to Paris", "to Paris"])[0].names == ("paris",)
    assert name_words(["PLEASE GIVE ME MY MONEY BACK NOW"]) == frozenset()


SIGNED = st.text(st.sampled_from("ab1 .,'’?!:;-–−/\\()[]{}<>=+*#$€%&@_|~^`\"\n\tİſK２½"), max_size=40)


@given(SIGNED)
def test_the_quick_look_for_an_operator_misses_none(text):
    plain = re.sub(f"[{normal_form._DASHES}]", "-", " ".join(unicodedata.normalize("NFKC", text).split()))
    assert operators_in(text) == tuple(found.group().strip() for found in normal_form._OPERATOR.finditer(plain))


@given(SIGNED)
def test_the_quick_look_for_a_sign_misses_none(text):
    if signs._WORTH.search(signs._PERCENT.sub("%", text.translate(signs._TYPED))):
        assert signs._MAY_SIGN.search(text if text.isascii() else text.translate(signs._TYPED))


@given(st.lists(st.sampled_from(["IT", "it", "May", "maybe", "us", "Us2", "it's", "x", ".", "’", "ſat", " ", "-"])))
def test_the_quick_look_for_a_word_of_another_case_misses_none(parts):
    text = "".join(parts)
    if cased._SOUGHT.search(text):
        assert not text.isascii() or not cased._EITHER.isdisjoint(cased._RUN.findall(text.lower()))


@given(st.lists(st.sampled_from(["two", "Ten", "ten's", "half", "dozen", "tea", "don't", ",", "-", "one-two"])))
def test_numbers_in_words_are_read_alike_with_and_without_digits_beside(words):
    text = " ".join(words)
    assert numbers_in(f"{text} 7") == (*numbers_in(text), "7")
