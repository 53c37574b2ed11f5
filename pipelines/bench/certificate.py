"""Suite `certificate`: the coverage of the bounds over a grid of situations."""

import itertools
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context

from curator.simulation import Groups, ReviewStream, Setting, simulate_coverage, simulate_decisions, simulate_peeking
from curator.spot_checks import Score

POPULATIONS = (200, 2_000, 20_000)
_REVIEWS = (60, 100, 200, 400)
_ERRORS = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.065, 0.1)
CONFIDENCE = 0.95
_SHARES = ("two_sided", "one_sided", "shipped_two_sided", "shipped_one_sided")

STREAMS = (
    *(ReviewStream(2_000, 400, rate) for rate in _ERRORS),
    ReviewStream(20_000, 400, 0.05),
    ReviewStream(200, 200, 0.05),
)
"""Where somebody looks at the live bound after every review."""
_SCORES: tuple[Score, ...] = ("good", "useless", "misleading")
GROUPS = tuple(Groups(n, score, affected=share) for n in (1, 2, 3) for score in _SCORES for share in (0.05, 0.2))
"""Where groups are decided from so many reviewed rows."""


Figures = Mapping[str, float | int | str]
"""A situation and the shares that were seen in it, by name."""


@dataclass(frozen=True, slots=True)
class PeekingBench:
    """The live bound, looked at after every review.

    Attributes:
        passed: Whether it is wrong in few enough streams.
        most_allowed: Share of streams, 0..1.
        most_wrong: The largest share of streams in which a bound was ever wrong, by bound; Wilson's interval, looked
            at as often, is the contrast.
        streams: Each stream with its shares.
    """

    passed: bool
    most_allowed: float
    most_wrong: Mapping[str, float]
    streams: tuple[Figures, ...]


@dataclass(frozen=True, slots=True)
class DecisionBench:
    """Bounds after group decisions: by a fresh audit, and by the audit that suggested them (the contrast).

    Attributes:
        passed: Whether the fresh audit covers enough.
        least_allowed: Share of repetitions, 0..1.
        least_covered: The smallest share by bound.
        groups: Each situation with its shares.
    """

    passed: bool
    least_allowed: float
    least_covered: Mapping[str, float]
    groups: tuple[Figures, ...]


@dataclass(frozen=True, slots=True)
class CertificateBench:
    """How well the bounds cover.

    Attributes:
        suite, passed: Which promise, and whether it holds.
        settings: Situations simulated.
        repetitions: Plans for each.
        confidence: Of the bounds, 0..1.
        least_allowed: The confidence less three Monte Carlo standard errors.
        least_covered: The smallest share of repetitions that hold, by bound.
        worst: The situation with the smallest share.
        failed: Situations below what is allowed.
        sequence: The live bound.
        group_decisions: After group decisions.
        seconds: How long it took.
    """

    suite: str
    passed: bool
    settings: int
    repetitions: int
    confidence: float
    least_allowed: float
    least_covered: Mapping[str, float]
    worst: Figures
    failed: tuple[Figures, ...]
    sequence: PeekingBench
    group_decisions: DecisionBench
    seconds: float


def grid() -> list[Setting]:
    """The grid: every population, number of reviews, error rate, score and allocation; a census is left out."""
    scores, purposes = ("good", "useless", "misleading"), ("certify", "find")
    situations = itertools.product(POPULATIONS, _REVIEWS, _ERRORS, scores, purposes)
    return [Setting(*each) for each in situations if each[1] < each[0]]  # type: ignore[arg-type]  # literals by construction


def run(repetitions: int = 4000, settings: Iterable[Setting] | None = None) -> CertificateBench:
    """Simulate the bounds over a grid of situations, the live bound under peeking, and group decisions.

    Passed where each share of repetitions that hold, two- and one-sided, for the teacher's and for the shipped
    error, for the live bound at every look, and for a fresh audit after group decisions, is at least the confidence
    less three Monte Carlo standard errors.

    Args:
        repetitions: Simulated plans for each setting.
        settings: The situations; default the whole grid.
    """
    chosen = list(grid() if settings is None else settings)
    started = time.perf_counter()
    simulate = partial(simulate_coverage, repetitions=repetitions, confidence=CONFIDENCE, seed=0)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        results = list(pool.map(simulate, chosen, chunksize=8))
    sequence, decisions = _sequence(repetitions), _group_decisions(repetitions)
    least = CONFIDENCE - 3 * results[0].standard_error
    shares = [{name: getattr(result, name) for name in _SHARES} for result in results]
    failed = tuple(
        {**asdict(setting), **share}
        for setting, share in zip(chosen, shares, strict=True)
        if min(share.values()) < least
    )
    worst = min(range(len(chosen)), key=lambda i: min(shares[i].values()))
    return CertificateBench(
        suite="certificate",
        passed=not failed and sequence.passed and decisions.passed,
        settings=len(chosen),
        repetitions=repetitions,
        confidence=CONFIDENCE,
        least_allowed=least,
        least_covered={name: min(share[name] for share in shares) for name in _SHARES},
        worst={**asdict(chosen[worst]), **shares[worst]},
        failed=failed,
        sequence=sequence,
        group_decisions=decisions,
        seconds=time.perf_counter() - started,
    )


def _sequence(repetitions: int) -> PeekingBench:
    """The live bound, looked at after every review; Wilson's interval, looked at as often, is the contrast."""
    ever = [simulate_peeking(stream, repetitions=repetitions, confidence=CONFIDENCE) for stream in STREAMS]
    allowed = 1 - CONFIDENCE + 3 * ever[0].standard_error
    most = {name: max(getattr(each, name) for each in ever) for name in ("one_sided", "two_sided", "wilson")}
    return PeekingBench(
        passed=max(most["one_sided"], most["two_sided"]) <= allowed,
        most_allowed=allowed,
        most_wrong=most,
        streams=tuple(asdict(stream) | asdict(each) for stream, each in zip(STREAMS, ever, strict=True)),
    )


def _group_decisions(repetitions: int) -> DecisionBench:
    """Bounds after group decisions: by a fresh audit, and by the audit that suggested them (the contrast)."""
    held = [simulate_decisions(groups, repetitions=repetitions, confidence=CONFIDENCE) for groups in GROUPS]
    allowed = CONFIDENCE - 3 * held[0].standard_error
    names = ("fresh_one_sided", "fresh_two_sided", "same_one_sided", "same_two_sided")
    least = {name: min(getattr(each, name) for each in held) for name in names}
    return DecisionBench(
        passed=min(least["fresh_one_sided"], least["fresh_two_sided"]) >= allowed,
        least_allowed=allowed,
        least_covered=least,
        groups=tuple(asdict(groups) | asdict(each) for groups, each in zip(GROUPS, held, strict=True)),
    )


def render(report: CertificateBench) -> str:
    """The report for a person."""
    verdict = "passed" if report.passed else "FAILED"
    covered = ", ".join(f"{name.replace('_', ' ')} {share:.4f}" for name, share in report.least_covered.items())
    failed = "".join(f"\n  below it: {setting}" for setting in report.failed[:20])
    live, fresh = report.sequence, report.group_decisions
    wrong, kept = live.most_wrong, fresh.least_covered
    peeked = max(wrong["one_sided"], wrong["two_sided"])
    drawn_after = min(kept["fresh_one_sided"], kept["fresh_two_sided"])
    return (
        f"certificate {verdict}: {report.settings} settings of {report.repetitions:,} repetitions, nominal "
        f"{report.confidence:.2f}, allowed down to {report.least_allowed:.4f}\n"
        f"least coverage: {covered}{failed}\n"
        f"live bound, looked at after every review: ever wrong in at most {peeked:.4f} "
        f"of streams (allowed {live.most_allowed:.4f}; Wilson's interval: {wrong['wilson']:.4f})\n"
        f"after group decisions: least coverage {drawn_after:.4f} by a fresh "
        f"audit (allowed {fresh.least_allowed:.4f}), {kept['same_one_sided']:.4f} by the rows that suggested them"
    )
