"""Looks at a training file before the cookbook does, which trains nothing, or the wrong thing, in silence.

Its traps (tinker-cookbook 0.5.8): fewer rows than a batch train zero steps and the rest of a division is
dropped; truncation is from the right, so the answer goes first; a row without an assistant turn trains
nothing; any preference label but "A" means that B won.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from curator.errors import DataError
from curator.records import MESSAGE_ROLES

CUSTOMIZED = "customized"
"""The cookbook's name for training what the turns themselves say (`trainable`)."""
_SHOWN = 5
"""How many lines an error names; the count is always complete."""


class Renderer(Protocol):
    """What is needed of a tinker-cookbook renderer: the tokens of a conversation and their loss weights."""

    def build_supervised_example(self, messages: list[Any], _what: Any = ..., /) -> tuple[Any, Any]:  # noqa: ANN401
        """Return (model input with `.length`, weights tensor [T])."""
        ...


FEW_STEPS = 30
"""Optimizer steps below which a training is said to have hardly begun."""
USUAL_BETA = (0.01, 1.0)
"""Values of DPO's beta that are in use; the method's paper has 0.1 to 0.5 (arXiv:2305.18290)."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a training will see. `dropped` rows are left out of each epoch (others each time)."""

    rows: int
    batch_size: int
    dropped: int
    longest: int
    notes: tuple[str, ...]

    @property
    def steps_an_epoch(self) -> int:
        """Optimizer steps in one pass over the file."""
        return self.rows // self.batch_size


def unusual(*, rate: float, usual_rate: float, beta: float | None, steps: int) -> tuple[str, ...]:
    """What is unusual about the settings of a training, a sentence each.

    Args:
        rate: The learning rate.
        usual_rate: What suits the model and the kind of training.
        beta: Of DPO; None where it is another training.
        steps: Optimizer steps in all.
    """
    said = []
    if not usual_rate / 10 <= rate <= usual_rate * 10:
        side, what = ("above", "may diverge") if rate > usual_rate else ("below", "may learn nothing")
        said.append(
            f"learning rate {rate:g} is over ten times {side} what suits this model ({usual_rate:g}): it {what}"
        )
    if beta is not None and not USUAL_BETA[0] <= beta <= USUAL_BETA[1]:
        said.append(f"beta {beta:g} is outside {USUAL_BETA[0]:g} to {USUAL_BETA[1]:g}, the values in use; 0.1 is usual")
    if steps < FEW_STEPS:
        said.append(f"only {steps} optimizer steps: little is learnt; a smaller batch or more epochs give more")
    return tuple(said)


class _Problems:
    """Collects what is wrong, by reason, with the lines."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lines: dict[str, list[int]] = {}

    def add(self, reason: str, line: int) -> None:
        self.lines.setdefault(reason, []).append(line)

    def raise_if_any(self) -> None:
        if not self.lines:
            return
        parts = []
        for reason, lines in self.lines.items():
            more = ", …" if len(lines) > _SHOWN else ""
            where = ", ".join(map(str, lines[:_SHOWN])) + more
            parts.append(f"{len(lines)} row{'s' * (len(lines) > 1)} {reason} (line {where})")
        raise DataError(f"{self.file}: {'; '.join(parts)}")


def preflight_sft(file: Path, renderer: Renderer, *, batch_size: int, max_length: int) -> Preflight:
    """Check a supervised file: `{"messages": [{"role", "content"}, …]}` a line.

    Raises:
        DataError: Counts and lines of the rows that would train nothing or fail.
    """

    def conversations(row: dict[str, Any]) -> list[list[Any]] | str:
        messages = row.get("messages")
        if not isinstance(messages, list) or not messages:
            return "without a non-empty list 'messages'"
        return [messages]

    return _preflight(file, renderer, conversations, batch_size=batch_size, max_length=max_length, unit="row")


def preflight_dpo(file: Path, renderer: Renderer, *, batch_size: int, max_length: int) -> Preflight:
    """Check a preference file: `{"comparison": {prompt_conversation, completion_A, completion_B}, "label"}`.

    Raises:
        DataError: Counts and lines of the pairs that would train nothing, the wrong way round, or fail.
    """

    def conversations(row: dict[str, Any]) -> list[list[Any]] | str:
        comparison = row.get("comparison")
        names = ("prompt_conversation", "completion_A", "completion_B")
        if not isinstance(comparison, dict) or not all(isinstance(comparison.get(n), list) for n in names):
            return f"without a 'comparison' of the lists {', '.join(names)}"
        if row.get("label") not in ("A", "B"):
            label = json.dumps(row.get("label"), ensure_ascii=False)
            return f'with label {label}, which would train as a win for B: expected "A" or "B", leave ties out'
        prompt, first, second = (comparison[name] for name in names)
        if first == second:
            return "whose two completions are equal: there is nothing to prefer"
        return [prompt + first, prompt + second]

    return _preflight(file, renderer, conversations, batch_size=batch_size, max_length=max_length, unit="pair")


def _preflight(
    file: Path,
    renderer: Renderer,
    conversations: Callable[[dict[str, Any]], list[list[Any]] | str],
    *,
    batch_size: int,
    max_length: int,
    unit: str,
) -> Preflight:
    if batch_size < 1 or max_length < 2:
        raise DataError(f"batch_size {batch_size} and max_length {max_length}: expected at least 1 and 2")
    problems, rows, longest = _Problems(file), 0, 0
    for line, row in _read(file, problems):
        rows += 1
        found = conversations(row)
        for messages in found if isinstance(found, list) else []:
            reason = _wrong_messages(messages)
            if reason is not None:
                found = reason
                break
            length, answer_end = _lengths(renderer, messages)
            longest = max(longest, length)
            if answer_end > max_length:
                found = (
                    f"longer than max_length {max_length} tokens, which cuts from the right and so loses the "
                    f"answer: raise max_length or leave them out"
                )
                break
        if isinstance(found, str):
            problems.add(found, line)
    problems.raise_if_any()
    if rows < 1:
        raise DataError(f"{file}: no {unit}s: nothing would be trained")
    notes = []
    if rows < batch_size:
        notes.append(f"{rows} {unit}s are fewer than the batch size {batch_size}: trained in batches of {rows}")
        batch_size = rows
    if dropped := rows % batch_size:
        notes.append(f"{dropped} of {rows} {unit}s do not fill a batch of {batch_size} and sit out each epoch")
    return Preflight(rows, batch_size, dropped, longest, tuple(notes))


def _read(file: Path, problems: _Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line from 1, row)."""
    if not file.is_file():
        raise DataError(f"{file}: no such file")
    with file.open(encoding="utf-8") as lines:
        for line, text in enumerate(lines, start=1):
            if not text.strip():
                problems.add("blank, which stops the cookbook: remove it", line)
                continue
            try:
                row = json.loads(text)
            except json.JSONDecodeError as error:
                problems.add(f"not JSON ({error.msg})", line)
                continue
            if isinstance(row, dict):
                yield line, row
            else:
                problems.add("not a JSON object", line)


def says_what_is_trained(messages: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether turns carry `trainable`: a release writes it where an input holds turns of the assistant."""
    return isinstance(messages, list) and any(isinstance(each, dict) and "trainable" in each for each in messages)


def _wrong_messages(messages: list[Any]) -> str | None:
    """What is wrong with a conversation, or None."""
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in MESSAGE_ROLES:
            return f"with a message whose role is not one of {', '.join(MESSAGE_ROLES)}"
        if not isinstance(message.get("content"), str | list):
            return "with a message without content"
    answers = [message["content"] for message in messages if message["role"] == "assistant"]
    if not answers:
        return "without an assistant turn, which train nothing"
    if not all(answer.strip() if isinstance(answer, str) else answer for answer in answers):
        return "with an empty assistant turn"
    return None


def _lengths(renderer: Renderer, messages: list[Any]) -> tuple[int, int]:
    """Tokens of a conversation, and of its part up to the end of the last answer."""
    what = (CUSTOMIZED,) if says_what_is_trained(messages) else ()
    model_input, weights_T = renderer.build_supervised_example(messages, *what)
    trained = weights_T.nonzero()
    return int(model_input.length), int(trained.max()) + 1 if len(trained) else 0
