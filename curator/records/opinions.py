"""What people and models said elsewhere about rows that are here: people's opinions, models' attempts at an answer."""

from dataclasses import dataclass
from typing import Literal

from curator.records.ids import short_id

OpinionStatus = Literal["accepted", "rejected", "skipped"]
AttemptStatus = Literal["answered", "refused", "truncated", "filtered", "unparsable", "invalid", "empty", "failed"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """One person's word about one row, given in another tool: without a plan, and not blind.

    Attributes:
        example_id: The row.
        person: Who said it.
        status: `accepted` with a value, `rejected` (the label in `value`, if the tool says which), `skipped`.
        value: The label as the task checks it; None where nothing was said.
        said_at: When, as the tool says it.
        note: What was said beside it.
        seconds: How long it took.
    """

    example_id: str
    person: str
    status: OpinionStatus
    value: str | None
    said_at: str | None = None
    note: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to a model and what came of it. Only one that was `answered` gives a label.

    Attributes:
        example_id: The row that was asked about.
        request_id: What the request is called where it was made: `custom_id`, `recordId`, `key`.
        status: What came of it.
        model: Who was asked; None where nothing says so.
        answer: The raw answer; whole, also where it was cut or refused. None without one.
        finish_reason: Why the model stopped, in the provider's word.
        error: Why there is no answer, in the provider's words.
        tokens_in: Tokens of the request.
        tokens_out: Tokens of the answer.
        said_at: When, as the file says it.
        sample: Of several answers to one request, which one.
        latency_s: Seconds until it ended.
        cost_usd: US dollars; None where no price is known.
        confidence: The model's own, 0..1; None where it gives none.
    """

    example_id: str
    request_id: str
    status: AttemptStatus
    model: str | None = None
    answer: str | None = None
    finish_reason: str | None = None
    error: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    said_at: str | None = None
    sample: int = 0
    latency_s: float | None = None
    cost_usd: float | None = None
    confidence: float | None = None

    @property
    def id(self) -> str:
        """The same for the same outcome of the same request, wherever it is read."""
        said = [self.example_id, self.request_id, self.sample, self.status, self.model, self.answer]
        return short_id("at", [*said, self.finish_reason, self.error, self.said_at])
