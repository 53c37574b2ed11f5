"""Findings under another threshold, from the scores that they hold: nothing is computed again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from curator.records import FindingKind

_GROUPS = ("near_duplicate", "semantic_duplicate", "contradiction")
"""Kinds whose members each have a likeness to the group."""


@dataclass(frozen=True, slots=True)
class ListedFinding:
    """A finding as it is listed: one line of `curator findings --format jsonl`, field by field.

    Attributes:
        finding_id: What a decision names.
        kind: What was seen.
        score: Higher for worse.
        external_ids: Its rows by their ids in the files, in the order of `example_ids`.
        example_ids: Its rows.
        evidence: What a person reads (JSON), by kind; groups have `members`, one for each row.
        suggestion: What to do (JSON): `action`, `text`, and more where the action needs it.
        run: The check run that found it.
    """

    finding_id: str
    kind: FindingKind
    score: float
    external_ids: tuple[str, ...]
    example_ids: tuple[str, ...]
    evidence: Mapping[str, Any]
    suggestion: Mapping[str, Any]
    run: str


def narrowed(finding: ListedFinding, least: float) -> ListedFinding | None:
    """Return a finding as it is from a score of `least` on, or None where nothing of it is left.

    Of a group, members that are less alike are left out, and it needs two that stay (of a contradiction: with two
    labels); any other finding stays where its own score is high enough.

    Args:
        finding: As it was found.
        least: Least score, 0..1.
    """
    if finding.kind not in _GROUPS:
        return finding if finding.score >= least else None
    members = finding.evidence["members"]
    kept = [place for place, member in enumerate(members) if member["score"] >= least]
    labels = {members[place]["label"] for place in kept}
    if len(kept) < 2 or (finding.kind == "contradiction" and len(labels) < 2):
        return None
    if len(kept) == len(members):
        return finding
    size = {"size": len(kept)} if "size" in finding.evidence else {}
    return replace(
        finding,
        score=min(members[place]["score"] for place in kept),
        evidence={**finding.evidence, "members": [members[place] for place in kept], **size},
        example_ids=tuple(finding.example_ids[place] for place in kept),
        external_ids=tuple(finding.external_ids[place] for place in kept),
    )
