"""The shipped prompts, and what a student kept of them."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from curator.errors import DataError, NotFoundError
from curator.evaluation import PROMPT_CATEGORIES
from curator.ports import Completion
from curator.records import TrainingRun
from pipelines.students import forgetting
from storage.engine.store import Store
from tests.sample_project import make_project

STUDENT = TrainingRun("run_1", "support", 1, "sft", "models/small", None, {}, "path", "state", "finished")


class Speaker:
    """Says one thing as the base model, another as the student."""

    concurrency = 1

    def __init__(self, base: Callable[[str], str], student: Callable[[str], str], model: str = "models/small") -> None:
        self.base, self.student, self.base_model = base, student, model
        self.asked = 0

    def at_once(self, requests: int) -> "Speaker":
        return self

    def sample(
        self, conversations: Sequence[Sequence[dict[str, str]]], *, model_path: str | None, progress: Any, **_: Any
    ) -> list[Completion]:
        say = self.student if model_path else self.base
        self.asked += len(conversations)
        progress(len(conversations), len(conversations))
        return [Completion(say(turns[-1]["content"]), 0.1, 9, 3) for turns in conversations]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_project(tmp_path / "project", rows=200).store


def _config(more: Path | None = None) -> forgetting.KeptConfig:
    return forgetting.KeptConfig(STUDENT, forgetting.load_prompts(more), 1)


def test_at_least_200_prompts_of_six_categories_are_shipped_each_once() -> None:
    prompts = forgetting.load_prompts()
    counted = Counter(each.category for each in prompts)
    assert set(counted) == set(PROMPT_CATEGORIES)
    assert len(prompts) >= 200
    assert min(counted.values()) >= 30
    assert len({each.prompt for each in prompts}) == len(prompts)


def test_a_student_that_speaks_only_its_label_forgot_what_its_base_knew(store: Store) -> None:
    told = Speaker(lambda prompt: "I can't help with that." if "bomb" in prompt else "42", lambda _: "refund")
    found = forgetting.run(_config(), store, told)
    assert found.n == len(forgetting.load_prompts())
    assert (found.student.value, found.base.value > 0) == (0.0, True)
    assert {each.item for each in found.lost} >= {"reasoning-01", "refusal-01"}
    asked = told.asked
    assert forgetting.run(_config(), store, told) == found
    assert told.asked == asked == 2 * found.n


def test_a_file_of_ones_own_adds_a_category_and_a_bad_line_of_it_is_told(store: Store, tmp_path: Path) -> None:
    mine = tmp_path / "mine.jsonl"
    line = '{"id":"m1","category":"house","prompt":"say hi 1","pass":{"contains":["hi"]}}'
    mine.write_text(f"{line}\n{line.replace('1', '2')}")
    found = forgetting.run(_config(mine), store, Speaker(lambda _: "hi", lambda _: "hi"))
    house = next(c for c in found.categories if c.category == "house")
    assert (house.n, house.base, house.student) == (2, 1.0, 1.0)
    mine.write_text("{")
    with pytest.raises(DataError, match="line 1"):
        forgetting.load_prompts(mine)


def test_a_student_is_held_against_its_own_base_alone(store: Store) -> None:
    with pytest.raises(NotFoundError, match="models/other"):
        forgetting.run(_config(), store, Speaker(str, str, model="models/other"))
