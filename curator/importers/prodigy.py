"""Prodigy (`prodigy db-out`): one line for each answer of one annotator, `accept`, `reject` or `ignore`.

A rejected label is no label, and an ignored row is a skip. The same input comes once for each label that is asked
about and once for each annotator: `_input_hash` tells that it is one row.
"""

from collections.abc import Mapping
from typing import Any

from curator.importers.asked import in_unit, moment, one_of, text_column, without
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.spans import answer, span
from curator.records import Given, GivenLabel, OpinionStatus, Rejected

_STATUS: dict[str, OpinionStatus] = {"accept": "accepted", "reject": "rejected", "ignore": "skipped"}
_OWN = ("answer", "label", "options", "accept", "spans", "tokens", "meta", "style", "score", "config", "priority", "id")


def fits(record: RawRecord) -> bool:
    """An answer of Prodigy's beside a text, and something that only Prodigy writes."""
    said = record.get("answer")
    if not isinstance(said, str) or said not in _STATUS:
        return False
    marks = {"_input_hash", "_task_hash", "_view_id", "_annotator_id", "_session_id", "options", "accept", "spans"}
    return bool(marks & set(record)) or {"text", "label"} <= set(record)


def read(record: RawRecord, reading: Reading) -> tuple[Given, ...]:
    """The row with what one annotator said, and what a model had proposed."""
    meta = record["meta"] if isinstance(record.get("meta"), Mapping) else {}
    kept = {name: value for name, value in record.items() if name not in _OWN and not name.startswith("_")}
    column = text_column({name: value for name, value in kept.items() if name != _written(record)})
    text = kept[column] if isinstance(kept[column], str) else str(kept[column])
    ident = record.get("id") or meta.get("id") or record.get("_input_hash")
    notes: list[str] = []
    labels = _said(record, text, reading, notes)
    score = in_unit(record.get("score", meta.get("score")))
    if score is not None and isinstance(record.get("label"), str) and not record.get("spans"):
        labels.append(GivenLabel(record["label"], "Prodigy model", "teacher", confidence=score))
    own = {name: value for name, value in meta.items() if name not in ("id", "score")}
    metadata = {**without(kept, column, _written(record) or ""), **own}
    return (Given(text, ident, metadata=metadata, labels=tuple(labels), notes=tuple(notes)),)


def _said(record: RawRecord, text: str, reading: Reading, notes: list[str]) -> list[GivenLabel]:
    who = record.get("_annotator_id") or record.get("_session_id")
    by, time = None if who is None else str(who), moment(record.get("_timestamp"))
    status = _STATUS[record["answer"]]
    if status == "skipped":
        return [GivenLabel(None, by, "human", "skipped", time=time)]
    value = _value(record, text, reading, notes)
    if value is None and status == "accepted":
        notes.append("accepted with nothing chosen: no label")
        return []
    return [GivenLabel(value, by, "human", status, time=time)]


def _value(record: RawRecord, text: str, reading: Reading, notes: list[str]) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(record.get("options"), list):
        chosen = record.get("accept") or []
        return one_of(chosen if isinstance(chosen, list) else [chosen], reading)
    if isinstance(record.get("label"), str):
        return record["label"]
    if isinstance(record.get("spans"), list):
        found = []
        for each in record["spans"]:
            if not isinstance(each, Mapping):
                raise Rejected("bad_span", f"a span is {str(each)[:60]!r}, expected an object")
            said = each.get("text")
            made, note = span(text, each.get("start"), each.get("end"), each.get("label"), said)
            found.append(made)
            notes += [note] if note else []
        return answer(found, reading)
    if reading.task.kind == "extraction" and "spans" not in record and "tokens" in record:
        return answer([], reading)
    field = _written(record)
    return None if field is None else record[field]


def _written(record: RawRecord) -> str | None:
    """The field with a text that the annotator wrote, where nothing else is the answer."""
    if any(record.get(name) for name in ("options", "label", "spans")):
        return None
    return next((name for name in ("user_input", "answer_text", "transcript") if record.get(name)), None)


PRODIGY = ImportFormat("prodigy", "Prodigy answers", fits, read, cannot="relations, images, audio", several=True)
