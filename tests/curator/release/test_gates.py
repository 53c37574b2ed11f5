"""What holds a release back, and what only stands beside it."""

from typing import Any

import polars as pl
import pytest

from curator.records import SplitTruth, WaitingRow, answer_form, make_task
from curator.release import CertificateFact, gates

CERTIFIED = {"status": "CERTIFIED", "why": ["at most 1 %"], "teacher_error": {"upper_one_sided": 0.08}}
BOUND = {
    "estimate": 0.01,
    "low": 0.0,
    "high": 0.06,
    "confidence": 0.95,
    "reviews": 60,
    "population": 900,
    "method": "m",
}


def read(certificate: dict[str, object] | None) -> CertificateFact | None:
    return None if certificate is None else CertificateFact.model_validate(certificate)


def inputs(text, context=None):
    return pl.DataFrame({"text": [text], "context": [context]}, schema={"text": pl.String, "context": pl.String})


@pytest.mark.parametrize(
    ("certificate", "target", "passed"),
    [
        (CERTIFIED, 0.03, True),
        (CERTIFIED, None, True),
        ({**CERTIFIED, "status": "INCOMPLETE"}, 0.03, False),
        ({**CERTIFIED, "status": "INCOMPLETE"}, None, None),
        (None, 0.03, False),
        (None, None, None),
    ],
)
def test_a_certificate_is_demanded_only_where_there_is_a_target(
    certificate: dict[str, object] | None, target: float | None, passed: bool | None
) -> None:
    found = gates.certificate_gate(read(certificate), raw_labels=False, target=target, why_none="no spot-check")
    assert found.passed is passed


def test_a_spot_check_with_a_laxer_target_than_the_datasets_does_not_pass_the_gate() -> None:
    lax = {**CERTIFIED, "shipped_error": {**BOUND, "upper_one_sided": 0.05}}
    held = gates.certificate_gate(read(lax), raw_labels=False, target=0.03, why_none="")
    assert held.passed is False
    assert "own target is 3.00 %" in held.why
    assert gates.certificate_gate(read(lax), raw_labels=False, target=0.05, why_none="").passed is True
    assert gates.certificate_gate(read(lax), raw_labels=False, target=None, why_none="").passed is True


def test_raw_labels_pass_by_a_certificate_about_them_and_are_not_said_to_pass_without_a_target() -> None:
    assert gates.certificate_gate(read(CERTIFIED), raw_labels=True, target=0.03, why_none="").passed is True
    assert gates.certificate_gate(read(CERTIFIED), raw_labels=True, target=None, why_none="").passed is None
    void = {**CERTIFIED, "status": "UNCERTIFIED", "shipped_error": None, "why": ("9 rows came after",)}
    held = gates.certificate_gate(read(void), raw_labels=True, target=0.1, why_none="")
    assert (held.passed, held.why) == (False, "9 rows came after")


def test_a_leak_is_found_in_the_texts_that_go_out() -> None:
    form = str.lower
    assert gates.leak_gate({"train": inputs("A b"), "test": inputs("a B")}, form=form, detector="d").passed is False
    assert gates.leak_gate({"train": inputs("A b"), "test": inputs("a c")}, form=form, detector="d").passed is True


def test_an_unreviewed_test_row_leaves_the_gate_open_and_one_that_people_contest_fails_it() -> None:
    def passed(**truth: Any) -> bool | None:
        return gates.reviewed_gate(SplitTruth(**truth)).passed

    assert passed(rows=0, settled=0) is None
    assert passed(rows=2, settled=2) is True
    assert passed(rows=2, settled=1, waiting=(WaitingRow("q7", "review"),)) is None
    contested = gates.reviewed_gate(SplitTruth(3, 1, (WaitingRow("q7", "review"), WaitingRow("q8", "second look"))))
    assert contested.passed is False
    assert contested.why == (
        "1 of 3 test rows have an answer that people settled; 1 waits for a review ('q7'); "
        "1 waits for a second look ('q8')"
    )


def test_contradictions_are_told_and_do_not_block() -> None:
    rows = pl.DataFrame({"text": ["One  text", "one text", "other"], "value": ["a", "b", "a"]}).with_columns(
        context=pl.lit(None, pl.String)
    )
    found = gates.contradiction_gate(rows)
    assert found.passed is None
    assert found.why.startswith("1 inputs")
    assert gates.contradiction_gate(rows.tail(2)).passed is True


def test_a_file_that_breaks_its_format_holds_the_release_back() -> None:
    good = b'{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}\n'
    assert gates.format_gate({"openai/sft/train.jsonl": good}).passed is True
    bad = gates.format_gate({"openai/sft/train.jsonl": b'{"messages":[]}\n'})
    assert bad.passed is False
    assert "line 1" in bad.why


def test_a_waived_gate_does_not_block() -> None:
    found = [
        gates.ReleaseGate("certificate", False, "no"),
        gates.ReleaseGate("leak", True, "none"),
        gates.ReleaseGate("format", None, ""),
    ]
    assert gates.blocking(found, ()) == ["certificate"]
    assert gates.blocking(found, ("certificate",)) == []


def test_one_text_under_two_system_prompts_is_two_inputs() -> None:
    form = str.lower
    assert gates.leak_gate(
        {"train": inputs("A", "french"), "test": inputs("a", "german")}, form=form, detector="d"
    ).passed
    rows = pl.concat([inputs("A", "french"), inputs("A", "german")]).with_columns(value=pl.Series(["a", "b"]))
    assert gates.contradiction_gate(rows).passed is True


def test_a_format_fault_names_the_row() -> None:
    bad = gates.format_gate({"openai/sft/train.jsonl": b'{"messages":[]}\n'}, {"openai/sft/train.jsonl": ["r7"]})
    assert "(row 'r7')" in bad.why


def test_what_a_format_cannot_carry_is_told_by_row() -> None:
    assert gates.carried_gate({}).passed is True
    told = gates.carried_gate({"tinker": {"an image": ["a", "b"]}})
    assert told.passed is False
    assert "tinker cannot carry an image: 2 rows, 'a', 'b'" in told.why


@pytest.mark.parametrize(
    ("kind", "one", "other", "passed"),
    [
        ("extraction", '{"total":633}', '{"total":633.0}', True),
        ("extraction", '{"total":633}', '{"total":"633"}', None),
        ("sql", "select 1", "select  1;", True),
        ("text", "yes", "yes\n", True),
        ("text", "yes", "no", None),
    ],
)
def test_two_spellings_of_one_answer_are_no_contradiction(kind: str, one: str, other: str, passed: bool | None) -> None:
    task = make_task({"name": "t", "kind": kind})
    train = pl.DataFrame({"text": ["q", "q"], "context": [None, None], "value": [one, other]})
    assert gates.contradiction_gate(train, answer=lambda value: answer_form(task, value)).passed is passed


def test_many_rows_of_few_texts_need_a_waiver():
    rows = pl.DataFrame({"text": [f"text {n % 40}" for n in range(1000)], "context": [None] * 1000})
    gate = gates.variety_gate(rows, form=str)
    assert gate.passed is False
    assert "1,000 rows of train hold 40 different inputs, the most frequent one 25 times" in gate.why
    assert gates.variety_gate(rows.head(80), form=str).passed is True
    assert gates.variety_gate(rows.head(90), form=str).passed is True  # too few to be a pattern


def test_few_held_out_rows_of_a_template_of_train_are_said_and_a_tenth_of_them_needs_a_waiver():
    made, other = ("my order 0 of _ is late", None), ("where is order 0", None)
    few = gates.template_gate([made, None] * 500, {"test": [made] * 10 + [None] * 90})
    assert few.passed is None
    assert "10 of 100 test rows share a template with train, 10 of them 'my order 0 of _ is late'" in few.why
    many = gates.template_gate([made, None] * 500, {"test": [made] * 11 + [None] * 89})
    assert many.passed is False
    assert "waive this gate" in many.why
    assert gates.template_gate([made] * 50, {"test": [made] * 20}).passed is None  # too few rows to be a pattern
    assert gates.template_gate([made] * 500, {"test": [other] * 100}).passed is True
    assert gates.template_gate([made] * 500, {}).passed is True


def test_validation_rows_of_a_template_of_train_count_as_test_rows_do():
    made = ("my order 0 of _ is late", None)
    gate = gates.template_gate([made] * 500, {"test": [None] * 100, "validation": [made] * 100})
    assert gate.passed is False
    assert "100 of 100 validation rows share a template with train" in gate.why


def test_one_form_under_two_contexts_is_two_templates():
    gate = gates.template_gate(
        [("order 0 of _ is late", "french")] * 500, {"test": [("order 0 of _ is late", "german")]}
    )
    assert gate.passed is True


def test_a_validation_row_that_stands_in_train_or_test_is_a_leak():
    rows = {"train": inputs("A"), "validation": inputs("b"), "test": inputs("B")}
    gate = gates.leak_gate(rows, form=str.lower, detector="d")
    assert gate.passed is False
    assert gate.why == "1 rows of validation stand in test, the first is 'b'"
