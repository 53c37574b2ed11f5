"""Contestants answer a frozen test split: each is read by one parser, and no row leaves the count unseen."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curator.errors import NotEnoughDataError, RequestError
from curator.evaluation import EvalReport, Price, SuitePrompt, Targets
from curator.ports import Completion
from curator.records import TrainingRun
from pipelines.release import release
from pipelines.release.release import ReleaseConfig
from pipelines.review import answers
from pipelines.review import plan as planning
from pipelines.runtime.settings import Settings
from pipelines.students import contestants, evaluate, failures
from pipelines.students.contestants import Endpoint
from pipelines.students.timing import TimingConfig
from storage.release import runs
from tests.sample_project import LABELS, make_project

WAIVED = {"waive": ("certificate", "test_reviewed"), "why": "a test"}


class StandIn:
    """Answers by a function of the last turn; keeps what it was asked."""

    base_model = "local/base"
    concurrency = 3

    def __init__(self, answer: Callable[[str | None, str], Completion]) -> None:
        self.answer = answer
        self.asked: list[tuple[str | None, str]] = []
        self.room: list[tuple[int, tuple[str, ...]]] = []

    def at_once(self, requests: int) -> "StandIn":
        return self

    def sample(
        self,
        conversations: Sequence[Sequence[dict[str, str]]],
        *,
        model_path: str | None,
        max_tokens: int,
        room_for: Sequence[str],
        temperature: float,
        progress: Any,
    ) -> list[Completion]:
        self.room.append((max_tokens, tuple(room_for)))
        said = [(model_path, turns[-1]["content"]) for turns in conversations]
        self.asked += said
        return [self.answer(*each) for each in said]


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    """200 rows, their 40 rows of test reviewed but for three that somebody contradicts blind."""
    settings = make_project(tmp_path / "project", rows=200)
    store = settings.store
    plan = planning.run(planning.PlanConfig("support", "test"), store).plan
    rows = store.rows("select task, proposed from review_task where plan = ? order by task", [plan])
    records = []
    for place, (task, proposed) in enumerate(rows):
        other = next(label for label in LABELS if label != proposed)
        value, blind = (other, True) if place < 3 else (proposed, False)
        records.append({"task_id": task, "reviewer": "ana", "verdict": "edit", "value": value, "blind": blind})
    records = [record | {"action_id": f"a{n}"} for n, record in enumerate(records)]
    assert answers.import_records(records, plan, store).added == len(rows) == 40
    assert release.run(ReleaseConfig("support", **WAIVED), store, settings.releases).version == "support@1"
    for name, kind, parent in (("run_sft", "sft", None), ("run_dpo", "dpo", "run_other")):
        run = TrainingRun(name, "support", 1, kind, "local/base", parent, {}, f"path of {name}", "state", "finished")
        runs.record(store, run)
    return settings


def _evaluate(project: Settings, models: str, sampler: StandIn | None = None) -> EvalReport:
    who = contestants.parse_models(models, project.store, "support")
    return evaluate.run(evaluate.EvaluateConfig("support@1", who), project.store, sampler).report


def test_contradicted_test_rows_stay_in_the_count_and_no_verdict_is_given_without_them(project: Settings) -> None:
    report = _evaluate(project, "teacher=teacher,again=teacher")
    assert report.items == 37
    assert report.truth is not None
    assert (report.truth.rows, report.truth.settled, report.truth.waits) == (40, 37, {"second look": 3})
    assert report.verdict.outcome == "NOT ENOUGH DATA"
    assert "37 of 40 test rows" in report.verdict.reasons[0]
    score = report.contestants["teacher"]
    assert score.whole_split == pytest.approx((37 / 40, 1.0))


def test_scores_on_rows_that_nobody_settled_are_agreement(tmp_path: Path) -> None:
    settings = make_project(tmp_path / "project", rows=60)
    release.run(ReleaseConfig("support", **WAIVED), settings.store, settings.releases)
    report = _evaluate(settings, "teacher=teacher,again=teacher")
    assert (report.measure, report.contestants["teacher"].accuracy.name) == ("agreement", "agreement")
    assert report.contestants["teacher"].cost_usd is None  # no price is known, which is not 0


def test_every_contestants_answer_is_read_by_the_same_parser_and_a_cut_is_no_wrong_form(project: Settings) -> None:
    sampler = StandIn(
        lambda path, text: Completion(
            "<think>money</think>\nFinal Answer: Refund." if path else "refund, or acc", 0.1, 9, 4, cut=path is None
        )
    )
    report = _evaluate(project, "student=run_sft,base=,prompted=base+rubric,teacher=teacher", sampler)
    student, base = report.contestants["student"], report.contestants["base"]
    assert (student.invalid, student.cut) == (0, 0)
    assert student.accuracy.value > 0
    assert (base.invalid, base.cut, base.accuracy.value) == (0, 37, 0.0)
    assert student.in_flight == 3
    prompts = [text for path, text in sampler.asked if path is None and "What does the customer want?" in text]
    assert len(prompts) == 37
    assert sum(path is None for path, _ in sampler.asked) == 74
    assert all(room == LABELS for _, room in sampler.room)


def test_an_answer_is_not_asked_for_twice(project: Settings) -> None:
    sampler = StandIn(lambda path, text: Completion("refund", 0.1, 9, 1))
    first = _evaluate(project, "student=run_sft,base=", sampler)
    asked = len(sampler.asked)
    assert _evaluate(project, "student=run_sft,base=", sampler) == first
    assert len(sampler.asked) == asked == 74


def test_the_report_of_a_dpo_run_is_about_that_run_and_claims_nothing_for_dpo_from_elsewhere(project: Settings) -> None:
    report = _evaluate(project, "dpo=run_dpo,sft=run_sft", StandIn(lambda path, text: Completion("refund", 0.1, 9, 1)))
    assert report.verdict.about == "dpo (run_dpo)"
    assert report.recommendation is not None
    assert (report.recommendation.name, report.recommendation.run) == ("sft", "run_sft")
    assert "dpo did not start from sft" in report.recommendation.reason
    assert "the base model with the rubric in its prompt" not in report.verdict.not_measured
    assert "what the student forgot" in report.verdict.not_measured


def test_base_is_the_untrained_model_and_no_name_for_a_run(project: Settings) -> None:
    with pytest.raises(RequestError, match="`base` is the untrained model"):
        contestants.parse_models("base=run_sft", project.store, "support")


def test_slices_are_scored_failures_are_all_written_and_thin_parts_are_named(project: Settings, tmp_path: Path) -> None:
    sampler = StandIn(lambda path, text: Completion("refund", 0.1, 9, 1))
    who = contestants.parse_models("student=run_sft,base=,teacher=teacher", project.store, "support")
    config = evaluate.EvaluateConfig("support@1", who)
    report = evaluate.run(config, project.store, sampler).report
    assert {s.column for s in report.slices} >= {"label", "length"}
    worst = report.slices[0]
    assert (worst.column, worst.score.value if worst.score else None) == ("label", 0.0)
    assert report.contestants["student"].confusion[0].said == "refund"
    found = evaluate.failed(config, project.store)
    assert len(found.wrong) == report.wrong == 37 - round(37 * report.contestants["student"].accuracy.value)
    file = tmp_path / "wrong.csv"
    assert failures.write(file, found.wrong) == len(found.wrong)
    assert pl.read_csv(file).height == len(found.wrong)
    thin = failures.to_collect(project.store, "support", report, found.items, found.wrong)
    assert thin[0].wrong == thin[0].test_rows
    assert all(each.train_rows for each in thin if each.column == "label")


def test_failures_of_a_run_that_did_not_answer_are_refused_and_nobody_is_asked(project: Settings) -> None:
    who = contestants.parse_models("student=run_sft", project.store, "support")
    with pytest.raises(NotEnoughDataError, match="37 of 37 rows were not answered yet"):
        evaluate.failed(evaluate.EvaluateConfig("support@1", who), project.store)


def test_the_verdict_uses_forgetting_latency_and_cost_where_they_were_measured(project: Settings) -> None:
    sampler = StandIn(lambda path, text: Completion("42" if path is None else "refund", 0.1, 9, 1))
    who = contestants.parse_models("student=run_sft,base=,teacher=teacher", project.store, "support")
    config = evaluate.EvaluateConfig(
        "support@1",
        who,
        prompts=tuple(SuitePrompt(f"p{k}", "reasoning", f"What is 42 + 0 · {k}?", {"number": 42}) for k in range(200)),
        timing=TimingConfig(100, 4),
        prices={"student": Price("student", 0.1, 0.4, "2026-11-01")},
        targets=Targets(p95_s=0.05, usd_per_1000=1.0),
    )
    report = evaluate.run(config, project.store, sampler).report
    gates = {gate.name: gate.passed for gate in report.verdict.gates}
    assert gates["kept what the base model knew"] is False
    assert gates["answers in time"] is False
    assert gates["costs at most the target"] is True
    assert report.verdict.not_measured == ("the base model with the rubric in its prompt",)
    assert {(t.contestant, t.concurrency) for t in report.timings} == {
        (n, c) for n in ("student", "base") for c in (1, 4)
    }
    assert report.contestants["student"].usd_each == pytest.approx((9 * 0.1 + 0.4) / 1e6)


def test_a_price_for_nobody_and_forgetting_of_a_teacher_are_refused(project: Settings) -> None:
    who = contestants.parse_models("teacher=teacher,again=teacher", project.store, "support")
    priced = evaluate.EvaluateConfig("support@1", who, prices={"x": Price("x", 1, 1, "2026-11-01")})
    with pytest.raises(RequestError, match="no contestant has this name"):
        evaluate.run(priced, project.store, None)
    asked = evaluate.EvaluateConfig("support@1", who, prompts=(SuitePrompt("a", "b", "c", {"number": 1}),))
    with pytest.raises(RequestError, match="is about a student"):
        evaluate.run(asked, project.store, None)


@pytest.mark.parametrize("what", ["openai:", "openai:m@httpx", "openai:m@http://"])
def test_an_endpoint_is_named_by_model_and_address(project: Settings, what: str) -> None:
    with pytest.raises(RequestError, match="openai:MODEL"):
        contestants.parse_models(f"x={what}", project.store, "support")
    made = contestants.parse_models("x=openai:a/b@v2@http://127.0.0.1:1/v1,y=openai-bare:m", project.store, "support")
    assert [c.endpoint for c in made] == [Endpoint("a/b@v2", "http://127.0.0.1:1/v1"), Endpoint("m", None)]
    assert [(c.kind, c.prompted, c.is_teacher) for c in made] == [("endpoint", True, True), ("endpoint", False, False)]
