"""What is kept of each version for the trend."""

from curator.release import CertificateFact
from curator.release.figures import version_figures

BOUND = {
    "estimate": 0.01,
    "low": 0.0,
    "high": 0.03,
    "upper_one_sided": 0.02,
    "confidence": 0.95,
    "reviews": 300,
    "population": 900,
    "method": "m",
}


def test_a_version_is_described_by_its_train_rows_and_what_was_done_before_it():
    found = version_figures(
        ["a"] * 6 + ["b"] * 2,
        ["a"],
        diversity={"effective_clusters": 4.5, "largest_share": 0.2, "vendi": 12.0},
        findings={"contradiction": 2, "near_duplicate": 3, "exact_duplicate": 1, "suspect_label": 900},
        certificate=CertificateFact.model_validate({"shipped_error": BOUND}),
    )
    assert (found["train_rows"], found["test_rows"], found["labels"]) == (8, 1, 2)
    assert found["largest_label_share"] == 0.75
    assert found["findings"] == 6  # rows that were only ranked are no findings
    assert (found["contradictions"], found["duplicates"]) == (2, 4)
    assert (found["label_error"], found["label_error_at_most"]) == (0.01, 0.02)


def test_what_was_not_done_is_not_known_and_not_zero():
    found = version_figures(["a"], [], diversity=None, findings=None, certificate=CertificateFact())
    assert found["vendi"] is found["findings"] is found["duplicates"] is found["label_error_at_most"] is None
