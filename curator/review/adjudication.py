"""Which open question about a row to settle first.

A row is open where people differ, where all who spoke rejected its label, where a blind disagreement waits for a second
look, where all who were asked have answered and fewer than two said anything, or where they all skipped it. The queue
is ordered by expected gain

    gain = 1 + W_h (1 + H) / 2    for a row of the audit stratum h (or of the test split),
    gain = H                      for any other row,

    W_h = (N_h / n_h) / max over the open audit rows of (N_h / n_h),  in (0, 1]

So audit rows come first: until they are settled the certificate stays INCOMPLETE. Among them count the rows that each
stands for (N_h rows in its stratum, n_h of them drawn) and how unsure its label is. H in [0, 1] is the entropy of the
row's label by the model of Dawid and Skene (1979) over all reviews, divided by log K for K labels: 1 is no idea, 0 is
certain. For the others only H counts.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from curator.records import GOLD, OPINION
from curator.review.agreement import ratings
from curator.review.consensus import steady_dawid_skene
from curator.review.resolution import human_outcome

_OPEN: Final = ("disputed", "rejected", "unsettled", "skipped")
ESTIMATING: Final = ("audit", "test")


@dataclass(frozen=True, slots=True)
class Said:
    """One person's newest word about a row; `value` is None for a rejection or a skip."""

    reviewer: str
    verdict: str
    value: str | None
    blind: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """A row that somebody should settle.

    Attributes:
        example_id: The row.
        task: The task to answer; of several, the newest.
        plan: Its plan.
        stream: Its stream.
        status: Why it is open: disputed, rejected, unsettled or skipped.
        proposed: The label under review.
        said: Each person's newest word, in the order of the reviews.
        entropy: Of the label by Dawid and Skene, in 0..1; 1 where nothing is known.
        consensus: The most probable label, None where nobody named one.
        weight: Of the audit row in its certificate, in (0, 1]; 0 for other rows.
        gain: What the queue is ordered by, see above.
    """

    example_id: str
    task: str
    plan: str
    stream: str
    status: str
    proposed: str | None
    said: tuple[Said, ...]
    entropy: float
    consensus: str | None
    weight: float
    gain: float


def disputes(
    reviews: Iterable[Mapping[str, Any]],
    *,
    labels: Sequence[str],
    weights: Mapping[str, float],
    excluded: frozenset[str] = frozenset(),
) -> tuple[Dispute, ...]:
    """The open rows, the most worth settling first.

    Args:
        reviews: In force, oldest first, as `storage.review.reviews.frame` gives them.
        labels: The task's labels; empty for tasks without, whose answers are compared as texts.
        weights: Task id -> how many rows an audit task stands for: N_h / n_h, one over its inclusion probability.
        excluded: Rows that a decision has taken out.
    """
    by_row: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in reviews:
        if row["stream"] != GOLD and row["example_id"] not in excluded:
            by_row[row["example_id"]].append(dict(row))
    still_open = {example: status for example, given in by_row.items() if (status := _status(given)) is not None}
    of_audit = {
        example: max((weights.get(r["task"], 0.0) for r in by_row[example] if r["stream"] in ESTIMATING), default=0.0)
        for example in still_open
    }
    # What people are like shows where several spoke; a row with one answer would only slow the model down.
    telling = {e: given for e, given in by_row.items() if e in still_open or len({r["reviewer"] for r in given}) > 1}
    sure = _posteriors(telling, labels)
    heaviest = max(of_audit.values(), default=0.0) or 1.0
    found = []
    for example, status in still_open.items():
        given = by_row[example]
        entropy, consensus = sure.get(example, (1.0, None))
        newest = given[-1]
        weight = of_audit[example] / heaviest
        found.append(
            Dispute(
                example_id=example,
                task=newest["task"],
                plan=newest["plan"],
                stream=newest["stream"],
                status=status,
                proposed=newest["proposed"],
                said=_words(given),
                entropy=entropy,
                consensus=consensus,
                weight=weight,
                gain=1 + weight * (1 + entropy) / 2 if weight else entropy,
            )
        )
    return tuple(sorted(found, key=lambda d: (-d.gain, d.example_id)))


def _status(given: list[dict[str, Any]]) -> str | None:
    """Why a row waits for somebody to settle it; None where it does not, or where people who were asked are missing."""
    outcome = human_outcome(given)
    if outcome is None or outcome.status not in _OPEN or outcome.adjudicated:
        return None
    if outcome.status == "skipped" and all(r["stream"] == OPINION for r in given):
        return None  # skipped in another tool: nobody was asked here
    asked = max(r.get("overlap") or 1 for r in given)
    if outcome.status == "unsettled" and len({r["reviewer"] for r in given}) < asked:
        return None
    return outcome.status


def _words(given: list[dict[str, Any]]) -> tuple[Said, ...]:
    newest = {r["reviewer"]: r for r in given}
    return tuple(
        Said(r["reviewer"], r["verdict"], r["value"], bool(r["blind"]), r.get("note")) for r in newest.values()
    )


def _posteriors(
    by_row: Mapping[str, list[dict[str, Any]]], labels: Sequence[str]
) -> dict[str, tuple[float, str | None]]:
    """Example id -> (entropy in 0..1, most probable label), for the rows about which somebody named a label."""
    triples = [
        (example, r["reviewer"], r["value"])
        for example, given in by_row.items()
        for r in {r["reviewer"]: r for r in given}.values()
        if r["value"] is not None and (not labels or r["value"] in labels)
    ]
    if not triples:
        return {}
    rated = ratings(triples, labels or None)
    if len(rated.raters) < 2 or len(rated.labels) < 2 or len(rated.labels) > 500:
        return {item: (_spread(by_row[item]), by_row[item][-1]["value"]) for item in rated.items}
    fit = steady_dawid_skene(rated).consensus
    entropy_I = _entropy(fit.probability_IK)
    return {item: (float(h), label) for item, h, label in zip(fit.items, entropy_I, fit.chosen, strict=True)}


def _entropy(probability_IK: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy of each row in bits, over the most that K labels can have."""
    p_IK = np.clip(probability_IK, 1e-12, 1.0)
    entropy_I: NDArray[np.float64] = -(p_IK * np.log2(p_IK)).sum(axis=1) / math.log2(p_IK.shape[1])
    return np.clip(entropy_I, 0.0, 1.0)


def _spread(given: list[dict[str, Any]]) -> float:
    """Entropy of the answers themselves, where no model can be fitted; one answer alone tells nothing: 1."""
    answers = [r["value"] for r in {r["reviewer"]: r for r in given}.values()]
    counts = np.unique([str(a) for a in answers], return_counts=True)[1]
    if len(answers) < 2:
        return 1.0
    share = counts / counts.sum()
    return float(-(share * np.log2(share)).sum() / math.log2(len(answers)))
