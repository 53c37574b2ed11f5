"""What users of a running system said of its answers: thumbs, approvals, ratings of two steps."""

from collections.abc import Mapping
from typing import Any

from curator.importers.form import RawRecord
from curator.records import GivenLabel, OpinionStatus

COLUMNS = (
    "feedback",
    "user_feedback",
    "thumbs",
    "thumb",
    "thumbs_up",
    "rating",
    "user_rating",
    "approved",
    "approval",
    "liked",
    "vote",
    "verdict",
    "reaction",
)
_GOOD = frozenset(
    [
        "up",
        "thumbs_up",
        "thumbs-up",
        "thumbsup",
        "thumb_up",
        "👍",
        "good",
        "positive",
        "like",
        "liked",
        "yes",
        "true",
        "approved",
        "approve",
        "accepted",
        "accept",
        "correct",
        "helpful",
        "upvote",
        "+1",
        "1",
        "1.0",
    ]
)
_BAD = frozenset(
    [
        "down",
        "thumbs_down",
        "thumbs-down",
        "thumbsdown",
        "thumb_down",
        "👎",
        "bad",
        "negative",
        "dislike",
        "disliked",
        "no",
        "false",
        "rejected",
        "reject",
        "incorrect",
        "wrong",
        "unhelpful",
        "downvote",
        "-1",
        "0",
        "0.0",
        "-1.0",
    ]
)
_INNER = ("score", "value", "rating", "thumbs", "type")


def status_of(value: Any) -> OpinionStatus | None:  # noqa: ANN401 - raw JSON
    """Whether it says good or bad; None where it says neither, or more than that."""
    if isinstance(value, Mapping):
        inner = next(
            (value[n] for n in ("score", "value", "rating", "thumbs", "type") if value.get(n) is not None), None
        )
        return None if isinstance(inner, Mapping) else status_of(inner)
    if value is None or isinstance(value, list):
        return None
    said = str(value).strip().lower()
    return "accepted" if said in _GOOD else "rejected" if said in _BAD else None


def judged_by(record: RawRecord) -> str | None:
    """The column that judges the row's answer, or None. Steps of more than good and bad judge nothing by themselves."""
    return next((name for name in COLUMNS if status_of(record.get(name)) is not None), None)


def label_of(
    answer: Any,  # noqa: ANN401 - raw JSON
    status: OpinionStatus | None,
    *,
    by: str | None = None,
    note: str | None = None,
    time: str | None = None,
) -> GivenLabel:
    """An answer of a running system with what was said of it; one of which nothing was said is the system's label."""
    return GivenLabel(answer, by, "production", status or "accepted", note=note, time=time)
