"""A spot-check's plan, and what people are asked in it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from curator.errors import DataError
from curator.records.types import Purpose, Stream

ESTIMATES: Final[tuple[Purpose, ...]] = ("certify", "find")
"""The purposes of a plan that has an audit sample; only these are ever certified."""


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """What a plan was drawn with: the settings that are read again later.

    Attributes:
        reviews: Audit rows that were drawn (every row of the split for `test`).
        risk_reviews: Rows that were chosen beside them, likely wrong or sent by a person.
        target: Highest error that it was drawn to certify, 0..1, or None.
        confidence: Of each bound as asked for, 0..1, before attempts that missed are counted.
        checked: Whether a check had ranked the rows by risk before the draw.
        quota: Most tasks for one reviewer, or None.
    """

    reviews: int = 0
    risk_reviews: int = 0
    target: float | None = None
    confidence: float = 0.95
    checked: bool = True
    quota: int | None = None

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "PlanSettings":
        """Out of the settings as a plan keeps them, which hold more: strata, detector, shares, staffing."""
        return cls(**{each.name: stored[each.name] for each in fields(cls) if each.name in stored})


@dataclass(frozen=True, slots=True)
class Plan:
    """A stored plan. It never changes: the rows that it was drawn from and its tasks stand with it.

    Attributes:
        id: Its id.
        dataset: Whose rows.
        purpose: What it was drawn for; see `Purpose`.
        labeler: Whose labels are under review.
        seed: Of the draw.
        as_of_seq: The state of the store that it was drawn from.
        settings: What it was drawn with.
        seq: When it was stored; later plans have a higher one.
    """

    id: str
    dataset: str
    purpose: Purpose
    labeler: str
    seed: int
    as_of_seq: int
    settings: PlanSettings
    seq: int


@dataclass(frozen=True, slots=True)
class ReviewTask:
    """A row to be looked at by people: by which plan, in which stream and stratum, and why it is here.

    Attributes:
        id: Its id.
        plan: The plan's id.
        dataset: Whose row.
        example_id: The row.
        external_id: The row's id in the data.
        text: What the reviewer reads.
        content_hash: Of the text as it was drawn.
        stream: What the answer is for; see `Stream`.
        stratum: The band of risk that the row was drawn in.
        inclusion_probability: Chance that the draw took the row, in (0, 1]; 1 where it was chosen.
        position: Place in review order, from 0 within its stream.
        blind: Whether the label under review is hidden.
        proposed: The label under review, or None where the row has none.
        why: Why the card is in the queue, for the reviewer.
        overlap: People who are asked.
    """

    id: str
    plan: str
    dataset: str
    example_id: str
    external_id: str
    text: str
    content_hash: str
    stream: Stream
    stratum: str
    inclusion_probability: float
    position: int
    blind: bool
    proposed: str | None
    why: str
    overlap: int = 1

    def __post_init__(self) -> None:
        if not 0.0 < self.inclusion_probability <= 1.0:
            msg = f"task {self.id}: inclusion probability {self.inclusion_probability} is outside (0, 1]"
            raise DataError(msg)
