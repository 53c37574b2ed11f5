"""Sending a plan to a board and bringing answers back, with a server that speaks as Argilla does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.bench.scripted_board import ScriptedBoard
from tests.cli.command import make_project, write_jsonl


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedBoard]:
    with ScriptedBoard() as server:
        monkeypatch.setenv("ARGILLA_API_URL", server.url)
        monkeypatch.setenv("ARGILLA_API_KEY", "none")
        yield server


@pytest.mark.slow
def test_who_answers_on_a_board_under_another_spelling_is_the_person_that_the_store_knows(
    tmp_path: Path, board: ScriptedBoard
) -> None:
    curator, _ = make_project(tmp_path)
    plan = curator.ok("plan", "--dataset", "support", "--reviews", 20, "--max-error", 0.5)
    ident, tasks = plan["plan"], plan["tasks"]
    said = [{"task_id": task["task_id"], "reviewer": "Ana", "verdict": "accept"} for task in tasks[:5]]
    curator.ok("review", "import", write_jsonl(tmp_path / "said.jsonl", said), "--plan", ident)
    sent = curator.ok("route", "--plan", ident, "--to", "argilla")
    assert sent["on_board"] == board.rows().total() == 15  # what Ana has answered is not asked again
    assert board.answer("\uff41na ", lambda card: "refund") == 15
    pulled = curator.ok("pull", "--plan", ident)
    assert (pulled["pulled"], pulled["same_person"]) == (15, {"\uff41na": "Ana"})
    assert pulled["by_reviewer"] == {"Ana": 20}
    again = curator.ok("pull", "--plan", ident)
    assert (again["pulled"], again["unchanged"], again["by_reviewer"]) == (0, 15, {"Ana": 20})
    assert curator("agreement", "--dataset", "support").code == 3  # one person has nobody to agree with


def test_two_people_of_the_board_are_two_people(tmp_path: Path, board: ScriptedBoard) -> None:
    curator, _ = make_project(tmp_path)
    ident = curator.ok("plan", "--dataset", "support", "--reviews", 10, "--max-error", 0.5)["plan"]
    curator.ok("route", "--plan", ident, "--to", "argilla")
    cards = iter(range(10))
    board.answer("ana", lambda card: "refund" if next(cards) < 6 else None)
    curator.ok("pull", "--plan", ident)
    board.answer("bo", lambda card: None if card["responses"] else "delivery")
    pulled = curator.ok("pull", "--plan", ident)
    assert (pulled["by_reviewer"], pulled["same_person"]) == ({"ana": 6, "bo": 4}, {})
