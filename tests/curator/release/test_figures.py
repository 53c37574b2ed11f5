"""What is kept of each version for the trend."""

from curator.release.figures import version_figures


def test_a_version_is_described_by_its_train_rows_and_what_was_done_before_it():
    found = version_figures(
        ["a"] * 6 + ["b"] * 2,
        ["a"],
        diversity={"effective_clusters": 4.5, "largest_share": 0.2, "vendi": 12.0},
        findings={"contradiction": 2, "near_duplicate": 3, "exact_duplicate": 1, "suspect_label": 900},
        certificate={"shipped_error": {"upper_one_sided": 0.02, "estimate": 0.01}},
    )
    assert (found["train_rows"], found["test_rows"], found["labels"]) == (8, 1, 2)
    assert found["largest_label_share"] == 0.75
    assert found["findings"] == 6  # rows that were only ranked are no findings
    assert (found["contradictions"], found["duplicates"]) == (2, 4)
    assert (found["label_error"], found["label_error_at_most"]) == (0.01, 0.02)


def test_what_was_not_done_is_not_known_and_not_zero():
    found = version_figures(["a"], [], diversity=None, findings=None, certificate={"shipped_error": None})
    assert found["vendi"] is found["findings"] is found["duplicates"] is found["label_error_at_most"] is None
