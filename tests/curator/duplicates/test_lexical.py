import random
from collections import Counter, defaultdict
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rensa import RMinHash

from curator.duplicates import lexical
from curator.duplicates.groups import closed_groups, exact_groups, near_groups
from curator.duplicates.lexical import NearPairs, differing_words, near_pairs
from curator.text import compare, marks, typo_distance
from tests.curator.curation_data import shared
from tests.hang import ends


def near(*texts):
    return len(near_pairs(texts)) > 0


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Where is my new card?", "Where is my new crad?"),
        ("Where is my new card?", "Where is my card?"),
        ("Where is my new card?", "Hello there, where is my new card?"),
        ("Where is my new card?", "Where is my newcard?"),
        ("I paid 1,000 for it", "I paid 1000 for it"),
        ("你可以告诉我卡在哪里吗", "你可以告诉我卡在那里吗"),
        ("ฉันไม่รู้ว่าบัตรของฉันอยู่ที่ไหน", "ฉันไม่รู้ว่าบัตรของฉันอยูที่ไหน"),
    ],
)
def test_a_typo_a_dropped_word_a_greeting_or_a_lost_space_is_a_near_duplicate(left, right):
    assert near(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Please send 100 euros to my brother today", "Please send 1000 euros to my brother today"),
        ("Please wait two weeks for it", "Please wait three weeks for it"),
        ("I can use my card in this shop", "I can't use my card in this shop"),
        ("I want to pay with my card", "I do not want to pay with my card"),
        ("The app is able to read my card now", "The app is unable to read my card now"),
        ("Book me a flight to Paris please", "Book me a flight to London please"),
        ("Paris is where I want to go next", "London is where I want to go next"),
        ("I sent it from Rome to Oslo last week", "I sent it from Oslo to Rome last week"),
        ("How do I block my card", "How do I top up my card"),
        ("Where is my card", "Where is my order"),
        ("what is the time", "what is the time in london"),
        ("how do i top up", "How do I top up using cash?"),
        ("The rent rose to $350 a month", "The rent rose to €350 a month"),
        ("The rent rose to $.50 a month", "The rent rose to $50 a month"),
        ("It uses 5 kWh of energy a day", "It uses 5 MWh of energy a day"),
        ("Which key opens room 12A at night", "Which key opens room 12B at night"),
        ("The price increased by 5% this year", "The price decreased by 5% this year"),
        ("Show the rows in ascending order", "Show the rows in descending order"),
        ("What are the signs of hypertension", "What are the signs of hypotension"),
        ("Can the payer cancel a transfer", "Can the payee cancel a transfer"),
        ("Did she pay the bill on time", "Did he pay the bill on time"),
        ("Quiero comprar dos manzanas hoy", "Quiero comprar manzanas hoy"),
        ("我今天要买一本书送给妈妈", "我今天要卖一本书送给妈妈"),
        ("does a + b come to more than c", "does a - b come to more than c"),
    ],
)
def test_another_number_negation_name_or_word_is_not(left, right):
    assert not near(left, right)


@pytest.mark.parametrize("closing", ["please", "right now", "if possible", "thank you", "for me"])
def test_a_courtesy_at_the_end_says_nothing_more(closing):
    assert near("turn the volume down", f"turn the volume down {closing}")


@pytest.mark.parametrize("text", ["你好，我的新卡在哪里呢", "我的新卡在哪里呢，谢谢"])
def test_a_courtesy_is_one_in_a_script_without_spaces_as_well(text):
    assert near("我的新卡在哪里呢", text)


def test_a_word_that_the_corpus_uses_often_is_no_misspelling_of_another():
    corpus = [
        f"{opening} my {animal}" for animal in ("cats", "cars") for opening in ("sell", "buy", "wash", "see", "find")
    ]
    pairs = near_pairs(["tell me about cats", "tell me about cars", "tell me about catz", *corpus])
    assert list(zip(pairs.left_P.tolist(), pairs.right_P.tolist(), strict=True)) == [(0, 2)]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("it costs 1.5", "it costs 1 5"),
        ("set it to -5 now", "set it to 5 now"),
        ("10% off", "10 off"),
        ("how many are 10⁵ cells", "how many are 105 cells"),
        ("what is x * y", "what is x / y"),
        ("what is x - y", "what is x y"),
        ("if (a != b) stop", "if (a = b) stop"),
        ("how do I learn C#?", "how do I learn C?"),
    ],
)
def test_exact_groups_keep_numbers_and_signs_apart_that_normalising_would_join(left, right):
    assert exact_groups([left, right]) == []


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Die Straße ist groß", "DIE STRASSE IST GROSS"),
        ("it is –5 degrees", "it is -5 degrees"),
        ('SELECT a FROM t WHERE b = "x"', "SELECT a FROM t WHERE b = “x”"),
        ("on/off, and/or", "on off and or"),
        ("call 012-6651783", "call 012 6651783"),
    ],
)
def test_case_dashes_and_quotation_marks_do_not_keep_copies_apart(left, right):
    assert [group.rows for group in exact_groups([left, right])] == [(0, 1)]


def test_a_courtesy_with_a_capital_is_no_name():
    texts = ["I'm from Iceland", "I'm from Iceland Thanks!", "My order is late Thanks", "It does not work Thanks"]
    assert (0, 1) in zip(near_pairs(texts).left_P.tolist(), near_pairs(texts).right_P.tolist(), strict=True)


def test_exact_groups_hold_every_copy_and_name_the_first():
    groups = exact_groups(["A b.", "other", "a  B", "ａ b!", "Other"])
    assert [(group.rows, group.representative) for group in groups] == [((0, 2, 3), 0), ((1, 4), 1)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("ab c1", max_size=12), max_size=25))
def test_pairs_are_ordered_unique_in_range_and_never_cross_the_marks(texts):
    pairs = near_pairs(texts)
    keys = list(zip(pairs.left_P.tolist(), pairs.right_P.tolist(), strict=True))
    assert len(set(keys)) == len(keys)
    found = marks(texts)
    for (left, right), score in zip(keys, pairs.score_P.tolist(), strict=True):
        assert 0 <= left < right < len(texts)
        assert 0.0 <= score <= 1.0
        assert found[left] == found[right]
    rows = [row for group in near_groups(pairs, len(texts)) for row in group.rows]
    assert len(rows) == len(set(rows))


def test_the_threshold_moves_without_another_pass():
    pairs = near_pairs(["where is my card", "where is my new card", "where is my crad"])
    assert len(near_groups(pairs, 3, threshold=0.0)[0].rows) == 3
    assert len(near_groups(pairs, 3, threshold=0.9)[0].rows) == 2
    assert near_groups(pairs, 3, threshold=1.0) == []


def test_a_chain_does_not_become_one_giant_group():
    left, right = np.arange(0, 99), np.arange(1, 100)
    chain = NearPairs(left, right, np.full(99, 0.9), ("typo",) * 99)
    groups = near_groups(chain, 100)
    assert max(len(group.rows) for group in groups) <= 4
    assert sum(len(group.rows) for group in groups) == 100


def test_rows_that_each_say_something_else_more_than_the_representative_are_not_in_one_group():
    texts = [
        "can i call you",
        "can i call you bob",
        "can i call you carl",
        "can i call you please",
        "could i call you bob",
    ]
    groups = near_groups(near_pairs(texts), len(texts))
    assert not any({1, 2} <= set(group.rows) for group in groups)
    assert any({0, 3} <= set(group.rows) for group in groups)


def test_zero_width_and_full_width_characters_hide_no_name_or_number():
    corpus = ["I live in Paris now", "We went to Paris by train", "I have one card"]
    copies = ["I live in Pa\u200bris now", "\uff29 live in \uff30\uff21\uff32\uff29\uff33 now", "I have o\u200bne card"]
    groups = [group.rows for group in exact_groups(corpus + copies)]
    assert groups == [(0, 3, 4), (2, 5)]


def test_differing_words_leave_out_what_all_share():
    assert differing_words(["my new card", "my card", "my old card"]) == [["new"], [], ["old"]]


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ("card", "crad", 1),
        ("card", "cards", 1),
        ("transaction", "transcation", 1),
        ("able", "unable", None),
        ("top", "block", None),
        ("i", "a", None),
        ("send", "lend", None),
        ("macroeconomic", "microeconomic", None),
        ("adviser", "advisor", 1),
        ("b12", "d12", None),
        ("$350", "€350", None),
        ("coursealias0", "coursalias0", 1),
    ],
)
def test_spelling_distance_knows_swaps_and_refuses_other_words(a, b, distance):  # fmt: skip
    assert typo_distance(a, b) == distance


def _damage(rng, kind, text):
    words = text.split()
    if kind == "prefix":
        return rng.choice(["Hi, ", "Hello there, ", "Please help: ", "Hey, "]) + text
    if kind == "dropped word":
        gone = rng.randrange(len(words))
        return " ".join(words[:gone] + words[gone + 1 :])
    places = [place for place, word in enumerate(words) if len(word) >= 4 and word.isalpha() and word.islower()]
    if not places:
        return text
    place = rng.choice(places)
    word = words[place]
    cut = rng.randrange(1, len(word) - 1)
    words[place] = rng.choice([word[:cut] + word[cut + 1 :], word[:cut] + "k" + word[cut:],
                               word[: cut - 1] + word[cut] + word[cut - 1] + word[cut + 1 :]])  # fmt: skip
    return " ".join(words)


@pytest.mark.parametrize("kind", ["typo", "dropped word", "prefix"])
def test_planted_near_duplicates_in_real_text_are_found_in_one_group(kind):
    texts = [row["text"] for row in shared("banking77/train.jsonl")][::4]
    rng = random.Random(3)
    chosen = [row for row, text in enumerate(texts) if len(text.split()) >= 4][::6]
    planted = [(row, _damage(rng, kind, texts[row])) for row in chosen]
    everything = texts + [text for _, text in planted]
    found = marks(everything)
    group_of = {row: place for place, group in enumerate(near_groups(near_pairs(everything), len(everything)))
                for row in group.rows}  # fmt: skip
    same = {row: group.rows[0] for group in exact_groups(everything) for row in group.rows}
    hits: Counter[bool] = Counter()
    for place, (row, _) in enumerate(planted):
        left, right = same.get(row, row), same.get(len(texts) + place, len(texts) + place)
        if found[row] == found[len(texts) + place]:
            hits[left == right or (left in group_of and group_of[left] == group_of.get(right))] += 1
    assert hits.total() > 300
    assert hits[True] / hits.total() >= 0.97


def test_number_swapped_copies_of_real_texts_are_never_merged():
    texts = [row["text"] for row in shared("banking77/train.jsonl") if any(map(str.isdigit, row["text"]))]
    swapped = ["".join(str((int(c) + 1) % 10) if c in "0123456789" else c for c in text) for text in texts]
    both = texts + swapped
    twins = {(row, row + len(texts)) for row in range(len(texts))}
    pairs = near_pairs(both)
    assert twins.isdisjoint(zip(pairs.left_P.tolist(), pairs.right_P.tolist(), strict=True))
    groups = [set(group.rows) for group in [*near_groups(pairs, len(both)), *exact_groups(both)]]
    assert not any(left in group and right in group for group in groups for left, right in twins)


@pytest.mark.parametrize("vocabulary", [2, 10, 3000])
def test_long_texts_are_compared_whatever_words_they_are_made_of(vocabulary):
    draw = random.Random(vocabulary)
    text = [f"word{draw.randrange(vocabulary)}x" for _ in range(60_000)]
    other = [f"word{draw.randrange(vocabulary)}x" for _ in range(60_000)]
    with ends():
        assert compare(text, other) is None
        assert compare(text, [*text[:20_000], *text[20_001:]]) is not None


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(0, 1499), min_size=1, max_size=40), st.integers(0, 1000))
def test_each_word_that_a_long_text_lacks_counts_once(places, seed):
    draw = random.Random(seed)
    text = [f"word{draw.randrange(400):03}" for _ in range(1500)]
    lacking = [word for place, word in enumerate(text) if place not in places]
    verdict = compare(text, lacking)
    assert verdict is not None
    assert verdict[0] == pytest.approx(1 - len(places) / (len(text) + len(lacking)))


def test_a_text_far_longer_than_another_is_told_apart_without_aligning_them(monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr("curator.text.edits._aligned", refuse)
    assert compare([f"word{n % 9973}" for n in range(160_000)], ["where", "is", "my", "card"]) is None


@given(
    st.lists(
        st.sampled_from(["red", "blue", "card", "order", "late", "again", "today"]),
        min_size=8,
        max_size=8,
    ),
    st.lists(st.tuples(st.integers(0, 7), st.sampled_from(["fee", "rate", "bank", "swap"])), max_size=60),
)
@settings(max_examples=30, deadline=None)
def test_pairs_that_share_a_band_and_many_shingles_are_all_candidates(words, changes):
    forms = [" ".join(words)] + [" ".join([*words[:at], word, *words[at + 1 :]]) for at, word in changes]
    forms = list(dict.fromkeys(forms))
    sets = [lexical.shingles(form) for form in forms]
    matrix = RMinHash.digest_matrix_from_token_sets([sorted(each) for each in sets], 128, 0)
    rows = [tuple(row) for row in matrix.to_rows()]
    buckets = defaultdict(list)
    for number, row in enumerate(rows):
        for start in range(0, 128, 4):
            buckets[start, row[start : start + 4]].append(number)
    expected = {
        pair
        for members in buckets.values()
        for pair in (combinations(members, 2) if len(members) <= 40 else pairwise(members))
        if lexical._jaccard(sets[pair[0]], sets[pair[1]]) >= 0.4
    }
    assert set(lexical._minhash_candidates(forms, 0)) == expected


ENGLISH = [
    "the parcel that I have ordered is not here", "what is the price of this card and how do I pay",
    "is that the fee for a transfer to another bank", "this is what you have told me with that letter",
    "where is the app in the store of my phone", "what do I do with the old card that you have sent",
]  # fmt: skip
"""Texts by which a corpus is known to be English."""


def near_in_english(left, right):
    size = len(ENGLISH)
    groups = near_groups(near_pairs([*ENGLISH, left, right]), size + 2)
    return any({size, size + 1} <= set(group.rows) for group in groups)


@pytest.mark.parametrize(("left", "right"), [
    ("why was my transfer declined", "why was my ransfer declined"),
    ("why was my transfer declined", "why wsa my trnsfer declined"),
    ("i would like to know my balance", "i would likee ot know my balance"),
    ("please close the account of my late father", "please close th account of my lte father"),
    ("where is my card", "Hi, I hope this message finds you well and that you had a great weekend. Where is my card?"),
    ("where is my card", "Dear team, where is my card? Many thanks in advance and kind regards"),
    ("where is my new card", "Hello there! Where is my new crad? Thank you very much."),
])  # fmt: skip
def test_slips_anywhere_in_words_and_long_courtesies_leave_the_text_what_it_is(left, right):
    assert near_in_english(left, right)


@pytest.mark.parametrize(("left", "right"), [
    ("can i lend money to my friend", "can i send money to my friend"),
    ("did he pay the bill on time yesterday", "did she pay the bill on time yesterday"),
    ("where can i find my old receipts", "where can i find your old receipts"),
    ("turn it in", "turn it on"),
    ("Please help: I want to pay with my card", "I do not want to pay with my card, thanks"),
    ("Hello, it is about order 4711, thanks", "it is about order 4712"),
    ("where is my card", "where is my card and thanks for the refund of the parcel"),
    ("show my shopping list", "please order everything you see on there and show my shopping list"),
    ("please remind me", "i need to take out the trash please remind me"),
    ("go to whisper mode", "go to whisper mode until my morning alarm goes off"),
    ("i want to revert a transaction i did", "i want to revert a transaction i did this very morning"),
    ("where is my card", "where is my card thanks and how do i cancel"),
])  # fmt: skip
def test_another_word_is_no_slip_and_a_request_is_no_courtesy(left, right):
    assert not near_in_english(left, right)


@pytest.mark.parametrize(("left", "right"), [
    ("บัตรของฉันอยู่ที่ไหน", "สวัสดีครับ บัตรของฉันอยู่ที่ไหน"),
    ("บัตรของฉันอยู่ที่ไหน", "สวัสดีค่ะ รบกวนหน่อยนะคะ บัตรของฉันอยู่ที่ไหนคะ ขอบคุณล่วงหน้าค่ะ"),
    ("我的卡什么时候能到", "您好，请问我的卡什么时候能到？非常感谢"),
    ("カードを止めるにはどうすればいいですか", "こんにちは。カードを止めるにはどうすればいいですか。お願いします。"),
    ("Wo ist meine Karte?", "Sehr geehrte Damen und Herren, wo ist meine Karte? Mit freundlichen Grüßen"),
    ("¿Dónde está mi tarjeta?", "Buenas tardes, espero que estén bien. ¿Dónde está mi tarjeta? Muchas gracias"),
    ("Où est ma carte ?", "Bonjour, j'espère que vous allez bien. Où est ma carte ? Merci d'avance"),
    ("Где моя новая карта?", "Добрый день, надеюсь, у вас всё хорошо. Где моя новая карта? Заранее спасибо"),
    ("أين بطاقتي الجديدة", "السلام عليكم ورحمة الله وبركاته، أين بطاقتي الجديدة؟ شكرا جزيلا"),
])  # fmt: skip
def test_greetings_and_thanks_are_known_in_many_languages(left, right):
    assert near(left, right)


@pytest.mark.parametrize(("left", "right"), [
    ("เขาบอกว่าจะมาที่ธนาคารพรุ่งนี้ตอนเช้า", "เธอบอกว่าจะมาที่ธนาคารพรุ่งนี้ตอนเช้า"),
    ("ฉันต้องการจ่ายบิลของฉันที่ธนาคารวันนี้", "ฉันต้องการจ่ายบิลของฉันที่ธนาคารพรุ่งนี้"),
    ("彼は昨日銀行でカードをなくしました", "彼女は昨日銀行でカードをなくしました"),
    ("我想把钱转给他的银行账户", "我想把钱转给他们的银行账户"),
    ("請把我的卡今天寄到公司去", "請把我的卡明天寄到公司去"),
])  # fmt: skip
def test_he_and_she_today_and_tomorrow_are_no_slips_where_words_are_not_spaced(left, right):
    assert not near(left, right)


def test_a_near_group_names_every_copy_of_its_rows():
    texts = ["where is my card", "Where is my card?", "where is my  CARD", "where is my crad"]
    same = exact_groups(texts)
    (group,) = closed_groups(near_groups(near_pairs(texts), 4), same)
    assert group.rows == (0, 1, 2, 3)
    assert dict(zip(group.rows, group.scores, strict=True))[2] == 1.0
    assert closed_groups(near_groups(near_pairs(texts[:3]), 3), exact_groups(texts[:3])) == []


@pytest.mark.parametrize(
    "run", ["a", "abcdefgh", "บัตรของฉันอยู่ที่ไหน", "hello thanks ", "请问我的卡在哪里", "مرحبا", "a-", "1234567 "]
)
def test_a_text_that_is_one_long_run_ends_the_search_as_any_other_does(run):
    long = run * (300_000 // len(run))
    with ends():
        found = near_pairs([f"{long} one", f"{long} two", f"hi {long}", "where is my card", "where is my crad"])
    assert (3, 4) in zip(found.left_P.tolist(), found.right_P.tolist(), strict=True)
