"""A student is asked with all that a row holds, or not at all."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curator.errors import RequestError
from curator.ports import Completion
from curator.records import make_task, message_json, read_turns, write_exact
from pipelines.students.asking import answer
from storage.engine.store import Store

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
IMAGE = [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}, {"type": "text", "text": "what?"}]


class StandIn:
    base_model, concurrency = "m", 1

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def sample(self, conversations: Any, **_: Any) -> list[Completion]:
        self.asked += conversations
        return [Completion("a", 0.1, 1, 1) for _ in conversations]


def ask(tmp_path: Path, turns: list[dict[str, Any]], *, prompted: bool = False) -> list[Any]:
    stored = write_exact([message_json(turn) for turn in read_turns(turns)])
    rows = pl.DataFrame({"example_id": ["ex1"], "messages": [stored]})
    sampler, task = StandIn(), make_task({"name": "t", "kind": "text"})
    tmp_path.mkdir(exist_ok=True)
    store = Store.create(tmp_path / "curator.duckdb")
    answer(store, rows, None, task, dataset="d", version=1, sampler=sampler, prompted=prompted)  # type: ignore[arg-type]
    return sampler.asked


@pytest.mark.parametrize(
    "turns",
    [
        [{"role": "user", "content": IMAGE}],
        [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": "", "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "r"},
        ],
        [{"role": "user", "content": "q", "name": "ana"}],
    ],
)
def test_a_row_that_text_cannot_carry_is_refused_by_its_id(tmp_path: Path, turns: list[dict[str, Any]]) -> None:
    with pytest.raises(RequestError, match="1 of 1 rows, the first is ex1; nothing was asked"):
        ask(tmp_path, turns)


def test_turns_of_text_are_asked_as_they_are_and_a_prompt_holds_a_call_as_a_transcript(tmp_path: Path) -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "q"}]
    assert ask(tmp_path, turns) == [turns]
    called = [*turns, {"role": "assistant", "content": "", "tool_calls": [CALL]}, {"role": "user", "content": "and?"}]
    (asked,) = ask(tmp_path / "b", called, prompted=True)
    assert "[calls f as c1: {}]" in asked[0]["content"]
