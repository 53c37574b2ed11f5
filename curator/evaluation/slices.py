"""Where a student is weak: its score on parts of the test rows, the worst first, several looks allowed for.

A slice is the rows that share a value of a column: a label, a cluster, a length, a language, a source, a column of
metadata. Two questions are asked of each: is the student worse here than elsewhere, and worse here than whom it would
replace. Every p-value is adjusted by Holm over all slices that were large enough to be asked about.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import scipy
from numpy.typing import NDArray

from curator.evaluation.metrics import Metric, mean_score
from curator.evaluation.significance import group_sums, holm, paired_comparison
from curator.evaluation.verdict import VerdictGate

SMALLEST: Final = 10
"""Groups of rows below which a slice is listed with its counts, and nothing is said about it."""
MOST_VALUES: Final = 40
"""A column with more values than this names rows rather than kinds of rows."""
COLLAPSE: Final = 0.10
"""A slice that is worse than the reference by at least this much, and surely worse, has collapsed."""


@dataclass(frozen=True, slots=True)
class SliceScore:
    """The subject on one part of the test rows.

    Attributes:
        column: What the rows share.
        value: Which value of it.
        n: Rows.
        groups: Independent groups among them.
        right: Rows that were answered right, by the metric that decides (a sum of scores).
        score: Mean score with its interval; None where there are fewer than `SMALLEST` groups.
        elsewhere: Mean score of all other rows.
        p: One-sided p-value for "worse here than elsewhere"; None where too small.
        p_holm: Adjusted over all slices that were asked about.
        against: Whom the subject would replace, where that was compared.
        difference: Subject minus reference, on these rows.
        low: Lower end of the 95 % interval of the difference.
        high: Upper end of it.
        difference_p: Two-sided p-value of the difference, adjusted by Holm over the slices.
    """

    column: str
    value: str
    n: int
    groups: int
    right: float
    score: Metric | None
    elsewhere: float | None
    p: float | None = None
    p_holm: float | None = None
    against: str | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    difference_p: float | None = None

    @property
    def name(self) -> str:
        """`column = value`."""
        return f"{self.column} = {self.value}"

    @property
    def weak(self) -> bool:
        """Surely worse here than elsewhere."""
        return self.p_holm is not None and self.p_holm < _ALPHA

    @property
    def collapsed(self) -> bool:
        """Surely worse than the reference here, and by much."""
        if self.difference is None or self.difference_p is None:
            return False
        return self.difference <= -COLLAPSE and self.difference_p < _ALPHA


_ALPHA: Final = 0.05


def score_slices(
    scores_N: NDArray[np.float64],
    groups_N: NDArray[Any],
    columns: Mapping[str, Sequence[str | None]],
    *,
    seed: int,
    reference: tuple[str, NDArray[np.float64]] | None = None,
) -> tuple[SliceScore, ...]:
    """Score every slice of every column, the worst first.

    Args:
        scores_N: The subject's score of each row, 0..1.
        groups_N: Group of each row.
        columns: Name -> the value of each row; None belongs to no slice. A column with one value, or more than
            `MOST_VALUES`, says nothing about parts and is left out.
        seed: Of random sign flips.
        reference: Whom the subject would replace, and its scores on the same rows.
    """
    made: list[SliceScore] = []
    for column, values in columns.items():
        shown = np.array(["" if value is None else value for value in values], dtype=object)
        names = sorted({value for value in values if value is not None})
        if not len(names) + (None in values) >= 2 or len(names) > MOST_VALUES:
            continue
        made += [_slice(column, name, scores_N, groups_N, shown == name, seed, reference) for name in names]
    return _adjusted(made)


def _slice(
    column: str,
    value: str,
    scores_N: NDArray[np.float64],
    groups_N: NDArray[Any],
    inside_N: NDArray[np.bool_],
    seed: int,
    reference: tuple[str, NDArray[np.float64]] | None,
) -> SliceScore:
    here_N, groups = scores_N[inside_N], len(np.unique(groups_N[inside_N]))
    rest_N = scores_N[~inside_N]
    elsewhere = float(rest_N.mean()) if rest_N.size else None
    bare = SliceScore(column, value, int(inside_N.sum()), groups, float(here_N.sum()), None, elsewhere)
    if groups < SMALLEST:
        return bare
    score = mean_score(here_N, groups_N[inside_N], name=f"{column} = {value}")
    found = None
    if reference is not None:
        found = paired_comparison(here_N, reference[1][inside_N], groups_N[inside_N], seed=seed, repetitions=5000)
    return SliceScore(
        column,
        value,
        bare.n,
        groups,
        bare.right,
        score,
        elsewhere,
        worse_than_elsewhere(scores_N, groups_N, inside_N),
        None,
        reference[0] if reference else None,
        found.difference if found else None,
        found.low if found else None,
        found.high if found else None,
        found.p if found else None,
    )


def worse_than_elsewhere(
    scores_N: NDArray[np.float64], groups_N: NDArray[Any], inside_N: NDArray[np.bool_]
) -> float | None:
    """One-sided p-value for "the mean inside is lower than outside"; None where the outside is too small.

    A t test on the groups' share of the difference of both means (groups may lie on both sides), each mean steadied
    by one row right and one wrong (Agresti and Caffo 2000), with the degrees of freedom of the side with fewer groups.
    """
    sides = [len(np.unique(groups_N[mask_N])) for mask_N in (inside_N, ~inside_N)]
    if min(sides) < SMALLEST:
        return None
    part_N = np.zeros(len(scores_N))
    means, extra = [], 0.0
    for sign, mask_N in ((1.0, inside_N), (-1.0, ~inside_N)):
        n = int(mask_N.sum()) + 2
        mean = (float(scores_N[mask_N].sum()) + 1) / n
        part_N[mask_N] = sign * (scores_N[mask_N] - mean) / n
        extra += ((1 - mean) ** 2 + mean**2) / n**2  # of the two rows that were added
        means.append(mean)
    sums_G, _ = group_sums(part_N, groups_N)
    groups = len(sums_G)
    error = math.sqrt(groups / (groups - 1) * float((sums_G**2).sum()) + extra)
    return float(scipy.special.stdtr(min(sides) - 1, (means[0] - means[1]) / error))


def _adjusted(made: Sequence[SliceScore]) -> tuple[SliceScore, ...]:
    """With Holm's p-values, each question over all slices; the lowest scores first, those too small last."""
    here = _holm({k: s.p for k, s in enumerate(made) if s.p is not None})
    against = _holm({k: s.difference_p for k, s in enumerate(made) if s.difference_p is not None})
    told = [replace(each, p_holm=here.get(k), difference_p=against.get(k)) for k, each in enumerate(made)]
    return tuple(sorted(told, key=lambda s: (s.score is None, s.score.value if s.score else 0.0, s.column, s.value)))


def _holm(p_values: Mapping[int, float]) -> dict[int, float]:
    return dict(zip(p_values, holm([*p_values.values()]), strict=True))


def length_bands(lengths: Sequence[int]) -> list[str]:
    """For each length, in characters, which quarter it lies in: such as `41 to 90`.

    >>> length_bands([10, 20, 30, 40])
    ['up to 10', '11 to 20', '21 to 30', 'over 30']
    """
    if not lengths:
        return []
    cuts = sorted({int(np.quantile(lengths, q, method="lower")) for q in (0.25, 0.5, 0.75)})
    names = [f"up to {cuts[0]}", *(f"{a + 1} to {b}" for a, b in pairwise(cuts)), f"over {cuts[-1]}"]
    return [names[int(np.searchsorted(cuts, length))] for length in lengths]


def slice_gate(found: Sequence[SliceScore], reference: str) -> VerdictGate:
    """Whether no part of the test rows is surely and much worse than with the reference."""
    name = "no slice collapsed"
    asked = [s for s in found if s.difference_p is not None]
    small = f" {len(found) - len(asked)} more are too small to ask." if len(asked) < len(found) else ""
    if not asked:
        detail = f"No slice has {SMALLEST} groups of rows: whether one collapsed cannot be told."
        return VerdictGate(name, None, None, -COLLAPSE, detail)
    gone = sorted((s for s in asked if s.collapsed), key=lambda s: s.difference or 0.0)
    if gone:
        first = gone[0]
        detail = (
            f"{len(gone)} of {len(asked)} slices collapsed against {reference}, the worst {first.name}: "
            f"{100 * (first.difference or 0.0):+.1f} points on {first.n} rows (p = {first.difference_p:.3g} by Holm)."
        )
        return VerdictGate(name, False, first.difference, -COLLAPSE, detail)
    worst = min(asked, key=lambda s: s.difference or 0.0)
    detail = (
        f"None of {len(asked)} slices is surely worse than {reference} by {COLLAPSE:.0%} or more; the lowest is "
        f"{worst.name} at {100 * (worst.difference or 0.0):+.1f} points on {worst.n} rows.{small}"
    )
    return VerdictGate(name, True, worst.difference, -COLLAPSE, detail)
