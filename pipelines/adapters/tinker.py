"""Training and sampling through the Tinker protocol, with the official client and the tinker-cookbook loops.

The same code talks to the Tinker service (`TINKER_API_KEY`), to any server that speaks its protocol
(`TINKER_BASE_URL`), and to Curator's own small one (`LocalTinker`). Importing this module is cheap.
"""

import hashlib
import json
import logging
import os
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from curator.errors import DataError, TrainerError
from curator.ports import Checkpoint, Progress, TrainingReport
from pipelines.adapters.tinker_reach import LOCAL_RENDERER, check_reachable
from pipelines.adapters.tinker_resume import LogLine, read_lines, write_lines
from pipelines.adapters.tinker_sample import TinkerSampler
from pipelines.adapters.tinker_server import describe
from pipelines.adapters.tinker_server.launch import LocalTinker
from pipelines.adapters.tinker_train import TrainJob
from pipelines.runtime import child as own

__all__ = [
    "LOCAL_DEFAULTS",
    "LOCAL_RENDERER",
    "LocalDefaults",
    "LocalTinker",
    "TinkerSampler",
    "TinkerTrainer",
    "describe",
]

_POLL_S = 0.1
UNREACHABLE_S = 60.0
LOCAL_UNREACHABLE_S = 2.0
"""A server that refuses connections for this long while training is gone; the client would retry for minutes."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LocalDefaults:
    """Settings that suit the local student: some 1,600 short rows in a dozen labels, on one core.

    The learning rates are for all weights of a small model; a LoRA on the service wants its own.
    """

    epochs: int = 2
    batch_size: int = 32
    learning_rate: float = 2e-3
    dpo_epochs: int = 1
    dpo_batch_size: int = 16
    dpo_learning_rate: float = 1e-4
    dpo_beta: float = 0.1
    max_length: int = 512
    max_tokens: int = 8


LOCAL_DEFAULTS = LocalDefaults()


def _mend(file: Path) -> None:
    """Drop a last line that a kill cut short; the cookbook could not read the file again."""
    if file.exists():
        write_lines(file, read_lines(file))


class TinkerTrainer:
    """Implements `curator.ports.Trainer` with `tinker_cookbook.supervised.train` and `.preference.train_dpo`.

    Args:
        base_model: A model name of the service, or the folder of the local base model.
        base_url: The server; None is `TINKER_BASE_URL`, else the service.
        renderer_name: None takes the cookbook's recommendation (`qwen3_instruct` for the local student).
        lora_rank: Rank of the adapter; the local server trains all weights and ignores it.
        local: The server is Curator's own.
    """

    def __init__(
        self, base_model: str, *, base_url: str | None, renderer_name: str | None, lora_rank: int, local: bool
    ) -> None:
        self.base_model = base_model
        self.base_url = base_url
        self.renderer_name = renderer_name or (LOCAL_RENDERER if local else None)
        self.lora_rank = lora_rank
        self.local = local

    def sft(
        self,
        train_file: Path,
        log_dir: Path,
        *,
        epochs: int,
        batch_size: int,
        learning_rate: float | None,
        max_length: int,
        seed: int,
        progress: Progress,
    ) -> TrainingReport:
        """Fine-tune on conversations; loss on every assistant turn, linear decay of the learning rate.

        A rerun with the same `log_dir` and settings goes on from the last checkpoint in it with the batches that an
        unbroken training would see (`tinker_resume`), or returns the finished result without training.

        Args:
            train_file: `{"messages": [...]}` lines.
            log_dir: Metrics, checkpoints and logs of this one training.
            epochs: Passes over the file.
            batch_size: Rows in one step; reduced to the rows there are, with a warning.
            learning_rate: Peak; None takes the cookbook's formula, or `LOCAL_DEFAULTS` where local.
            max_length: Tokens of a row; longer ones are refused if that would cut the answer.
            seed: Order of the rows.
            progress: Called with (steps done, steps in all).

        Raises:
            DataError: The file would train nothing, or `log_dir` holds another training.
            TrainerError: The server failed or refused.
        """
        if learning_rate is None and self.local:
            learning_rate = LOCAL_DEFAULTS.learning_rate
        job = self._job("sft", train_file, log_dir, epochs, batch_size, learning_rate, max_length, seed)
        return self._train(TrainJob(**job), progress)

    def dpo(
        self,
        train_file: Path,
        log_dir: Path,
        *,
        start: Checkpoint,
        epochs: int,
        batch_size: int,
        learning_rate: float | None,
        beta: float,
        max_length: int,
        seed: int,
        progress: Progress,
    ) -> TrainingReport:
        """Train on preferences from an SFT checkpoint, which also is the reference (arXiv:2305.18290).

        See `sft`. The cookbook orders pairs by the number of the epoch, so `seed` does not change a run.
        """
        if learning_rate is None and self.local:
            learning_rate = LOCAL_DEFAULTS.dpo_learning_rate
        job = self._job("dpo", train_file, log_dir, epochs, batch_size, learning_rate, max_length, seed)
        return self._train(
            TrainJob(**job, beta=beta, start_state=start.state_path, start_sampler=start.sampler_path), progress
        )

    def _job(
        self, kind: str, file: Path, log_dir: Path, epochs: int, batch: int, rate: float | None, length: int, seed: int
    ) -> dict[str, Any]:
        return {
            "kind": kind,
            "train_file": str(file.resolve()),
            "log_dir": str(log_dir.resolve()),
            "base_model": self.base_model,
            "base_url": self.base_url,
            "renderer_name": self.renderer_name,
            "lora_rank": self.lora_rank,
            "epochs": epochs,
            "batch_size": batch,
            "learning_rate": rate,
            "max_length": length,
            "seed": seed,
            "usual_rate": _local_rate(kind) if self.local else None,
        }

    def _train(self, job: TrainJob, progress: Progress) -> TrainingReport:
        file, log_dir = Path(job.train_file), Path(job.log_dir)
        if not file.is_file():
            raise DataError(f"{file}: no such training file")
        if job.epochs < 1:
            raise DataError(f"epochs is {job.epochs}: expected at least 1")
        log_dir.mkdir(parents=True, exist_ok=True)
        _claim(log_dir, job)
        if (report := _finished(log_dir)) is not None:
            progress(report.steps, report.steps)
            return report
        check_reachable(job.base_url)
        _mend(log_dir / "checkpoints.jsonl")
        _mend(log_dir / "metrics.jsonl")
        started = time.monotonic()
        self._run_child(job, progress)
        seconds_file = log_dir / "seconds.json"
        earlier = json.loads(seconds_file.read_text()) if seconds_file.exists() else 0.0
        seconds_file.write_text(json.dumps(earlier + time.monotonic() - started))
        report = _finished(log_dir)
        if report is None:
            raise TrainerError(f"the training ended without a final checkpoint; see {log_dir / 'cookbook.log'}")
        progress(report.steps, report.steps)
        return report

    def _run_child(self, job: TrainJob, progress: Progress) -> None:
        """Run the cookbook in its own process until it ends, or its server is gone."""
        log_dir = Path(job.log_dir)
        for old in ("error.json", "preflight.json"):
            (log_dir / old).unlink(missing_ok=True)
        (log_dir / "job.json").write_text(json.dumps(asdict(job)))
        command = [*own.command("pipelines.adapters.tinker_train"), str(log_dir / "job.json"), str(os.getpid())]
        env = own.environment({"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"})
        if self.local:
            # The real key, if there is one, has no business with the local server.
            env |= {"TINKER_API_KEY": LocalTinker.api_key, "HF_HUB_OFFLINE": "1"}
        with (log_dir / "cookbook.log").open("ab") as sink:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=env)
        try:
            _watch(child, job, progress, LOCAL_UNREACHABLE_S if self.local else UNREACHABLE_S)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        if child.returncode:
            _raise_failure(log_dir, child.returncode)


def _watch(child: "subprocess.Popen[bytes]", job: TrainJob, progress: Progress, patience_s: float) -> None:
    """Report progress until the child ends.

    Raises:
        TrainerError: The server has refused connections for `patience_s` seconds.
    """
    log_dir, seen, next_check, last_answer = Path(job.log_dir), -1, 0.0, time.monotonic()
    while child.poll() is None:
        time.sleep(_POLL_S)
        plan, metrics = log_dir / "preflight.json", log_dir / "metrics.jsonl"
        size = metrics.stat().st_size if metrics.exists() else 0
        if size != seen and plan.exists():
            rows = read_lines(metrics)
            plans = read_lines(plan)
            if plans and seen < 0:  # before the first step
                for note in plans[0]["notes"]:
                    log.warning("%s: %s", job.train_file, note)
            if plans:
                progress(len({row["step"] for row in rows if "step" in row}), plans[0]["total_steps"])
                seen = size
        if time.monotonic() > next_check:
            next_check = time.monotonic() + 1
            try:
                check_reachable(job.base_url)
                last_answer = time.monotonic()
            except TrainerError:
                if time.monotonic() - last_answer > patience_s:
                    raise


def _claim(log_dir: Path, job: TrainJob) -> None:
    """Record what is trained in this folder, or refuse a second training in it.

    Raises:
        DataError: The folder holds another training.
    """
    # Not part of the identity: a local server has a new port each time.
    apart = ("base_url", "log_dir", "train_file", "usual_rate", "start_sampler")
    identity = {name: value for name, value in asdict(job).items() if name not in apart}
    identity["train_sha256"] = hashlib.sha256(Path(job.train_file).read_bytes()).hexdigest()
    place = log_dir / "training.json"
    if place.exists():
        held = json.loads(place.read_text())
        differing = sorted(name for name in identity.keys() | held.keys() if identity.get(name) != held.get(name))
        if differing:
            raise DataError(
                f"{log_dir} holds another training (differs in {', '.join(differing)}): use a new log folder"
            )
    place.write_text(json.dumps(identity))


def _finished(log_dir: Path) -> TrainingReport | None:
    """The result in a log folder whose training has ended, else None."""
    final = [row for row in read_lines(log_dir / "checkpoints.jsonl") if row.get("name") == "final"]
    if not final:
        return None
    # After a resume a step may stand there twice; the later one counts.
    steps = {row["step"]: row for row in read_lines(log_dir / "metrics.jsonl") if "step" in row}
    seconds = log_dir / "seconds.json"
    rows = [steps[step] for step in sorted(steps)]
    return TrainingReport(
        checkpoint=Checkpoint(final[-1]["sampler_path"], final[-1]["state_path"]),
        steps=len(rows),
        examples_seen=sum(_rows_of(row) for row in rows),
        losses=tuple(float(row["train_mean_nll"] if "train_mean_nll" in row else row["dpo_loss"]) for row in rows),
        seconds=json.loads(seconds.read_text())
        if seconds.exists()
        else sum(float(row.get("time/total", 0.0)) for row in rows),
        notes=tuple(plan[0]["notes"]) if (plan := read_lines(log_dir / "preflight.json")) else (),
    )


def _rows_of(step: LogLine) -> int:
    """Rows, or pairs, of one step."""
    return int(step["num_sequences"] if "num_sequences" in step else step.get("num_pairs") or 0)


def _local_rate(kind: str) -> float:
    return LOCAL_DEFAULTS.learning_rate if kind == "sft" else LOCAL_DEFAULTS.dpo_learning_rate


def _raise_failure(log_dir: Path, code: int) -> None:
    """Raise what the child found wrong."""
    place = log_dir / "error.json"
    if not place.exists():
        raise TrainerError(f"the training process ended with code {code}; see {log_dir / 'cookbook.log'}, then rerun")
    failure = json.loads(place.read_text())
    kind = DataError if failure["kind"] == "data" else TrainerError
    raise kind(failure["message"])
