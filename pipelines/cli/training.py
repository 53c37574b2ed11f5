"""Commands about students: train, runs, evaluate, verdict, cost, breakeven."""

from dataclasses import asdict, replace
from datetime import date
from typing import Annotated, Any, TypeGuard

import typer

from curator.errors import NotEnoughDataError, RequestError
from curator.evaluation import EvalReport, Price, Usage, Verdict, break_even, cost
from curator.records import TrainedRun
from pipelines import wiring
from pipelines.cli.options import Dataset, Seed
from pipelines.cli.output import answer, lines, percent, settings
from pipelines.runtime.progress import stage
from pipelines.students import contestants, evaluate, train
from storage.dataset import datasets
from storage.release import runs, versions

EXITS = {"SHIP": 0, "HOLD": 1, "NOT ENOUGH DATA": 3}
_MEASURES = {
    "accuracy": "accuracy against answers that people settled",
    "agreement": "agreement with the labels, no accuracy: people have not settled each of them",
}
train_app = typer.Typer(help="Train a student on a released version.", no_args_is_help=True)
Version = Annotated[str, typer.Option("--version", help="NAME@NUMBER")]
Base = Annotated[str | None, typer.Option("--base", help="Base model of the service; `local` without one.")]
Rate = Annotated[float | None, typer.Option("--learning-rate", help="Default: what suits the model.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.add_typer(train_app, name="train")
    app.command("runs")(list_runs)
    app.command("evaluate")(evaluate_models)
    app.command("verdict")(verdict)
    app.command("cost")(cost_of)
    app.command("breakeven")(breakeven)


@train_app.command("sft")
def train_sft(
    version: Version,
    base: Base = None,
    epochs: Annotated[int | None, typer.Option(min=1)] = None,
    batch_size: Annotated[int, typer.Option(min=1)] = 32,
    learning_rate: Rate = None,
    max_length: Annotated[int, typer.Option(min=8)] = 512,
    seed: Seed = 0,
) -> int:
    """Supervised fine-tuning."""
    config = train.TrainConfig(version, "sft", None, epochs or 0, batch_size, learning_rate, 0.1, max_length, seed)
    return _train(config, base)


@train_app.command("dpo")
def train_dpo(
    version: Version,
    start: Annotated[str, typer.Option("--from", help="The SFT run to start from.")],
    base: Base = None,
    epochs: Annotated[int | None, typer.Option(min=1)] = None,
    batch_size: Annotated[int, typer.Option(min=1)] = 16,
    learning_rate: Rate = None,
    beta: Annotated[float, typer.Option(help="Strength of the pull to the reference.")] = 0.1,
    max_length: Annotated[int, typer.Option(min=8)] = 512,
    seed: Seed = 0,
) -> int:
    """Direct preference optimisation, from an SFT run."""
    config = train.TrainConfig(version, "dpo", start, epochs or 0, batch_size, learning_rate, beta, max_length, seed)
    return _train(config, base)


def _train(config: train.TrainConfig, base: str | None) -> int:
    project = settings()
    dataset, _ = versions.parse(config.version)
    with wiring.students(project, project.store, datasets.require(project.store, dataset), base=base) as made:
        config = replace(config, epochs=config.epochs or wiring.default_epochs(config.kind, made.local))
        with stage(f"train {config.kind}") as progress:
            report = train.run(config, project.store, made.trainer, project.project / "runs", progress=progress)
    outcome = report.report
    losses = outcome.losses or ()
    text = lines(
        f"run {report.run}: {report.kind} on {report.version} {'finished' if report.created else 'was there already'}",
        f"{outcome.steps or 0:,} steps, {outcome.examples_seen or 0:,} examples, {outcome.seconds or 0:.1f} s"
        + (f", loss {losses[0]:.3f} → {losses[-1]:.3f}" if losses else ""),
        *(f"note: {said}" for said in report.notes),
        made.note,
    )
    return answer({**asdict(report), "report": outcome.as_json(), "note": made.note}, text=text)


def list_runs(dataset: Dataset = None) -> int:
    """Training runs, newest first."""
    found = runs.listing(settings().store, dataset)
    text = "\n".join(
        f"{run.id}: {run.kind} on {run.dataset}@{run.version}, {run.status}"
        + (f", from {run.parent_run}" if run.parent_run else "")
        + "".join(f", {name.replace('_', ' ')} {value:g}" for name, value in run.config.items() if _is_setting(value))
        for run in (each.run for each in found)
    )
    return answer(
        {"runs": [_run_json(each) for each in found]},
        text=text or "no training run yet; run `curator train sft --version NAME@1`",
    )


def _is_setting(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _run_json(trained: TrainedRun) -> dict[str, Any]:
    run = trained.run
    return {
        "run": run.id,
        "dataset": run.dataset,
        "version": run.version,
        "kind": run.kind,
        "base_model": run.base_model,
        "parent_run": run.parent_run,
        "status": run.status,
        "settings": dict(run.config),
        "sampler_path": run.sampler_path,
        "report": trained.outcome.as_json() if trained.outcome else None,
        "created_at": trained.created_at,
    }


def evaluate_models(
    version: Version,
    models: Annotated[
        str,
        typer.Option(
            "--models",
            help="student=RUN,base=,prompted=base+rubric,teacher=LABELER,previous=RUN; the first is judged.",
        ),
    ],
    seed: Seed = 0,
) -> int:
    """Score contestants on the version's frozen test split, compare them, and decide.

    Where the first one is a student, ends as `verdict` does: SHIP (0), HOLD (1) or NOT ENOUGH DATA (3).
    """
    project = settings()
    dataset, number = versions.parse(version)
    versions.get(project.store, dataset, number)
    who = contestants.parse_models(models, project.store, dataset)
    config = evaluate.EvaluateConfig(version, who, seed)
    if any(c.labeler is None for c in who):
        with wiring.students(project, project.store, dataset) as made, stage("evaluate") as progress:
            report = evaluate.run(config, project.store, made.sampler, progress=progress)
    else:
        report = evaluate.run(config, project.store, None)
    code = EXITS[report.report.verdict.outcome] if report.report.verdict.run else 0
    return answer({"report_id": report.report_id, **report.report.as_json()}, code, text=table(report.report))


def table(report: EvalReport) -> str:
    """The evaluation as a table for a person."""
    rows = [
        f"  {name:<10} {percent(score.accuracy.value):>8} "
        f"[{percent(score.accuracy.low)}, {percent(score.accuracy.high)}]  invalid {score.invalid}, cut {score.cut}"
        + (f", {percent(score.whole_split[0])} to {percent(score.whole_split[1])} of all" if score.whole_split else "")
        for name, score in report.contestants.items()
    ]
    compared = [
        f"  {c.a} − {c.b}: {100 * c.difference:+.1f} points [{100 * c.low:+.1f}, {100 * c.high:+.1f}], "
        f"p {c.p:.2g}, sees from {100 * c.minimum_detectable:.1f}"
        for c in report.comparisons
    ]
    return lines(
        f"{report.items:,} test items in {report.groups:,} groups, {report.reviewed:,} reviewed",
        _MEASURES[report.measure],
        f"of the frozen split: {report.truth.sentence()}"
        if report.truth and report.truth.rows > report.items
        else None,
        *rows,
        *compared,
        *verdict_lines(report.verdict),
        report.recommendation.reason if report.recommendation else None,
    )


def verdict_lines(said: Verdict) -> list[str]:
    """A verdict for a person: on whom, why, and what it says nothing about."""
    about = f" on {said.about}" if said.about else ""
    silent = [f"  not measured: {', '.join(said.not_measured)}"] if said.not_measured else []
    return [f"verdict{about}: {said.outcome}", *(f"  {reason}" for reason in said.reasons), *silent]


def verdict(run: Annotated[str, typer.Option("--run", help="A training run.")]) -> int:
    """The verdict of the newest evaluation of a run: SHIP (0), HOLD (1) or NOT ENOUGH DATA (3)."""
    store = settings().store
    runs.get(store, run)
    found = runs.reports(store, run=run)
    if not found:
        msg = f"run {run} has not been evaluated; run `curator evaluate --version NAME@N --models student={run},…`"
        raise NotEnoughDataError(msg)
    newest, said = found[0], found[0].report.verdict
    content = {"run": run, "report": newest.report_id, "version": f"{newest.dataset}@{newest.number}"}
    return answer({**content, **asdict(said)}, EXITS[said.outcome], text=lines(*verdict_lines(said)))


def cost_of(
    price_in: Annotated[float, typer.Option(help="US dollars for a million prompt tokens.")],
    price_out: Annotated[float, typer.Option(help="US dollars for a million answer tokens.")],
    tokens_in: Annotated[float, typer.Option(help="Mean prompt tokens of a request.")],
    tokens_out: Annotated[float, typer.Option(help="Mean answer tokens of a request.")],
    as_of: Annotated[str, typer.Option(help="The day the price was read, YYYY-MM-DD.")],
    requests: Annotated[float, typer.Option(min=0)] = 1.0,
    cached_in: Annotated[float, typer.Option(help="Prompt tokens of a request that come from a cache.")] = 0.0,
    price_cached: Annotated[float | None, typer.Option(help="US dollars for a million cached tokens.")] = None,
    batch_discount: Annotated[float, typer.Option(help="Share taken off by a batch interface, 0..1.")] = 0.0,
) -> int:
    """What a number of requests costs, with the formula and the date of the prices."""
    try:
        date.fromisoformat(as_of)
        price = Price("model", price_in, price_out, as_of, price_cached, batch_discount)
        bill = cost(price, Usage(tokens_in, tokens_out, cached_in), requests, batch=batch_discount > 0)
    except ValueError as error:  # a DataError is one
        raise RequestError(str(error)) from error
    return answer(bill, text=f"{bill.usd:,.4f} US dollars ({bill.usd_each:.6f} each)\n{bill.formula}")


def breakeven(
    one_time: Annotated[float, typer.Option(help="US dollars to label, review and train.")],
    teacher_each: Annotated[float, typer.Option(help="US dollars for one request to the teacher.")],
    student_each: Annotated[float, typer.Option(help="US dollars for one request to the student.")],
    requests_per_day: Annotated[float, typer.Option(min=0)],
    student_monthly: Annotated[float, typer.Option(help="Fixed US dollars a month for the student.")] = 0.0,
) -> int:
    """When a student earns back what it cost; says so where it never does."""
    found = break_even(
        one_time=one_time,
        teacher_each=teacher_each,
        student_each=student_each,
        requests_per_day=requests_per_day,
        student_monthly=student_monthly,
    )
    return answer(found, text=f"{found.sentence}\n{found.formula}")
