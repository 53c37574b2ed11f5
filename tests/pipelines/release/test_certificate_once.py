"""On the way of one release the code of certificates is entered once, however many spot-checks came before."""

import inspect
import json
import sys
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import curator.certificates
from curator.records import make_task
from pipelines.intake import ingest
from pipelines.release import release
from pipelines.review import answers
from pipelines.review import plan as planning
from storage.dataset import datasets
from storage.engine.store import Store
from storage.review import plans

WRONG = 6


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """80 rows, some labelled wrong, after two spot-checks that missed the target and a census."""
    made = Store.create(tmp_path / "curator.duckdb")
    datasets.create(made, "d", make_task({"name": "t", "labels": ["a", "b"], "max_error": 0.02}))
    rows = [{"id": f"q{n}", "text": f"question {n * 7919} about {n * 104729}", "label": "ab"[n % 2]} for n in range(80)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest.run(ingest.IngestConfig("d", (tmp_path / "rows.jsonl",), labeler="t"), made)
    for seed, reviews in enumerate((15, 15, 1_000)):
        drawn = planning.run(planning.PlanConfig("d", reviews=reviews, seed=seed), made)
        given = plans.tasks(made, drawn.plan).select("task", "external_id", "proposed").rows()
        said = [
            {"task_id": task, "reviewer": who, "verdict": "edit", "value": _truth(row, label), "action_id": who + task}
            for task, row, label in given
            for who in ("ana", "ben")
        ]
        assert answers.import_records(said, drawn.plan, made).rejected == 0
    return made


def _truth(row: str, label: str) -> str:
    return {"a": "b", "b": "a"}[label] if int(row[1:]) < WRONG else label


def _counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count every call from another room of a function that the room of certificates gives out."""
    calls: Counter[str] = Counter()

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*given: Any, **named: Any) -> Any:
            calls[name] += 1
            return function(*given, **named)

        return call

    given_out = {name: getattr(curator.certificates, name) for name in curator.certificates.__all__}
    functions = {id(f): name for name, f in given_out.items() if isinstance(f, FunctionType)}
    for module in [m for path, m in sys.modules.items() if path.split(".")[0] in ("pipelines", "storage", "pages")]:
        for attribute, value in inspect.getmembers(module, inspect.isfunction):
            if id(value) in functions:
                monkeypatch.setattr(module, attribute, counting(functions[id(value)], value))
    return calls


def test_a_release_after_three_spot_checks_asks_for_its_certificate_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _counted(monkeypatch)
    report = release.run(release.ReleaseConfig("d", formats=("tinker",)), store, tmp_path / "releases")
    assert report.status == "CERTIFIED"
    assert calls == {"judge": 1}
    assert report.path is not None
    certificate = json.loads((Path(report.path) / "manifest.json").read_text())["certificate"]
    assert certificate["attempt"] == 3, "the attempts before were judged all the same"
