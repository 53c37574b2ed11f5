"""Ask an outside review board where its cards stand; nothing is written on either side."""

from collections.abc import Sequence
from dataclasses import dataclass

from curator.ports import ReviewBoard
from curator.review import dataset_name
from pipelines.runtime.progress import stage


@dataclass(frozen=True, slots=True)
class BoardAnswer:
    """What the board says of one plan. `there` is False where it has no dataset of it."""

    plan: str
    board_dataset: str
    there: bool
    cards: int
    answered: int
    drafts: int


def look(dataset: str, plans: Sequence[str], board: ReviewBoard) -> tuple[BoardAnswer, ...]:
    """Count the cards and answers of each plan on the board.

    Raises:
        ReviewBoardError: The board could not be reached or refused.
    """
    return tuple(_look(dataset, plan, board) for plan in plans)


def _look(dataset: str, plan: str, board: ReviewBoard) -> BoardAnswer:
    name = dataset_name(dataset, plan)
    if not board.find(name):
        return BoardAnswer(plan, name, False, 0, 0, 0)
    with stage("read the board") as report:
        entries = board.entries(name, report)
    answered = sum(any(r.status == "submitted" for r in entry.responses) for entry in entries)
    drafts = sum(any(r.status == "draft" for r in entry.responses) for entry in entries)
    return BoardAnswer(plan, name, True, len(entries), answered, drafts)
