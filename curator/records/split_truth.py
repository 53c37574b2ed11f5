"""How far the frozen test split has answers that people gave: what scores and verdicts may be said about."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

WaitsFor = Literal["second look", "adjudication", "somebody who can say", "review", "label"]
"""What a test row without a settled answer waits for; the first three were looked at and are not settled."""

LOOKED_AT: tuple[WaitsFor, ...] = ("second look", "adjudication", "somebody who can say")
SHOWN_IDS = 5


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A test row without a settled answer.

    Attributes:
        external_id: Its id outside.
        waits_for: What has to happen.
        who: The people who have looked at it.
    """

    external_id: str
    waits_for: WaitsFor
    who: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DroppedRow:
    """A test row that people took out of the scores.

    Attributes:
        external_id: Its id outside.
        how: Rejected by a review, or excluded by a decision.
        who: Who did.
        reason: What they said; empty where they said nothing.
    """

    external_id: str
    how: Literal["rejected", "excluded"]
    who: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class SplitTruth:
    """The test split as it was frozen: `rows` = `settled` + those in `waiting` + those in `dropped`.

    Attributes:
        rows: Rows that were assigned to test.
        settled: Those whose answer people gave, and which stands.
        waiting: Those without a settled answer.
        dropped: Those that people took out.
    """

    rows: int
    settled: int
    waiting: tuple[WaitingRow, ...] = ()
    dropped: tuple[DroppedRow, ...] = ()

    @property
    def judged(self) -> int:
        """Rows that scores are to be of: all but those that people took out."""
        return self.rows - len(self.dropped)

    @property
    def contested(self) -> tuple[WaitingRow, ...]:
        """Rows that somebody has looked at and that are not settled: the hard ones, which scores must not lose."""
        return tuple(row for row in self.waiting if row.waits_for in LOOKED_AT)

    @property
    def waits(self) -> Mapping[WaitsFor, int]:
        """How many rows wait, by what for, most first."""
        return dict(Counter(row.waits_for for row in self.waiting).most_common())

    def sentence(self) -> str:
        """What is settled, what waits for what, and what people took out, with the first ids of each."""
        said = [f"{self.settled:,} of {self.judged:,} test rows have an answer that people settled"]
        for what, n in self.waits.items():
            ids = [row.external_id for row in self.waiting if row.waits_for == what]
            said.append(f"{n:,} {'waits' if n == 1 else 'wait'} for {_ARTICLE.get(what, '')}{what} ({first_ids(ids)})")
        for how in ("rejected", "excluded"):
            ids = [row.external_id for row in self.dropped if row.how == how]
            if ids:
                said.append(
                    f"{len(ids):,} more {'was' if len(ids) == 1 else 'were'} {how} by people ({first_ids(ids)})"
                )
        return "; ".join(said)


_ARTICLE: Mapping[WaitsFor, str] = {"second look": "a ", "label": "a ", "review": "a "}


def first_ids(ids: list[str]) -> str:
    """The first ids, quoted, and how many more there are."""
    shown = ", ".join(map(repr, ids[:SHOWN_IDS]))
    return shown + (f" and {len(ids) - SHOWN_IDS:,} more" if len(ids) > SHOWN_IDS else "")
