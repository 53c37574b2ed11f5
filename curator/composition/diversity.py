"""How varied a dataset is: cluster shares, effective numbers, the Vendi score, and a verdict in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from curator.statistics import effective_number

DiversityVerdict = Literal["GOOD", "RISKY", "TOO FEW"]
MIN_DIVERSITY_ROWS = 50
RISKY_SHARE = 0.4
"""The playbook's own limit for the largest cluster, here applied to a share that is measured right."""
_RISKY_EFFECTIVE = 3.0
_PLAYBOOK_MIN = 150


@dataclass(frozen=True, slots=True)
class PlaybookRule:
    """The published rule: the largest of k = min(8, n // 50) k-means clusters must be under 40 %.

    `k` and `largest_share` are None where the rule cannot be used; `note` says why, or what it misses.
    """

    k: int | None
    largest_share: float | None
    verdict: str
    note: str


@dataclass(frozen=True, slots=True)
class DiversityReport:
    """What the rows cover.

    Attributes:
        rows, clusters: Their numbers.
        largest_share: Share of the largest cluster, 0..1.
        effective_clusters: exp(entropy) of the cluster sizes.
        vendi: Vendi score (Friedman and Dieng 2023): effective number of directions, 1..min(N, D).
        verdict, why: The verdict and its reason, in words.
        playbook: The published rule beside it.
        collect_next: What to collect: name of the region and how many rows, most wanted first.
    """

    rows: int
    clusters: int
    largest_share: float
    effective_clusters: float
    vendi: float
    verdict: DiversityVerdict
    why: str
    playbook: PlaybookRule
    collect_next: tuple[tuple[str, int], ...]


def vendi_score(vectors_ND: NDArray[np.float32]) -> float:
    """Return exp of the entropy of the eigenvalues of K / N, with K the cosines of unit vectors.

    The D x D matrix of second moments has the same non-zero eigenvalues, so N does not matter to the cost.
    """
    if len(vectors_ND) == 0:
        return 0.0
    x_ND = vectors_ND.astype(np.float64)
    return effective_number(np.clip(np.linalg.eigvalsh(x_ND.T @ x_ND / len(x_ND)), 0.0, None))


def diversity_report(
    vectors_ND: NDArray[np.float32],
    labels_N: NDArray[np.int64],
    *,
    names: Sequence[str] | None = None,
    seed: int = 0,
) -> DiversityReport:
    """Judge the diversity of clustered rows.

    Args:
        vectors_ND: Embeddings of unit length.
        labels_N: The cluster of each row (`curator.composition.clustering.cluster`).
        names: A name for each cluster, for what to collect next.
        seed: Seed of the published rule's k-means.
    """
    counts = np.bincount(labels_N) if len(labels_N) else np.zeros(0, dtype=np.int64)
    total = len(labels_N)
    share = float(counts.max() / total) if total else 0.0
    effective = effective_number(counts)
    verdict, why = _verdict(total, share, effective)
    return DiversityReport(
        rows=total,
        clusters=int((counts > 0).sum()),
        largest_share=share,
        effective_clusters=effective,
        vendi=vendi_score(vectors_ND),
        verdict=verdict,
        why=why,
        playbook=_playbook(vectors_ND, share, seed),
        collect_next=_collect_next(counts, names),
    )


def _verdict(total: int, share: float, effective: float) -> tuple[DiversityVerdict, str]:
    if total < MIN_DIVERSITY_ROWS:
        return "TOO FEW", f"{total} rows are too few to judge what they cover; {MIN_DIVERSITY_ROWS} are needed"
    if share >= RISKY_SHARE:
        return "RISKY", f"the largest cluster holds {share:.0%} of the rows, {RISKY_SHARE:.0%} or more"
    if effective < _RISKY_EFFECTIVE:
        return "RISKY", f"the rows are as varied as {effective:.1f} even clusters, fewer than {_RISKY_EFFECTIVE:.0f}"
    return "GOOD", f"no cluster holds more than {share:.0%}; as varied as {effective:.1f} even clusters"


def _playbook(vectors_ND: NDArray[np.float32], true_share: float, seed: int) -> PlaybookRule:
    from sklearn.cluster import KMeans

    total = len(vectors_ND)
    if total < _PLAYBOOK_MIN:
        note = f"the rule cannot say GOOD below {_PLAYBOOK_MIN} rows (its k is under 3), and has no cluster under 50"
        return PlaybookRule(None, None, "too small for this rule", note)
    k = min(8, total // 50)
    sizes = np.bincount(KMeans(k, n_init=3, random_state=seed).fit_predict(vectors_ND))
    share = float(sizes.max() / total)
    good = share < RISKY_SHARE
    note = ""
    if good != (true_share < RISKY_SHARE):
        note = (
            f"it disagrees: k-means must make {k} clusters and cuts a dominant one up; average linkage finds "
            f"{true_share:.0%}"
        )
    return PlaybookRule(k, share, "GOOD" if good else "RISKY", note)


def _collect_next(counts: NDArray[np.int64], names: Sequence[str] | None) -> tuple[tuple[str, int], ...]:
    # Evenly spread, the rows would fill the effective number of clusters; strays far below that are no region.
    total = int(counts.sum())
    wanted = round(total / effective_number(counts)) if total else 0
    thin = [
        (wanted - size, place) for place, size in enumerate(counts.tolist()) if max(3, wanted // 10) <= size < wanted
    ]
    thin.sort(key=lambda item: (-item[0], item[1]))
    return tuple((names[place] if names else f"cluster {place}", missing) for missing, place in thin[:10])
