"""Names as they stand on screen, and figures in words."""

from typing import Any

from curator.types import Bound, Purpose

PURPOSES: dict[Purpose, str] = {
    "certify": "Measure the label error",
    "find": "Find mistakes",
    "test": "Review the frozen test split in full",
}

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


def spot_check_name(plan: dict[str, Any]) -> str:
    """Name a stored spot-check, for a list to choose from."""
    rows = plan["settings"].get("reviews", 0) + plan["settings"].get("risk_reviews", 0)
    return f"{PURPOSES.get(plan['purpose'], plan['purpose'])}: {rows:,} rows of {plan['labeler']} ({plan['plan']})"


def percent(rate: float | None, digits: int = 1) -> str:
    """Write a rate in 0..1 as a percentage.

    >>> percent(0.0312), percent(None)
    ('3.1 %', 'not known')
    """
    return "not known" if rate is None else f"{100 * rate:.{digits}f} %"


def bound_in_words(bound: Bound) -> str:
    """Write an error rate with its interval as one sentence."""
    return (
        f"{percent(bound.estimate)} (between {percent(bound.low)} and {percent(bound.high)} at "
        f"{percent(bound.confidence, 0)} confidence; at most {percent(bound.upper_one_sided)} one-sided), "
        f"from {bound.reviews:,} reviews of {bound.population:,} rows"
    )
