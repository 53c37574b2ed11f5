"""From a row as a format of another tool gives it to the records that are kept, or a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from curator.errors import DataError
from curator.records.answers import answer_text
from curator.records.chat_json import read_turn, read_turns
from curator.records.given import Given, GivenAttempt, GivenComparison, GivenLabel
from curator.records.ids import content_hash, digest, example_id, identity_text
from curator.records.intake import (
    Parsed,
    Rejected,
    as_text,
    checked_confidence,
    checked_labeler,
    checked_value,
    letter_by_letter,
    make_example,
    read_tools,
)
from curator.records.json_text import json_ready, write_exact
from curator.records.message import Message, TextPart
from curator.records.prompting import parse_answer
from curator.records.structured import DEPTH, too_deep
from curator.records.task import Task
from curator.records.types import Example, Split


def take_in(
    given: Given,
    *,
    dataset: str,
    task: Task,
    source: str,
    split: Split | None,
    fallback_id: str,
    by_content: bool = False,
) -> Parsed:
    """Check what a format gives of one row.

    Args:
        given: As the format gives it.
        dataset: The dataset it goes to.
        task: Checks the accepted labels.
        source: import, production, teacher or expert.
        split: The split asked for; else the format's.
        fallback_id: External id of a row without its own.
        by_content: Rows without an id that have equal input and metadata are one row.

    Raises:
        Rejected: As `parse_record`.
    """
    if too_deep([given.input, given.tools, dict(given.metadata)]):
        raise Rejected("too_deep", f"the row is nested deeper than {DEPTH} levels; write it flatter")
    notes = list(given.notes)
    metadata = {column: json_ready(value) for column, value in given.metadata.items()}
    metadata = {column: value for column, value in metadata.items() if value is not None}
    given = replace(given, metadata=metadata, split=given.split if split is None else split)
    if given.input is None:
        example, given_id = _known_by_id(given, dataset, source)
    else:
        messages, tools = _all_input(given.input), read_tools(given.tools)
        if by_content and identity_text(given.id) is None:
            fallback_id = digest([content_hash(messages, tools), write_exact(dict(given.metadata))])[:20]
        example, given_id = make_example(
            given, messages, tools, notes, dataset=dataset, source=source, fallback_id=fallback_id
        )
    attempts, answers = _attempts(given.attempts, task, notes)
    labels = [*(_label(label, task, notes) for label in given.labels), *answers]
    return Parsed(
        example,
        labels=tuple(label for label in labels if label.value is not None or label.status != "accepted"),
        comparisons=tuple(_comparison(each) for each in given.comparisons),
        attempts=attempts,
        by_id=given.input is None,
        notes=tuple(dict.fromkeys(notes)),
        given_id=given_id,
    )


def _known_by_id(given: Given, dataset: str, source: str) -> tuple[Example, str | None]:
    """What a record says of a row that it names and does not bring. Its content is the known row's, whatever it is."""
    external = identity_text(given.id)
    if external is None:
        raise Rejected("missing_id", "the record brings neither an input nor the id of a row that is there")
    example = Example(
        id=example_id(dataset, external),
        dataset=dataset,
        external_id=external,
        content_hash="",
        messages=(),
        text="",
        group=identity_text(given.group),
        source=source,
        time=None if given.time in (None, "") else str(given.time),
        metadata=dict(given.metadata),
    )
    return example, letter_by_letter(given.id, external)


def _all_input(raw: str | Sequence[Any]) -> tuple[Message, ...]:
    """The turns of an input, or a text as the user's one turn."""
    if isinstance(raw, str):
        return (Message("user", (TextPart(raw),)),)
    try:
        made = read_turns(raw)
    except DataError as error:
        raise Rejected("bad_messages", str(error)) from error
    if not any(message.role == "user" for message in made):
        raise Rejected("bad_messages", "messages have no user turn")
    return made


def _label(label: GivenLabel, task: Task, notes: list[str]) -> GivenLabel:
    """The label with its value as text: an accepted one as the task has it, a rejected one as it was given."""
    value = label.value
    if isinstance(value, Mapping) and value.get("role") == "assistant":
        value = _answer(value)
    if label.status == "accepted":
        text = checked_value(value, task, notes)
    else:
        text = None if value is None or (isinstance(value, str) and not value.strip()) else as_text(value)
    return replace(
        label,
        value=text,
        labeler=checked_labeler(label.labeler),
        confidence=checked_confidence(label.confidence, notes),
    )


def _attempts(
    given: Sequence[GivenAttempt], task: Task, notes: list[str]
) -> tuple[tuple[GivenAttempt, ...], list[GivenLabel]]:
    """The requests with their answers as texts, and the label that each answer is."""
    made, labels = [], []
    for each in given:
        attempt = replace(each, answer=_answer(each.answer), model=checked_labeler(each.model))
        if attempt.status == "answered":
            try:
                labels.append(_label_of(attempt, parse_answer(task, attempt.answer or "")))
            except DataError as error:
                notes.append("a model's answer does not fit the task: it is kept as a failed attempt, and is no label")
                attempt = replace(attempt, status="failed", error=f"unusable answer: {error}")
        made.append(attempt)
    return tuple(made), labels


def _label_of(attempt: GivenAttempt, value: str) -> GivenLabel:
    return GivenLabel(
        value,
        attempt.model,
        "teacher",
        time=attempt.time,
        sample=attempt.sample,
        tokens_in=attempt.tokens_in,
        tokens_out=attempt.tokens_out,
        cost_usd=attempt.cost_usd,
        latency_s=attempt.latency_s,
    )


def _comparison(given: GivenComparison) -> GivenComparison:
    a, b = _answer(given.a), _answer(given.b)
    if not a or not b or not a.strip() or not b.strip():
        raise Rejected("empty_answer", "one of the two answers is empty, so that nothing is compared")
    return replace(given, a=a, b=b, labeler=checked_labeler(given.labeler))


def _answer(raw: Any) -> str | None:  # noqa: ANN401 - raw JSON
    """An answer as the text that labels hold: a text as it is, an assistant's turn, or a JSON value."""
    if raw is None:
        return None
    if isinstance(raw, Mapping) and raw.get("role") in ("assistant", "model"):
        try:
            return answer_text(read_turn({**raw, "role": "assistant"}))
        except DataError as error:
            raise Rejected("bad_messages", f"the answer cannot be read: {error}") from error
    return as_text(raw)
