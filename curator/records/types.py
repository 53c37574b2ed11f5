"""The records. Frozen; they stand at boundaries, while bulk data moves as polars frames and arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Literal

from curator.errors import DataError
from curator.records.message import Message
from curator.text import as_seen

TaskKind = Literal["classification", "extraction", "sql", "text"]
LabelerKind = Literal["teacher", "human", "rule", "imported", "production"]
Stream = Literal["audit", "risk", "test", "adjudication", "failure", "gold", "opinion"]
GOLD: Final = "gold"
"""The stream of cards whose truth is known: asked again, blind, to measure the reviewer, and never in an estimate."""
OPINION: Final = "opinion"
"""The stream of what people said in another tool, brought in without a plan."""
Purpose = Literal["certify", "find", "test", "sent", "opinions"]
"""`certify` and `find` draw an audit sample; `test` is the frozen split; `sent` holds rows that a person chose;
`opinions` rows about which people had spoken in another tool."""
ReviewVerdict = Literal["accept", "edit", "reject", "skip"]
Action = Literal["relabel", "exclude", "keep", "merge", "undo"]
Split = Literal["train", "validation", "test"]
SPLITS: Final[tuple[Split, ...]] = ("train", "validation", "test")
"""In the order in which they are shown; `validation` is for choosing among trainings, `test` for the verdict."""
EVALUATED: Final[tuple[Split, ...]] = ("validation", "test")
"""The splits that nothing trains on."""
FindingKind = Literal[
    "exact_duplicate",
    "near_duplicate",
    "semantic_duplicate",
    "contradiction",
    "suspect_label",
    "label_pattern",
    "template",
    "leak",
    "format",
    "shortcut",
    "secret",
    "personal_data",
    "imbalance",
    "too_few",
]


@dataclass(frozen=True, slots=True)
class Example:
    """One input as it came in. Its id never changes; equal texts stay separate rows.

    Attributes:
        messages: Every turn before the answer, with all that it came with.
        text: What is said in them, without the system prompt (`conversation.said_text`).
        tools: The tools that the model may call, as a JSON array; None where the row brings none.
        metadata: Columns that are no field of ours, each with its value as `json_text.read_exact` gives it; whole
            and exact, in the order of the columns. A missing value is left out.
    """

    id: str
    dataset: str
    external_id: str
    content_hash: str
    messages: tuple[Message, ...]
    text: str
    group: str | None = None
    source: str = "import"
    time: str | None = None
    split: Split | None = None
    tools: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Label:
    """One labeler's answer for one example, made under one task definition. Append-only.

    `said_at` is when it was given, where a file says it.
    """

    example_id: str
    labeler: str
    kind: LabelerKind
    value: str
    task_hash: str
    version: str = "1"
    sample: int = 0
    confidence: float | None = None
    request_key: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    latency_s: float | None = None
    said_at: str | None = None

    def __post_init__(self) -> None:
        if self.confidence is not None and not 0.0 <= self.confidence <= 1.0:
            msg = f"label for example {self.example_id}: confidence {self.confidence} is outside 0..1"
            raise DataError(msg)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found about some rows.

    `score` is higher for worse. `evidence` and `suggestion` are JSON-ready; a suggestion has at
    least `action` and `text`, `value` where the action needs one, and `example_ids` where it is about some of the rows.
    """

    id: str
    kind: FindingKind
    score: float
    example_ids: tuple[str, ...]
    evidence: dict[str, Any]
    suggestion: dict[str, Any]

    def rows_for(self, action: str | None) -> tuple[str, ...]:
        """The rows that an action is about: those that the suggestion names for it (a leak's train rows), else all."""
        named = self.suggestion.get("example_ids") if action == self.suggestion.get("action") else None
        return tuple(named) if named else self.example_ids


@dataclass(frozen=True, slots=True)
class Review:
    """One reviewer's answer to one task. Append-only; an undo is a further record.

    `adjudicates` makes it the last word about a row that people dispute or have rejected. `said_at` is when it was
    given, where that was in another tool and the file says it.
    """

    task_id: str
    example_id: str
    reviewer: str
    verdict: ReviewVerdict
    value: str | None
    blind: bool
    seconds: float | None = None
    note: str | None = None
    action_id: str | None = None
    adjudicates: bool = False
    said_at: str | None = None

    def __post_init__(self) -> None:
        if self.verdict in ("accept", "edit") and self.value is None:
            msg = f"review of task {self.task_id}: verdict {self.verdict!r} needs a value"
            raise DataError(msg)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about a group or a set of rows. Append-only."""

    id: str
    dataset: str
    example_ids: tuple[str, ...]
    action: Action
    value: str | None
    reviewer: str
    reason: str
    finding_id: str | None = None

    def __post_init__(self) -> None:
        if self.action == "relabel" and not self.value:
            msg = f"decision {self.id}: relabel needs a value"
            raise DataError(msg)
        if not self.example_ids:
            msg = f"decision {self.id}: names no rows"
            raise DataError(msg)


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """A preferred and a rejected answer to one input. There is no tie to represent."""

    id: str
    dataset: str
    example_id: str
    chosen: str
    rejected: str
    source: str

    def __post_init__(self) -> None:
        if as_seen(self.chosen) == as_seen(self.rejected):
            msg = f"pair {self.id} for example {self.example_id}: chosen and rejected are the same text"
            raise DataError(msg)
        if not self.chosen.strip() or not self.rejected.strip():
            msg = f"pair {self.id} for example {self.example_id}: an answer is empty"
            raise DataError(msg)


@dataclass(frozen=True, slots=True)
class Bound:
    """An error rate with its interval. All rates in 0..1; `reviews` and `population` are rows."""

    estimate: float
    low: float
    high: float
    upper_one_sided: float
    confidence: float
    reviews: int
    population: int
    method: str


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One training.

    Attributes:
        id: The same for the same request on the same files.
        dataset: The dataset's name.
        version: The number of the version that it learns from.
        kind: Supervised, or from preferences.
        base_model: The model that it starts from, by its service's name or path.
        parent_run: The run that it goes on from (DPO), or None.
        config: The settings of the request, and whether it is `local`.
        sampler_path: Where the trained weights answer; None until it is finished.
        state_path: Where training can go on; None until it is finished.
        status: started, finished or failed.
    """

    id: str
    dataset: str
    version: int
    kind: Literal["sft", "dpo"]
    base_model: str
    parent_run: str | None
    config: dict[str, Any] = field(default_factory=dict)
    sampler_path: str | None = None
    state_path: str | None = None
    status: str = "started"


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """How a training went; None stands for what is not known of it.

    Attributes:
        steps: Optimizer steps.
        examples_seen: Rows, counted as often as they were seen.
        losses: The loss at each step.
        seconds: Of training.
        error: Why it failed.
        notes: What was unusual about its settings or its file, a sentence each.
    """

    steps: int | None = None
    examples_seen: int | None = None
    losses: tuple[float, ...] | None = None
    seconds: float | None = None
    error: str | None = None
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What is known, as it is stored and printed."""
        known = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in known.items()
            if value is not None and value != ()
        }


@dataclass(frozen=True, slots=True)
class TrainedRun:
    """A run as the store knows it.

    Attributes:
        run: In its newest state.
        outcome: How it went; None until it ended.
        created_at: When that state was recorded.
    """

    run: TrainingRun
    outcome: TrainingOutcome | None
    created_at: datetime
