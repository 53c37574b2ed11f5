import pytest

from curator.checks.hygiene import format_faults, mixed_system_prompts, shortcuts
from tests.hang import ends


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


def test_a_label_stated_in_the_input_is_a_shortcut_and_the_word_alone_is_not():
    texts = [f"category: card loss, row {n}" for n in range(5)] + ["my card loss is sad"] * 5
    (fault,) = shortcuts(texts, ["card_loss"] * 10)
    assert fault.rows == tuple(range(5))


def test_a_field_of_any_name_that_gives_the_label_away_is_a_shortcut_over_all_labels_together():
    labels = ["ar", "hi", "ru", "zh", "en"]
    texts = [f'{{"Language": "{label}", "text": "so it is"}}' for label in labels]
    (fault,) = shortcuts([*texts, "Language barriers"], [*labels, "en"])
    assert fault.rows == tuple(range(5))
    assert "'language'" in fault.detail


def test_a_field_that_names_other_labels_as_often_gives_nothing_away():
    labels = ["yes", "no"] * 10
    texts = [f"Hypothesis: {said} it is" for said in ("yes", "yes", "no", "no") * 5]
    assert shortcuts(texts, labels) == []


def test_rows_with_another_system_prompt_than_most_are_named():
    found = mixed_system_prompts(["Be  brief."] * 5 + ["Be brief.", "Be kind.", None])
    assert [(fault.rule, fault.rows) for fault in found] == [("mixed_system_prompts", (6, 7))]
    assert "3 different system prompts: 6 rows with 'Be brief.'" in found[0].detail
    assert mixed_system_prompts(["Be brief."] * 3) == []
    assert mixed_system_prompts([None, None]) == []


@pytest.mark.parametrize(
    "text", ["<|end|>", "hi</s>", "<think>so", "### Human: hi", "a\n\nAssistant: yes", "<｜User｜>hi"]
)
def test_marks_of_many_chat_templates_are_found(text):
    assert [fault.rule for fault in format_faults([text], [None], None)] == ["chat_template_mark"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("You are a careful support classifier. My card is lost", True),
        ("Respond with only the JSON object. My card is lost", True),
        ("Choose exactly one of: refund, delivery. My card is lost", True),
        ("You are a helpful neighbour and I thank you", False),
        ("which one should I choose, one of each?", False),
    ],
)
def test_instructions_are_told_from_what_people_write(text, left):
    assert [fault.rule for fault in format_faults([text], [None], None)] == ["prompt_left"] * left


def test_a_long_run_of_line_breaks_is_read_once():
    with ends():
        format_faults(["\n" * 1_000_000], [None], None)
