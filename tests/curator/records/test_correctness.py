"""When an answer is right."""

import pytest

from curator.records.correctness import is_right, valid_answer
from curator.records.task import make_task

KINDS = {
    "classification": make_task({"name": "t", "labels": ["a", "b"]}),
    "extraction": make_task({"name": "t", "kind": "extraction"}),
    "sql": make_task({"name": "t", "kind": "sql"}),
    "text": make_task({"name": "t", "kind": "text"}),
}


@pytest.mark.parametrize(
    ("kind", "answer", "truth", "right"),
    [
        ("classification", " a\n", "a", True),
        ("classification", "A", "a", False),
        ("classification", "a because", "a", False),
        ("extraction", '{"x": 1, "y": [2]}', '{"y":[2],"x":1}', True),
        ("extraction", '{"x": 1}', '{"x":"1"}', False),
        ("extraction", "not json", "{}", False),
        ("extraction", '{"x": NaN}', "{}", False),
        ("extraction", r'{"x": "\ud800"}', "{}", False),
        ("sql", "select  1 ;", "select 1", True),
        ("sql", "select 1", "select 2", False),
        ("text", "the  answer ", "the answer", True),
        ("text", "another", "the answer", False),
    ],
)
def test_an_answer_is_right_up_to_what_does_not_matter(kind: str, answer: str, truth: str, right: bool) -> None:
    assert is_right(KINDS[kind], answer, truth) is right


def test_an_answer_that_is_no_label_has_no_class() -> None:
    assert valid_answer(KINDS["classification"], " a ") == "a"
    assert valid_answer(KINDS["classification"], "zebra") is None
    assert valid_answer(KINDS["text"], " zebra") == "zebra"
