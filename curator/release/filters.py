"""What left rows out of a version, for its manifest: each row under one filter, so that the counts add up."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from curator.review import Standing, excludes


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that one filter left out.

    Attributes:
        by: `exclude` or `merge` where people decided; else what the row is: rejected, disputed, unsettled,
            unlabelled, or the leak that holds it out.
        reason: What was said when the decision was taken (a cap says so here), or None where nobody decided.
        decisions: The decisions that it comes from, oldest first; none where nobody decided.
        rows: How many rows, each counted under one filter alone.
    """

    by: str
    reason: str | None
    decisions: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Filters:
    """All rows of the dataset: `rows` = `kept` (in the version, train and test) + those in `left_out`."""

    rows: int
    kept: int
    left_out: tuple[LeftOut, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the manifest."""
        return asdict(self)


def filters(out: Mapping[str, str], kept: int, standing: Mapping[str, Standing]) -> Filters:
    """Count the rows that are left out by what left them out, those with most rows first.

    Args:
        out: Example id -> why it is not in the version; `excluded` where a decision left it out.
        kept: Rows in the version.
        standing: Example id -> the decisions in force about it.
    """
    rows: defaultdict[tuple[str, str | None], int] = defaultdict(int)
    decisions: defaultdict[tuple[str, str | None], dict[str, int]] = defaultdict(dict)
    for example, why in out.items():
        decided = standing.get(example)
        if why != "excluded" or decided is None or decided.presence is None or not excludes(decided, example):
            rows[why, None] += 1
            continue
        key = (decided.presence.action, decided.presence.reason)
        rows[key] += 1
        decisions[key][decided.presence.decision] = decided.presence.seq
    order = sorted(rows, key=lambda key: (-rows[key], key[0], key[1] or ""))
    return Filters(
        rows=kept + len(out),
        kept=kept,
        left_out=tuple(
            LeftOut(by, reason, tuple(sorted(decisions[by, reason], key=decisions[by, reason].__getitem__)), n)
            for by, reason in order
            for n in (rows[by, reason],)
        ),
    )
