"""The certificate as a document: complete, readable, and inert whatever names and reasons it holds."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from curator.certificates.by_class import ClassError
from curator.certificates.certify import Certificate
from curator.certificates.reviewer_error import measured, sensitivities
from curator.certificates.statement import CertificateFacts, Reviewer, document
from curator.records import Bound
from curator.text import as_html, as_markdown, as_text, write

BOUND = Bound(0.01, 0.004, 0.0213, 0.0187, 0.975, 400, 2_000, "stratified estimate")
EVIL = "<script>alert(1)</script> ![x](https://evil.example/a.png) | `b` &lt; \n# head"


def facts(**changes: Any) -> CertificateFacts:
    strata = [
        {"name": name, "size": size, "reviewed": n, "errors": k, "skipped": 0, "unsettled": 0, "unreviewed": 0}
        for name, size, n, k in (("rest", 1_500, 280, 2), ("next", 400, 80, 1), ("top", 100, 40, 4))
    ]
    found: dict[str, Any] = {
        "status": "CERTIFIED", "why": ("at most 1.87 % of 2,000 labels are wrong (97.5 %)",), "plan": "plan_b",
        "labeler": "gpt", "target": 0.02, "teacher_error": BOUND, "shipped_error": BOUND, "strata": tuple(strata),
        "unreviewed": 0, "unsettled": 0, "skipped": 3, "errors_found": 7, "errors_fixed": 9, "late_rows": 0,
        "reviewers": ("ana",), "purpose": "certify", "attempt": 2, "missed": ("plan_a",), "confidence": 0.975,
        "overall_confidence": 0.925,
    }  # fmt: skip
    found |= changes.pop("certificate", {})
    given: dict[str, Any] = {
        "dataset": "support", "task": "intents", "task_hash": "0123456789abcdef0123", "drawn_on": "2026-11-20",
        "seed": 7, "population": 2_000, "known": 20, "audit": 400, "risk": 50, "blind": 400, "looked_twice": 9,
        "reviewers": (Reviewer("ana", 380, "2026-11-20", "2026-11-21"),), "reviewed": 450,
        "left_out": {"excluded": 12, "test": 500}, "certificate": Certificate(**found),
        "sensitivity": sensitivities(BOUND, BOUND, fixed=9, reviewed=450),
    }  # fmt: skip
    return CertificateFacts(**(given | changes))


def test_it_says_what_was_sampled_how_by_whom_what_is_claimed_and_what_is_not() -> None:
    text = as_text(document(facts(waivers=(("support@1", "ben", "a trial"),))))
    for said in (
        "Status: CERTIFIED",
        "400 of 1,980 rows were drawn by chance on 2026-11-20",
        "with seed 7",
        "1.87 %",
        "97.5 %",
        "What is not claimed",
        "That any single label is right",
        "1 earlier spot-checks did not meet the target: plan_a",
        "passes wrongly holds with 92.5 % at least",
        "taken out by a decision",
        "the frozen test split",
        "Waived by ben, because: a trial",
        "ana",
        "If reviewers err",
        "Nobody measured",
    ):
        assert said in text, said


def test_without_figures_it_claims_nothing() -> None:
    none = {"teacher_error": None, "shipped_error": None, "status": "UNCERTIFIED", "target": None, "attempt": 1}
    text = as_text(document(facts(certificate=none, sensitivity=(), reviewers=())))
    assert text.count("no claim") == 2
    assert "nobody yet" in text
    assert "No highest error was agreed" in text
    assert "If reviewers err" not in text


def test_measured_reviewers_and_classes_with_enough_reviews_are_told() -> None:
    classes = (ClassError("refund", 900, 200, 3, BOUND), ClassError("rare", 5, 2, 0, None))
    text = as_text(document(facts(gold=measured(60, 2), by_class=classes)))
    assert "2 of 60 rows wrong whose truth was known" in text
    assert "refund" in text
    assert "1 classes have too few reviews" in text
    assert "Error by class" not in as_text(document(facts(by_class=classes[1:])))


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


@pytest.fixture
def hostile() -> CertificateFacts:
    return facts(
        dataset=EVIL,
        task=EVIL,
        certificate={"labeler": EVIL, "why": (EVIL,), "plan": EVIL},
        reviewers=(Reviewer(EVIL, 1, "", ""),),
        left_out={EVIL: 3},
        by_class=(ClassError(EVIL, 900, 200, 3, BOUND),),
        waivers=((EVIL, EVIL, EVIL),),
    )


def test_names_from_data_become_no_markup_in_html(hostile: CertificateFacts) -> None:
    page = as_html(document(hostile))
    parser = _Tags()
    parser.feed(page)
    tags = {tag for tag, _ in parser.found}
    assert tags <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ul", "li", "table", "thead", "tbody", "tr",
        "th", "td",
    }  # fmt: skip
    assert not any(name in ("src", "href", "onerror") for _, attrs in parser.found for name, _ in attrs)
    assert "default-src 'none'" in page
    assert "@media print" in page


def test_names_from_data_become_no_markup_in_markdown(hostile: CertificateFacts) -> None:
    page = as_markdown(document(hostile))
    assert "<script" not in page.replace("\\<script", "")
    assert not re.search(r"(?<!\\)!\\?\[", page)
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert len(headings) == 1 + len(document(hostile).sections)
    for line in page.splitlines():
        if line.startswith("|"):
            columns = re.split(r"(?<!\\)\|", line)
            assert len(columns) in (6, 7, 8, 9), line


def test_the_ending_chooses_the_form() -> None:
    made = document(facts())
    assert write(made, ".HTML") == as_html(made)
    assert write(made, ".md") == as_markdown(made)
    assert write(made, ".txt") == as_text(made)
    assert write(made, ".docx") is None


def test_groups_of_a_draw_that_no_check_came_before_are_not_called_risky() -> None:
    ranked, by_chance = (as_text(document(facts(checked=checked))) for checked in (True, False))
    assert "riskiest 5 %" in ranked
    assert "50 rows were reviewed besides because they looked wrong; they enter no estimate." in ranked
    assert "No check had ranked the rows by risk: the groups were formed by chance." in by_chance
    assert "50 rows were reviewed besides; they enter no estimate." in by_chance
    assert "riskiest" not in by_chance
