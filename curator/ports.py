"""What Curator needs from outside systems, as protocols. Adapters live in `pipelines.adapters`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Progress = Callable[[int, int], None]
"""Called with (done, total) as work advances."""


RequestParameters = Mapping[str, object]
"""What a request says beside its prompt, by the provider's names."""


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """US dollars for a million tokens, and who says so."""

    tokens_in: float
    tokens_out: float
    source: str = "as given"

    def of(self, tokens_in: int | None, tokens_out: int | None) -> float | None:
        """What one request cost; None where the server counts no tokens."""
        if tokens_in is None or tokens_out is None:
            return None
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / 1_000_000

    def words(self) -> str:
        """For a person."""
        return f"{self.tokens_in:g} and {self.tokens_out:g} US dollars for a million tokens, {self.source}"


@dataclass(frozen=True, slots=True)
class TeacherAnswer:
    """A teacher's raw answer to one request, with what it cost, or why there is none.

    Attributes:
        text: As it came; empty without one.
        confidence: 0..1, where the teacher says one.
        tokens_in: Of the prompt.
        tokens_out: Of the answer.
        cost_usd: US dollars; None where no price is known.
        latency_s: Seconds.
        status: What came of the request; `failed` is one without an answer, which nobody paid for.
        finish_reason: Why the model stopped, in the provider's word.
        error: Why there is no answer, in the provider's words.
        again: Why a failed request is worth sending once more: the server is busy (429), at fault, or was too slow.
        wait_s: Seconds after which it asks for that; None where it does not say.
    """

    text: str
    confidence: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    latency_s: float | None = None
    status: Literal["answered", "refused", "truncated", "filtered", "empty", "failed"] = "answered"
    finish_reason: str | None = None
    error: str | None = None
    again: Literal["busy", "fault", "slow"] | None = None
    wait_s: float | None = None


class OfflineTeacher(Protocol):
    """Labels rows here: no key, no network, no bill."""

    name: str
    version: str
    offline: Literal[True]

    def answer(self, texts: Sequence[str]) -> list[TeacherAnswer]:
        """Answer each row's own text, in order."""
        ...


class PaidTeacher(Protocol):
    """A model behind an address. Its identity is address, name and parameters."""

    name: str
    version: str
    """Where it is asked, without secrets."""
    offline: Literal[False]
    price: TokenPrice | None
    """None where it is not known."""

    def parameters(self, sample: int) -> RequestParameters:
        """All that it is told beside the prompt, for the draw with this number."""
        ...

    def ask(self, prompt: str, *, sample: int, idempotency: str, images: Sequence[str] = ()) -> TeacherAnswer:
        """Answer one whole prompt; called from several threads. A request that fails alone is an answer that says so.

        It is sent once: whoever asks decides whether and when it is sent again. `idempotency` is the same when the same
        request is sent once more: a server that knows such keys does not charge again. `images` are addresses or data
        URLs, in the order in which the prompt marks them.

        Raises:
            TeacherError: It cannot be asked at all: no such address, key or model.
        """
        ...

    def batch_line(self, ident: str, prompt: str, *, sample: int, images: Sequence[str] = ()) -> str:
        """The same request as a line of the provider's batch file (JSON), under the row's id outside.

        Raises:
            RequestError: The provider does not take such an id.
        """
        ...


Teacher = OfflineTeacher | PaidTeacher


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    name: str
    revision: str

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 vectors of unit length, shape [N, D], in the order of `texts`."""
        ...


class TokenCounter(Protocol):
    """Counts the tokens of texts as a base model would cut them."""

    name: str
    why: str
    """Where it comes from, a few words."""
    sha256: str
    """Of its definition, in hex."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special ones and without the marks of a chat template."""
        ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a training ended: a path to sample from and a path to train on from."""

    sampler_path: str
    state_path: str


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What a training did: optimizer steps, examples seen, loss by step, seconds, and what was unusual about it."""

    checkpoint: Checkpoint
    steps: int
    examples_seen: int
    losses: tuple[float, ...]
    seconds: float
    notes: tuple[str, ...] = ()


class Trainer(Protocol):
    """Trains a student from release files through the Tinker protocol."""

    base_model: str
    local: bool
    """True for Curator's own small server on this machine; it says so wherever its results show."""

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
        """Supervised fine-tuning on a `tinker/sft/*.jsonl` file.

        Raises:
            TrainerError: The server failed or refused.
            DataError: The file would train nothing (fewer rows than a batch, truncated answers …).
        """
        ...

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
        """Direct preference optimisation on a `tinker/dpo/*.jsonl` file, from an SFT checkpoint."""
        ...


@dataclass(frozen=True, slots=True)
class Completion:
    """One sampled answer.

    Attributes:
        text: Without stop sequence and without what the model thought before it.
        latency_s: From submission to answer, in seconds.
        tokens_in: Of the prompt.
        tokens_out: Of the answer, thoughts included.
        cut: The answer ended at the limit of tokens, not where the model would have ended it.
    """

    text: str
    latency_s: float
    tokens_in: int
    tokens_out: int
    cut: bool = False


class Sampler(Protocol):
    """Samples from a base model or a checkpoint."""

    base_model: str
    """The model that answers where no checkpoint is named, by its service's name or path."""
    concurrency: int
    """Requests under way at once: what a latency was measured beside."""

    def sample(
        self,
        conversations: Sequence[Sequence[dict[str, str]]],
        *,
        model_path: str | None,
        max_tokens: int,
        room_for: Sequence[str],
        temperature: float,
        progress: Progress,
    ) -> list[Completion]:
        """Answer each conversation (role/content messages), in order. `model_path` None is the base model.

        `max_tokens` is raised to what the longest text of `room_for` takes under the answering model's tokenizer.
        """
        ...

    def at_once(self, requests: int) -> "Sampler":
        """The same sampler with so many requests under way at once."""
        ...


@dataclass(frozen=True, slots=True)
class BoardForm:
    """What a review board asks: one label of `labels` (name -> definition), or text where there are none.

    `overlap` is the number of reviewers that each record needs.
    """

    name: str
    guidelines: str
    labels: dict[str, str] | None
    overlap: int


@dataclass(frozen=True, slots=True)
class BoardRecord:
    """One card of a review board. `score` in 0..1; `fingerprint` changes with anything that the card shows."""

    id: str
    text: str
    note: str | None
    suggestion: str | None
    score: float | None
    agent: str
    metadata: dict[str, str]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class BoardResponse:
    """One person's answer as the board holds it. `user` None: the board does not know the author any more."""

    user_id: str
    user: str | None
    status: Literal["submitted", "discarded", "draft"]
    value: str | None
    comment: str | None
    updated_at: str


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """A card as it is on the board now, with its answers. `handle` is the board's own id of it."""

    id: str
    handle: str
    text: str
    fingerprint: str | None
    responses: tuple[BoardResponse, ...]


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A card that the board would not take, and its reason."""

    id: str
    reason: str


class ReviewBoard(Protocol):
    """A place outside where people review. Every method raises ReviewBoardError if the board fails or refuses."""

    name: str

    def find(self, dataset: str) -> bool:
        """Whether the board has this dataset."""
        ...

    def open(self, form: BoardForm) -> bool:
        """Make the form's dataset unless it is there. True if it is new."""
        ...

    def entries(self, dataset: str, progress: Progress) -> list[BoardEntry]:
        """Every card of a dataset with its answers."""
        ...

    def push(self, dataset: str, records: Sequence[BoardRecord], progress: Progress) -> list[RefusedRecord]:
        """Create cards, or bring them up to date, in batches; one that is refused does not stop the others."""
        ...

    def remove(self, dataset: str, entries: Sequence[BoardEntry]) -> None:
        """Take cards off the board, with their answers."""
        ...
