"""How wrong the labels are, as a bound that holds at a stated confidence.

The population is split into strata, sampled at random without replacement within each
(`curator.spot_checks.design`), and counted in three ways:

- closed strata (every row reviewed, or settled before the draw) enter exactly;
- one open stratum: the exact inversion of the hypergeometric distribution (as Clopper-Pearson, for
  a finite population), so coverage is at least nominal by construction;
- several open strata: the gamma interval for a weighted sum of counts by Fay and Feuer (1997),
  "Confidence intervals for directly standardized rates: a method based on the gamma distribution",
  Statistics in Medicine 16, 791-801, with a finite-population correction of its variance. It grows
  with every error found, and `curator.simulation.bound_coverage` simulates its coverage, misleading scores included.

Rows without a verdict count as errors in the upper bound and as correct in the lower.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy
from numpy.typing import NDArray

from curator.errors import DataError, NotEnoughDataError, RequestError
from curator.records import Bound

CENSUS: Final = "census: every row was drawn"
_EXACT: Final = "exact hypergeometric bound for one stratum drawn at random"
STRATIFIED: Final = (
    "stratified estimate (Horvitz-Thompson) with the gamma interval of Fay and Feuer, "
    "corrected for the finite population"
)
_SLACK: Final = 1e-12


@dataclass(frozen=True, slots=True)
class StratumResult:
    """What the reviews of one stratum said. All fields but `name` count rows.

    Attributes:
        name: The stratum.
        size: Rows of the population in it (N_h).
        reviewed: Rows drawn for review (n_h), whatever came of them.
        errors: Drawn rows judged wrong.
        skipped: Drawn rows that the reviewer could not judge.
        unsettled: Drawn rows where a blind answer differs and nobody took the second look yet.
        unreviewed: Drawn rows that nobody has reviewed yet.
    """

    name: str
    size: int
    reviewed: int
    errors: int
    skipped: int = 0
    unsettled: int = 0
    unreviewed: int = 0

    def __post_init__(self) -> None:
        if min(self.size, self.reviewed, self.errors, self.open_questions) < 0:
            raise DataError(f"stratum {self.name}: a count is negative: {self}")
        if self.reviewed > self.size or self.errors + self.open_questions > self.reviewed:
            raise DataError(
                f"stratum {self.name}: expected errors + rows without a verdict <= drawn <= size, got "
                f"{self.errors} + {self.open_questions}, {self.reviewed}, {self.size}"
            )

    @property
    def open_questions(self) -> int:
        """Drawn rows without a verdict."""
        return self.skipped + self.unsettled + self.unreviewed

    @property
    def rate(self) -> float:
        """Share of wrong rows among those with a verdict; one half where there is none."""
        settled = self.reviewed - self.open_questions
        return self.errors / settled if settled else 0.5


@dataclass(frozen=True, slots=True)
class ErrorBounds:
    """Bounds for R repetitions of one design: two-sided low and high, and the one-sided upper."""

    low_R: NDArray[np.float64]
    high_R: NDArray[np.float64]
    upper_one_sided_R: NDArray[np.float64]


def error_bound(strata: Sequence[StratumResult], *, known_errors: int, known_rows: int, confidence: float) -> Bound:
    """Bound the error rate of the population that the strata and the known rows make up.

    Args:
        strata: Results by stratum, without the rows known before the draw.
        known_errors: Wrong rows among the known ones.
        known_rows: Rows whose truth was settled before the draw.
        confidence: In (0, 1), of the two-sided interval and of the one-sided upper bound each.

    Raises:
        NotEnoughDataError: The population is empty, or no row of it has a verdict.
        DataError: More known errors than known rows.
        RequestError: A confidence outside (0, 1).
    """
    _validate(strata, known_errors, known_rows, confidence)
    population = known_rows + sum(s.size for s in strata)
    bounds = error_bounds(
        np.array([[s.errors for s in strata]], dtype=np.int64).reshape(1, len(strata)),
        np.array([[s.errors + s.open_questions for s in strata]], dtype=np.int64).reshape(1, len(strata)),
        np.array([s.reviewed for s in strata], dtype=np.int64),
        np.array([s.size for s in strata], dtype=np.int64),
        known_errors=known_errors,
        known_rows=known_rows,
        confidence=confidence,
    )
    low, high = float(bounds.low_R[0]), float(bounds.high_R[0])
    estimate = (known_errors + sum(s.size * s.rate for s in strata)) / population
    return Bound(
        estimate=min(max(estimate, low), high),
        low=low,
        high=high,
        upper_one_sided=float(bounds.upper_one_sided_R[0]),
        confidence=confidence,
        reviews=sum(s.reviewed for s in strata),
        population=population,
        method=_method(strata),
    )


def shipped_bound(
    strata: Sequence[StratumResult],
    *,
    known_errors: int,
    known_rows: int,
    errors_fixed: int,
    rows_released: int,
    confidence: float,
) -> Bound:
    """Bound the error rate of the released rows, after errors were found and fixed.

    Upper: (upper bound on the number of errors in the population - errors fixed) / rows released.
    Fixing shifts the number of errors and its bound alike, so the bound keeps its coverage. For the
    lower bound every row that was left out may have been wrong.

    Args:
        strata: As in `error_bound`, judged on the labels as they were before the fixes.
        known_errors: As in `error_bound`.
        known_rows: As in `error_bound`.
        errors_fixed: Errors of the population that were corrected or left out, by either stream.
        rows_released: Rows in the release, which must all belong to the population.
        confidence: As in `error_bound`.

    Raises:
        NotEnoughDataError: Nothing is released, or `error_bound` has too little.
        RequestError: More rows released or errors fixed than the population has.
    """
    before = error_bound(strata, known_errors=known_errors, known_rows=known_rows, confidence=confidence)
    if rows_released == 0:
        raise NotEnoughDataError("the release has no rows: there is nothing to certify")
    if not (0 < rows_released <= before.population and 0 <= errors_fixed <= before.population):
        raise RequestError(
            f"{rows_released} rows released and {errors_fixed} errors fixed do not fit a population of "
            f"{before.population}: a certificate speaks only of rows that the plan was drawn from"
        )
    dropped = before.population - rows_released

    def remaining(rate: float, also_gone: int = 0) -> float:
        # Rounded, or a census with every error fixed would ship 1e-17 errors.
        errors = round(rate * before.population, 9) - errors_fixed - also_gone
        return min(max(errors / rows_released, 0.0), 1.0)

    low, high = remaining(before.low, dropped), remaining(before.high)
    return Bound(
        estimate=min(max(remaining(before.estimate), low), high),
        low=low,
        high=high,
        upper_one_sided=remaining(before.upper_one_sided),
        confidence=confidence,
        reviews=before.reviews,
        population=rows_released,
        method=f"(errors in {before.population} rows - {errors_fixed} fixed) / {rows_released} released; "
        f"{before.method}",
    )


def error_bounds(
    errors_low_RH: NDArray[np.int64],
    errors_high_RH: NDArray[np.int64],
    reviewed_H: NDArray[np.int64],
    sizes_H: NDArray[np.int64],
    *,
    known_errors: int = 0,
    known_rows: int = 0,
    confidence: float,
) -> ErrorBounds:
    """The formula behind `error_bound`, for R outcomes of one design at once.

    Args:
        errors_low_RH: Errors found, rows without a verdict counted as correct, [R, H].
        errors_high_RH: The same, rows without a verdict counted as errors, [R, H].
        reviewed_H: Rows drawn, [H]; a stratum with none counts as all correct and as all wrong.
        sizes_H: Rows in each stratum, [H].
        known_errors: Wrong rows among those settled before the draw.
        known_rows: Rows settled before the draw.
        confidence: Of the two-sided interval and of the one-sided bound each.
    """
    total = int(sizes_H.sum()) + known_rows
    miss = 1.0 - confidence
    is_open_H = (reviewed_H > 0) & (reviewed_H < sizes_H)
    closed_H = (reviewed_H > 0) & ~is_open_H
    undrawn = int(sizes_H[reviewed_H == 0].sum())
    design = (reviewed_H[is_open_H], sizes_H[is_open_H])
    exact_low_R = known_errors + errors_low_RH[:, closed_H].sum(axis=1)
    exact_high_R = known_errors + errors_high_RH[:, closed_H].sum(axis=1) + undrawn
    low_R = _open_count(errors_low_RH[:, is_open_H], *design, miss / 2, upper=False)
    high_R = _open_count(errors_high_RH[:, is_open_H], *design, miss / 2, upper=True)
    one_R = _open_count(errors_high_RH[:, is_open_H], *design, miss, upper=True)
    return ErrorBounds((exact_low_R + low_R) / total, (exact_high_R + high_R) / total, (exact_high_R + one_R) / total)


def _open_count(
    errors_RH: NDArray[np.int64],
    reviewed_H: NDArray[np.int64],
    sizes_H: NDArray[np.int64],
    miss: float,
    *,
    upper: bool,
) -> NDArray[np.float64]:
    """One-sided bound on the number of errors in the open strata, [R]."""
    if len(sizes_H) == 0:
        return np.zeros(len(errors_RH))
    if len(sizes_H) == 1:
        n, size = int(reviewed_H[0]), int(sizes_H[0])
        values, inverse_R = np.unique(errors_RH[:, 0], return_inverse=True)
        bounds = [_hypergeometric(int(k), n, size, miss, upper=upper) for k in values]
        return np.array(bounds, dtype=np.float64)[inverse_R]
    found_R = errors_RH.sum(axis=1)
    weight_H = sizes_H / reviewed_H
    spare_H = 1.0 - reviewed_H / sizes_H
    count_R = errors_RH @ weight_H
    variance_R = errors_RH @ (spare_H * weight_H**2)
    if upper:
        # One more error, where it weighs most, stands for what the sample missed. With no error
        # found, half of the sampled fraction is the leading finite-population term.
        extra = float((weight_H * (1.0 + spare_H) / 2).max())
        mean_R, variance_R = count_R + extra, variance_R + extra**2
        bound_R = variance_R / mean_R * scipy.special.gammaincinv(mean_R**2 / variance_R, 1.0 - miss)
        high_R: NDArray[np.float64] = np.minimum(bound_R, found_R + (sizes_H - reviewed_H).sum())
        return high_R
    some_R = count_R > 0
    safe_count_R, safe_variance_R = np.where(some_R, count_R, 1.0), np.where(some_R, variance_R, 1.0)
    bound_R = safe_variance_R / safe_count_R * scipy.special.gammaincinv(safe_count_R**2 / safe_variance_R, miss)
    low_R: NDArray[np.float64] = np.where(some_R, np.maximum(bound_R, found_R), 0.0)
    return low_R


def _hypergeometric(k: int, n: int, size: int, miss: float, *, upper: bool) -> int:
    """Largest (smallest) number of errors in `size` rows that `k` wrong of `n` drawn do not refute."""
    if not upper:
        return size - _hypergeometric(n - k, n, size, miss, upper=True)
    low, high = k, size - (n - k)
    while low < high:
        middle = (low + high + 1) // 2
        if _at_most(k, n, middle, size) > miss + _SLACK:
            low = middle
        else:
            high = middle - 1
    return low


def _at_most(k: int, n: int, wrong: int, size: int) -> float:
    """P(at most k wrong rows in a draw of n), if `wrong` of `size` rows are."""
    x = np.arange(max(0, n - (size - wrong)), min(k, wrong) + 1)
    if x.size == 0:
        return 0.0
    gammaln = scipy.special.gammaln
    log_p = (
        gammaln(wrong + 1) - gammaln(x + 1) - gammaln(wrong - x + 1)
        + gammaln(size - wrong + 1) - gammaln(n - x + 1) - gammaln(size - wrong - n + x + 1)
        - gammaln(size + 1) + gammaln(n + 1) + gammaln(size - n + 1)
    )  # fmt: skip
    return float(np.exp(log_p).sum())


def _method(strata: Sequence[StratumResult]) -> str:
    """Which formula the design leads to, in words, with what qualifies it."""
    still_open = [s for s in strata if s.reviewed < s.size]
    drawn = [s for s in still_open if s.reviewed]
    words = CENSUS if not still_open else _EXACT if len(drawn) <= 1 else STRATIFIED
    if len(drawn) < len(still_open):
        words += "; strata without a drawn row count as all wrong in the upper bound, as correct in the lower"
    if missing := sum(s.open_questions for s in strata):
        words += f"; {missing} drawn rows without a verdict count as errors above and as correct below"
    return words


def _validate(strata: Sequence[StratumResult], known_errors: int, known_rows: int, confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise RequestError(f"confidence must lie between 0 and 1, got {confidence}")
    if not 0 <= known_errors <= known_rows:
        raise DataError(f"{known_errors} errors among {known_rows} known rows: expected at most as many")
    if known_rows + sum(s.size for s in strata) == 0:
        raise NotEnoughDataError("the population is empty: there are no rows to bound the error of")
    if known_rows + sum(s.reviewed - s.open_questions for s in strata) == 0:
        raise NotEnoughDataError("no row has a verdict yet: review the plan's rows first")
