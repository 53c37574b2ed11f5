"""From a raw record (a JSON object, a CSV or Parquet row) to an example and perhaps a label, or a reason.

Nothing is dropped in silence: a record that is not taken becomes a `Reject` with a reason that can be counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curator.errors import DataError, RequestError
from curator.records.ids import canonical_json, content_hash, example_id
from curator.records.names import check_shown
from curator.records.structured import DEPTH, too_deep
from curator.records.task import Task
from curator.records.types import Example, ImagePart, Message, Part, Split, TextPart, ToolCallPart

FIELDS = ("input", "label", "id", "group", "split", "labeler", "confidence", "time")
INPUT_COLUMNS = ("messages", "input", "text", "prompt", "question", "sentence", "utterance", "query")
DEFAULT_COLUMNS: dict[str, tuple[str, ...]] = {
    "input": INPUT_COLUMNS,
    "label": ("label", "output", "category", "intent", "answer", "completion", "response", "target"),
    "id": ("id", "row_id"),
    "group": ("group",),
    "split": ("split",),
    "labeler": ("labeler",),
    "confidence": ("confidence",),
    "time": ("time", "timestamp"),
}
MESSAGE_ROLES = ("system", "user", "assistant", "tool")
MAX_TEXT = 2_000_000
"""Characters of one input; longer ones are rejected with the reason too_long."""


class Rejected(DataError):
    """A record that is not taken: a countable reason and a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Parsed:
    """A record that is taken: the example, the label's value if it has one, and who gave it."""

    example: Example
    value: str | None
    labeler: str | None
    confidence: float | None
    notes: tuple[str, ...] = field(default=())


def parse_mapping(text: str | None) -> dict[str, str]:
    """Read `--map input=text,label=category`.

    Raises:
        RequestError: An unknown field, or not of the form field=column.

    >>> parse_mapping("input=text,label=category")
    {'input': 'text', 'label': 'category'}
    """
    mapping: dict[str, str] = {}
    for part in filter(None, (text or "").split(",")):
        name, equals, column = (x.strip() for x in part.partition("="))
        if not equals or not column or name not in FIELDS:
            msg = f"--map: {part!r} is not FIELD=COLUMN; fields are {', '.join(FIELDS)}"
            raise RequestError(msg)
        mapping[name] = column
    return mapping


def resolve_mapping(mapping: Mapping[str, str], columns: list[str]) -> dict[str, str]:
    """Complete a mapping with the usual column names.

    Raises:
        RequestError: A mapped column is not there, or no column can be the input.
    """
    for name, column in mapping.items():
        if column not in columns:
            msg = f"--map {name}={column}: no column {column!r}; the file has {', '.join(columns[:30])}"
            raise RequestError(msg)
    taken = set(mapping.values())
    resolved = dict(mapping)
    for name, usual in DEFAULT_COLUMNS.items():
        if name not in resolved:
            found = next((c for c in usual if c in columns and c not in taken), None)
            if found is not None:
                resolved[name] = found
    if "input" not in resolved:
        msg = (
            f"cannot tell which column is the input; the file has {', '.join(columns[:30])}; "
            "name it with --map input=COLUMN"
        )
        raise RequestError(msg)
    return resolved


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
    """Read one record.

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
            bad_confidence, too_long, too_deep, bad_labeler.
    """
    if too_deep(record):
        raise Rejected("too_deep", f"the row is nested deeper than {DEPTH} levels; write it flatter")
    if mapping["input"] not in record or record[mapping["input"]] is None:
        reason, detail = "missing_input", f"no value in the input column {mapping['input']!r}"
        raise Rejected(reason, detail)
    messages, answer = _messages(record[mapping["input"]])
    text = "\n".join(m.text for m in messages if m.role != "system").strip()
    if not text and not any(isinstance(p, ImagePart) for m in messages for p in m.parts):
        raise Rejected("empty_text", "the input is empty or only white space")
    if len(text) > MAX_TEXT:
        raise Rejected("too_long", f"the input has {len(text):,} characters, at most {MAX_TEXT:,} are taken")
    notes: list[str] = []
    if split is None:
        split = _split(record.get(mapping.get("split", "")), notes)
    raw_id = record.get(mapping.get("id", ""))
    external = fallback_id if raw_id is None or raw_id == "" else str(raw_id)
    group, time = (record.get(mapping.get(name, "")) for name in ("group", "time"))
    example = Example(
        id=example_id(dataset, external),
        dataset=dataset,
        external_id=external,
        content_hash=content_hash(messages),
        messages=messages,
        text=text,
        group=None if group is None or group == "" else str(group),
        source=source,
        time=None if time is None else str(time),
        split=split,
    )
    value = _value(record.get(mapping.get("label", "")), task)
    if value is None and answer is not None:
        value = _value(answer, task)
    labeler = _labeler(record.get(mapping.get("labeler", "")))
    confidence = _confidence(record.get(mapping.get("confidence", "")))
    return Parsed(example, value, labeler, confidence, tuple(notes))


def _messages(raw: Any) -> tuple[tuple[Message, ...], str | None]:  # noqa: ANN401 - raw JSON
    """The messages of an input, and the answer if the last turn is the assistant's."""
    if not isinstance(raw, list):
        text = _as_json(raw, "bad_messages") if isinstance(raw, dict) else str(raw)
        return (Message("user", (TextPart(text),)),), None
    made = [_message(number, message) for number, message in enumerate(raw)]
    answer = None
    if made and made[-1].role == "assistant":
        answer = made.pop().text
    if not any(message.role == "user" for message in made):
        raise Rejected("bad_messages", "messages have no user turn")
    return tuple(made), answer


def _message(number: int, message: Any) -> Message:  # noqa: ANN401 - raw JSON
    if not isinstance(message, dict) or message.get("role") not in MESSAGE_ROLES:
        role = message.get("role") if isinstance(message, dict) else message
        detail = f"messages[{number}]: role {str(role)[:40]!r} is unknown, expected {', '.join(MESSAGE_ROLES)}"
        raise Rejected("bad_messages", detail)
    content = message.get("content")
    parts: list[Part] = []
    if isinstance(content, str):
        parts.append(TextPart(content))
    elif isinstance(content, list):
        parts.extend(_part(number, part) for part in content)
    elif content is not None:
        raise Rejected("bad_messages", f"messages[{number}].content is {type(content).__name__}, expected text")
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise Rejected("bad_messages", f"messages[{number}].tool_calls is {type(calls).__name__}, expected a list")
    for call in calls:
        function = call.get("function", {}) if isinstance(call, dict) else {}
        parts.append(ToolCallPart(str(function.get("name")), str(function.get("arguments"))))
    return Message(message["role"], tuple(parts))


def _part(number: int, part: Any) -> Part:  # noqa: ANN401 - raw JSON
    if isinstance(part, str):
        return TextPart(part)
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return TextPart(part["text"])
    if isinstance(part, dict) and "image_url" in part:
        url = part["image_url"]
        return ImagePart(str(url.get("url") if isinstance(url, dict) else url))
    raise Rejected("bad_messages", f"messages[{number}].content has a part that is neither text nor image")


def _value(raw: Any, task: Task) -> str | None:  # noqa: ANN401 - raw JSON
    if raw is None or raw == "":
        return None
    reason = "unknown_label" if task.kind == "classification" else "invalid_label"
    text = raw if isinstance(raw, str) else _as_json(raw, reason)
    try:
        return task.check_value(text)
    except DataError as error:
        raise Rejected(reason, str(error)) from error


def _as_json(raw: Any, reason: str) -> str:  # noqa: ANN401 - a Parquet value may be of any type
    try:
        return canonical_json(raw).decode()
    except (TypeError, ValueError) as error:
        raise Rejected(reason, f"{str(raw)[:80]!r} is not a JSON value: {error}") from error


def _labeler(raw: Any) -> str | None:  # noqa: ANN401 - raw JSON
    if not raw:
        return None
    try:
        return check_shown(str(raw), "labeler")
    except RequestError as error:
        raise Rejected("bad_labeler", str(error)) from error


def _confidence(raw: Any) -> float | None:  # noqa: ANN401 - raw JSON
    if raw is None or raw == "":
        return None
    try:
        value = float(raw)
    except (TypeError, ValueError):
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise Rejected("bad_confidence", f"confidence {str(raw)[:40]!r} is not a number in 0..1")
    return value


def _split(raw: Any, notes: list[str]) -> Split | None:  # noqa: ANN401 - raw JSON
    if raw is None or raw == "":
        return None
    match str(raw).strip().lower():
        case "train" | "training":
            return "train"
        case "test":
            return "test"
        case other:
            notes.append(f"split {other[:40]!r} is neither train nor test: left unassigned")
            return None
