"""One canonical row for each training stage, and what a format is."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from curator.errors import DataError
from curator.records import ToolCallPart
from curator.release.carriage import Carries, Needs, Turns
from curator.text import as_seen

Stage = Literal["sft", "dpo"]


@dataclass(frozen=True, slots=True)
class SftRow:
    """One conversation to learn; its last turn is the answer. `tools` is a JSON array, or None.

    Raises:
        DataError: There is no user turn before the answer, the last turn is not the assistant's, or it is empty.
    """

    example_id: str
    messages: Turns
    tools: str | None = None

    def __post_init__(self) -> None:
        _check_prompt(self.example_id, self.messages[:-1])
        answer = self.messages[-1]
        calls = any(isinstance(part, ToolCallPart) for part in answer.parts)
        if answer.role != "assistant" or not (answer.text.strip() or calls):
            msg = f"SFT row of example {self.example_id}: the last turn must be a non-empty assistant answer"
            raise DataError(msg)


@dataclass(frozen=True, slots=True)
class DpoRow:
    """One prompt with a preferred and a rejected answer, each as a label has it; a tie cannot be written.

    Raises:
        DataError: The prompt is empty or ends with the assistant, an answer is empty, or both are the same.
    """

    example_id: str
    prompt: Turns
    chosen: str
    rejected: str
    tools: str | None = None

    def __post_init__(self) -> None:
        _check_prompt(self.example_id, self.prompt)
        if not self.chosen.strip() or not self.rejected.strip() or as_seen(self.chosen) == as_seen(self.rejected):
            msg = f"DPO row of example {self.example_id}: needs two non-empty answers that differ"
            raise DataError(msg)


def _check_prompt(example_id: str, prompt: Turns) -> None:
    if not prompt or prompt[-1].role in ("assistant", "system", "developer"):
        msg = f"row of example {example_id}: the prompt must end with a user or tool turn"
        raise DataError(msg)


@dataclass(frozen=True, slots=True)
class Format:
    """How one trainer wants its rows.

    Attributes:
        name: The name on the command line, and the folder in a release.
        carries: What it can say of a conversation.
        sft: A row's dictionary, in the order its keys are written; None where the trainer takes no conversations.
        dpo: The same for preference rows; None where the trainer has no preference format.
        suffix: Of the files: `jsonl` or `parquet`.
        guessed: Its reader guesses the types of JSON lines: where that would change a text, the files are Parquet.
        rows_of_pair: Lines that a pair makes: two where each answer stands alone.
    """

    name: str
    carries: Carries
    sft: Callable[[Carries, SftRow, Needs], dict[str, Any]] | None
    dpo: Callable[[Carries, DpoRow, Needs], Any] | None
    suffix: Literal["jsonl", "parquet"] = "jsonl"
    guessed: bool = False
    rows_of_pair: int = 1

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The training stages that this format can carry."""
        return tuple(stage for stage, writer in (("sft", self.sft), ("dpo", self.dpo)) if writer is not None)  # type: ignore[misc]


def chosen_is_a(row: DpoRow) -> bool:
    """Whether the chosen answer stands on side A, drawn by a hash of the pair.

    One fixed side would let a model that compares A with B learn the position instead.
    """
    name = "\x1f".join((row.example_id, row.chosen, row.rejected))
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[0] % 2 == 0
