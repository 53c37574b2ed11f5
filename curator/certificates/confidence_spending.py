"""What a further audit costs after one that missed its target: confidence, spent by a schedule that ends.

Draw, miss, draw again, until one passes: each audit alone is wrong at most alpha of the time, and the row of them
certifies any dataset in the end. So attempts share what they may be wrong. With alpha = 1 - the confidence asked for:

- the first attempt is an audit of fixed size, judged at alpha, as if no other will follow;
- the k-th, after k - 1 that missed, at alpha / 2^(k-1): all further ones together are wrong at most alpha.

Each audit is a fresh draw, so this holds whatever was changed in between, and whoever stops when (the union bound;
Lan and DeMets 1983, "Discrete sequential boundaries for clinical trials", Biometrika 70, 659-663, for the idea of
spending). The whole row is wrong at most 2 alpha; no schedule that gives the first attempt all of alpha does better
than alpha + what it leaves to the others. Who wants the whole row at 95 % asks for 97.5 %.
"""

from collections.abc import Sequence
from typing import Final

from curator.errors import RequestError

_LEAST: Final = 1e-12
"""Keeps the confidence below 1 after forty attempts."""


def spent(attempt: int, confidence: float) -> float:
    """Chance of a wrong pass that the attempt may take, 0..1.

    Args:
        attempt: From 1: one more than the attempts that missed since the last that passed.
        confidence: As asked for, in (0, 1).

    Raises:
        RequestError: An attempt below 1, or a confidence outside (0, 1).
    """
    if attempt < 1 or not 0.0 < confidence < 1.0:
        raise RequestError(f"attempt {attempt} at confidence {confidence}: expected from 1, and between 0 and 1")
    return float((1.0 - confidence) / 2.0 ** (attempt - 1))


def confidence_of(attempt: int, confidence: float) -> float:
    """The confidence that the attempt is judged at.

    >>> [round(confidence_of(k, 0.95), 5) for k in (1, 2, 3)]
    [0.95, 0.975, 0.9875]

    Raises:
        RequestError: As in `spent`.
    """
    if attempt == 1 and spent(attempt, confidence):
        return confidence  # exactly as asked: 1 - (1 - 0.95) is another number
    return 1.0 - max(spent(attempt, confidence), _LEAST)


def overall_confidence(attempt: int, confidence: float) -> float:
    """At least this is the chance that none of the attempts so far passes wrongly.

    >>> [round(overall_confidence(k, 0.95), 5) for k in (1, 2, 3)]
    [0.95, 0.925, 0.9125]

    Raises:
        RequestError: As in `spent`.
    """
    if attempt == 1:
        return confidence_of(attempt, confidence)
    return max(0.0, 1.0 - sum(spent(k, confidence) for k in range(1, attempt + 1)))


def in_words(confidence: float) -> str:
    """A confidence for a person, without rounding it up.

    >>> in_words(0.95), in_words(0.975), in_words(1 - 0.05 / 4)
    ('95 %', '97.5 %', '98.75 %')
    """
    return f"{100 * confidence:.6g} %"


def spent_in_words(missed: Sequence[str], confidence: float) -> str:
    """What the attempts that missed cost this one."""
    attempt = len(missed) + 1
    return (
        f"attempt {attempt}: {', '.join(missed)} did not meet the target before, so this one is judged at "
        f"{in_words(confidence_of(attempt, confidence))} instead of {in_words(confidence)}; that none of the "
        f"{attempt} attempts passes wrongly holds with {in_words(overall_confidence(attempt, confidence))} at least"
    )
