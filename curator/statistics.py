"""Small statistics that several rooms need, and rates for a person, rounded so that what is said stays true."""

import math
from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from curator.errors import DataError

_UNIT = 1e-3  # of a squared length: encoders that normalise in half precision are off by less
_SLACK = 1e-9
"""Of a percent: 0.07 is 7.000000000000001 % to a computer, and 7 % to everybody else."""


def percent(rate: float, places: int = 1) -> str:
    """A rate in percent, as every text and page writes it.

    >>> percent(0.0125), percent(0.05, 2)
    ('1.2 %', '5.00 %')

    Args:
        rate: 0..1.
        places: Decimal places of the percentage.
    """
    return f"{100 * rate:.{places}f} %"


def counted(number: int, one: str = "row", many: str = "") -> str:
    """Write a number of things.

    >>> counted(1), counted(1200), counted(1, "error"), counted(0, "entry", "entries")
    ('1 row', '1,200 rows', '1 error', '0 entries')
    """
    return f"1 {one}" if number == 1 else f"{number:,} {many or one + 's'}"


def at_most(rate: float, places: int = 2, *, unit: str = " %") -> str:
    """An upper bound in percent, rounded up: what is "at most" the shown number is at most the bound.

    >>> at_most(0.02004), at_most(0.05), at_most(1 / 80, 1)
    ('2.01 %', '5.00 %', '1.3 %')

    Args:
        rate: The bound, 0..1.
        places: Decimal places of the percentage.
        unit: What stands after the number.
    """
    scale = 10**places
    return f"{math.ceil(100 * rate * scale - _SLACK) / scale:.{places}f}{unit}"


def clopper_pearson(hits: float, n: float, confidence: float) -> tuple[float, float]:
    """Clopper and Pearson's (1934) two-sided interval for a rate, both ends in 0..1.

    >>> tuple(round(x, 4) for x in clopper_pearson(4, 20, 0.95))
    (0.0573, 0.4366)

    Args:
        hits: Successes, 0..n; need not be whole.
        n: Trials, above 0; need not be whole (an effective number).
        confidence: 0..1.
    """
    miss = (1.0 - confidence) / 2
    low = float(scipy.special.betaincinv(hits, n - hits + 1, miss)) if hits > 0 else 0.0
    high = float(scipy.special.betaincinv(hits + 1, n - hits, 1 - miss)) if hits < n else 1.0
    return low, high


def effective_number(counts: Sequence[int] | NDArray[np.int64]) -> float:
    """Return exp(Shannon entropy) of the counts: the number of equally frequent kinds that is as varied.

    >>> round(effective_number([5, 5, 5]), 6)
    3.0
    """
    share = np.asarray(counts, dtype=np.float64)
    share = share[share > 0]
    if len(share) == 0:
        return 0.0
    share /= share.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def unit_rows(vectors_ND: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows of length 1, as cosines need them; rows of zeros stay, and rows that have it already are not copied.

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]

    Raises:
        DataError: A number is none: not finite.
    """
    square_N = np.einsum("nd,nd->n", vectors_ND, vectors_ND, dtype=np.float64)
    if not np.isfinite(square_N).all():
        row = int(np.flatnonzero(~np.isfinite(square_N))[0])
        msg = f"the vector of row {row + 1} holds a number that is none (NaN or infinite); embed the rows again"
        raise DataError(msg)
    off_N = (np.abs(square_N - 1.0) > _UNIT) & (square_N > 0.0)
    if not off_N.any():
        return vectors_ND
    length_N1 = np.sqrt(np.where(off_N, square_N, 1.0))[:, None]
    return np.asarray(vectors_ND / length_N1, dtype=np.float32)
