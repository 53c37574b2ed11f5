"""doccano: lines with `label` (a list of labels, or of `[start, end, label]`) or `entities`, and `Comments`.

The zip of a project whose members label apart has a file for each member, named after them. An empty list may be a row
that nobody labelled, or one without an entity: doccano does not tell these apart. A row's metadata stands among its
columns, and may have taken the place of `id` or `text`.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from curator.importers.asked import one_of, without
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.spans import answer, span
from curator.records import Given, GivenLabel, Rejected

_OWN = ("id", "text", "data", "label", "labels", "cats", "entities", "relations", "Comments", "annotation_approver")


def fits(record: RawRecord) -> bool:
    """A text with a list of labels or entities, as only doccano writes it."""
    if not isinstance(record.get("text", record.get("data")), str):
        return False
    entities = record.get("entities")
    if isinstance(entities, list) and ("Comments" in record or "relations" in record or _offsets(entities)):
        return True
    listed = next((record[name] for name in ("label", "labels", "cats") if isinstance(record.get(name), list)), None)
    if listed is None:
        return "Comments" in record and isinstance(record.get("label"), str | None)
    return all(isinstance(each, str) or _is_triple(each) for each in listed)


def _offsets(entities: Sequence[Any]) -> bool:
    return bool(entities) and all(isinstance(e, Mapping) and "start_offset" in e for e in entities)


def _is_triple(each: Any) -> bool:  # noqa: ANN401 - raw JSON
    return isinstance(each, list) and len(each) == 3 and isinstance(each[0], int) and isinstance(each[2], str)


def read(record: RawRecord, reading: Reading) -> tuple[Given, ...]:
    """The row with its label or spans; a comment is the label's note."""
    text = record.get("text", record.get("data"))
    notes: list[str] = []
    value = _value(record, str(text), reading, notes)
    if record.get("relations"):
        notes.append("relations between entities are not read")
    said = record.get("Comments")
    words = (
        [each.get("comment") if isinstance(each, Mapping) else each for each in said]
        if isinstance(said, list)
        else [said]
    )
    comment = "\n".join(str(word) for word in words if word)
    labels = () if value is None else (GivenLabel(value, _member(reading.file), "human", note=comment or None),)
    metadata = {**without(record, *_OWN), **({"Comments": comment} if comment and not labels else {})}
    return (Given(text, record.get("id"), metadata=metadata, labels=labels, notes=tuple(notes)),)


def _value(record: RawRecord, text: str, reading: Reading, notes: list[str]) -> Any:  # noqa: ANN401 - a JSON value
    entities = record.get("entities")
    if isinstance(entities, list) and (entities or reading.task.kind == "extraction"):
        places = [
            (e.get("start_offset"), e.get("end_offset"), e.get("label")) for e in entities if isinstance(e, Mapping)
        ]
    else:
        listed = next((record[name] for name in ("label", "labels", "cats") if record.get(name)), None)
        if isinstance(listed, str):
            return listed if listed in reading.task.labels or "#" not in listed else one_of(listed.split("#"), reading)
        if not listed:
            notes.append("an empty list of labels gives no label: doccano writes it for rows that nobody labelled too")
            return None
        if not all(_is_triple(each) for each in listed):
            if any(not isinstance(each, str) for each in listed):
                raise Rejected("bad_span", f"label holds {str(listed)[:80]}, expected names or [start, end, name]")
            return one_of(listed, reading)
        places = [(each[0], each[1], each[2]) for each in listed]
    if not places:
        notes.append("an empty list of labels gives no label: doccano writes it for rows that nobody labelled too")
        return None
    return answer([span(text, start, end, label)[0] for start, end, label in places], reading)


def _member(file: str) -> str | None:
    """Who labelled: in a zip, the member whose file it is."""
    path = PurePosixPath(file)
    if len(path.parts) < 2 or path.stem in ("all", "unknown", "admin"):
        return None
    return path.stem


DOCCANO = ImportFormat("doccano", "doccano lines", fits, read, cannot="relations, boxes")
