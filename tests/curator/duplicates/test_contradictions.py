from curator.duplicates.contradictions import contradictions
from curator.duplicates.lexical import near_pairs
from tests.curator.curation_data import shared


def found(texts, labels):
    return contradictions(texts, labels, near_pairs(texts))


def test_equal_texts_with_two_labels_are_one_exact_group():
    (group,) = found(["My card.", "my card", "other thing", "MY CARD!"], ["a", "b", "c", "a"])
    assert (group.rows, group.exact, group.majority) == ((0, 1, 3), True, "a")


def test_two_against_one_is_a_majority_and_one_against_one_is_none():
    assert found(["x y z", "x y z"], ["a", "b"])[0].majority is None


def test_near_texts_with_two_labels_show_the_words_that_differ():
    (group,) = found(["Why is my payment still pending?", "Why is my payment pending?"], ["a", "b"])
    assert not group.exact
    assert group.words == (("still",), ())


def test_agreement_missing_labels_and_other_numbers_are_no_contradiction():
    assert found(["my card", "my card"], ["a", "a"]) == []
    assert found(["my card", "my card"], ["a", None]) == []
    assert found(["I paid 10 euros for this", "I paid 20 euros for this"], ["a", "b"]) == []


def test_an_exact_disagreement_is_not_told_again_as_a_near_one():
    texts = ["Why is my payment still pending?", "why is my payment still pending", "Why is my payment pending?"]
    groups = found(texts, ["a", "b", None])
    assert [group.exact for group in groups] == [True]


def test_copies_of_a_near_text_come_along():
    texts = ["Why is my payment still pending?", "Why is my payment pending?", "why is my payment pending"]
    (group,) = found(texts, ["a", "b", "b"])
    assert group.rows == (0, 1, 2)


def test_the_known_conflicts_of_real_sets_are_found():
    for files, least in ((("banking77/train.jsonl", "banking77/test.jsonl"), 2), (("clinc150/data_full.jsonl",), 4)):
        rows = shared(*files)
        texts = [row["text"] for row in rows]
        groups = contradictions(texts, [row["label"] for row in rows], _no_pairs())
        assert sum(group.exact for group in groups) == least


def _no_pairs():
    return near_pairs([])


def test_the_same_words_around_another_sign_are_no_contradiction():
    texts = ["how do I learn C#?", "how do I learn C?", "how do I learn C"]
    found = contradictions(texts, ["csharp", "c", "java"], near_pairs([]))
    assert [conflict.rows for conflict in found] == [(1, 2)]


def test_texts_of_which_nothing_is_left_contradict_nothing():
    assert contradictions(["-", "?!", "\u200b"], ["a", "b", "a"], near_pairs([])) == []
