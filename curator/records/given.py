"""What a format of another tool gives of one row, before a task has checked it.

Values are raw: as the file's reader gave them. `intake.take_in` checks them in one place and makes records of them, or
says why not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from curator.records.opinions import AttemptStatus, OpinionStatus
from curator.records.types import LabelerKind

Choice = Literal["a", "b", "tie", "skip"]


@dataclass(frozen=True, slots=True)
class GivenLabel:
    """One label of one annotator.

    Attributes:
        value: The answer, a text or a JSON value; None where it was skipped, or rejected without saying which.
        labeler: Who gave it; None: whoever the command says.
        kind: What they are; None: what the command says.
        status: Whether the answer stands, is wrong, or they could or would not say.
        confidence: How sure, in 0..1; raw, one that is no such number is noted and left out.
        time: When, as the file says it.
        note: What they said about it.
        version: Of the labeler.
        sample: Which of several answers of one labeler, from 0.
        tokens_in: Of a model's prompt.
        tokens_out: Of a model's answer.
        cost_usd: In US dollars.
        latency_s: In seconds.
    """

    value: Any
    labeler: str | None = None
    kind: LabelerKind | None = None
    status: OpinionStatus = "accepted"
    confidence: Any = None
    time: str | None = None
    note: str | None = None
    version: str = "1"
    sample: int = 0
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    latency_s: float | None = None


@dataclass(frozen=True, slots=True)
class GivenComparison:
    """Two answers to one row and which is better. An answer is a text, or the assistant's turn as an object.

    Attributes:
        a: One answer.
        b: The other.
        choice: Which is better, `tie` where neither is, `skip` where nobody has said.
        a_source: Where the first comes from: a model's name, or what the file calls it.
        b_source: The same for the second.
        labeler: Who chose; None: whoever the command says.
        kind: What they are; None: what the command says.
        time: When, as the file says it.
        note: What they said about it.
    """

    a: Any
    b: Any
    choice: Choice
    a_source: str = "chosen"
    b_source: str = "rejected"
    labeler: str | None = None
    kind: LabelerKind | None = None
    time: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class GivenAttempt:
    """One request to a model, and what became of it. One that is answered is also a label of that model.

    Attributes:
        status: What became of it.
        model: The model's name; None where the file does not say it.
        answer: A text, or the assistant's turn as an object; also what there is of one that was cut.
        finish_reason: In the provider's words.
        error: In the provider's words.
        tokens_in: Of the prompt.
        tokens_out: Of the answer.
        cost_usd: In US dollars.
        latency_s: In seconds.
        time: When, as the file says it.
        request_id: The provider's id of the request.
        sample: Which of several answers, from 0.
    """

    status: AttemptStatus
    model: str | None = None
    answer: Any = None
    finish_reason: str | None = None
    error: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    latency_s: float | None = None
    time: str | None = None
    request_id: str | None = None
    sample: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """One row as a format gives it.

    Attributes:
        input: A text, or all turns before the answer as `chat_json.read_turns` takes them; None: the row that is there
            under this id.
        id: The row's own id; None where the file has none.
        group: Rows that belong together.
        split: Where the file puts it.
        time: When it happened.
        tools: The tools that the model may call: a list, or its JSON text.
        metadata: Everything else that the file says of the row.
        labels: What annotators said.
        comparisons: Which answers were preferred.
        attempts: What was asked of models.
        notes: What has to be said about the row, each as a sentence that counts for many rows.
        unless_there: The input is that of a request to a model: a row that is there under this id keeps its own.
    """

    input: str | Sequence[Any] | None
    id: Any = None
    group: Any = None
    split: Any = None
    time: Any = None
    tools: Any = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[GivenLabel, ...] = ()
    comparisons: tuple[GivenComparison, ...] = ()
    attempts: tuple[GivenAttempt, ...] = ()
    notes: tuple[str, ...] = ()
    unless_there: bool = False
