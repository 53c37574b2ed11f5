"""Findings under another threshold, from the scores that they hold: nothing is computed again."""

from collections.abc import Mapping
from typing import Any

GROUPS = ("near_duplicate", "semantic_duplicate", "contradiction")
"""Kinds whose members each have a likeness to the group."""


def narrowed(finding: Mapping[str, Any], least: float) -> dict[str, Any] | None:
    """Return a finding as it is from a score of `least` on, or None where nothing of it is left.

    Of a group, members that are less alike are left out, and it needs two that stay (of a contradiction: with two
    labels); any other finding stays where its own score is high enough.

    Args:
        finding: As `storage.checks.findings.listing` gives it.
        least: Least score, 0..1.
    """
    if finding["kind"] not in GROUPS:
        return dict(finding) if finding["score"] >= least else None
    members = finding["evidence"]["members"]
    kept = [place for place, member in enumerate(members) if member["score"] >= least]
    labels = {members[place]["label"] for place in kept}
    if len(kept) < 2 or (finding["kind"] == "contradiction" and len(labels) < 2):
        return None
    if len(kept) == len(members):
        return dict(finding)
    evidence = {**finding["evidence"], "members": [members[place] for place in kept]}
    if "size" in evidence:
        evidence["size"] = len(kept)
    return {
        **finding,
        "score": min(members[place]["score"] for place in kept),
        "evidence": evidence,
        "example_ids": [finding["example_ids"][place] for place in kept],
        "external_ids": [finding["external_ids"][place] for place in kept],
    }
