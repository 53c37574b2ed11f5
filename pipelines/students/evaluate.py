"""Contestants answer a version's frozen test split; scores, paired comparisons and the verdict are stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curator.errors import DataError, NotEnoughDataError, RequestError
from curator.evaluation import (
    ContestantComparison,
    ContestantScore,
    EvalReport,
    PairedComparison,
    Recommendation,
    StudentCandidate,
    Verdict,
    WrongAnswer,
    accuracy,
    best_of_kind,
    decide,
    holm,
    latency,
    macro_f1,
    paired_comparison,
    per_class,
    recommend,
)
from curator.ports import Progress, Sampler
from curator.records import SplitTruth, Task, is_right, parse_answer, short_id
from curator.release import Manifest
from pipelines.runtime import acting
from pipelines.students.asking import answer
from pipelines.students.contestants import Contestant
from storage.access import audit
from storage.dataset import datasets, labels
from storage.engine.store import Store
from storage.release import runs, versions
from storage.views import current as views

NOT_MEASURED: Final = ("what the student forgot", "slices of the data", "latency of one request at a time", "cost")
"""What no verdict looks at yet, and says so."""


@dataclass(frozen=True, slots=True)
class EvaluateConfig:
    """What to evaluate.

    Attributes:
        version: `NAME@N`; its frozen test split is answered.
        contestants: Who answers; the first is compared with each other one.
        seed: Of the resampling.
    """

    version: str
    contestants: Sequence[Contestant]
    seed: int = 0


@dataclass(frozen=True, slots=True)
class EvaluateReport:
    """An evaluation, as it was stored.

    Attributes:
        report_id: Under which the store keeps it.
        report: What was found.
    """

    report_id: str
    report: EvalReport


def run(
    config: EvaluateConfig,
    store: Store,
    sampler: Sampler | None,
    *,
    progress: Progress = lambda _done, _total: None,
) -> EvaluateReport:
    """Evaluate, compare the first contestant with each other one, and decide.

    Raises:
        NotEnoughDataError: The version has no test rows.
        TrainerError: The sampling server failed; finished contestants are kept.
    """
    acting.require("train")
    version, contestants, seed = config.version, config.contestants, config.seed
    dataset, number = versions.parse(version)
    manifest = versions.get(store, dataset, number).manifest
    task = datasets.task_of(store, dataset)
    items = _items(store, dataset, manifest)
    answers: dict[str, _Answers] = {}
    for done, contestant in enumerate(contestants):
        given = _answers(store, contestant, items, task, dataset, number, sampler)
        answers[contestant.name] = _Answers.of(task, items, given)
        progress(done + 1, len(contestants))
    truth = views.truth_of_test(store, dataset, labeler=manifest.settings.labeler, as_of=manifest.as_of_seq)
    groups_N = items["unit"].to_numpy()
    ask = _Question(task, items, groups_N, seed, truth, sampler.concurrency if sampler else None)
    scores = {c.name: _score(ask, c, answers[c.name]) for c in contestants}
    paired = _paired(contestants, answers, groups_N, seed)
    report = EvalReport(
        version=version,
        items=items.height,
        reviewed=_reviewed(items),
        groups=int(items["unit"].n_unique()),
        contestants=scores,
        comparisons=_comparisons(contestants[0].name, paired),
        local_student=any(c.run is not None and bool(c.run.config.get("local")) for c in contestants),
        verdict=_verdict(contestants, paired, ask, manifest),
        recommendation=_recommendation(contestants, scores, answers, ask),
        failures=_failures(items, answers[contestants[0].name]),
        measure=ask.measure,
        truth=truth,
    )
    subject = contestants[0].run.id if contestants[0].run else None
    report_id = short_id("ev", [version, manifest.content_sha256, report.as_json()["contestants"], seed])
    told = audit.telling(actor=acting.actor(), action="evaluate", subject=version, report=report_id)
    runs.add_report(store, report_id=report_id, dataset=dataset, version=number, run=subject, report=report, told=told)
    return EvaluateReport(report_id, report)


def _reviewed(items: pl.DataFrame) -> int:
    return int((items["human_status"] == "settled").fill_null(False).sum())


def _items(store: Store, dataset: str, manifest: Manifest) -> pl.DataFrame:
    """The version's test rows: example_id, messages, truth, human_status, unit (source group, else the row)."""
    rows = manifest.rows.get("test", ())
    if not rows:
        msg = f"version {manifest.version} has no test rows: nothing can be evaluated on it"
        raise NotEnoughDataError(msg)
    current = views.current(store, dataset, labeler=manifest.settings.labeler, as_of=manifest.as_of_seq)
    wanted = pl.DataFrame({"example_id": [row.example_id for row in rows]})
    return wanted.join(current, on="example_id", how="left", maintain_order="left").select(
        "example_id",
        "external_id",
        "text",
        "messages",
        pl.col("value").alias("truth"),
        "human_status",
        pl.coalesce("group", "example_id").alias("unit"),
    )


def _answers(
    store: Store,
    contestant: Contestant,
    items: pl.DataFrame,
    task: Task,
    dataset: str,
    number: int,
    sampler: Sampler | None,
) -> pl.DataFrame:
    """Answers in the order of the items: answer, latency_s, tokens_in, tokens_out, cost_usd, cut."""
    if contestant.labeler is not None:
        given = labels.frame(store, dataset, labeler=contestant.labeler).filter(pl.col("sample") == 0)
        newest = given.sort("seq").unique("example_id", keep="last")
        found = newest.select(
            "example_id",
            pl.col("value").alias("answer"),
            "latency_s",
            "tokens_in",
            "tokens_out",
            "cost_usd",
            pl.lit(False).alias("cut"),
        )
    else:
        if sampler is None:
            msg = f"contestant {contestant.name!r} has to be sampled, and there is no sampler"
            raise RequestError(msg)
        key = answer(
            store,
            items,
            contestant.run,
            task,
            dataset=dataset,
            version=number,
            sampler=sampler,
            prompted=contestant.prompted,
        )
        found = runs.predictions(store, key).with_columns(cost_usd=pl.lit(None, dtype=pl.Float64))
    joined = items.select("example_id").join(found, on="example_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("answer").fill_null(""), pl.col("cut").fill_null(False))


def read_answer(task: Task, said: str) -> str | None:
    """What a contestant said as a value of the task, by the rules that the teacher's answers are read by, or None."""
    try:
        return parse_answer(task, said)
    except DataError:
        return None


@dataclass(frozen=True, slots=True)
class _Answers:
    """A contestant's answers in the order of the items: as they came, as values, and which are right."""

    frame: pl.DataFrame
    values: list[str | None]
    right_N: NDArray[np.bool_]

    @classmethod
    def of(cls, task: Task, items: pl.DataFrame, frame: pl.DataFrame) -> "_Answers":
        values = [read_answer(task, said) for said in frame["answer"]]
        pairs = zip(values, items["truth"], strict=True)
        right = [value is not None and is_right(task, value, truth) for value, truth in pairs]
        return cls(frame, values, np.array(right, dtype=np.bool_))


@dataclass(frozen=True, slots=True)
class _Question:
    """What every contestant was asked, and what is known about it."""

    task: Task
    items: pl.DataFrame
    groups_N: NDArray[Any]
    seed: int
    truth: SplitTruth
    in_flight: int | None

    @property
    def measure(self) -> Literal["accuracy", "agreement"]:
        return "accuracy" if _reviewed(self.items) == self.items.height else "agreement"


def _score(ask: _Question, contestant: Contestant, given: _Answers) -> ContestantScore:
    labels_true, names = ask.items["truth"].to_list(), list(ask.task.labels)
    by_class = ask.task.kind == "classification"
    timed, cost = given.frame["latency_s"].drop_nulls().to_list(), given.frame["cost_usd"].drop_nulls()
    cut_N = given.frame["cut"].to_numpy()
    said = [None if value not in ask.task.labels else value for value in given.values] if by_class else []
    n, right, missing = len(given.values), int(given.right_N.sum()), ask.truth.rows - len(given.values)
    return ContestantScore(
        n=n,
        accuracy=accuracy(given.right_N, ask.groups_N, name=ask.measure),
        invalid=sum(value is None and not cut for value, cut in zip(given.values, cut_N, strict=True)),
        latency=latency(timed) if timed else None,
        tokens_in=int(given.frame["tokens_in"].sum() or 0),
        tokens_out=int(given.frame["tokens_out"].sum() or 0),
        cost_usd=float(cost.sum()) if cost.len() else None,
        run=contestant.run.id if contestant.run else None,
        kind=contestant.kind,
        macro_f1=macro_f1(labels_true, said, names, ask.groups_N, seed=ask.seed) if by_class else None,
        per_class=tuple(per_class(labels_true, said, names)) if by_class else None,
        cut=int(cut_N.sum()),
        whole_split=(right / (n + missing), (right + missing) / (n + missing)) if missing > 0 else None,
        in_flight=ask.in_flight if timed and contestant.labeler is None else None,
    )


def _paired(
    contestants: Sequence[Contestant], answers: dict[str, _Answers], groups_N: NDArray[Any], seed: int
) -> dict[str, PairedComparison]:
    """The first against each other one, by the other's name."""
    first = answers[contestants[0].name].right_N
    return {c.name: paired_comparison(first, answers[c.name].right_N, groups_N, seed=seed) for c in contestants[1:]}


def _comparisons(first: str, paired: dict[str, PairedComparison]) -> tuple[ContestantComparison, ...]:
    """As the report names them, with p-values adjusted by Holm."""
    adjusted = holm([found.p for found in paired.values()])
    return tuple(
        ContestantComparison.of(first, name, found, p)
        for (name, found), p in zip(paired.items(), adjusted, strict=True)
    )


def _verdict(
    contestants: Sequence[Contestant], paired: dict[str, PairedComparison], ask: _Question, manifest: Manifest
) -> Verdict:
    """The verdict on the first contestant; of several base models it has to beat the best."""
    subject, others = contestants[0], contestants[1:]
    teacher = next((paired[c.name] for c in others if c.labeler is not None), None)
    bases = [paired[c.name] for c in others if c.is_base]
    certificate = manifest.certificate
    return decide(
        truth=ask.truth,
        scored=ask.items.height,
        versus_teacher=teacher,
        versus_base=max(bases, key=lambda found: found.b, default=None),
        versus_previous=paired.get("previous"),
        certificate_status=certificate.status if certificate else None,
        shipped_error=certificate.shipped_error.as_bound() if certificate and certificate.shipped_error else None,
        max_error=certificate.target if certificate else None,
        subject=subject.name,
        run=subject.run.id if subject.run else None,
        not_measured=(*_bare(others), *NOT_MEASURED),
    )


def _bare(others: Sequence[Contestant]) -> tuple[str, ...]:
    bases = [c for c in others if c.is_base]
    return ("the base model with the rubric in its prompt",) if bases and not any(c.prompted for c in bases) else ()


def _recommendation(
    contestants: Sequence[Contestant],
    scores: dict[str, ContestantScore],
    answers: dict[str, _Answers],
    ask: _Question,
) -> Recommendation | None:
    candidates = [
        StudentCandidate(c.name, c.run.kind, scores[c.name].accuracy, c.run.id, c.run.parent_run)
        for c in contestants
        if c.run is not None and c.name not in ("previous", "raw")
    ]
    if not candidates:
        return None
    best = best_of_kind(candidates)
    if len(best) < 2:
        return recommend(candidates)
    dpo, sft = (answers[best[kind].name].right_N for kind in ("dpo", "sft"))
    return recommend(candidates, paired_comparison(dpo, sft, ask.groups_N, seed=ask.seed))


def _failures(items: pl.DataFrame, given: _Answers) -> tuple[WrongAnswer, ...]:
    """The subject's wrong answers: what the next round of review begins with."""
    rows = items.with_columns(answer=given.frame["answer"]).filter(pl.Series(~given.right_N)).head(200)
    return tuple(
        WrongAnswer(*row) for row in rows.select("example_id", "external_id", "text", "truth", "answer").iter_rows()
    )
