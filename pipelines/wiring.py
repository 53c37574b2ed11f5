"""The only place that chooses adapters: the real service where it is configured, else the embedded default."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl

from curator.errors import RequestError, without_password
from curator.ports import Encoder, PaidTeacher, ReviewBoard, Sampler, Teacher, TokenCounter, TokenPrice, Trainer
from curator.records import Task
from curator.release import Prover
from pipelines.runtime.settings import Settings
from storage.dataset import examples
from storage.engine.store import Store
from storage.release import versions

DEFAULT_BASE = "Qwen/Qwen3-8B"
OFFLINE = "offline-langid"
_LOCAL = "local"
TEACHER_TIMEOUT_S = 120.0
"""A thinking model may be silent for long."""


@dataclass(frozen=True, slots=True)
class Students:
    """What trains and samples students, and what to say about it."""

    trainer: Trainer
    sampler: Sampler
    local: bool
    note: str


@dataclass(frozen=True, slots=True)
class Loaders:
    """The environment of the trainers' loaders: its folder, and package -> version, None where it is missing."""

    folder: str
    packages: dict[str, str | None]


def encoder(settings: Settings, name: str | None = None) -> Encoder:
    """The named sentence encoder, else the project's, else the embedded one."""
    from pipelines.adapters.encoder import SentenceEncoder

    return SentenceEncoder(name or settings.encoder)


def teacher(
    settings: Settings,
    task: Task,
    name: str | None = None,
    *,
    price: tuple[float, float] | None = None,
    timeout_s: float = TEACHER_TIMEOUT_S,
) -> Teacher:
    """The named teacher, else the project's, else the embedded offline labeller.

    Args:
        settings: The project's.
        task: What is labelled.
        name: The teacher's.
        price: US dollars for a million tokens of the prompt and of the answer, where the user knows it.
        timeout_s: Seconds without a sign of the server, after which a request is given up.

    Raises:
        RequestError: The embedded labeller does not know this task.
        TeacherError: A real teacher without key or address.
    """
    wanted = name or settings.teacher or OFFLINE
    if wanted == OFFLINE:
        from pipelines.adapters.offline_teacher import OfflineLanguageTeacher

        return OfflineLanguageTeacher(task)
    given = None if price is None else TokenPrice(*price)
    return _paid_teacher(settings, task, wanted, given or settings.prices.get(wanted), timeout_s)


def _paid_teacher(
    settings: Settings, task: Task, wanted: str, given: TokenPrice | None, timeout_s: float
) -> PaidTeacher:
    """The adapter that a teacher's name asks for; its price as given, else as the packaged list knows it."""
    from pipelines.adapters import prices
    from pipelines.adapters.answer_form import form_of

    provider, colon, model = wanted.partition(":")
    if colon and provider == "anthropic":
        from pipelines.adapters.anthropic_teacher import AnthropicTeacher

        url = os.environ.get("ANTHROPIC_BASE_URL")
        known = given or (None if url else prices.listed(model, provider="anthropic"))
        key = os.environ.get("ANTHROPIC_API_KEY")
        return AnthropicTeacher(wanted, api_key=key, base_url=url, price=known, form=form_of(task), timeout_s=timeout_s)
    if colon and provider == "gemini":
        from pipelines.adapters.gemini_teacher import GeminiTeacher

        url = os.environ.get("GOOGLE_GEMINI_BASE_URL")
        known = given or (None if url else prices.listed(model, provider="google"))
        key = os.environ.get("GEMINI_API_KEY") or os.environ.get("GOOGLE_API_KEY")
        return GeminiTeacher(wanted, api_key=key, base_url=url, price=known, form=form_of(task), timeout_s=timeout_s)
    from pipelines.adapters.openai_teacher import OpenAITeacher

    url = settings.teacher_base_url or os.environ.get("OPENAI_BASE_URL")
    known = given or (prices.listed(wanted, url=url) if url else prices.listed(wanted, provider="openai"))
    key = os.environ.get("OPENAI_API_KEY")
    return OpenAITeacher(wanted, base_url=url, api_key=key, price=known, form=form_of(task), timeout_s=timeout_s)


def endpoint(settings: Settings, model: str, url: str | None) -> Sampler:
    """A model behind an OpenAI-compatible server, as a contestant; without an address the teacher's server.

    The key goes to the server that it is for: an address of one's own gets it only where OPENAI_BASE_URL names it.

    Raises:
        RequestError: Neither an address nor a key.
    """
    from pipelines.adapters.openai_sampler import OpenAISampler

    usual = settings.teacher_base_url or os.environ.get("OPENAI_BASE_URL")
    key = os.environ.get("OPENAI_API_KEY") if url is None or url == usual else os.environ.get("CURATOR_ENDPOINT_KEY")
    return OpenAISampler(model, base_url=url or usual, api_key=key)


@contextmanager
def review_board(settings: Settings) -> Iterator[ReviewBoard]:
    """The project's Argilla server, for the length of a block.

    Raises:
        RequestError: No address or no key is set.
        ReviewBoardError: The server could not be reached or refused.
    """
    key = os.environ.get("ARGILLA_API_KEY")
    if not settings.argilla_url or not key:
        missing = "an address ([argilla] url in curator.toml, or ARGILLA_API_URL)" if key else "a key (ARGILLA_API_KEY)"
        msg = f"Argilla needs {missing}; without a server, review in the app or with `curator review import`"
        raise RequestError(msg)
    from pipelines.adapters.argilla import ArgillaBoard

    board = ArgillaBoard(settings.argilla_url, key, settings.argilla_workspace)
    try:
        yield board
    finally:
        board.close()


def token_counter(settings: Settings, name: str | None = None) -> TokenCounter | str:
    """The named tokenizer, else the project's, else its base model's, as far as it lies here; else why there is none.

    Raises:
        RequestError: The one that was asked for is not here.
    """
    from pipelines.adapters import tokenizer

    asked = name or settings.student_tokenizer
    if asked:
        found = tokenizer.named(asked, "as asked for")
        if found is None:
            msg = (
                f"no tokenizer {asked!r} is here: give a folder or file with a tokenizer.json, or a model of the hub "
                "that this machine's cache holds; nothing is fetched"
            )
            raise RequestError(msg)
        return found
    if settings.student_base_model:
        base = tokenizer.named(settings.student_base_model, "the base model's own")
        return base or f"the tokenizer of {settings.student_base_model} is not on this machine; name one by --tokenizer"
    students = tokenizer.of_students(settings.project / "tinker")
    if len(students) == 1:
        return tokenizer.LocalTokenizer(
            students[0] / tokenizer.TOKENIZER_FILE, students[0].name, "the small local student's own"
        )
    return "no base model is named; name a tokenizer by --tokenizer, or in [student] of curator.toml"


def prover() -> Prover:
    """Reads a release by the trainers' own loaders."""
    from pipelines.adapters import loaders

    return loaders.prove


def loaders(*, install: bool) -> Loaders:
    """Where the trainers' loaders are and which there are; they are installed first where that is asked."""
    from pipelines.adapters import loaders as found

    if install:
        found.install()
    return Loaders(str(found.folder()), found.installed())


def uses_service() -> bool:
    """Whether training goes to Tinker, or to a server that speaks its protocol, rather than to the local one."""
    return bool(os.environ.get("TINKER_API_KEY") or os.environ.get("TINKER_BASE_URL"))


@contextmanager
def students(settings: Settings, store: Store, dataset: str, *, base: str | None = None) -> Iterator[Students]:
    """Trainer and sampler for the length of a block: the service, or the local server, which ends with the block.

    The local base model is made from the dataset's texts as of its first version, so that later runs start from the
    same weights.

    Raises:
        RequestError: A base model of the service was asked for, and no service is configured.
    """
    from pipelines.adapters.tinker import LocalTinker, TinkerSampler, TinkerTrainer, describe

    if uses_service():
        model = base if base and base != _LOCAL else settings.student_base_model or DEFAULT_BASE
        url = os.environ.get("TINKER_BASE_URL")
        yield Students(
            TinkerTrainer(model, base_url=url, renderer_name=None, lora_rank=32, local=False),
            TinkerSampler(model, base_url=url),
            False,
            f"Training on {without_password(url or 'Tinker')} with base model {model}.",
        )
        return
    if base is not None and base != _LOCAL:
        msg = (
            f"base model {base!r} needs the service: set TINKER_API_KEY (or TINKER_BASE_URL for a server of your own); "
            f"without it, leave --base out or say --base {_LOCAL} for the small local student"
        )
        raise RequestError(msg)
    listed = versions.listing(store, dataset)
    rows = examples.frame(store, dataset, as_of=listed[-1].manifest.as_of_seq if listed else None)
    corpus = rows.sort("seq").filter(pl.col("text").str.len_chars() > 0)["text"].to_list()
    root = settings.project / "tinker"
    root.mkdir(parents=True, exist_ok=True)
    with LocalTinker(root, corpus, seed=0) as server:
        yield Students(
            TinkerTrainer(server.base_model, base_url=server.base_url, renderer_name=None, lora_rank=32, local=True),
            TinkerSampler(server.base_model, base_url=server.base_url, local=True),
            True,
            describe(),
        )


def default_epochs(kind: str, local: bool) -> int:
    """Passes over the data where none are asked for: the local student's tuned number, else the recipes' usual ones."""
    from pipelines.adapters.tinker import LOCAL_DEFAULTS

    if local:
        return LOCAL_DEFAULTS.epochs if kind == "sft" else LOCAL_DEFAULTS.dpo_epochs
    return 3 if kind == "sft" else 1
