"""Files of decisions as people have them: by the row's own id, as a table, with columns of their own."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.preferences import choices_file
from pipelines.preferences import draw as compare
from pipelines.review import answers
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig, PlanReport
from pipelines.runtime.settings import Settings
from storage.dataset import labels
from storage.engine.store import Store
from storage.review import comparisons, reviews
from storage.views.current import current
from tests.sample_project import make_project


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    return make_project(tmp_path)


@pytest.fixture
def plan(project: Settings) -> PlanReport:
    return planning.run(PlanConfig("support", purpose="find", reviews=6), project.store)


def said(store: Store) -> list[tuple[Any, ...]]:
    frame = reviews.frame(store, "support")
    return frame.select("reviewer", "verdict", "value", "blind", "seconds", "note").rows()


def test_a_row_is_named_by_its_own_id_and_a_column_of_ones_own_is_noted(
    project: Settings, plan: PlanReport, tmp_path: Path
) -> None:
    first, second = (task.external_id for task in plan.tasks[:2])
    proposed = dict(current(project.store, "support").select("external_id", "value").iter_rows())
    other = next(label for label in ("refund", "delivery", "account") if label != proposed[second])
    body = (
        "external_id,reviewer,value,seconds,note,blind,my column\n"
        f'{first},ana,{proposed[first]},"2,5",,FALSE,x\n{second},ana,{other},3,"said, so",false,\n'
    )
    (tmp_path / "said.csv").write_text(body)
    report = answers.import_file(tmp_path / "said.csv", plan.plan, project.store)
    assert (report.added, report.rejected) == (2, 0)
    assert report.notes[0].startswith("key 'my column' is not read (2 lines)")
    assert said(project.store) == [
        ("ana", "accept", proposed[first], False, 2.5, None),
        ("ana", "edit", other, False, 3.0, "said, so"),
    ]
    assert answers.import_file(tmp_path / "said.csv", plan.plan, project.store).added == 0


def test_a_row_that_is_not_of_the_plan_is_told_with_its_line(
    project: Settings, plan: PlanReport, tmp_path: Path
) -> None:
    lines = [{"external_id": "q_none", "reviewer": "ana", "verdict": "skip"}]
    (tmp_path / "said.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    report = answers.import_file(tmp_path / "said.jsonl", plan.plan, project.store)
    assert [(r["line"], r["reason"]) for r in report.rejects] == [(1, "unknown_row")]


def test_answers_to_comparisons_come_from_a_file(project: Settings, tmp_path: Path) -> None:
    store = project.store
    rows = current(store, "support").head(3)
    made = [
        labels.Label(row["example_id"], "other", "teacher", "account" if row["value"] != "account" else "refund", "h")
        for row in rows.iter_rows(named=True)
    ]
    labels.add(store, "support", made)
    batch = compare.run(compare.CompareConfig("support", a="teacher", b="other"), store).batch
    ids = rows["external_id"].to_list()
    told = [(ids[0], "ana", "a"), (ids[1], "ana", "other"), (ids[2], "ana", "tie")]
    chosen = [*told, ("none", "ana", "a"), (ids[0], "ben", "x")]
    body = "external_id,reviewer,choice\n" + "".join(f"{','.join(line)}\n" for line in chosen)
    (tmp_path / "chosen.csv").write_text(body)
    report = choices_file.import_file(tmp_path / "chosen.csv", batch, store)
    assert (report.added, report.by_reason) == (3, {"unknown_choice": 2})
    assert sorted(comparisons.answers(store, "support")["choice"].to_list()) == ["a", "b", "tie"]
    assert choices_file.import_file(tmp_path / "chosen.csv", batch, store).unchanged == 3
