"""How often each reviewer errs, where the truth is known: always with an interval, never as a ranking.

The truth is what was known apart from the reviewer's own answer: of a gold card, the row's settled label; of any other
row, an adjudication by somebody else. The interval is Clopper and Pearson's (1934), exact for the rows that happened
to have a known truth; these are not a random sample of what the person reviewed (disputed rows are harder).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from curator.errors import RequestError
from curator.records import GOLD
from curator.statistics import clopper_pearson


@dataclass(frozen=True, slots=True)
class Quality:
    """One reviewer's errors where the truth is known.

    Attributes:
        reviewer: Who.
        judged: Rows with a known truth that the reviewer answered.
        errors: Of them, answered wrongly.
        gold: How many of `judged` were gold cards; the others were adjudicated.
        gold_errors: Errors among the gold cards.
        rate: errors / judged, in 0..1; None without any.
        low: Lower end of the interval; None without any.
        high: Upper end.
        reviewed: Rows that the reviewer answered at all, with a known truth or without.
    """

    reviewer: str
    judged: int
    errors: int
    gold: int
    gold_errors: int
    rate: float | None
    low: float | None
    high: float | None
    reviewed: int


def reviewer_quality(
    reviews: Iterable[Mapping[str, Any]], truth: Mapping[str, str | None], *, confidence: float = 0.95
) -> tuple[Quality, ...]:
    """Judge each reviewer's first answer to each row whose truth is known, in the order of their names.

    A first answer, because a second look has seen the teacher's. A skip is no answer, a rejection is right where the
    truth is not the label under review.

    Args:
        reviews: In force, oldest first: example_id, task, reviewer, stream, verdict, value, proposed, adjudicates.
        truth: Gold rows: example id -> settled label. Adjudicated rows are found among the reviews.
        confidence: Of the intervals.

    Raises:
        RequestError: A confidence outside (0, 1).
    """
    if not 0 < confidence < 1:
        raise RequestError(f"confidence {confidence} must lie in (0, 1)")
    given = list(reviews)
    final = {r["example_id"]: r for r in given if _adjudicates(r) and r["verdict"] != "skip"}
    first: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in given:
        if row["verdict"] != "skip" and not _adjudicates(row):
            first.setdefault((row["reviewer"], row["task"]), row)
    answers: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for (reviewer, _), row in first.items():
        answers[reviewer].append(row)
    return tuple(_judge(name, answers[name], final, truth, confidence) for name in sorted(answers))


def _adjudicates(review: Mapping[str, Any]) -> bool:
    return review["stream"] == "adjudication" or bool(review.get("adjudicates"))


def _judge(
    reviewer: str,
    answers: list[Mapping[str, Any]],
    final: Mapping[str, Mapping[str, Any]],
    truth: Mapping[str, str | None],
    confidence: float,
) -> Quality:
    wrong: list[tuple[bool, bool]] = []  # (gold, wrong)
    for answer in answers:
        gold = answer["stream"] == GOLD
        word = final.get(answer["example_id"])
        if gold and truth.get(answer["example_id"]) is not None:
            wrong.append((True, not _says(answer, truth[answer["example_id"]])))
        elif not gold and word is not None and word["reviewer"] != reviewer:
            right = None if word["verdict"] == "reject" else word["value"]
            wrong.append((False, not _says(answer, right)))
    errors, n = sum(w for _, w in wrong), len(wrong)
    low, high = clopper_pearson(errors, n, confidence) if n else (None, None)
    gold_errors = sum(w for g, w in wrong if g)
    of_gold = sum(g for g, _ in wrong)
    return Quality(reviewer, n, errors, of_gold, gold_errors, errors / n if n else None, low, high, len(answers))


def _says(answer: Mapping[str, Any], right: str | None) -> bool:
    """Whether an answer is right; `right` None stands for a row that is wrong as it is, with no label known."""
    if answer["verdict"] == "reject":
        return right is None or right != answer["proposed"]
    return right is not None and answer["value"] == right
