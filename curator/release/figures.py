"""The figures of a dataset version that a trend is drawn from: size, balance, diversity, findings, label error."""

from collections.abc import Mapping, Sequence
from typing import Any

from curator.composition import balance
from curator.release.manifest import CertificateFact


def version_figures(
    train: Sequence[str],
    test: Sequence[str],
    *,
    diversity: Mapping[str, Any] | None,
    findings: Mapping[str, int] | None,
    certificate: CertificateFact | None,
) -> dict[str, float | None]:
    """Return a version's figures by name; None where a step was not done before the release.

    Args:
        train: The labels of the train rows.
        test: The labels of the test rows.
        diversity: A diversity report as plain values (`curator.composition.diversity.DiversityReport`).
        findings: Findings of the newest check by kind. Ranked rows (`suspect_label`) are no findings.
        certificate: The certificate of the version.
    """
    spread = balance(train)
    bound = certificate.shipped_error if certificate else None
    found = None if findings is None else {k: n for k, n in findings.items() if k != "suspect_label"}
    return {
        "train_rows": len(train),
        "test_rows": len(test),
        "labels": len(spread.counts),
        "effective_labels": spread.effective,
        "largest_label_share": spread.largest_share,
        "effective_clusters": diversity["effective_clusters"] if diversity else None,
        "largest_cluster_share": diversity["largest_share"] if diversity else None,
        "vendi": diversity["vendi"] if diversity else None,
        "findings": None if found is None else sum(found.values()),
        "contradictions": None if found is None else found.get("contradiction", 0),
        "duplicates": None
        if found is None
        else sum(found.get(f"{kind}_duplicate", 0) for kind in ("exact", "near", "semantic")),
        "label_error_at_most": bound.upper_one_sided if bound else None,
        "label_error": bound.estimate if bound else None,
    }
