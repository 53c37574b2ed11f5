"""A released version -> a trained student. A finished run is returned, an interrupted one resumes."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from curator.errors import CuratorError, DataError, NotFoundError, RequestError
from curator.ports import Checkpoint, Progress, Trainer, TrainingReport
from curator.records import TrainingOutcome, TrainingRun, short_id
from curator.release import DatasetVersion
from pipelines.runtime import acting
from pipelines.runtime.alone import alone
from pipelines.students.recipe import read_curve, refuse_impossible
from storage.access import audit
from storage.engine.store import Store, Told
from storage.release import runs, versions


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """What to train on and how. `parent_run` is the SFT run that DPO starts from."""

    version: str
    kind: Literal["sft", "dpo"] = "sft"
    parent_run: str | None = None
    epochs: int = 1
    batch_size: int = 32
    learning_rate: float | None = None
    beta: float = 0.1
    max_length: int = 512
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TrainReport:
    """A finished run. `created` is False where it was finished before; `notes` say what was unusual about it."""

    run: str
    version: str
    kind: str
    base_model: str
    local: bool
    created: bool
    sampler_path: str
    report: TrainingOutcome
    notes: tuple[str, ...] = ()


def run(
    config: TrainConfig,
    store: Store,
    trainer: Trainer,
    folder: Path,
    *,
    progress: Progress = lambda _done, _total: None,
) -> TrainReport:
    """Train. The intent is recorded before the first request, the result after the last.

    Args:
        config: What to train.
        store: The store.
        trainer: The service, or the local server.
        folder: Where runs keep their logs.
        progress: Called with (steps done, steps in all).

    Raises:
        DataError: The release's file is not what its manifest says, or would train nothing.
        RequestError: DPO without an SFT run to start from, or from a run of another dataset; an impossible setting.
        TrainerError: The server failed; a rerun resumes.
        StoreBusyError: Somebody else trains this run, and went on for too long.
    """
    acting.require("train")
    refuse_impossible(
        epochs=config.epochs,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        beta=config.beta,
        max_length=config.max_length,
    )
    dataset, number = versions.parse(config.version)
    version = versions.get(store, dataset, number)
    start = _start(store, config, dataset)
    file = _verified_file(version, f"tinker/{config.kind}/train.jsonl")
    planned = _planned(config, trainer, version)
    with alone(folder / planned.id / "lock", f"training {planned.id}"):
        return _alone(config, store, trainer, folder, planned, (file, start), progress)


def _alone(
    config: TrainConfig,
    store: Store,
    trainer: Trainer,
    folder: Path,
    planned: TrainingRun,
    given: tuple[Path, Checkpoint | None],
    progress: Progress,
) -> TrainReport:
    """Train as the one owner of the run; whoever waited finds it finished."""
    file, start = given
    done = runs.find(store, planned.id)
    if done is not None and done.status == "finished" and done.sampler_path is not None:
        known = next(each.outcome for each in runs.listing(store, planned.dataset) if each.run.id == done.id)
        return _report(done, config, trainer, False, known or TrainingOutcome())
    runs.record(store, planned, told=_told(planned, config, config.kind, local=trainer.local))
    try:
        made = _train(config, trainer, file, folder / planned.id, start, progress)
    except CuratorError as error:
        failed = TrainingOutcome(error=str(error))
        runs.record(store, _with(planned, "failed"), failed, told=_told(planned, config, "failed"))
        raise
    finished = _with(planned, "finished", made.checkpoint)
    notes = (*made.notes, *read_curve(made.losses, config.kind))
    outcome = TrainingOutcome(made.steps, made.examples_seen, tuple(made.losses), made.seconds, notes=notes)
    runs.record(store, finished, outcome, told=_told(planned, config, "finished"))
    return _report(finished, config, trainer, True, outcome)


def _planned(config: TrainConfig, trainer: Trainer, version: DatasetVersion) -> TrainingRun:
    """The run that is asked for; its name is the same for the same request on the same files."""
    settings = {k: v for k, v in asdict(config).items() if k not in ("version", "kind", "parent_run")}
    model = Path(trainer.base_model).name
    name = short_id("run", [version.manifest_sha256, config.kind, model, config.parent_run, settings])
    return TrainingRun(
        name,
        version.dataset,
        version.number,
        config.kind,
        trainer.base_model,
        config.parent_run,
        {**settings, "local": trainer.local},
    )


def _told(run: TrainingRun, config: TrainConfig, event: str, **more: Any) -> Told:  # noqa: ANN401 - JSON
    """The event of a run's state."""
    return audit.telling(actor=acting.actor(), action=f"train:{event}", subject=config.version, run=run.id, **more)


def _start(store: Store, config: TrainConfig, dataset: str) -> Checkpoint | None:
    if config.kind == "sft":
        return None
    if config.parent_run is None:
        msg = "DPO starts from an SFT run: name it with --from RUN (`curator runs` lists them)"
        raise RequestError(msg)
    parent = runs.get(store, config.parent_run)
    if parent.dataset != dataset or parent.sampler_path is None or parent.state_path is None:
        msg = f"run {parent.id} ({parent.kind} of {parent.dataset!r}, {parent.status}) did not finish on {dataset!r}"
        raise RequestError(msg)
    return Checkpoint(parent.sampler_path, parent.state_path)


def _verified_file(version: DatasetVersion, path: str) -> Path:
    name = version.version
    fact = next((f for f in version.manifest.files if f.path == path), None)
    if fact is None:
        hint = "build pairs and release again" if "/dpo/" in path else "release with --format tinker"
        msg = f"version {name} has no {path}: {hint}"
        raise NotFoundError(msg)
    file = Path(version.path) / path
    if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != fact.sha256:
        msg = (
            f"{file} is missing or not what the manifest of {name} says; "
            f"`curator versions verify {version.path}` shows what changed, `versions rebuild` makes it again"
        )
        raise DataError(msg)
    return file


def _train(
    config: TrainConfig, trainer: Trainer, file: Path, log_dir: Path, start: Checkpoint | None, progress: Progress
) -> TrainingReport:
    if start is None:
        return trainer.sft(
            file,
            log_dir,
            epochs=config.epochs,
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            max_length=config.max_length,
            seed=config.seed,
            progress=progress,
        )
    return trainer.dpo(
        file,
        log_dir,
        start=start,
        epochs=config.epochs,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        beta=config.beta,
        max_length=config.max_length,
        seed=config.seed,
        progress=progress,
    )


def _with(run: TrainingRun, status: str, checkpoint: Checkpoint | None = None) -> TrainingRun:
    return TrainingRun(
        run.id,
        run.dataset,
        run.version,
        run.kind,
        run.base_model,
        run.parent_run,
        run.config,
        checkpoint.sampler_path if checkpoint else None,
        checkpoint.state_path if checkpoint else None,
        status,
    )


def _report(
    run: TrainingRun, config: TrainConfig, trainer: Trainer, created: bool, outcome: TrainingOutcome
) -> TrainReport:
    return TrainReport(
        run=run.id,
        version=config.version,
        kind=run.kind,
        base_model=run.base_model,
        local=trainer.local,
        created=created,
        sampler_path=run.sampler_path or "",
        report=outcome,
        notes=outcome.notes,
    )
