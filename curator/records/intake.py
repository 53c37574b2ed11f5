"""From a raw record (a JSON object, a CSV or Parquet row) to an example and perhaps a label, or a reason.

Nothing is dropped in silence: a record that is not taken becomes a `Reject` with a reason that can be counted.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from curator.errors import DataError, RequestError
from curator.records.answers import answer_text
from curator.records.chat_json import read_turns, unmasked
from curator.records.conversation import said_text
from curator.records.exported import ABOUT, turns_in
from curator.records.given import Given, GivenAttempt, GivenComparison, GivenLabel
from curator.records.ids import content_hash, example_id, identity_text
from curator.records.json_text import Number, json_ready, read_exact, write_exact
from curator.records.mapping import FIELDS, further_label
from curator.records.message import Message, TextPart
from curator.records.names import check_shown
from curator.records.structured import DEPTH, too_deep
from curator.records.task import Task
from curator.records.types import Example, Split

_DECIMAL_COMMA = re.compile(r"\s*[01],\d+\s*")
MAX_TEXT = 2_000_000
"""Characters of one input; longer ones are rejected with the reason too_long."""


class Rejected(DataError):
    """A record that is not taken: a countable reason and a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Parsed:
    """A record that is taken: the example, and what was said of it, each value checked.

    Attributes:
        labels: What annotators said: accepted and rejected answers, and skips.
        labeler: Whom the row names as its labeler, also where it holds no label.
        comparisons: Which answers were preferred; both are texts.
        attempts: What was asked of models; answers are texts.
        by_id: Whether the row is one that has to be there: the record brings no input.
        given_id: The id letter by letter, where `identity_text` made another text of it: a store made before may know
            the row by it. None where it is the example's.
        notes: What has to be said about the row, each as a sentence that counts for many rows.
    """

    example: Example
    labels: tuple[GivenLabel, ...] = ()
    labeler: str | None = None
    comparisons: tuple[GivenComparison, ...] = ()
    attempts: tuple[GivenAttempt, ...] = ()
    by_id: bool = False
    notes: tuple[str, ...] = field(default=())
    given_id: str | None = None

    @property
    def value(self) -> str | None:
        """The first answer, or None."""
        return self.labels[0].value if self.labels else None

    @property
    def confidence(self) -> float | None:
        """How sure the first answer's labeler is, or None."""
        return self.labels[0].confidence if self.labels else None


def parse_record(
    record: Mapping[str, Any],
    mapping: Mapping[str, str],
    *,
    dataset: str,
    task: Task,
    source: str,
    split: Split | None,
    fallback_id: str,
) -> Parsed:
    """Read one record by its columns.

    Args:
        record: The raw object.
        mapping: Field -> column, as `resolve_mapping` gives it.
        dataset: The dataset it goes to.
        task: Checks the label.
        source: import, production, teacher or expert.
        split: The split asked for; else the mapped column's.
        fallback_id: External id of a record without its own.

    Raises:
        Rejected: With the reason: missing_input, empty_text, bad_messages, unknown_label, invalid_label,
            invalid_utf8, too_long, too_deep, bad_labeler.
    """
    if too_deep(record):
        raise Rejected("too_deep", f"the row is nested deeper than {DEPTH} levels; write it flatter")
    notes: list[str] = []
    raw_value = _cell(record, mapping, "label", "invalid_label")
    if raw_value is None and "label" in mapping and isinstance(record.get(mapping["label"]), float):
        notes.append("the answer is NaN: the row comes in without one")
    raw = _cell(record, mapping, "input", "bad_messages")
    messages, answer = _conversation(raw, mapping["input"], judged=raw_value not in (None, ""))
    tools = read_tools(_cell(record, mapping, "tools", "bad_tools"))
    metadata = _metadata(record, mapping if tools is not None else _but_tools(record, mapping), notes)
    raw_split = _cell(record, mapping, "split", "bad_split")
    given = Given(
        input=None,
        id=_cell(record, mapping, "id", "bad_id"),
        group=_cell(record, mapping, "group", "bad_group"),
        split=raw_split if split is None else split,
        time=_cell(record, mapping, "time", "bad_time"),
        metadata=metadata,
    )
    example, given_id = make_example(
        given, messages, tools, notes, dataset=dataset, source=source, fallback_id=fallback_id
    )
    labeler = checked_labeler(_cell(record, mapping, "labeler", "bad_labeler"))
    value = checked_value(raw_value if answer is None else answer, task, notes)
    sure = checked_confidence(_cell(record, mapping, "confidence", "bad_confidence"), notes)
    labels = [] if value is None else [GivenLabel(value, labeler, confidence=sure)]
    for name in mapping.keys() - _OWN_FIELDS:
        labels += _further_label(record, mapping, name, task, notes)
    return Parsed(example, tuple(labels), labeler, notes=tuple(notes), given_id=given_id)


_OWN_FIELDS = frozenset(FIELDS)


def _further_label(
    record: Mapping[str, Any], mapping: Mapping[str, str], name: str, task: Task, notes: list[str]
) -> list[GivenLabel]:
    """The answer of one more labeler, whose column a field `label:NAME` names."""
    who = further_label(name)
    value = checked_value(_cell(record, mapping, name, "invalid_label"), task, notes)
    if who is None or value is None:
        return []
    return [GivenLabel(value, checked_labeler(who[0]), who[1])]


def make_example(
    given: Given,
    messages: tuple[Message, ...],
    tools: str | None,
    notes: list[str],
    *,
    dataset: str,
    source: str,
    fallback_id: str,
) -> tuple[Example, str | None]:
    """The example, and its id letter by letter where that is another."""
    text = said_text(messages)
    if not text and all(isinstance(part, TextPart) for message in messages for part in message.parts):
        raise Rejected("empty_text", "the input is empty or only white space")
    if len(text) > MAX_TEXT:
        raise Rejected("too_long", f"the input has {len(text):,} characters, at most {MAX_TEXT:,} are taken")
    metadata = given.metadata
    split = _split(given.split, notes)
    if split == "validation" and _word(given.split) != split:
        metadata = {**metadata, "split": str(given.split)}
    external = identity_text(given.id) or fallback_id
    example = Example(
        id=example_id(dataset, external),
        dataset=dataset,
        external_id=external,
        content_hash=content_hash(messages, tools),
        messages=messages,
        text=text,
        group=identity_text(given.group),
        source=source,
        time=None if given.time in (None, "") else str(given.time),
        split=split,
        tools=tools,
        metadata=metadata,
    )
    return example, letter_by_letter(given.id, external)


def letter_by_letter(raw: Any, external: str) -> str | None:  # noqa: ANN401 - raw JSON
    """An id as it was written, where the row's is another text; else None."""
    return str(raw) if raw not in (None, "") and str(raw) != external else None


def _cell(record: Mapping[str, Any], mapping: Mapping[str, str], name: str, reason: str) -> Any:  # noqa: ANN401
    """A field's raw value: bytes (a binary Parquet column) as the text that they are, NaN as None."""
    column = mapping.get(name)  # a column without a name is no field
    raw = None if column is None else record.get(column)
    if isinstance(raw, bytes):
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            detail = f"column {mapping[name]!r} holds bytes that are not UTF-8 (byte {error.start})"
            raise Rejected(reason if name != "input" else "invalid_utf8", detail) from error
    return None if isinstance(raw, float) and math.isnan(raw) else raw


def _conversation(raw: Any, column: str, *, judged: bool) -> tuple[tuple[Message, ...], str | None]:  # noqa: ANN401
    """The turns of the input, and the answer where it stands in them as the last turn.

    Where a label stands beside it (`judged`), the conversation is all input, also its last turn: the reply that the
    label is about.
    """
    if raw is None:
        raise Rejected("missing_input", f"no value in the input column {column!r}")
    turns = turns_in(raw, column)
    if turns is None:
        text = raw if isinstance(raw, str) else _as_json(raw, "bad_messages")
        return (Message("user", (TextPart(text),)),), None
    try:
        made = list(read_turns(unmasked(turns)))
    except DataError as error:
        raise Rejected("bad_messages", str(error)) from error
    answer = None
    if made and made[-1].role == "assistant" and not judged:
        if made[-1].weight == 0:
            raise Rejected("untrained_answer", "the last turn has weight 0, so that the row would train nothing")
        answer = answer_text(made.pop())
    if not any(message.role == "user" for message in made):
        raise Rejected("bad_messages", "messages have no user turn")
    return tuple(made), answer


def read_tools(raw: Any) -> str | None:  # noqa: ANN401 - raw JSON
    """The tools that the model may call, as a JSON array; None where the column holds none."""
    if isinstance(raw, str):
        try:
            raw = read_exact(raw)
        except (DataError, ValueError):
            return None
    if isinstance(raw, list) and raw and all(isinstance(tool, dict) for tool in raw):
        return _as_json(raw, "bad_tools")
    return None


def _but_tools(record: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, str]:
    """The mapping without a column `tools` that holds something else, which is kept as it is."""
    return {name: column for name, column in mapping.items() if name != "tools" or record.get(column) == ""}


def _metadata(record: Mapping[str, Any], mapping: Mapping[str, str], notes: list[str]) -> dict[str, Any]:
    """Every column that is no field, with its value; what is null or NaN is missing."""
    taken = {*mapping.values(), *ABOUT}
    others = {column: value for column, value in record.items() if column not in taken}
    for column, value in others.items():
        notes += [f"column {column!r} holds {what}" for what in dict.fromkeys(_changed(value))]
    kept = {column: json_ready(value) for column, value in others.items()}
    return {column: value for column, value in kept.items() if value is not None}


def _changed(value: Any) -> Iterator[str]:  # noqa: ANN401 - a raw cell of any type
    """What of a value JSON cannot hold as it is, in words."""
    if isinstance(value, str):
        return
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _changed(inner)
    elif isinstance(value, bytes):
        try:
            value.decode()
        except UnicodeDecodeError:
            yield "bytes that are no text: kept in base64"
    elif isinstance(value, float | Decimal) and not isinstance(value, Number) and math.isinf(value):
        yield "an infinity, which JSON has not: it is left out"


def checked_value(raw: Any, task: Task, notes: list[str]) -> str | None:  # noqa: ANN401 - raw JSON
    """An answer as the task has it; None where there is none.

    Raises:
        Rejected: The task does not take it.
    """
    if raw is None:
        return None
    if isinstance(raw, str) and not raw.strip():
        notes.append("the answer is empty: the row comes in without one")
        return None
    reason = "unknown_label" if task.kind == "classification" else "invalid_label"
    text = raw if isinstance(raw, str) else _as_json(raw, reason)
    if isinstance(raw, bool):
        notes.append(f"the answer is the JSON value {text}: kept as that text")
    if task.kind == "classification" and text != text.strip():
        notes.append("white space around the label is no part of it")
        text = text.strip()
    try:
        return task.check_value(text)
    except DataError as error:
        raise Rejected(reason, str(error)) from error


def _as_json(raw: Any, reason: str) -> str:  # noqa: ANN401 - a Parquet value may be of any type
    try:
        return write_exact(raw)
    except (TypeError, ValueError) as error:
        raise Rejected(reason, f"{str(raw)[:80]!r} is not a JSON value: {error}") from error


def as_text(raw: Any) -> str:  # noqa: ANN401 - raw JSON
    """A text as it is, any other value as its JSON.

    Raises:
        Rejected: It is no JSON value.
    """
    return raw if isinstance(raw, str) else _as_json(raw, "invalid_label")


def checked_labeler(raw: Any) -> str | None:  # noqa: ANN401 - raw JSON
    """A labeler's name, or None.

    Raises:
        Rejected: It cannot be shown.
    """
    name = identity_text(raw)
    if name is None:
        return None
    try:
        return check_shown(name, "labeler")
    except RequestError as error:
        raise Rejected("bad_labeler", str(error)) from error


def checked_confidence(raw: Any, notes: list[str]) -> float | None:  # noqa: ANN401 - raw JSON
    """A number in 0..1, also with a decimal comma. One that is none costs the confidence, not the row."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if isinstance(raw, str) and _DECIMAL_COMMA.fullmatch(raw):
        raw = raw.replace(",", ".")
    try:
        value = math.nan if isinstance(raw, bool) else float(raw)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not 0.0 <= value <= 1.0:
        notes.append("the confidence is no number in 0..1: the row comes in without it")
        return None
    return value


_VALIDATION = ("validation", "valid", "val", "dev", "eval")
"""Names of splits that trainings are chosen by: neither trained, nor part of the verdict."""


def _word(raw: Any) -> str:  # noqa: ANN401 - raw JSON
    return str(raw).strip().lower()


def _split(raw: Any, notes: list[str]) -> Split | None:  # noqa: ANN401 - raw JSON
    if raw is None or raw == "":
        return None
    match _word(raw):
        case "train" | "training":
            return "train"
        case "test":
            return "test"
        case "validation":
            return "validation"
        case held if held in _VALIDATION:
            notes.append(f"split {held!r} is taken for validation, and its name is kept as metadata")
            return "validation"
        case other:
            notes.append(f"split {other[:40]!r} is none of train, validation and test: left unassigned")
            return None
