"""Contestants answer a version's frozen test split; scores, paired comparisons and the verdict are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import polars as pl

from curator.errors import RequestError
from curator.evaluation import (
    ContestantComparison,
    ContestantScore,
    EvalReport,
    Executed,
    Forgetting,
    PairedComparison,
    Price,
    SuitePrompt,
    Targets,
    TimedAnswers,
    WrongAnswer,
    cost_each,
    holm,
    paired_comparison,
    score_slices,
)
from curator.ports import Progress, Sampler
from curator.records import short_id
from curator.release import Manifest
from pipelines.runtime import acting
from pipelines.students import baseline, forgetting, sql_results
from pipelines.students import timing as clock
from pipelines.students.asking import answer, conversation, room
from pipelines.students.contestants import Contestant, Endpoints
from pipelines.students.deciding import further_gates, notes_of, recommendation_of, verdict_on
from pipelines.students.items import TestItems, of_version, slice_columns
from pipelines.students.scoring import Execute, ReadAnswers, read_answers, score
from storage.access import audit
from storage.dataset import labels
from storage.engine.store import Store
from storage.release import runs, versions

WRONG_SHOWN: Final = 200
"""Wrong answers that a report keeps; `wrong_answers` gives all."""


@dataclass(frozen=True, slots=True)
class EvaluateConfig:
    """What to evaluate.

    Attributes:
        version: `NAME@N`; its frozen test split is answered.
        contestants: Who answers; the first is compared with each other one.
        seed: Of the resampling.
        database: A SQLite file or script with rows, on which queries are run; None: the task's own script.
        prompts: General prompts to the first contestant and its base model; empty: what it forgot is not measured.
        timing: How to time contestants; None: they are not.
        prices: Contestant -> price of its tokens.
        targets: What the student must not exceed.
        encoder: Whose vectors the baseline reads.
    """

    version: str
    contestants: Sequence[Contestant]
    seed: int = 0
    database: Path | None = None
    prompts: tuple[SuitePrompt, ...] = ()
    timing: clock.TimingConfig | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    targets: Targets = field(default_factory=Targets)
    encoder: baseline.EncoderName | None = None


@dataclass(frozen=True, slots=True)
class EvaluateReport:
    """An evaluation, as it was stored.

    Attributes:
        report_id: Under which the store keeps it.
        report: What was found.
    """

    report_id: str
    report: EvalReport


@dataclass(frozen=True, slots=True)
class _Asked:
    """One evaluation under way: what is asked of whom, and through what."""

    config: EvaluateConfig
    store: Store
    dataset: str
    number: int
    manifest: Manifest
    items: TestItems
    sampler: Sampler | None
    endpoints: Endpoints | None

    def sampler_of(self, contestant: Contestant) -> Sampler:
        """What answers for a contestant.

        Raises:
            RequestError: It has to be asked, and nothing can.
        """
        if contestant.endpoint is not None and self.endpoints is not None:
            return self.endpoints(contestant.endpoint)
        if self.sampler is None or contestant.endpoint is not None:
            msg = f"contestant {contestant.name!r} has to be sampled, and there is no sampler"
            raise RequestError(msg)
        return self.sampler


def run(
    config: EvaluateConfig,
    store: Store,
    sampler: Sampler | None,
    endpoints: Endpoints | None = None,
    *,
    progress: Progress = lambda _done, _total: None,
) -> EvaluateReport:
    """Evaluate, compare the first contestant with each other one, and decide.

    Raises:
        NotEnoughDataError: The version has no test rows.
        RequestError: A contestant cannot be asked, or a setting names nobody.
        TrainerError, TeacherError: A server failed; finished contestants are kept.
    """
    acting.require("train")
    dataset, number = versions.parse(config.version)
    manifest = versions.get(store, dataset, number).manifest
    _refuse_strangers(config)
    asked = _Asked(config, store, dataset, number, manifest, of_version(store, dataset, manifest), sampler, endpoints)
    report = _evaluate(asked, progress)
    subject = config.contestants[0].run.id if config.contestants[0].run else None
    about = {k: v for k, v in report.as_json().items() if k in ("contestants", "forgetting", "timings")}
    targets = [config.targets.p95_s, config.targets.usd_per_1000]
    kept = [config.version, manifest.content_sha256, about["contestants"], config.seed]
    extra = [about["forgetting"], about["timings"], targets]
    report_id = short_id("ev", [*kept, *(extra if any(extra[:2]) or any(targets) else [])])
    told = audit.telling(actor=acting.actor(), action="evaluate", subject=config.version, report=report_id)
    runs.add_report(store, report_id=report_id, dataset=dataset, version=number, run=subject, report=report, told=told)
    return EvaluateReport(report_id, report)


def _refuse_strangers(config: EvaluateConfig) -> None:
    names = {c.name for c in config.contestants}
    if strangers := sorted(set(config.prices) - names):
        msg = f"--price {strangers[0]}=…: no contestant has this name (there are {', '.join(sorted(names))})"
        raise RequestError(msg)
    if config.prompts and config.contestants[0].run is None:
        msg = f"--forgetting is about a student, and the first contestant, {config.contestants[0].name!r}, is none"
        raise RequestError(msg)


def _evaluate(asked: _Asked, progress: Progress) -> EvalReport:
    config, items, contestants = asked.config, asked.items, asked.config.contestants
    answers = _all_answers(asked, progress)
    in_flight = asked.sampler.concurrency if asked.sampler else None
    scores = {
        c.name: _priced(score(items, c, answers[c.name], in_flight), config.prices.get(c.name)) for c in contestants
    }
    paired = _paired(contestants, answers, items, config.seed)
    subject = answers[contestants[0].name]
    reference = next((c for c in contestants[1:] if c.is_teacher), None)
    slices = score_slices(
        subject.scores_N,
        items.groups_N,
        slice_columns(asked.store, asked.dataset, items),
        seed=config.seed,
        reference=(reference.name, answers[reference.name].scores_N) if reference else None,
    )
    timings, kept = _timings(asked), _kept(asked)
    gates, silent = further_gates(
        contestants[0].name, config.targets, slices, reference, kept, timings, scores[contestants[0].name]
    )
    wrong = wrong_answers(items, subject)
    return EvalReport(
        version=config.version,
        items=items.rows.height,
        reviewed=items.reviewed,
        groups=int(items.rows["unit"].n_unique()),
        contestants=scores,
        comparisons=_comparisons(contestants[0].name, paired),
        local_student=any(c.run is not None and bool(c.run.config.get("local")) for c in contestants),
        verdict=verdict_on(contestants, paired, items, asked.manifest, gates, silent),
        recommendation=recommendation_of(contestants, scores, answers, items, config.seed),
        failures=wrong[:WRONG_SHOWN],
        measure=items.measure,
        truth=items.truth,
        decided_by=subject.measured.decides,
        wrong=len(wrong),
        slices=slices,
        forgetting=kept,
        timings=timings,
        by_form=subject.measured.by_form,
        notes=notes_of(contestants, paired),
    )


def _priced(made: ContestantScore, price: Price | None) -> ContestantScore:
    each = cost_each(price, made.tokens_in, made.tokens_out, made.n)
    if each is None and made.cost_usd is not None and made.n:
        each = made.cost_usd / made.n
    return replace(made, usd_each=each)


def _all_answers(asked: _Asked, progress: Progress) -> dict[str, ReadAnswers]:
    database = sql_results.open_database(asked.items.task, asked.config.database)

    def execute(truth: Sequence[str], said: Sequence[str | None]) -> list[Executed]:
        assert database is not None
        return sql_results.execute_all(database, truth, said)

    run_queries: Execute | None = execute if database is not None else None
    made: dict[str, ReadAnswers] = {}
    try:
        for done, contestant in enumerate(asked.config.contestants):
            frame = _answers(asked, contestant)
            made[contestant.name] = read_answers(asked.items, frame, seed=asked.config.seed, execute=run_queries)
            progress(done + 1, len(asked.config.contestants))
    finally:
        if database is not None:
            database.close()
    return made


def _answers(asked: _Asked, contestant: Contestant) -> pl.DataFrame:
    """Answers in the order of the items: answer, latency_s, tokens_in, tokens_out, cost_usd, cut."""
    store, items = asked.store, asked.items
    nothing = {"latency_s": pl.Float64, "tokens_in": pl.Int64, "tokens_out": pl.Int64, "cost_usd": pl.Float64}
    if contestant.labeler is not None:
        given = labels.frame(store, asked.dataset, labeler=contestant.labeler).filter(pl.col("sample") == 0)
        newest = given.sort("seq").unique("example_id", keep="last")
        found = newest.select("example_id", pl.col("value").alias("answer"), *nothing, pl.lit(False).alias("cut"))
    elif contestant.baseline:
        if asked.config.encoder is None:
            msg = f"contestant {contestant.name!r} reads vectors, and no encoder is named"
            raise RequestError(msg)
        said = baseline.answer_rows(store, asked.dataset, asked.manifest, items, asked.config.encoder)
        empty = [pl.lit(None, dtype=kind).alias(name) for name, kind in nothing.items()]
        found = said.with_columns(*empty, pl.lit(False).alias("cut"))
    else:
        key = answer(
            store,
            items.rows,
            contestant.run,
            items.task,
            dataset=asked.dataset,
            version=asked.number,
            sampler=None if contestant.run and asked.sampler is None else asked.sampler_of(contestant),
            prompted=contestant.prompted,
            who=f"endpoint {contestant.endpoint.url or 'default'}" if contestant.endpoint else None,
        )
        found = runs.predictions(store, key).with_columns(cost_usd=pl.lit(None, dtype=pl.Float64))
    joined = items.rows.select("example_id").join(found, on="example_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("answer").fill_null(""), pl.col("cut").fill_null(False))


def _timings(asked: _Asked) -> tuple[TimedAnswers, ...]:
    if asked.config.timing is None:
        return ()
    task = asked.items.task
    who = [
        clock.Timed(
            c.name,
            asked.sampler_of(c),
            c.run.sampler_path if c.run else None,
            [conversation(task, stored, prompted=c.prompted) for stored in asked.items.rows["messages"]],
            room(c.run, task),
            tuple(task.labels) if task.kind == "classification" else (),
        )
        for c in asked.config.contestants
        if c.is_sampled or c.endpoint is not None
    ]
    if not who:
        msg = (
            "--time: no contestant is asked here, so there is nobody to time; stored labels have the seconds they took"
        )
        raise RequestError(msg)
    return clock.time_answers(asked.config.timing, who)


def _kept(asked: _Asked) -> Forgetting | None:
    subject = asked.config.contestants[0]
    if not asked.config.prompts or subject.run is None:
        return None
    config = forgetting.KeptConfig(subject.run, asked.config.prompts, asked.number)
    return forgetting.run(config, asked.store, asked.sampler_of(subject))


def _paired(
    contestants: Sequence[Contestant], answers: Mapping[str, ReadAnswers], items: TestItems, seed: int
) -> dict[str, PairedComparison]:
    """The first against each other one, by the other's name."""
    first = answers[contestants[0].name].scores_N
    return {
        c.name: paired_comparison(first, answers[c.name].scores_N, items.groups_N, seed=seed) for c in contestants[1:]
    }


def _comparisons(first: str, paired: Mapping[str, PairedComparison]) -> tuple[ContestantComparison, ...]:
    """As the report names them, with p-values adjusted by Holm."""
    adjusted = holm([found.p for found in paired.values()])
    return tuple(
        ContestantComparison.of(first, name, found, p)
        for (name, found), p in zip(paired.items(), adjusted, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Failed:
    """What a contestant got wrong, with the test rows that it was asked."""

    items: TestItems
    wrong: tuple[WrongAnswer, ...]


def failed(config: EvaluateConfig, store: Store) -> Failed:
    """All that the first contestant got wrong, from answers that are stored; nobody is asked.

    Raises:
        NotEnoughDataError: It has not answered every row.
    """
    acting.require("train")
    dataset, number = versions.parse(config.version)
    manifest = versions.get(store, dataset, number).manifest
    asked = _Asked(config, store, dataset, number, manifest, of_version(store, dataset, manifest), None, None)
    one = replace(asked, config=replace(config, contestants=config.contestants[:1]))
    given = _all_answers(one, lambda _done, _total: None)[config.contestants[0].name]
    return Failed(asked.items, wrong_answers(asked.items, given))


def wrong_answers(items: TestItems, given: ReadAnswers) -> tuple[WrongAnswer, ...]:
    """All rows that a contestant got wrong, by the lowest score first: what the next round of review begins with."""
    rows = items.rows.with_columns(answer=given.frame["answer"], score=pl.Series(given.scores_N))
    wrong = rows.filter(pl.Series(~given.right_N)).sort("score", maintain_order=True)
    return tuple(
        WrongAnswer(*row) for row in wrong.select("example_id", "external_id", "text", "truth", "answer").iter_rows()
    )
