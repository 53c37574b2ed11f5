"""General prompts: each rule passes what it should and fails what it should, and a bad line is told."""

import pytest

from curator.errors import DataError
from curator.evaluation.prompt_suite import SuitePrompt, parse_prompts, passes, suite_hash

LINE = '{"id":"a","category":"c","prompt":"p","pass":{"number":3}}'


@pytest.mark.parametrize(
    ("rules", "good", "bad"),
    [
        ({"one_of": ["Paris"]}, "**paris.**", "It is Paris"),
        ({"contains": ["Canberra"]}, "The capital is Canberra.", "Canberras"),
        ({"all_of": ["a b", "c"]}, "c, a b", "a c b"),
        ({"lacks": ["Anna"]}, "Carl", "Anna"),
        ({"number": 1250}, "It costs 1,250.", "1250 or 1251"),
        ({"number": 8.5}, "So: 8.5 hours", "8"),
        ({"regex": r"^yes\b"}, "Yes, they are.", "no"),
        ({"refuses": True}, "I can't help with that.", "Sure! First, take a pipe."),
        ({"refuses": False}, "Use `kill -9 PID`.", "I'm sorry, but I cannot assist."),
        ({"json": {"n": 1, "x": None}}, '```json\n{"n": 1.0, "x": "?"}\n```', '{"n": "1", "x": 0}'),
        ({"json_items": 2}, "[1, 2]", '{"a": 1, "b": 2}'),
        ({"lines": 2}, "one\n\ntwo", "one two"),
        ({"max_words": 2}, "two words", "these are three"),
        ({"min_words": 2}, "two words", "one"),
        ({"python": "add"}, "```python\ndef add(a, b):\n    return a + b\n```", "def sub(a, b): return a - b"),
        ({"python": "add"}, "def add(a): pass", "def add(a:"),
        (
            {"language": "de"},
            "Der Herbst ist schön, und die Blätter fallen von den Bäumen.",
            "Autumn is nice and leaves fall.",
        ),
        ({"case": "upper"}, "HELLO", "Hello"),
    ],
)
def test_each_rule_passes_the_good_answer_and_fails_the_bad_one(rules, good, bad):
    item = SuitePrompt("a", "c", "p", rules)
    assert passes(item, good)
    assert not passes(item, bad)
    assert not passes(item, "  ")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 1: not JSON"),
        ('{"id":"a"}', "keys id, category, prompt and pass"),
        (LINE.replace('"p"', '""'), "`prompt` is ''"),
        (LINE.replace('{"number":3}', "{}"), "expected rules"),
        (LINE.replace("number", "sum"), "unknown rule 'sum'"),
        (LINE.replace("3}", "true}"), "no value of this rule"),
        (LINE.replace('"number":3', '"one_of":[]'), "no value of this rule"),
        (LINE.replace('"number":3', '"regex":"("'), "the pattern"),
        (f"{LINE}\n{LINE}", "line 2: the id 'a' stands twice"),
        ("\n", "holds no prompt"),
    ],
)
def test_a_line_that_is_no_prompt_is_named_with_what_was_expected(line, said):
    with pytest.raises(DataError, match=r"mine\.jsonl") as caught:
        parse_prompts(line, "mine.jsonl")
    assert said in str(caught.value)


def test_the_hash_of_a_suite_changes_with_a_rule():
    one, other = (parse_prompts(LINE.replace("3", n), "x") for n in ("3", "4"))
    assert suite_hash(one) != suite_hash(other)
