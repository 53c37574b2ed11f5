"""How long answers take, measured so that contestants can be compared: in turns, after a warm-up, at a stated load."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy

from curator.errors import NotEnoughDataError
from curator.evaluation.cost import Price, Usage, cost
from curator.evaluation.verdict import VerdictGate

_CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile of seconds with its interval of order statistics; an end is None where the sample cannot tell it."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class TimedAnswers:
    """One contestant at one load.

    Attributes:
        contestant: Who answered.
        concurrency: Requests under way at once.
        n: Answers that were timed.
        warm_up: Answers before them that were left out.
        rounds: How many turns the contestants took one after the other.
        first_p50: Seconds to the first token, as the time of an answer of one token: the median.
        first_p95: The 95th percentile of that.
        whole_p50: Seconds for the whole answer: the median.
        whole_p95: The 95th percentile of that.
    """

    contestant: str
    concurrency: int
    n: int
    warm_up: int
    rounds: int
    first_p50: Quantile
    first_p95: Quantile
    whole_p50: Quantile
    whole_p95: Quantile


@dataclass(frozen=True, slots=True)
class Targets:
    """What a student must not exceed; None where nothing is asked.

    Attributes:
        p95_s: Seconds for a whole answer at the 95th percentile, one request at a time.
        usd_per_1000: US dollars for a thousand answers.
    """

    p95_s: float | None = None
    usd_per_1000: float | None = None


def quantile(seconds: Sequence[float], q: float) -> Quantile:
    """A quantile with a 95 % interval that assumes nothing about the distribution (order statistics).

    >>> quantile([float(x) for x in range(1, 101)], 0.5).value
    50.5

    Raises:
        NotEnoughDataError: Nothing was timed.
    """
    if not seconds:
        msg = "no answer was timed: there is no latency to report"
        raise NotEnoughDataError(msg)
    ordered, n = sorted(seconds), len(seconds)
    miss = (1 - _CONFIDENCE) / 2
    low = int(scipy.stats.binom.ppf(miss, n, q))  # P(X < low) <= miss: the low-th smallest lies below, 1-based
    high = int(scipy.stats.binom.ppf(1 - miss, n, q)) + 1
    return Quantile(
        float(np.quantile(ordered, q)),
        ordered[low - 1] if low >= 1 else None,
        ordered[high - 1] if high <= n else None,
    )


def timed(
    contestant: str, concurrency: int, first: Sequence[float], whole: Sequence[float], *, warm_up: int, rounds: int
) -> TimedAnswers:
    """The seconds of one contestant at one load."""
    return TimedAnswers(
        contestant,
        concurrency,
        len(whole),
        warm_up,
        rounds,
        quantile(first, 0.5),
        quantile(first, 0.95),
        quantile(whole, 0.5),
        quantile(whole, 0.95),
    )


def latency_gate(found: TimedAnswers | None, target_s: float) -> VerdictGate:
    """Whether the 95th percentile, one request at a time, is surely within the target."""
    name = "answers in time"
    if found is None:
        return VerdictGate(name, None, None, target_s, "The student was not timed (--time N).")
    q = found.whole_p95
    upper = "not known" if q.high is None else f"{q.high:.3f} s"
    said = f"p95 is {q.value:.3f} s on {found.n} answers one at a time (at most {upper}), target {target_s:g} s"
    if q.high is not None and q.high <= target_s:
        return VerdictGate(name, True, q.value, target_s, f"{said}: met.")
    if q.value > target_s:
        return VerdictGate(name, False, q.value, target_s, f"{said}: missed.")
    return VerdictGate(name, None, q.value, target_s, f"{said}: cannot tell; time more answers (--time {4 * found.n}).")


def cost_each(price: Price | None, tokens_in: int, tokens_out: int, answers: int) -> float | None:
    """Dollars for one answer from measured tokens; None where the price or the tokens are not known."""
    if price is None or answers == 0 or tokens_in + tokens_out == 0:
        return None
    return cost(price, Usage(tokens_in / answers, tokens_out / answers)).usd


def cost_gate(each: float | None, target_per_1000: float) -> VerdictGate:
    """Whether a thousand answers cost at most the target."""
    name = "costs at most the target"
    if each is None:
        detail = (
            f"What the student costs is not known, target ${target_per_1000:g} for 1,000 answers: give its --price."
        )
        return VerdictGate(name, None, None, target_per_1000, detail)
    thousand = 1000 * each
    met = thousand <= target_per_1000 or math.isclose(thousand, target_per_1000)
    detail = f"1,000 answers cost ${thousand:.4g}, target ${target_per_1000:g}: {'met' if met else 'missed'}."
    return VerdictGate(name, met, thousand, target_per_1000, detail)
