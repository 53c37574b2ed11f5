"""A threshold is moved over the stored scores of the members."""

from curator.checks.rethreshold import ListedFinding, narrowed


def group(kind, scores, labels=None):
    members = [
        {"example_id": f"ex{n}", "label": label, "score": score}
        for n, (score, label) in enumerate(zip(scores, labels or ["a"] * len(scores), strict=True))
    ]
    ids = tuple(f"ex{n}" for n in range(len(scores)))
    evidence = {"members": members, "size": len(scores)}
    return ListedFinding("f", kind, min(scores), tuple(i + "x" for i in ids), ids, evidence, {}, "run")


def test_members_under_the_threshold_leave_the_group_and_the_rest_is_told_as_it_was():
    found = narrowed(group("near_duplicate", [1.0, 0.75, 0.95]), 0.9)
    assert found.external_ids == ("ex0x", "ex2x")
    assert tuple(member["example_id"] for member in found.evidence["members"]) == found.example_ids == ("ex0", "ex2")
    assert (found.evidence["size"], found.score) == (2, 0.95)
    assert narrowed(group("near_duplicate", [1.0, 0.75]), 0.7) == group("near_duplicate", [1.0, 0.75])


def test_a_group_of_one_and_a_contradiction_with_one_label_are_gone():
    assert narrowed(group("near_duplicate", [1.0, 0.75]), 0.9) is None
    assert narrowed(group("contradiction", [1.0, 0.95, 0.9], ["a", "a", "b"]), 0.92) is None
    assert narrowed(group("contradiction", [1.0, 0.95, 0.9], ["a", "b", "b"]), 0.92) is not None


def test_other_findings_stay_by_their_own_score():
    finding = ListedFinding("f", "suspect_label", 0.6, ("a",), ("ex",), {}, {}, "run")
    assert narrowed(finding, 0.6) == finding
    assert narrowed(finding, 0.7) is None
