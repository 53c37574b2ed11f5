"""Does seeing the teacher's answer change what reviewers say? A randomised comparison on the risk rows of a plan.

A share of the risk rows, chosen at random, hides the label under review. Reviewers who are not led by it agree with
the teacher as often where it is shown as where it is hidden. The difference of the two shares of agreement has an
interval by Newcombe (1998), "Interval estimation for the difference between independent proportions", Statistics in
Medicine 17, 873-890, method 10: it combines the Wilson intervals of the two shares.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import scipy

from curator.errors import NotEnoughDataError, RequestError

_FEW: Final = 30
"""Below so many rows in an arm the words say how little that is."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One half of the comparison: how many rows, and on how many of them the first answer was the teacher's."""

    rows: int
    agreed: int

    @property
    def share(self) -> float:
        """Share that agreed, in 0..1."""
        return self.agreed / self.rows


@dataclass(frozen=True, slots=True)
class Anchoring:
    """The anchoring effect. Shares and differences in 0..1 (differences in -1..1).

    Attributes:
        shown: Rows that showed the teacher's answer.
        blind: Rows that hid it.
        difference: Share that agreed where it was shown, less the share where it was hidden.
        low: Lower end of the interval of the difference.
        high: Upper end.
        confidence: Of the interval.
        words: What it means.
    """

    shown: Arm
    blind: Arm
    difference: float
    low: float
    high: float
    confidence: float
    words: str


def anchoring(reviews: Iterable[Mapping[str, Any]], *, confidence: float = 0.95) -> Anchoring:
    """Compare first answers on shown and on hidden risk rows.

    Only plans that have both kinds count, and of each row the first answer; skips say nothing, a rejection disagrees.
    A row whose answer was not given as the plan meant it (imported as seen where it was to be hidden) is left out.

    Args:
        reviews: In force, oldest first: plan, task, stream, hidden, blind, verdict, value, proposed.
        confidence: Of the interval.

    Raises:
        NotEnoughDataError: No plan has reviewed risk rows of both kinds.
        RequestError: A confidence outside (0, 1).
    """
    if not 0 < confidence < 1:
        raise RequestError(f"confidence {confidence} must lie in (0, 1)")
    first: dict[str, Mapping[str, Any]] = {}
    for row in reviews:
        if row["stream"] == "risk" and row["verdict"] != "skip" and row["proposed"] is not None:
            first.setdefault(row["task"], row)
    given = [row for row in first.values() if bool(row["hidden"]) == bool(row["blind"])]
    both = {r["plan"] for r in given if r["hidden"]} & {r["plan"] for r in given if not r["hidden"]}
    shown, blind = (
        _arm(r for r in given if r["plan"] in both and bool(r["hidden"]) is hidden) for hidden in (False, True)
    )
    if not (shown.rows and blind.rows):
        raise NotEnoughDataError(
            "no spot-check has reviewed suspect rows of both kinds, with the teacher's answer shown and hidden: "
            "draw one with `curator plan --risk-reviews M --blind-share 0.2` and review it"
        )
    low, high = difference_interval(shown, blind, confidence)
    difference = shown.share - blind.share
    return Anchoring(shown, blind, difference, low, high, confidence, _in_words(shown, blind, low, high, confidence))


def difference_interval(first: Arm, second: Arm, confidence: float) -> tuple[float, float]:
    """Interval of first.share - second.share: Newcombe's method 10, without continuity correction.

    >>> low, high = difference_interval(Arm(70, 56), Arm(80, 48), 0.95)  # Newcombe's example (a)
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    z = float(scipy.special.ndtri((1 + confidence) / 2))
    (low_1, high_1), (low_2, high_2) = _wilson(first, z), _wilson(second, z)
    difference = first.share - second.share
    down = ((first.share - low_1) ** 2 + (high_2 - second.share) ** 2) ** 0.5
    up = ((high_1 - first.share) ** 2 + (second.share - low_2) ** 2) ** 0.5
    return max(-1.0, difference - down), min(1.0, difference + up)


def _wilson(arm: Arm, z: float) -> tuple[float, float]:
    n, p = arm.rows, arm.share
    middle, half = p + z * z / (2 * n), z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def _arm(rows: Iterable[Mapping[str, Any]]) -> Arm:
    agreed = [row["verdict"] != "reject" and row["value"] == row["proposed"] for row in rows]
    return Arm(len(agreed), sum(agreed))


def _in_words(shown: Arm, blind: Arm, low: float, high: float, confidence: float) -> str:
    found = (
        f"Reviewers agreed with the teacher on {shown.share:.0%} of {shown.rows} suspect rows that showed its answer, "
        f"and on {blind.share:.0%} of {blind.rows} that hid it."
    )
    points = f"{100 * low:+.0f} to {100 * high:+.0f} points at {confidence:.0%} confidence"
    if low > 0:
        meaning = f"Seeing the answer makes them agree more often ({points}): mistakes slip through where it is shown."
    elif high < 0:
        meaning = (
            f"Seeing the answer makes them agree less often ({points}): they overrule what they would have said too."
        )
    else:
        meaning = f"The difference may be nothing ({points})."
    few = min(shown.rows, blind.rows)
    return f"{found} {meaning}" + (
        f" With {few} rows on one side this can see only a large effect." if few < _FEW else ""
    )
