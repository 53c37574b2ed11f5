"""Rates for a person, rounded so that what is said stays true."""

import math

_SLACK = 1e-9
"""Of a percent: 0.07 is 7.000000000000001 % to a computer, and 7 % to everybody else."""


def at_most(rate: float, places: int = 2, *, unit: str = "%") -> str:
    """An upper bound in percent, rounded up: what is "at most" the shown number is at most the bound.

    >>> at_most(0.02004), at_most(0.05), at_most(1 / 80, 1)
    ('2.01%', '5.00%', '1.3%')

    Args:
        rate: The bound, 0..1.
        places: Decimal places of the percentage.
        unit: What stands after the number.
    """
    scale = 10**places
    return f"{math.ceil(100 * rate * scale - _SLACK) / scale:.{places}f}{unit}"
