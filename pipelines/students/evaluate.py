"""Contestants answer a version's frozen test split; scores, paired comparisons and the verdict are stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curator.errors import NotEnoughDataError, NotFoundError, RequestError
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
    decide,
    holm,
    latency,
    macro_f1,
    paired_comparison,
    per_class,
    recommend,
)
from curator.ports import Progress, Sampler
from curator.records import Task, TrainingRun, digest, is_right, short_id, valid_answer
from curator.release import Manifest, as_prompt
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import datasets, examples, labels
from storage.engine.store import Store
from storage.release import runs, versions
from storage.views import current as views

MAX_TOKENS = 512
CLASSIFICATION_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Contestant:
    """Who answers: a training run, the untrained base model, or a labeler with stored labels."""

    name: str
    run: TrainingRun | None = None
    labeler: str | None = None

    @property
    def is_base(self) -> bool:
        """The untrained base model."""
        return self.run is None and self.labeler is None

    @property
    def kind(self) -> Literal["sft", "dpo", "base", "labeler"]:
        """What sort of contestant it is."""
        if self.run is not None:
            return self.run.kind
        return "base" if self.is_base else "labeler"


def parse_models(text: str, store: Store, dataset: str) -> tuple[Contestant, ...]:
    """Read `student=RUN,base=,teacher=LABELER`. The first is the one that the others are compared with.

    Raises:
        RequestError: Not of that form, or a name twice.
        NotFoundError: No such run or labeler.
    """
    known = labels.labelers(store, dataset)
    made: list[Contestant] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, equals, what = (x.strip() for x in part.partition("="))
        if not equals or not name or name in {c.name for c in made}:
            msg = f"--models: {part!r} is not NAME=RUN (each name once), NAME=LABELER, or base="
            raise RequestError(msg)
        if name == "base" or what in ("", "base"):
            made.append(Contestant(name))
        elif (found := runs.find(store, what)) is not None:
            if found.sampler_path is None:
                msg = f"--models {name}={what}: the run is {found.status}, it has nothing to sample from"
                raise RequestError(msg)
            made.append(Contestant(name, run=found))
        elif what in known:
            made.append(Contestant(name, labeler=what))
        else:
            msg = f"--models {name}={what}: neither a training run nor a labeler (there are {', '.join(known)})"
            raise NotFoundError(msg)
    if not made:
        msg = "--models names nobody; for example student=RUN,base=,teacher=LABELER"
        raise RequestError(msg)
    return tuple(made)


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
    answers: dict[str, pl.DataFrame] = {}
    for done, contestant in enumerate(contestants):
        answers[contestant.name] = _answers(store, contestant, items, task, dataset, number, sampler)
        progress(done + 1, len(contestants))
    right = {name: _right(task, items, frame) for name, frame in answers.items()}
    groups_N = items["unit"].to_numpy()
    scores = {c.name: _score(task, items, c, answers[c.name], right[c.name], groups_N, seed) for c in contestants}
    paired = _paired(contestants, right, groups_N, seed)
    report = EvalReport(
        version=version,
        items=items.height,
        reviewed=_reviewed(items),
        groups=int(items["unit"].n_unique()),
        contestants=scores,
        comparisons=_comparisons(contestants[0].name, paired),
        local_student=any(c.run is not None and bool(c.run.config.get("local")) for c in contestants),
        verdict=_verdict(contestants, paired, items, manifest),
        recommendation=_recommendation(contestants, scores),
        failures=_failures(contestants[0], items, answers[contestants[0].name], right),
    )
    subject = contestants[0].run.id if contestants[0].run else None
    report_id = short_id("ev", [version, manifest.content_sha256, report.as_json()["contestants"], seed])
    told = audit.telling(actor=acting.actor(), action="evaluate", subject=version, report=report_id)
    runs.add_report(store, report_id=report_id, dataset=dataset, version=number, run=subject, report=report, told=told)
    return EvaluateReport(report_id, report)


def _reviewed(items: pl.DataFrame) -> int:
    return int((items["human_status"] == "settled").fill_null(False).sum())


def answer(
    store: Store,
    rows: pl.DataFrame,
    run: TrainingRun | None,
    task: Task,
    *,
    dataset: str,
    version: int,
    sampler: Sampler,
    progress: Progress = lambda _done, _total: None,
) -> str:
    """Let a run (None: the base model) answer rows (example_id, messages); returns the request key of the answers.

    Rows that were answered before are not asked again.
    """
    acting.require("train")
    who = run.id if run else ["base", sampler.base_model]
    key = digest([who, run.sampler_path if run else None, dataset, task.content_hash])
    have = set(runs.predictions(store, key)["example_id"].to_list())
    todo = rows.filter(~pl.col("example_id").is_in(list(have)))
    if todo.height:
        conversations = [
            [{"role": m.role, "content": m.text} for m in as_prompt(examples.parse_messages(stored))]
            for stored in todo["messages"]
        ]
        made = sampler.sample(
            conversations,
            model_path=run.sampler_path if run else None,
            max_tokens=CLASSIFICATION_TOKENS if task.kind == "classification" else MAX_TOKENS,
            temperature=0.0,
            progress=progress,
        )
        runs.add_predictions(
            store,
            dataset=dataset,
            version=version,
            contestant=run.id if run else "base",
            request_key=key,
            example_ids=todo["example_id"].to_list(),
            answers=[c.text for c in made],
            latency_s=[c.latency_s for c in made],
            tokens_in=[c.tokens_in for c in made],
            tokens_out=[c.tokens_out for c in made],
        )
    return key


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
    """Answers in the order of the items: answer, latency_s, tokens_in, tokens_out, cost_usd."""
    if contestant.labeler is not None:
        given = labels.frame(store, dataset, labeler=contestant.labeler).filter(pl.col("sample") == 0)
        newest = given.sort("seq").unique("example_id", keep="last")
        found = newest.select(
            "example_id", pl.col("value").alias("answer"), "latency_s", "tokens_in", "tokens_out", "cost_usd"
        )
    else:
        if sampler is None:
            msg = f"contestant {contestant.name!r} has to be sampled, and there is no sampler"
            raise RequestError(msg)
        key = answer(store, items, contestant.run, task, dataset=dataset, version=number, sampler=sampler)
        found = runs.predictions(store, key).with_columns(cost_usd=pl.lit(None, dtype=pl.Float64))
    joined = items.select("example_id").join(found, on="example_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("answer").fill_null(""))


def _right(task: Task, items: pl.DataFrame, answers: pl.DataFrame) -> NDArray[np.bool_]:
    pairs = zip(answers["answer"], items["truth"], strict=True)
    return np.array([is_right(task, a, t) for a, t in pairs], dtype=np.bool_)


def _score(
    task: Task,
    items: pl.DataFrame,
    contestant: Contestant,
    answers: pl.DataFrame,
    right_N: NDArray[np.bool_],
    groups_N: NDArray[Any],
    seed: int,
) -> ContestantScore:
    said = [valid_answer(task, a) for a in answers["answer"]]
    truth, names = items["truth"].to_list(), list(task.labels)
    by_class = task.kind == "classification"
    timed = answers["latency_s"].drop_nulls().to_list()
    return ContestantScore(
        n=items.height,
        accuracy=accuracy(right_N, groups_N),
        invalid=sum(a is None for a in said),
        latency=latency(timed) if timed else None,
        tokens_in=int(answers["tokens_in"].sum() or 0),
        tokens_out=int(answers["tokens_out"].sum() or 0),
        cost_usd=float(answers["cost_usd"].sum() or 0.0),
        run=contestant.run.id if contestant.run else None,
        kind=contestant.kind,
        macro_f1=macro_f1(truth, said, names, groups_N, seed=seed) if by_class else None,
        per_class=tuple(per_class(truth, said, names)) if by_class else None,
    )


def _paired(
    contestants: Sequence[Contestant], right: dict[str, NDArray[np.bool_]], groups_N: NDArray[Any], seed: int
) -> dict[str, PairedComparison]:
    """The first against each other one, by the other's name."""
    first = right[contestants[0].name]
    return {c.name: paired_comparison(first, right[c.name], groups_N, seed=seed) for c in contestants[1:]}


def _comparisons(first: str, paired: dict[str, PairedComparison]) -> tuple[ContestantComparison, ...]:
    """As the report names them, with p-values adjusted by Holm."""
    adjusted = holm([found.p for found in paired.values()])
    return tuple(
        ContestantComparison.of(first, name, found, p)
        for (name, found), p in zip(paired.items(), adjusted, strict=True)
    )


def _verdict(
    contestants: Sequence[Contestant], paired: dict[str, PairedComparison], items: pl.DataFrame, manifest: Manifest
) -> Verdict:
    teacher = next((c.name for c in contestants[1:] if c.labeler is not None), None)
    base = next((c.name for c in contestants[1:] if c.is_base), None)
    certificate = manifest.certificate
    return decide(
        test_rows=items.height,
        reviewed_rows=_reviewed(items),
        versus_teacher=paired.get(teacher) if teacher else None,
        versus_base=paired.get(base) if base else None,
        versus_previous=paired.get("previous"),
        certificate_status=certificate.status if certificate else None,
        shipped_error=certificate.shipped_error.as_bound() if certificate and certificate.shipped_error else None,
        max_error=certificate.target if certificate else None,
    )


def _recommendation(contestants: Sequence[Contestant], scores: dict[str, ContestantScore]) -> Recommendation | None:
    candidates = [
        StudentCandidate(c.name, c.run.kind, scores[c.name].accuracy)
        for c in contestants
        if c.run is not None and c.name not in ("previous", "raw")
    ]
    return recommend(candidates) if candidates else None


def _failures(
    subject: Contestant, items: pl.DataFrame, answers: pl.DataFrame, right: dict[str, NDArray[np.bool_]]
) -> tuple[WrongAnswer, ...]:
    """The subject's wrong answers: what the next round of review begins with."""
    wrong = ~right[subject.name]
    rows = items.with_columns(answer=answers["answer"]).filter(pl.Series(wrong)).head(200)
    return tuple(
        WrongAnswer(*row) for row in rows.select("example_id", "external_id", "text", "truth", "answer").iter_rows()
    )
