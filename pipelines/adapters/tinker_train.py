"""The child process that runs one tinker-cookbook loop: `python -m pipelines.adapters.tinker_train JOB.json`.

A process of its own, because the cookbook takes over the root logger, prints to the console, reads its key
from the environment and leaves threads behind. Its result is the log folder; a failure is `error.json` there.
"""

import asyncio
import json
import os
import sys
import threading
import time
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from curator.errors import CuratorError, DataError, TrainerError
from pipelines.adapters.tinker_preflight import CUSTOMIZED, preflight_dpo, preflight_sft, says_what_is_trained, unusual
from pipelines.adapters.tinker_resume import make_exact

CHECKPOINTS_A_RUN = 4
DPO_RATE = 1e-5
"""The cookbook's own starting point for DPO (tinker-cookbook 0.5.8, `preference.train_dpo.Config`)."""


@dataclass(frozen=True, slots=True)
class TrainJob:
    """One training, completely described.

    `start_state` is the checkpoint that DPO begins from, and `start_sampler` the same to sample from. `usual_rate` is
    the learning rate that suits the model, None where the cookbook knows it.
    """

    kind: Literal["sft", "dpo"]
    train_file: str
    log_dir: str
    base_model: str
    base_url: str | None
    renderer_name: str | None
    lora_rank: int
    epochs: int
    batch_size: int
    learning_rate: float | None
    max_length: int
    seed: int
    beta: float | None = None
    start_state: str | None = None
    usual_rate: float | None = None
    start_sampler: str | None = None


def renderer_name_for(base_model: str, given: str | None) -> str:
    """The renderer asked for, else the cookbook's recommendation.

    Raises:
        TrainerError: The cookbook does not know the model.
    """
    from tinker_cookbook import model_info

    if given is not None:
        return given
    try:
        return str(model_info.get_recommended_renderer_name(base_model))
    except Exception as error:
        raise TrainerError(
            f"no recommended renderer for base model {base_model!r} ({error}): name one with renderer_name"
        ) from error


def translate(error: BaseException, base_url: str | None, *, doing: str = "training") -> CuratorError:
    """Say what a foreign error means and what to do about it."""
    import tinker

    where = base_url or os.environ.get("TINKER_BASE_URL") or "the Tinker service"
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, CuratorError):
        return error
    if isinstance(error, tinker.APIConnectionError):
        return TrainerError(f"{where} cannot be reached ({text}): check TINKER_BASE_URL and the network, then rerun")
    if isinstance(error, tinker.AuthenticationError | tinker.PermissionDeniedError) or "api_key" in str(error):
        return TrainerError(f"{where} refused the key ({text}): set TINKER_API_KEY to a valid key and rerun")
    if isinstance(error, tinker.APIStatusError) and error.status_code == 402:
        return TrainerError(f"{where} asks for payment ({text}): settle the account and rerun; it resumes")
    if isinstance(error, tinker.APIStatusError | tinker.RequestFailedError):
        return TrainerError(f"{where} refused a request ({text}): correct what it names and rerun")
    if type(error).__module__.startswith("pyarrow"):
        return DataError(f"the training file mixes types in a field ({text}): give every row the same fields")
    return TrainerError(f"{doing} through {where} failed ({text}): a rerun resumes")


def base_of(state_path: str, base_url: str | None) -> str:
    """The base model that a checkpoint came from: its tokenizer, not the newest one, reads the training file."""
    import tinker

    client = tinker.RestClient(base_url=base_url)
    return str(client.get_weights_info_by_tinker_path(state_path).result().base_model)


def run(job: TrainJob) -> None:
    """Check the file, then train with the cookbook's own loop.

    Raises:
        DataError: See `pipelines.adapters.tinker_preflight`.
    """
    from tinker_cookbook import renderers
    from tinker_cookbook.tokenizer_utils import get_tokenizer

    if job.start_state is not None:
        job = replace(job, base_model=base_of(job.start_state, job.base_url))
    name = renderer_name_for(job.base_model, job.renderer_name)
    renderer = renderers.get_renderer(name, get_tokenizer(job.base_model))
    preflight = preflight_sft if job.kind == "sft" else preflight_dpo
    seen = preflight(Path(job.train_file), renderer, batch_size=job.batch_size, max_length=job.max_length)
    steps, usual = seen.steps_an_epoch * job.epochs, _usual_rate(job)
    rate = usual if job.learning_rate is None else job.learning_rate
    said = unusual(rate=rate, usual_rate=usual, beta=job.beta, steps=steps)
    told = {**asdict(seen), "total_steps": steps, "notes": [*seen.notes, *said]}
    (Path(job.log_dir) / "preflight.json").write_text(json.dumps(told, ensure_ascii=False))
    make_exact(Path(job.log_dir), job.kind, seen.steps_an_epoch, job.epochs)
    loop = _sft if job.kind == "sft" else _dpo
    loop(job, {**_settings(job, name, steps), "learning_rate": rate}, seen.batch_size)


def _usual_rate(job: TrainJob) -> float:
    """The learning rate that suits the model, for this kind of training.

    Raises:
        TrainerError: The cookbook knows none, and none was given.
    """
    from tinker_cookbook.hyperparam_utils import get_lr

    if job.usual_rate is not None:
        return job.usual_rate
    if job.kind == "dpo":
        return DPO_RATE
    try:
        return float(get_lr(job.base_model))
    except Exception as error:
        if job.learning_rate is not None:
            return job.learning_rate
        raise TrainerError(
            f"the cookbook knows no learning rate for base model {job.base_model!r} ({error}): "
            "give one with --learning-rate"
        ) from error


def _settings(job: TrainJob, renderer_name: str, steps: int) -> dict[str, Any]:
    """What both loops are told."""
    return {
        "log_path": job.log_dir,
        "model_name": job.base_model,
        "recipe_name": f"curator_{job.kind}",
        "renderer_name": renderer_name,
        "load_checkpoint_path": job.start_state,
        "lora_rank": job.lora_rank,
        "num_epochs": job.epochs,
        "base_url": job.base_url,
        "save_every": max(10, steps // CHECKPOINTS_A_RUN),
        "eval_every": 0,
        "infrequent_eval_every": 0,
    }


def _common(job: TrainJob, settings: dict[str, Any], batch_size: int) -> Any:  # noqa: ANN401  the cookbook is untyped
    from tinker_cookbook.renderers import TrainOnWhat
    from tinker_cookbook.supervised.types import ChatDatasetBuilderCommonConfig

    return ChatDatasetBuilderCommonConfig(
        model_name_for_tokenizer=job.base_model,
        renderer_name=settings["renderer_name"],
        max_length=job.max_length,
        batch_size=batch_size,
        train_on_what=TrainOnWhat(CUSTOMIZED) if job.kind == "sft" and _says_what_is_trained(job) else None,
    )


def _says_what_is_trained(job: TrainJob) -> bool:
    with Path(job.train_file).open(encoding="utf-8") as lines:
        return says_what_is_trained(json.loads(next(lines)).get("messages"))


def _sft(job: TrainJob, settings: dict[str, Any], batch_size: int) -> None:
    from tinker_cookbook.supervised import train
    from tinker_cookbook.supervised.data import FromConversationFileBuilder

    builder = FromConversationFileBuilder(
        file_path=job.train_file, shuffle_seed=job.seed, common_config=_common(job, settings, batch_size)
    )
    asyncio.run(train.main(train.Config(dataset_builder=builder, **settings)))


def _dpo(job: TrainJob, settings: dict[str, Any], batch_size: int) -> None:
    from tinker_cookbook.preference import train_dpo
    from tinker_cookbook.preference.dpo_datasets import DPODatasetBuilderFromComparisons
    from tinker_cookbook.preference.preference_datasets import ComparisonBuilderFromJsonl

    builder = DPODatasetBuilderFromComparisons(
        comparison_builder=ComparisonBuilderFromJsonl(train_path=job.train_file),
        common_config=_common(job, settings, batch_size),
    )
    if job.start_sampler is not None:
        _refer_to(train_dpo, job.start_sampler)
    more: dict[str, Any] = {} if job.beta is None else {"dpo_beta": job.beta}
    train_dpo.main(train_dpo.Config(dataset_builder=builder, **more, **settings))


def _refer_to(train_dpo: Any, sampler_path: str) -> None:  # noqa: ANN401  the cookbook is untyped
    """Let the loss refer to the checkpoint that DPO began from, also after a resume.

    The cookbook takes the weights that it has just loaded, which are half-trained then. This process runs one training.
    """
    create = train_dpo.create_dpo_clients

    def with_start(config: Any, service: Any, *rest: Any) -> tuple[Any, Any]:  # noqa: ANN401  the cookbook is untyped
        training, _ = create(config, service, *rest)
        return training, service.create_sampling_client(model_path=sampler_path)

    train_dpo.create_dpo_clients = with_start


def _end_with(parent: int) -> None:
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> int:
    """Run the job in the file named on the command line; 0, or 1 with `error.json` in its log folder."""
    job = TrainJob(**json.loads(Path(sys.argv[1]).read_text()))
    _end_with(int(sys.argv[2]))
    warnings.simplefilter("ignore", FutureWarning)  # the cookbook calls what the client has deprecated
    try:
        run(job)
    except Exception as error:
        import traceback

        traceback.print_exc()
        told = translate(error, job.base_url)
        failure = {"kind": "data" if isinstance(told, DataError) else "trainer", "message": str(told)}
        (Path(job.log_dir) / "error.json").write_text(json.dumps(failure, ensure_ascii=False))
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the client's threads would keep a finished process for seconds
