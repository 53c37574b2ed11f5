"""What an outside board is asked, and what it tells."""

from curator.ports import BoardEntry, BoardResponse
from pipelines.review import boards


class _Board:
    """A board that holds one plan's cards, as far as looking at it asks."""

    name = "argilla"

    def find(self, dataset: str) -> bool:
        return dataset.endswith("plan_1")

    def entries(self, dataset: str, progress: object) -> list[BoardEntry]:
        assert dataset == "curator-support-plan_1"
        given = [_answer("submitted"), _answer("draft")], [_answer("submitted")], [_answer("draft")], []
        return [BoardEntry(str(n), str(n), "text", None, tuple(said)) for n, said in enumerate(given)]


def _answer(status: str) -> BoardResponse:
    return BoardResponse("u", "ana", status, "x", None, "2026-11-21T10:00:00")  # type: ignore[arg-type]


def test_the_board_tells_of_each_plan_how_many_cards_are_answered() -> None:
    first, second = boards.look("support", ["plan_1", "plan_2"], _Board())  # type: ignore[arg-type]
    assert (first.there, first.cards, first.answered, first.drafts) == (True, 4, 2, 2)
    assert (second.there, second.cards) == (False, 0)
