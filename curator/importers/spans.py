"""Spans of a text as the answer of an extraction: their places checked against the text, in the form of the schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curator.importers.form import Reading
from curator.records import Rejected

_NAMES = {
    "label": ("label", "type", "tag", "entity", "category", "name"),
    "start": ("start", "start_offset", "startOffset", "begin"),
    "end": ("end", "end_offset", "endOffset"),
    "text": ("text", "value", "span", "quote", "mention"),
}
"""What the fields of a span may be called in a schema."""


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A part of a text with a label; `start` and `end` count characters, `end` is the first that is no part of it."""

    start: int
    end: int
    label: str
    text: str


def span(text: str, start: Any, end: Any, label: Any, said: str | None = None) -> tuple[TextSpan, str | None]:  # noqa: ANN401
    """A span and what has to be said of it.

    Args:
        text: What it is a part of.
        start: Its first character.
        end: The first after it.
        label: Its label.
        said: What the file says that it reads; None where it does not say it. Browsers count UTF-16 units, so that a
            place behind an emoji is one further: where the words fit only so, they are taken so, with a note.

    Raises:
        Rejected: It lies outside the text, is empty, or does not read what the file says.
    """
    if not isinstance(label, str) or not label:
        raise Rejected("bad_span", f"a span has the label {label!r}, expected a name")
    if isinstance(start, bool) or isinstance(end, bool) or not isinstance(start, int) or not isinstance(end, int):
        raise Rejected("bad_span", f"span {label!r} reaches from {start!r} to {end!r}, expected whole numbers")
    if 0 <= start < end <= len(text) and said in (None, text[start:end]):
        return TextSpan(start, end, label, text[start:end]), None
    units = text.encode("utf-16-le", "surrogatepass")
    if said is not None and 0 <= start < end <= len(units) // 2:
        read = units[2 * start : 2 * end].decode("utf-16-le", "replace")
        if read == said:
            first = len(units[: 2 * start].decode("utf-16-le"))
            note = "places of spans count UTF-16 units, as browsers do: kept in characters"
            return TextSpan(first, first + len(said), label, said), note
    if not 0 <= start < end <= len(text):
        detail = f"span {label!r} reaches from {start} to {end}, and the text has {len(text)} characters"
        raise Rejected("bad_span", detail)
    there = text[start:end][:60]
    detail = f"span {label!r} at {start}–{end} reads {there!r} in the text, and {str(said)[:60]!r} in the file"
    raise Rejected("bad_span", detail)


def answer(spans: Sequence[TextSpan], reading: Reading) -> Any:  # noqa: ANN401 - a JSON value
    """The spans as the task's answer: a list of objects or of texts, where its schema has a place for them.

    Raises:
        Rejected: The task is a classification or SQL, or its schema has no place for them.
    """
    task = reading.task
    if task.kind in ("classification", "sql"):
        msg = f"the rows have spans, which are the answer of an extraction, and the task is {task.kind}"
        raise Rejected("spans_no_answer", msg)
    ordered = sorted(spans, key=lambda s: (s.start, s.end, s.label))
    schema = task.schema if isinstance(task.schema, Mapping) else None
    if task.kind == "text" or schema is None:
        return {"entities": [{"label": s.label, "start": s.start, "end": s.end, "text": s.text} for s in ordered]}
    properties = _mapping(schema.get("properties"))
    listed = next((name for name, part in properties.items() if _of_spans(part)), None)
    if listed is not None:
        fields = _fields(_mapping(_mapping(properties[listed])["items"])["properties"])
        return {listed: [{field: getattr(s, what) for what, field in fields.items()} for s in ordered]}
    return _by_label(ordered, properties)


def _by_label(spans: Sequence[TextSpan], properties: Mapping[str, Any]) -> dict[str, Any]:
    names = {name.casefold(): name for name in properties}
    made: dict[str, Any] = {name: [] for name, part in properties.items() if _mapping(part).get("type") == "array"}
    for each in spans:
        name = names.get(each.label.casefold())
        if name is None:
            known = ", ".join(list(properties)[:12]) or "nothing"
            detail = (
                f"the schema has no place for spans labelled {each.label!r} (it has {known}): give it a property of "
                "that name, or a list of objects with label, start, end and text"
            )
            raise Rejected("no_place_for_spans", detail)
        if isinstance(made.get(name), list):
            made[name].append(each.text)
        elif made.setdefault(name, each.text) != each.text:
            detail = f"two spans are labelled {each.label!r}, and the schema takes one text for {name!r}"
            raise Rejected("no_place_for_spans", detail)
    return made


def _of_spans(part: Any) -> bool:  # noqa: ANN401 - of a schema
    inner = _mapping(_mapping(part).get("items")).get("properties")
    fields = _fields(_mapping(inner))
    return "label" in fields and ("start" in fields or "text" in fields)


def _fields(properties: Mapping[str, Any]) -> dict[str, str]:
    """What of a span -> the schema's name for it."""
    found = {what: next((n for n in names if n in properties), None) for what, names in _NAMES.items()}
    return {what: name for what, name in found.items() if name is not None}


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - of a schema
    return value if isinstance(value, Mapping) else {}
