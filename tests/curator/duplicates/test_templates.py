import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.duplicates.templates import repetition, template_forms
from tests.hang import ends

SENTENCES = (
    "Hi, this is {name}, can you tell me when my {thing} will arrive in {city}?",
    "I would like to fly from {city} to {city} with {name} and two bags.",
    "My {thing} broke after two days, what can I do?",
    "The {thing} I bought from you makes a {noise} noise when I turn it on.",
    "Could you change the delivery address of order {number} to {city}?",
)
SLOTS = {
    "name": ["Anna", "Peter", "Maria", "Ahmed", "Li", "Olga", "Pablo", "Nina", "Tom", "Greta"],
    "thing": ["phone", "laptop", "blender", "kettle", "sofa", "lamp", "jacket", "tent", "bicycle", "printer"],
    "city": ["Boston", "New York", "Los Angeles", "Tokyo", "Oslo", "Madrid"],
    "noise": ["strange", "loud", "humming", "clicking", "awful"],
}


def made(rows, seed=0):
    rng = random.Random(seed)
    fill = lambda: {slot: rng.choice(words) for slot, words in SLOTS.items()}  # noqa: E731
    return [SENTENCES[row % len(SENTENCES)].format(**fill(), number=rng.randint(2, 9999)) for row in range(rows)]


def test_numbers_are_masked_in_each_text():
    found = repetition(template_forms([f"Order {n} is late" for n in range(30)] + ["Something else"] * 10))
    assert found.distinct == 2
    assert found.effective == pytest.approx(1.7548, abs=1e-3)
    assert len(found.rows) == 40


def test_a_thousand_rows_of_five_sentences_with_names_and_words_in_slots_are_five_texts():
    found = repetition(template_forms(made(1000)))
    assert found.distinct == 5
    assert found.effective == pytest.approx(5.0, abs=0.01)
    assert ("my _ broke after two days what can i do", 200) in found.largest
    assert ("could you change the delivery address of order 0 to NAME", 200) in found.largest


def test_the_order_of_the_rows_changes_no_template():
    texts = made(400)
    shuffled = random.Random(3).sample(texts, len(texts))
    assert Counter(template_forms(shuffled)) == Counter(template_forms(texts))


def test_four_rows_are_no_template_and_five_are():
    rows = [f"please tell me how to repair a {thing}" for thing in SLOTS["thing"]]
    assert len(set(template_forms(rows[:4]))) == 4
    assert set(template_forms(rows[:5])) == {"please tell me how to repair a _"}


def test_sentences_that_share_less_than_two_thirds_of_their_words_are_no_template():
    rows = ["can you open it", "can she leave now", "can we talk later", "can they pay less", "can he do more"]
    assert template_forms(rows) == rows


def test_free_text_after_words_that_all_texts_begin_with_is_no_slot():
    free = ["my cat ran home", "she likes old books", "rain fell all night", "buy two fresh eggs", "he sold his car"]
    rows = [f"please answer the following question in one word and be polite {text}" for text in free]
    assert template_forms(rows) == rows


@given(st.lists(st.text(max_size=40), max_size=30))
def test_every_text_has_a_form_and_equal_texts_have_the_same(texts):
    forms = template_forms(texts * 2)
    assert len(forms) == 2 * len(texts)
    assert forms[: len(texts)] == forms[len(texts) :]


@pytest.mark.parametrize(("words", "vocabulary"), [(20, 3), (40, 2)])
def test_texts_of_very_few_words_take_no_longer_than_others(words, vocabulary):
    draw = random.Random(1)
    texts = [" ".join(f"{'abc'[draw.randrange(vocabulary)]}lpha" for _ in range(words)) for _ in range(8_000)]
    with ends():
        assert repetition(template_forms(texts)).distinct > 7_900
