"""Answers are checked by a schema while nobody holds the store, and stored under the definition that holds then."""

import threading
from pathlib import Path

import pytest

from curator.records import make_task
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.review import answers, plan
from pipelines.review.plan import PlanConfig
from storage.dataset import datasets
from storage.engine.store import Store
from storage.review import desk, plans, reviews

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
TASK = {"name": "d", "kind": "extraction", "schema": SCHEMA}


@pytest.fixture
def planned(store: Store, tmp_path: Path) -> tuple[str, str]:
    """A plan and one of its tasks."""
    datasets.create(store, "d", make_task(TASK))
    file = tmp_path / "rows.csv"
    rows = [f'row {n},"{{""n"": {n}}}"' for n in range(40)]
    file.write_text("\n".join(["text,label", *rows, ""]), encoding="utf-8")
    assert ingest.run(IngestConfig("d", (file,), source="teacher"), store).labels_added == 40
    made = plan.run(PlanConfig("d", reviews=10), store).plan
    return made, str(plans.tasks(store, made)["task"][0])


def record(task: str, value: str) -> dict[str, object]:
    return {"task_id": task, "reviewer": "ana", "verdict": "edit", "value": value, "action_id": "a1"}


@pytest.mark.parametrize("together", [False, True])
def test_others_read_the_store_while_a_value_is_checked(
    planned: tuple[str, str], store: Store, *, together: bool
) -> None:
    made, task = planned
    seen: list[int] = []

    def checking(_: desk.Asked) -> list[dict[str, object]]:
        reader = threading.Thread(target=lambda: seen.append(store.seq()))
        reader.start()
        reader.join(20)
        return [record(task, '{"n": 1}')]

    if together:
        with store.together():
            assert answers.save(made, [task], checking, store) == {}
    else:
        assert answers.save(made, [task], checking, store) == {}
    assert len(seen) == 1
    assert reviews.frame(store, "d")["value"].to_list() == ['{"n":1}']


def test_a_definition_that_changed_meanwhile_is_the_one_that_counts(planned: tuple[str, str], store: Store) -> None:
    made, task = planned
    asked: list[str] = []

    def checking(found: desk.Asked) -> list[dict[str, object]]:
        asked.append(found.definition.content_hash)
        if len(asked) == 1:
            stricter = {**SCHEMA, "properties": {"n": {"type": "integer", "maximum": 0}}}
            datasets.create(store, "d", make_task(TASK | {"schema": stricter}))
        return [record(task, '{"n": 1}')]

    refused = answers.save(made, [task], checking, store)
    assert len(set(asked)) == 2
    assert "greater than the maximum" in refused[0]
    assert reviews.frame(store, "d").is_empty()
