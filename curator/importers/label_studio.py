"""Label Studio: its JSON, and the flat forms JSON-MIN and CSV, a row for each annotation.

JSON keeps a cancelled annotation with its result, which is a skip, and is the only one of the three that has skips at
all. JSON-MIN has the task's number in place of the row's own id; CSV has the row's.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from curator.importers.asked import in_unit, one_of, text_column, without
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.spans import TextSpan, answer, span
from curator.records import Given, GivenLabel, Rejected

_FLAT = ("annotation_id", "annotator", "created_at", "updated_at", "lead_time")
_VALUES = ("choices", "text", "rating", "number", "taxonomy", "datetime")
_RESULT = Mapping[str, Any]


def _is_json(record: RawRecord) -> bool:
    return isinstance(record.get("data"), Mapping) and any(
        isinstance(record.get(name), list) for name in ("annotations", "completions", "predictions")
    )


def _is_flat(record: RawRecord) -> bool:
    return {"annotation_id", "annotator", "lead_time"} <= set(record)


def _read_json(record: RawRecord, reading: Reading) -> tuple[Given, ...]:
    data, notes = record["data"], list[str]()
    column = text_column(data)
    shown = data[column] if isinstance(data[column], str) else json.dumps(data[column], ensure_ascii=False)
    given = [each for each in record.get("annotations") or record.get("completions") or () if isinstance(each, Mapping)]
    labels = [label for each in given if (label := _annotation(each, shown, reading, notes)) is not None]
    return (
        Given(
            input=shown,
            id=record.get("id") if data.get("id") in (None, "") else data["id"],
            metadata=without(data, column, "id"),
            labels=(*labels, *_predictions(record, given, shown, reading, notes)),
            notes=tuple(dict.fromkeys(notes)),
        ),
    )


def _annotation(each: _RESULT, text: str, reading: Reading, notes: list[str]) -> GivenLabel | None:
    by, time = _person(each.get("completed_by")), each.get("updated_at") or each.get("created_at")
    time = time if isinstance(time, str) else None
    if each.get("was_cancelled") or each.get("skipped"):
        if each.get("result"):
            notes.append("a cancelled annotation keeps the result that it had: it is a skip, and the result no label")
        return GivenLabel(None, by, "human", "skipped", time=time)
    value = _value(each.get("result") or (), text, reading, notes)
    if value is None:
        notes.append("an annotation without an answer gives no label")
        return None
    return GivenLabel(value, by, "human", time=time, note="ground truth" if each.get("ground_truth") else None)


def _predictions(
    record: RawRecord, annotations: Sequence[_RESULT], text: str, reading: Reading, notes: list[str]
) -> list[GivenLabel]:
    """What models had proposed: as the export lists it, or as the annotations hold it."""
    held = {each["prediction"].get("id"): each["prediction"] for each in annotations if _is_prediction(each)}
    listed = record.get("predictions") or ()
    for each in listed:
        if isinstance(each, Mapping):
            held[each.get("id") or len(held)] = each
    if any(isinstance(each, int) and each not in held for each in listed):
        notes.append("predictions that stand in the file by number alone are not read")
    made: dict[str, GivenLabel] = {}
    for each in held.values():
        value = _value(each.get("result") or (), text, reading, notes)
        name = str(each.get("model_version") or "Label Studio prediction")
        if value is not None:
            made[name] = GivenLabel(value, name, "teacher", confidence=in_unit(each.get("score")), time=_text(each))
    return list(made.values())


def _is_prediction(each: _RESULT) -> bool:
    return isinstance(each.get("prediction"), Mapping) and bool(each["prediction"].get("result"))


def _text(each: _RESULT) -> str | None:
    at = each.get("created_at")
    return at if isinstance(at, str) else None


def _value(results: Sequence[Any], text: str, reading: Reading, notes: list[str]) -> Any:  # noqa: ANN401
    """The answer in the results of one annotation, None without any.

    Raises:
        Rejected: They answer several questions, or something that is no answer of the task.
    """
    spans, by_question, unread = list[TextSpan](), dict[str, list[Any]](), set[str]()
    for each in results:
        kind, value = str(each.get("type")), each.get("value") if isinstance(each.get("value"), Mapping) else {}
        if kind in ("labels", "hypertextlabels") or ("start" in value and kind in value):
            spans.append(_span(value, kind, text, notes))
        elif (found := next((value[name] for name in _VALUES if name in value), None)) is not None:
            by_question.setdefault(str(each.get("from_name")), []).extend(found if isinstance(found, list) else [found])
        else:
            unread.add(kind)
    if unread:
        notes.append(f"results of type {', '.join(sorted(unread))} are not read")
    if spans or (not by_question and not unread and reading.task.kind == "extraction"):
        return answer(spans, reading)
    return answered(by_question, reading)


def answered(by_question: Mapping[str, Sequence[Any]], reading: Reading) -> Any:  # noqa: ANN401 - a JSON value
    """The answer among the answers to one question or to several.

    Raises:
        Rejected: No question is the task's.
    """
    if not by_question:
        return None
    if reading.task.kind == "extraction" and len(by_question) == 1:
        (values,) = by_question.values()
        if len(values) == 1 and isinstance(values[0], str) and values[0].startswith("{"):
            return values[0]  # a whole answer as JSON
    properties = (reading.task.schema or {}).get("properties") if reading.task.kind == "extraction" else None
    if isinstance(properties, Mapping) and set(by_question) <= set(properties):
        return {
            name: list(values) if _mapping(properties[name]).get("type") == "array" else one_of(values, reading)
            for name, values in by_question.items()
        }
    fitting = list(by_question)
    if len(fitting) > 1 and reading.task.kind == "classification":
        fitting = [name for name, values in by_question.items() if all(v in reading.task.labels for v in values)]
    if len(fitting) != 1:
        detail = f"the file answers {', '.join(by_question)}, and the task asks one question; which one cannot be told"
        raise Rejected("several_questions", detail)
    return one_of(by_question[fitting[0]], reading)


def _span(value: _RESULT, kind: str, text: str, notes: list[str]) -> TextSpan:
    names = value.get(kind) or value.get("labels") or value.get("hypertextlabels") or ()
    start, end = value.get("start"), value.get("end")
    offsets = value.get("globalOffsets")
    if isinstance(offsets, Mapping):
        start, end = offsets.get("start"), offsets.get("end")
    said = value.get("text")
    made, note = span(text, start, end, next(iter(names), None), said if isinstance(said, str) else None)
    if note:
        notes.append(note)
    if len(names) > 1:
        notes.append("a span with several labels keeps the first")
    return made


def _person(raw: Any) -> str | None:  # noqa: ANN401 - a number, or an object about the person
    if isinstance(raw, Mapping):
        raw = raw.get("email") or raw.get("username") or raw.get("id")
    return None if raw in (None, "") else str(raw)


def _read_flat(record: RawRecord, reading: Reading) -> tuple[Given, ...]:
    notes = []
    data = without(record, *_FLAT)
    if isinstance(record.get("id"), int) and not isinstance(record.get("annotator"), str):
        notes.append(
            "JSON-MIN has Label Studio's task number in place of the row's own id: rows come in under the number; "
            "export JSON or CSV to keep the id"
        )
    column = text_column({name: value for name, value in data.items() if not isinstance(value, list)})
    labels: tuple[GivenLabel, ...] = ()
    answers: list[str] = []
    if record.get("annotator") not in (None, ""):
        answers = _answer_columns(record, column, reading)
        value = _flat_value(record, answers, data[column], reading, notes)
        time = record.get("updated_at") or record.get("created_at")
        if value is not None:
            at = time if isinstance(time, str) and time else None
            labels = (GivenLabel(value, _person(record["annotator"]), "human", time=at),)
    kept = {name: value for name, value in without(data, column, "id", *answers).items() if value not in (None, "")}
    return (Given(data[column], record.get("id"), metadata=kept, labels=labels, notes=tuple(notes)),)


def _answer_columns(record: RawRecord, text: str, reading: Reading) -> list[str]:
    """The columns that hold the annotation, which stand among the row's own."""
    others = without(record, *_FLAT, text, "id")
    spans = [name for name, value in others.items() if _spans_in(value) is not None]
    if spans:
        return spans[:1]
    if reading.task.kind == "classification":
        chosen = [
            name for name, value in others.items() if _choices(value)[0:1] and _choices(value)[0] in reading.task.labels
        ]
        if chosen:
            return chosen[:1]
    usual = [name for name in ("label", "choice", "sentiment", "intent", "answer", "category") if others.get(name)]
    order = [name for name in record if name in others and others[name] not in (None, "")]
    ahead = "annotator" in record and list(record).index("annotator") > 1 and order  # JSON-MIN: answers come last
    return usual[:1] or ([order[-1]] if ahead and next(iter(record)) != "annotation_id" else [])


def _flat_value(record: RawRecord, columns: Sequence[str], text: str, reading: Reading, notes: list[str]) -> Any:  # noqa: ANN401
    if not columns:
        if reading.task.kind == "extraction":
            return answer([], reading)
        notes.append("no column holds an answer of the task: the row comes in without a label")
        return None
    value = record[columns[0]]
    found = _spans_in(value)
    if found is not None:
        return answer([_span(each, "labels", text, notes) for each in found], reading)
    return one_of(_choices(value), reading)


def _spans_in(value: Any) -> list[_RESULT] | None:  # noqa: ANN401 - a cell
    """The spans in a cell, as a list or as its JSON text."""
    if isinstance(value, str) and value.startswith("[{"):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if isinstance(value, list) and value and all(isinstance(v, Mapping) and "start" in v and "end" in v for v in value):
        return value
    return None


def _choices(value: Any) -> list[Any]:  # noqa: ANN401 - a cell
    if isinstance(value, str) and value.startswith('{"choices"'):
        try:
            value = json.loads(value)
        except ValueError:
            return [value]
    if isinstance(value, Mapping):
        value = value.get("choices", [])
    return list(value) if isinstance(value, list) else [] if value in (None, "") else [value]


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - of a schema
    return value if isinstance(value, Mapping) else {}


LABEL_STUDIO = ImportFormat(
    "label-studio", "Label Studio JSON", _is_json, _read_json, cannot="relations, regions of images"
)
LABEL_STUDIO_FLAT = ImportFormat(
    "label-studio-flat",
    "Label Studio JSON-MIN or CSV",
    _is_flat,
    _read_flat,
    cannot="skipped tasks and predictions, which only Label Studio's JSON holds",
)
