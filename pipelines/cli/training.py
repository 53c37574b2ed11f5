"""Commands about students: train, runs."""

from dataclasses import asdict, replace
from typing import Annotated, Any, TypeGuard

import typer

from curator.records import TrainedRun
from pipelines import wiring
from pipelines.cli.options import Dataset, Seed, Version
from pipelines.cli.output import answer, lines, settings
from pipelines.runtime.progress import stage
from pipelines.students import train
from storage.dataset import datasets
from storage.release import runs, versions

train_app = typer.Typer(help="Train a student on a released version.", no_args_is_help=True)
Base = Annotated[str | None, typer.Option("--base", help="Base model of the service; `local` without one.")]
Rate = Annotated[float | None, typer.Option("--learning-rate", help="Default: what suits the model.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.add_typer(train_app, name="train")
    app.command("runs")(list_runs)


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
