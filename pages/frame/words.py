"""Names as they stand on screen, and figures in words."""

import json
from collections.abc import Sequence
from typing import Any

from curator.records import Bound, Plan, Purpose
from curator.statistics import at_most
from curator.statistics import percent as percent_of

PURPOSES: dict[Purpose, str] = {
    "certify": "Measure the label error",
    "find": "Find mistakes",
    "test": "Review the frozen test split in full",
}
SENT = "Rows that were sent to review"

# In the order in which a person should look at them: what could be wrong throughout comes first.
FINDINGS = {
    "label_pattern": "Consistent mistakes",
    "contradiction": "Contradictions",
    "suspect_label": "Suspect labels",
    "leak": "Leaks between test and train",
    "exact_duplicate": "Exact duplicates",
    "near_duplicate": "Near duplicates",
    "semantic_duplicate": "Same meaning",
    "template": "Templates",
    "shortcut": "Shortcuts",
    "format": "Format",
    "secret": "Secrets",
    "personal_data": "Personal data",
    "imbalance": "Imbalance",
    "too_few": "Too few rows",
}
ACTIONS = {
    "relabel": "Give all rows a new label",
    "exclude": "Leave all rows out",
    "merge": "Keep one row, leave the others out",
    "keep": "Keep as it is",
    "undo": "Take the last decision back",
}


MAY_NOT = "Your role may look here; a reviewer, an engineer or an admin decides."
CONTESTANTS = {
    "student": "Student (SFT)",
    "raw": "Student on raw labels",
    "dpo": "Student after DPO",
    "base": "Base, not trained",
    "teacher": "Teacher",
    "previous": "Previous student",
}
BASES = {
    "review": "a review",
    "decision": "a group decision",
    "teacher": "the teacher",
    "adjudication": "adjudication",
    "none": "nobody yet",
}
STRATA = {"top": "most suspect", "next": "next most suspect", "rest": "all others", "test": "test split"}
GATES = {
    "certificate": "Label error certified",
    "test_reviewed": "Test split reviewed",
    "leak": "No leak from test to train",
    "contradictions": "No contradictions",
    "secrets": "No keys, tokens or passwords",
    "variety": "Inputs differ",
    "templates": "Held-out rows have their own templates",
    "personal_data": "No personal data",
    "content": "No faulty answers",
    "agreement": "People agree",
    "balance": "Train teaches every label",
    "sizes": "Rows enough to train and judge",
    "rubric": "Labelled under today's rubric",
    "sign_off": "Signed by a named person",
    "carried": "Every format carries every row",
    "format": "Files follow their formats",
    "loaders": "Read by the trainers' loaders",
}
STATES = {
    "running": "going on",
    "done": "done",
    "failed": "failed",
    "cancelled": "stopped",
    "lost": "ended without a word",
}


def spot_check_names(plans: Sequence[Plan]) -> dict[str, str]:
    """Name stored spot-checks (newest first), for a list to choose from: id -> name, numbered from the oldest."""
    names = {}
    for number, plan in zip(range(len(plans), 0, -1), plans, strict=True):
        rows = plan.settings.reviews + plan.settings.risk_reviews
        purpose = SENT if plan.purpose == "sent" else PURPOSES.get(plan.purpose, plan.purpose)
        names[plan.id] = f"No. {number}: {purpose}, {rows:,} rows, labels of {plan.labeler}"
    return names


def found_in_words(kind: str, count: int) -> str:
    """Name a kind of finding with its count; a row that was only ranked is no finding.

    >>> found_in_words("label_pattern", 2), found_in_words("suspect_label", 1430)
    ('Consistent mistakes: 2', 'Suspect labels: 1,430 rows ranked')
    """
    return f"{FINDINGS.get(kind, kind)}: {count:,}" + (" rows ranked" if kind == "suspect_label" else "")


def is_local(base_model: str) -> bool:
    """Whether a base model is the small student that was made on this machine.

    >>> is_local("local/base"), is_local("a/student-12"), is_local("org/model-8B")
    (True, True, False)
    """
    return base_model.startswith("local/") or base_model.rsplit("/", 1)[-1].startswith("student-")


def in_words(stored: str | None) -> str:
    """Write a stored JSON object as a line for a person.

    >>> in_words('{"rows": 12, "files": ["a.csv", "b.csv"], "why": null, "by": {"ana": 3}}')
    'rows: 12; files: a.csv, b.csv; by: ana 3'
    """
    try:
        found = json.loads(stored or "{}")
    except ValueError:
        return stored or ""
    pairs = found.items() if isinstance(found, dict) else [("", found)]
    told = [(str(name).replace("_", " "), _value(value)) for name, value in pairs]
    return "; ".join(f"{name}: {value}" if name else value for name, value in told if value)


def _value(value: Any) -> str:  # noqa: ANN401 - any JSON value
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{name} {_value(inner)}".rstrip() for name, inner in value.items())
        case list():
            return ", ".join(map(_value, value))
        case _:
            return str(value)


def sentence(text: str) -> str:
    """Write a reason as a sentence.

    >>> sentence("two rows differ"), sentence("")
    ('Two rows differ.', '')
    """
    return text[:1].upper() + text[1:] + ("" if not text or text[-1] in ".!?" else ".")


def interval(value: float, low: float, high: float) -> str:
    """Write a share with its interval.

    >>> interval(0.985, 0.966, 0.995)
    '98.5 % (96.6 to 99.5 %)'
    """
    return f"{percent(value)} ({100 * low:.1f} to {percent(high)})"


def points(value: float, low: float, high: float) -> str:
    """Write a difference of two shares with its interval, in percentage points.

    >>> points(0.067, 0.053, 0.08)
    '+6.7 points (+5.3 to +8.0)'
    """
    return f"{100 * value:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"


def p_value(p: float) -> str:
    """Write a p-value.

    >>> p_value(3.6e-7), p_value(0.0421)
    ('below 0.0001', '0.0421')
    """
    return "below 0.0001" if p < 0.0001 else f"{p:.4f}"


def clipped(text: str, limit: int = 280) -> str:
    """Cut a text that would fill the page.

    >>> clipped("a long text", 6)
    'a long…'
    """
    return text if len(text) <= limit else f"{text[:limit].rstrip()}…"


def upper(rate: float | None) -> str:
    """Write an upper bound in 0..1 as a percentage, rounded up, so that "at most" stays true.

    >>> upper(0.03121), upper(None)
    ('3.13 %', 'not known')
    """
    return percent(None) if rate is None else at_most(rate)


def percent(rate: float | None, digits: int = 1) -> str:
    """Write a rate in 0..1 as a percentage.

    >>> percent(0.0312), percent(None)
    ('3.1 %', 'not known')
    """
    return "not known" if rate is None else percent_of(rate, digits)


def bound_in_words(bound: Bound) -> str:
    """Write an error rate with its interval as one sentence."""
    return (
        f"{interval(bound.estimate, bound.low, bound.high)}, at most {upper(bound.upper_one_sided)}; "
        f"{100 * bound.confidence:.5g} % confidence, {bound.reviews:,} reviews of {bound.population:,} rows."
    )
