"""How far reviewers agree, in a few figures for a manifest: all of them together, without a name."""

from dataclasses import asdict, dataclass
from typing import Any

from curator.review.agreement import COEFFICIENTS, Bootstrap, Coefficient, Ratings, reading_notes, shared_counts


@dataclass(frozen=True, slots=True)
class AgreementFigures:
    """How far the raters of a dataset agree, all together.

    Attributes:
        items: Items with a rating.
        shared: Those with two or more, which the coefficients speak of.
        raters: People who rated.
        ratings: Ratings in all.
        confidence: Of each interval, 0..1.
        overall: Raw agreement, Krippendorff's alpha, Fleiss' kappa, Gwet's AC1.
        notes: How to read them, where they mislead.
    """

    items: int
    shared: int
    raters: int
    ratings: int
    confidence: float
    overall: tuple[Coefficient, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the manifest; to six places, which differ on no machine."""
        told = asdict(self)
        for each in told["overall"]:
            each |= {name: None if each[name] is None else round(each[name], 6) for name in ("value", "low", "high")}
        return told


def agreement_figures(
    rated: Ratings, *, seed: int, confidence: float = 0.95, repetitions: int = 2000
) -> AgreementFigures:
    """The coefficients over all raters: the part of `agreement` that describes a dataset, and names nobody.

    Args:
        rated: The ratings.
        seed: Of the bootstrap.
        confidence: Of the intervals.
        repetitions: Bootstrap samples.

    Raises:
        NotEnoughDataError: No item has two ratings.
    """
    shared_IK, once_K = shared_counts(rated)
    boot = Bootstrap(seed, repetitions, confidence, once_K)
    overall = [boot.coefficient(name, f, shared_IK) for name, f in COEFFICIENTS.items()]
    return AgreementFigures(
        items=len(rated.items),
        shared=len(shared_IK),
        raters=len(rated.raters),
        ratings=len(rated.item_N),
        confidence=confidence,
        overall=tuple(overall),
        notes=reading_notes(overall, shared_IK, rated.labels),
    )
