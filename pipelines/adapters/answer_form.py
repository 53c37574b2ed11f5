"""The form in which a task wants its answers, as servers can be asked for it, and how sure an answer is."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from curator.records import Task, build_prompt


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """What an answer must look like.

    Attributes:
        labels: The labels that may be named, for classes.
        schema: The JSON schema of the answer; None where it is no JSON.
        strict: Whether the schema is one that servers can hold an answer to: each object names all that it may hold
            and requires it.
        shared: What the prompt of every row begins with.
    """

    labels: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = field(default=None)
    strict: bool = False
    shared: str = ""


def form_of(task: Task) -> AnswerForm:
    """The form of a task's answers."""
    shared = "" if "{text}" in task.rubric else build_prompt(task, "")
    if task.kind == "classification":
        return AnswerForm(labels=tuple(task.labels), shared=shared)
    if task.kind == "extraction" and task.schema is not None and task.schema.get("type") == "object":
        return AnswerForm(schema=task.schema, strict=_strict(task.schema), shared=shared)
    return AnswerForm(shared=shared)


def _strict(schema: Any) -> bool:  # noqa: ANN401 - any part of a schema
    """Whether every object in a schema is closed and requires all of its properties, as strict output wants it."""
    if isinstance(schema, list):
        return all(map(_strict, schema))
    if not isinstance(schema, Mapping):
        return True
    if "properties" in schema or schema.get("type") == "object":
        named = schema.get("properties")
        closed = schema.get("additionalProperties") is False
        if not closed or not isinstance(named, Mapping) or set(schema.get("required", ())) != set(named):
            return False
    return all(_strict(part) for part in schema.values())


def label_confidence(tokens: Sequence[tuple[str, float]], text: str, labels: Sequence[str]) -> float | None:
    """The model's own probability of the label that stands last in its answer: the product over the label's tokens.

    >>> round(label_confidence([("Final Answer: ", 0.0), ("ref", -0.1), ("und", 0.0)], "Final Answer: refund",
    ...                        ["refund"]), 4)
    0.9048

    Args:
        tokens: Of the answer, with their natural log-probabilities; empty where they are not known.
        text: The answer.
        labels: That it may name.

    Returns:
        0..1, or None where the tokens do not spell the answer, or no label stands in it.
    """
    if not tokens or "".join(token for token, _ in tokens) != text:
        return None
    found = [(text.rfind(label), len(label)) for label in labels if label and label in text]
    if not found:
        return None
    start, length = max(found, key=lambda place: (place[0] + place[1], place[1]))
    total, at = 0.0, 0
    for token, logprob in tokens:
        if at < start + length and at + len(token) > start:
            total += logprob
        at += len(token)
    return min(1.0, math.exp(total))
