"""The engine: one worker that runs every request, the requests of a model in the order of their numbers.

One worker and one PyTorch thread are the fastest on a shared machine, and make corruption between clients
impossible. Sampling requests that wait for the same weights are answered together.
"""

import logging
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pipelines.adapters.tinker_server.checkpoints import CheckpointStore, RefusedError, Run, Saved, checked, now
from pipelines.adapters.tinker_server.model import Student
from pipelines.adapters.tinker_server.sampling import SampleRequest, SampleResult, check, sample
from pipelines.adapters.tinker_server.training import AdamParams, Datum, TrainedModel

KEPT_RESULTS = 8192
LARGEST_BATCH = 128
"""Sampling requests answered together."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineSampler:
    """Fixed weights to sample from, and where they came from."""

    id: str
    base_model: str
    path: str | None
    student: Student


@dataclass(frozen=True, slots=True)
class EngineJob:
    """Work for the worker; a sampling job names its sampler and may be batched."""

    result: "Future[Any]"
    work: Callable[[], Any] | None = None
    sampler: str | None = None
    request: SampleRequest | None = None


class Engine:
    """Models, samplers, checkpoints, and the queue in front of them."""

    def __init__(self, base_models: dict[str, Path], store: CheckpointStore) -> None:
        self.store = store
        self.base_models = base_models
        self._students = {name: Student.load(folder) for name, folder in base_models.items()}
        self.tokenizers = {
            name: Tokenizer.from_file(str(folder / "tokenizer.json")) for name, folder in base_models.items()
        }
        self.models: dict[str, TrainedModel] = {}
        self.samplers: dict[str, EngineSampler] = {}
        self._queue: deque[EngineJob] = deque()
        self._changed = Condition()
        self._held: dict[str, dict[int, EngineJob]] = {}
        self._next: dict[str, int] = {}
        self._known: OrderedDict[tuple[str, str, int], str] = OrderedDict()
        self._results: OrderedDict[str, Future[Any]] = OrderedDict()
        self._stopped = False
        self._worker = Thread(target=self._work, name="engine", daemon=True)
        self._worker.start()

    def submit(self, work: Callable[[], Any], *, model: str | None = None, seq: int | None = None) -> str:
        """Queue work and return its request id.

        With a model and its sequence number the work waits for all smaller numbers; a number that was
        seen before (the client retried) gets the same request id and runs once.
        """
        with self._changed:
            key = ("model", model or "", seq or 0)
            if model is not None and seq is not None and key in self._known:
                return self._known[key]
            job, request = self._new_job(EngineJob(Future(), work))
            if model is None or seq is None:
                self._queue.append(job)
            else:
                self._remember(key, request)
                held = self._held.setdefault(model, {})
                held[seq] = job
                number = self._next.setdefault(model, 1)
                while number in held:
                    self._queue.append(held.pop(number))
                    number += 1
                self._next[model] = number
            self._changed.notify()
        return request

    def submit_sample(self, sampler: str, request: SampleRequest, seq: int | None) -> str:
        """Queue a sampling request and return its request id.

        Raises:
            RefusedError: The sampler is unknown or the request impossible.
        """
        check(request, self.sampler(sampler).student)
        with self._changed:
            key = ("sampler", sampler, seq or 0)
            if seq is not None and key in self._known:
                return self._known[key]
            job, name = self._new_job(EngineJob(Future(), None, sampler, request))
            if seq is not None:
                self._remember(key, name)
            self._queue.append(job)
            self._changed.notify()
        return name

    def wait(self, request: str, seconds: float) -> object:
        """Return the result of a request, or raise what it raised.

        Raises:
            TimeoutError: It is not ready within `seconds`.
            KeyError: No such request (this server was restarted since, or the result was long fetched).
        """
        with self._changed:
            future = self._results[request]
        return future.result(timeout=seconds)

    def stop(self) -> None:
        """Finish the request at work and end."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._worker.join(timeout=30)

    def _new_job(self, job: EngineJob) -> tuple[EngineJob, str]:
        request = uuid.uuid4().hex
        self._results[request] = job.result
        while len(self._results) > KEPT_RESULTS and next(iter(self._results.values())).done():
            self._results.popitem(last=False)
        return job, request

    def _remember(self, key: tuple[str, str, int], request: str) -> None:
        self._known[key] = request
        while len(self._known) > KEPT_RESULTS:
            self._known.popitem(last=False)

    def _take(self) -> list[EngineJob]:
        """The next job, with every waiting sampling job for the same weights; empty at the end."""
        with self._changed:
            while not self._queue and not self._stopped:
                self._changed.wait()
            if self._stopped:
                return []
            first = self._queue.popleft()
            if first.sampler is None:
                return [first]
            together = [job for job in self._queue if job.sampler == first.sampler][: LARGEST_BATCH - 1]
            taken = set(map(id, together))
            self._queue = deque(job for job in self._queue if id(job) not in taken)
            return [first, *together]

    def _work(self) -> None:
        while jobs := self._take():
            try:
                results = [jobs[0].work()] if jobs[0].work else self._sample(jobs)
                for job, result in zip(jobs, results, strict=True):
                    job.result.set_result(result)
            except Exception as error:  # whatever it was, its client must hear of it
                if not isinstance(error, RefusedError):
                    log.exception("a request failed")
                for job in jobs:
                    job.result.set_exception(error)

    def _sample(self, jobs: list[EngineJob]) -> list[SampleResult]:
        sampler = self.sampler(jobs[0].sampler or "")
        return sample(
            sampler.student, self.tokenizers[sampler.base_model], [job.request for job in jobs if job.request]
        )

    # What follows runs on the worker, except `model`, `sampler` and `new_sampler`, which only read weights.

    def model(self, name: str) -> TrainedModel:
        """The model in training.

        Raises:
            RefusedError: There is none (models live in memory; checkpoints survive a restart).
        """
        if name not in self.models:
            raise RefusedError(f"no model {name} in training here; after a restart, load one of its checkpoints")
        return self.models[name]

    def sampler(self, name: str) -> EngineSampler:
        """The sampler.

        Raises:
            RefusedError: There is none.
        """
        if name not in self.samplers:
            raise RefusedError(f"no sampler {name} here; after a restart, create it again from its checkpoint")
        return self.samplers[name]

    def served(self, name: str) -> str:
        """The name under which a base model is served here.

        Folder names carry a hash of what is in them, so a folder that was moved is known by its last part.

        Raises:
            RefusedError: This server does not serve it.
        """
        for served in self.base_models:
            if name == served or Path(name).name == Path(served).name:
                return served
        raise RefusedError(f"no base model {name!r} here; this server has {sorted(self.base_models)}")

    def base(self, name: str) -> Student:
        """The base model, not to be changed; see `served`."""
        return self._students[self.served(name)]

    def create_model(self, name: str, base_model: str, user_metadata: dict[str, Any]) -> None:
        """Start a training run from a base model."""
        self._start(Run(name, self.served(base_model), user_metadata, now()), self.base(base_model).state_dict())

    def load_model(self, name: str, path: str, user_metadata: dict[str, Any], *, optimizer: bool) -> None:
        """Start a training run from a checkpoint, or load one into a running model."""
        source, weights, state = self.store.load(path, optimizer=optimizer)
        model = self._start(Run(name, self.served(source.base_model), user_metadata, now()), weights)
        if state is not None:
            model.restore_optimizer(state)

    def _start(self, run: Run, weights: dict[str, Any]) -> TrainedModel:
        student = Student(self.base(run.base_model).shape)
        student.load_state_dict(weights)
        self.store.add_run(run)
        self.models[run.id] = TrainedModel(run, student)
        return self.models[run.id]

    def forward_backward(
        self, name: str, data: list[Datum], *, backward: bool
    ) -> tuple[list[NDArray[np.float32]], float]:
        """See `TrainedModel.forward_backward`."""
        model = self.model(name)
        model.check(data)
        return model.forward_backward(data, backward=backward)

    def optim_step(self, name: str, params: AdamParams) -> dict[str, float]:
        """See `TrainedModel.step`."""
        return self.model(name).step(params)

    def save(self, name: str, segment: str, checkpoint: str, user_metadata: dict[str, str] | None) -> Saved:
        """Write a checkpoint; one of segment `weights` carries the optimizer too."""
        model = self.model(name)
        saved = Saved(name, segment, checked(checkpoint), now(), 0, user_metadata)
        state = model.optimizer_state() if segment == "weights" else None
        return self.store.save(saved, model.weights(), state)

    def snapshot(self, name: str) -> str:
        """Make a sampler of the model as it is now, in memory, and return its id."""
        model = self.model(name)
        sampler = f"{name}:sample:{uuid.uuid4().hex[:8]}"
        self._add_sampler(sampler, model.run.base_model, None, model.weights())
        return sampler

    def forget(self, session: str) -> None:
        """Drop the models and samplers of a session that has ended."""
        for held in (self.models, self.samplers):
            for name in [name for name in held if name.startswith(f"{session}:")]:
                del held[name]

    def new_sampler(self, name: str, base_model: str | None, path: str | None) -> None:
        """Make a sampler from a checkpoint, or from a base model where `path` is None."""
        if path is None:
            base = self.served(base_model or "")
            self.samplers[name] = EngineSampler(name, base, None, self.base(base))
        else:
            run, weights, _ = self.store.load(path, optimizer=False)
            self._add_sampler(name, self.served(run.base_model), path, weights)

    def _add_sampler(self, name: str, base_model: str, path: str | None, weights: dict[str, Any]) -> None:
        student = Student(self.base(base_model).shape)
        student.load_state_dict(weights)
        self.samplers[name] = EngineSampler(name, base_model, path, student.eval())
