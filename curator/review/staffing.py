"""Who is asked what: rows that several people review, rows shown blind, and gold cards among them.

Like the draw itself, every choice is made by hashing a row's id with the seed, so it is random, repeatable, and
independent of the order of the rows.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from curator.errors import RequestError
from curator.records import TaskKind

GOLD_EVERY: Final = 10
"""A reviewer meets about one gold card in so many."""
BLIND_SHARE: Final = 0.2
"""Share of the risk rows that hide the label under review, unless the plan says otherwise."""


@dataclass(frozen=True, slots=True)
class Staffing:
    """How a plan's tasks are shared out.

    Attributes:
        overlap: How many people review each overlapped task, at least 1.
        overlap_share: Share of the audit tasks that are overlapped, in 0..1; counts where `overlap` is above 1.
        gold: Rows with a known truth that are asked again, blind, of everybody who has not seen them.
        quota: The most tasks of the plan for one reviewer, gold cards aside; None for no limit.
        blind_share: Share of the risk rows that hide the label under review, in 0..1; None is `BLIND_SHARE` for
            a classification, and 0 for answers that nobody can write out blind.
    """

    overlap: int = 1
    overlap_share: float = 1.0
    gold: int = 0
    quota: int | None = None
    blind_share: float | None = None

    def check(self, kind: TaskKind) -> None:
        """Refuse what cannot be meant.

        Raises:
            RequestError: A number is out of its range, or blind cards are asked for where there are no labels.
        """
        if self.overlap < 1 or self.gold < 0 or (self.quota is not None and self.quota < 1):
            raise RequestError(
                f"--overlap {self.overlap} and --quota {self.quota} must be at least 1, --gold {self.gold} at least 0"
            )
        for name, share in (("overlap-share", self.overlap_share), ("blind-share", self.blind_share)):
            if share is not None and not 0.0 <= share <= 1.0:
                raise RequestError(f"--{name} is {share}, expected a number from 0 to 1")
        if kind != "classification" and (self.gold or self.blind_share):
            raise RequestError(f"--gold and --blind-share need labels to choose from; a task of kind {kind} has none")

    def blind_of_risk(self, kind: TaskKind) -> float:
        """The share of risk rows to be shown blind, in 0..1."""
        if kind != "classification":
            return 0.0
        return BLIND_SHARE if self.blind_share is None else self.blind_share

    def changed(self) -> dict[str, float | None]:
        """The settings that are not the usual ones."""
        usual = Staffing()
        return {
            name: getattr(self, name)
            for name in ("overlap", "overlap_share", "gold", "quota", "blind_share")
            if getattr(self, name) != getattr(usual, name)
        }


def share_of(example_ids: Collection[str], share: float, *, seed: int, use: str) -> frozenset[str]:
    """Choose round(share x N) of N rows at random; the nearest to nothing above 0 is one row.

    Args:
        example_ids: The rows.
        share: In 0..1.
        seed: The plan's.
        use: Names the choice, so that two choices with one seed are independent.

    >>> len(share_of([f"r{i}" for i in range(50)], 0.2, seed=1, use="blind"))
    10
    """
    count = round(share * len(example_ids))
    if share > 0 and example_ids:
        count = max(count, 1)
    return frozenset(sorted(example_ids, key=lambda e: (_hash(seed, use, e), e))[:count])


def gold_rows(settled: Iterable[tuple[str, bool]], count: int, *, seed: int) -> tuple[str, ...]:
    """Choose gold cards among rows with a known truth: adjudicated ones first, at random within each kind.

    Args:
        settled: (example id, whether it was adjudicated).
        count: How many at most.
        seed: The plan's.
    """
    order = sorted(settled, key=lambda row: (not row[1], _hash(seed, "gold", row[0]), row[0]))
    return tuple(example for example, _ in order[:count])


def with_gold(
    tasks: Sequence[str], gold: Sequence[str], *, done: int, answered: int, seed: int, reviewer: str
) -> list[str]:
    """Put gold cards between a reviewer's next tasks: one somewhere in each ten, in an order of their own.

    The place within each ten and the order depend on seed and reviewer, so that neither counting nor talking tells
    which card is gold. The same arguments give the same list: a reload moves nothing.

    Args:
        tasks: The reviewer's next tasks, in order.
        gold: Gold tasks that the reviewer has not answered.
        done: Tasks of the plan that the reviewer has answered, gold cards aside.
        answered: Gold cards of the plan that the reviewer has answered.
        seed: The plan's.
        reviewer: Who.

    >>> with_gold(["a", "b"], [], done=0, answered=0, seed=0, reviewer="ana")
    ['a', 'b']
    """
    waiting = sorted(gold, key=lambda task: _hash(seed, f"gold of {reviewer}", task))
    places = [
        GOLD_EVERY * n + _hash(seed, f"place of {reviewer}", str(n))[0] % GOLD_EVERY
        for n in range(answered, answered + len(waiting))
    ]
    cards = list(zip(places, waiting, strict=True))
    mixed: list[str] = []
    for rank, task in enumerate(tasks, start=done):
        while cards and cards[0][0] <= rank:
            mixed.append(cards.pop(0)[1])
        mixed.append(task)
    if not tasks:
        mixed += [card for place, card in cards if place < done]
    return mixed


def _hash(seed: int, use: str, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}\x1f{use}\x1f{name}".encode(), digest_size=12).digest()
