"""What is trained on is read whole: input, system prompt, tools and answer."""

import json

import pytest

from curator.checks.answer_faults import answer_faults
from curator.checks.conversation import Conversations, conversation_faults
from curator.checks.instruction_faults import instruction_faults
from curator.records import make_task
from tests.curator.curation_data import shared
from tests.places import SHARED

GOOD = [f"Bake the loaf for {n} minutes and let it cool on a rack before you cut it." for n in range(20, 60)]
ASKED = [f"How long do I bake a loaf of {n} grams?" for n in range(20, 60)]
SECRETS = ["my key is AKIA" + "ABCDEFGHIJKLMNOP", "-----BEGIN RSA " + "PRIVATE KEY-----", "hf_" + "a1B2" * 9]
PERSONAL = ["write to ana.lima@example.org", "the card 4539 1488 0343 6467", "it is DE89 3704 0044 0532 0130 00"]


def said(question, answer, kind="text"):
    """The rules that a row breaks among forty that break none."""
    faults = answer_faults([*ASKED, question], [*GOOD, answer], kind, [])
    return {fault.rule for fault in faults if fault.rows == (len(ASKED),)}


@pytest.mark.parametrize("place", ["input", "system prompt", "tools", "answer"])
@pytest.mark.parametrize("text", [*SECRETS, *PERSONAL])
def test_secrets_and_personal_data_are_found_in_every_part_of_a_row(place, text):
    parts = {"input": "inputs", "system prompt": "systems", "tools": "tools", "answer": "answers"}
    columns = {"inputs": ["hello"], "systems": [None], "tools": [None], "answers": ["fine"]} | {parts[place]: [text]}
    found = conversation_faults(Conversations(**columns), make_task({"name": "t", "kind": "text"}), [])
    assert {(kind, fault.place) for kind, fault in found if kind != "format"} == {
        ("secret" if text in SECRETS else "personal_data", place)
    }


@pytest.mark.parametrize("kind", ["text", "extraction", "sql"])
def test_answers_with_lost_characters_or_marks_of_a_template_are_named(kind):
    assert said("a?", "The caf\ufffd is open.", kind) == {"answer_broken_encoding"}
    assert said("a?", "Itâ€™s open.", kind) == {"answer_broken_encoding"}
    assert said("a?", "It is open.<|im_end|>", kind) == {"answer_chat_mark"}


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("answer_as_ai", "Bread is lovely. As an AI language model, I have no taste, so ask a baker about it."),
        ("answer_as_ai", "I'm just an AI and have no oven, but twenty minutes are usual."),
        ("answer_refusal", "I'm sorry, but I can't help with that request."),
        ("answer_refusal", "I cannot assist with this."),
        ("answer_refusal", "Es tut mir leid, dabei kann ich nicht helfen."),
        ("answer_refusal", "抱歉，我无法回答这个问题。"),
        ("answer_opening", "Sure! Here is a recipe: flour, water and salt, baked for an hour."),
        ("answer_opening", "Certainly, here's the list you asked for: flour and salt."),
        ("answer_marker", "<no output>"),
        ("answer_marker", "No Output"),
        ("answer_marker", "N/A"),
        ("answer_marker", "<nooutput>"),
        ("answer_cut", "The loaf has to rest in the tin until it is cool, and only then you can put it on the"),
        ("answer_cut", "Use this:\n```python\nprint('loaf')\n"),
        ("answer_cut", "The loaf has to rest in the tin until the crust is cool enough to touch by han"),
        ("answer_repeats_input", "How long do I bake a large loaf of rye bread?"),
        ("answer_language", "Backen Sie das Brot ungefähr eine Stunde lang und lassen Sie es danach gut abkühlen."),
        ("answer_language", "Хлеб нужно печь около часа при высокой температуре."),
        ("answer_language", "面包需要在高温下烤大约一个小时，然后冷却。"),
        ("answer_merged", "Bake it.\n\n12. Instruction: Name a cake.\nOutput: A tart."),
    ],
)
def test_what_a_student_would_learn_to_say_by_mistake_is_named(rule, answer):
    assert rule in said("How long do I bake a large loaf of rye bread?", answer)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Who may enter?", "Sure-footed hikers may enter, here as elsewhere."),
        ("Translate into German: the loaf is baked for an hour and then left to cool.",
         "Das Brot wird eine Stunde lang gebacken und danach zum Abkühlen stehen gelassen."),
        ("Is anything left to answer in the second part of the form?", "None."),
        ("What do I do?", "I am an AI researcher, and I would ask a baker."),
        ("What do I say to a guest who is late?", "Say that you are sorry but cannot keep the loaf warm."),
        ("Correct the grammar: he bake the loaf.", "He bakes the loaf."),
        ("Which flour?", "Rye"),
        ("Name ten cereals.", "1. Wheat\n2. Rye\n3. Oats\n4. Barley and all that is made of it in the north"),
        ("Show the code.", "```python\nprint('loaf')\n```"),
    ],
)  # fmt: skip
def test_their_nearest_innocent_neighbours_are_not(question, answer):
    assert said(question, answer) == set()


def test_an_answer_that_is_missing_is_named_once_most_rows_have_one():
    assert [(fault.rule, fault.rows) for fault in answer_faults(["a", "b", "c"], ["x.", None, "y."], "text", [])] == [
        ("answer_empty", (1,))
    ]
    assert answer_faults(["a", "b", "c"], ["x.", None, None], "text", []) == []


def test_what_most_answers_do_is_taken_for_the_task_and_said():
    notes = []
    german = ["Backen Sie das Brot ungefähr eine Stunde lang und lassen Sie es danach gut abkühlen."] * 40
    faults = answer_faults(ASKED, german, "text", notes)
    assert [fault.rule for fault in faults] == []
    assert "answer_language would be said of 40 of 40 answers" in notes[0]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("no_input_marker", "Write a story.\n\n<no input>"),
        ("no_input_marker", "Write a story.\n<noinput>"),
        ("no_input_marker", "Write a story.\nNo input required"),
        ("no_input_marker", "Write a story.\n\nInput: none"),
        ("url_only", "https://example.org/a/story.html"),
        ("url_only", "Summarise the article.\n\nhttps://www.example.org/2020/01/a-story"),
        ("merged_instructions", "Write a story.\n2. Instruction: Name a cake."),
        ("merged_instructions", "Instruction: Write a story.\nOutput: Once upon a time.\nInstruction: Name a cake."),
        ("merged_instructions", "Name three kinds of cake. Explain how rain falls."),
    ],
)
def test_instructions_that_nobody_can_follow_as_they_stand_are_named(rule, text):
    texts = ["Name three kinds of cake.", "Explain how rain falls.", "Where is Lima?", "How are you today?", text]
    assert [(f.rule, f.rows) for f in instruction_faults(texts, "text", [])] == [(rule, (4,))]


@pytest.mark.parametrize(
    "text",
    [
        "What does the attribute <input> do in HTML?",
        "Is https://example.org a safe address? It asked me for my card, and I do not know whether to go on with it.",
        "Which domain is this?\nexample.org",
        "Name three kinds of cake. Then say which one is the sweetest.",
        "Describe the output: what is it?",
    ],
)
def test_instructions_that_only_look_like_them_are_not(text):
    assert instruction_faults(["Name three kinds of cake.", "Where is Lima?", text], "text", []) == []


def test_of_real_answers_hardly_any_is_named():
    rows = shared("gsm8k/raw/train.jsonl")[:2000]
    parts = Conversations([row["question"] for row in rows], answers=[row["answer"] for row in rows])
    assert conversation_faults(parts, make_task({"name": "t", "kind": "text"}), []) == []
    if not (SHARED / "llmbar/raw/LLMBar_Natural.json").exists():
        pytest.skip("llmbar is not there")
    rows = json.loads((SHARED / "llmbar/raw/LLMBar_Natural.json").read_text(encoding="utf-8"))
    parts = Conversations([row["input"] for row in rows], answers=[row["output_1"] for row in rows])
    found = {
        fault.rule: len(fault.rows)
        for _, fault in conversation_faults(parts, make_task({"name": "t", "kind": "text"}), [])
    }
    assert sum(count for rule, count in found.items() if rule != "answer_opening") <= 2  # the openings are real
