"""Argilla: records of version 2 as objects or flat, feedback datasets and records of version 1.

Version 2 writes responses in two ways: flat (`to_list(flatten=True)`, `to_datasets`) with the status of each, and as
objects (`to_json`, `to_dict`) without: a draft and a discarded one look like a submitted one there, which is said.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from curator.importers.asked import in_unit, text_column, without
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.label_studio import answered
from curator.importers.spans import answer, span
from curator.records import Given, GivenLabel, Rejected

NO_STATUS = (
    "Argilla's to_json drops the status of a response: drafts and discarded ones count as submitted; write the records "
    "with to_list(flatten=True) or to_datasets() to keep it"
)


def _is_object(record: RawRecord) -> bool:
    return isinstance(record.get("fields"), Mapping) and (
        isinstance(record.get("responses"), Mapping | list) or isinstance(record.get("suggestions"), Mapping | list)
    )


def _is_flat(record: RawRecord) -> bool:
    return any(name.endswith((".responses", ".suggestion")) for name in record)


def _is_feedback(record: RawRecord) -> bool:
    return "external_id" in record and any(name.endswith("-suggestion") for name in record)


def _is_legacy(record: RawRecord) -> bool:
    return {"annotation", "annotation_agent", "prediction", "prediction_agent"} <= set(record)


_Said = dict[str, dict[str, tuple[Any, str | None]]]
"""Person -> question -> the answer and its status."""


def _read_object(record: RawRecord, reading: Reading) -> tuple[Given, ...]:
    said: _Said = {}
    notes: list[str] = []
    responses = record.get("responses") or {}
    if isinstance(responses, list):  # version 1: an object for each person
        for each in responses:
            for question, value in _mapping(_mapping(each).get("values")).items():
                _say(said, _mapping(each).get("user_id"), question, _mapping(value).get("value"), each.get("status"))
            if not _mapping(each).get("values"):
                _say(said, _mapping(each).get("user_id"), "", None, each.get("status"))
    else:
        for question, given in responses.items():
            for each in given or ():
                if "status" not in each:
                    notes.append(NO_STATUS)
                _say(said, each.get("user_id"), question, each.get("value"), each.get("status"))
    suggestions = record.get("suggestions") or {}
    if isinstance(suggestions, list):
        suggestions = {each.get("question_name"): each for each in suggestions}
    proposed = {q: (s.get("value"), s.get("score"), s.get("agent")) for q, s in suggestions.items()}
    ident = record.get("id") or record.get("external_id")
    return _made(record["fields"], ident, _mapping(record.get("metadata")), said, proposed, reading, notes)


def _read_flat(record: RawRecord, reading: Reading) -> tuple[Given, ...]:
    questions = {name.rsplit(".", 1)[0] for name in record if name.endswith((".responses", ".suggestion"))}
    said: _Said = {}
    notes: list[str] = []
    for question in sorted(questions):
        users = record.get(f"{question}.responses.users") or ()
        statuses = record.get(f"{question}.responses.status") or ()
        for place, value in enumerate(record.get(f"{question}.responses") or ()):
            if place >= len(statuses):
                notes.append(NO_STATUS)
            _say(said, _at(users, place), question, value, _at(statuses, place))
    proposed = {
        q: (record.get(f"{q}.suggestion"), record.get(f"{q}.suggestion.score"), record.get(f"{q}.suggestion.agent"))
        for q in questions
    }
    of_questions = tuple(name for name in record if any(name.startswith(f"{q}.") for q in questions))
    data = without(record, "id", "status", "_server_id", *of_questions)
    column = text_column(data)
    return _made({column: data[column]}, record.get("id"), without(data, column), said, proposed, reading, notes)


def _read_feedback(record: RawRecord, reading: Reading) -> tuple[Given, ...]:
    questions = [name.removesuffix("-suggestion") for name in record if name.endswith("-suggestion")]
    said: _Said = {}
    for question in questions:
        for each in record.get(question) or ():
            _say(said, each.get("user_id"), question, each.get("value"), each.get("status"))
    proposed = {}
    for question in questions:
        about = _mapping(record.get(f"{question}-suggestion-metadata"))
        proposed[question] = (record.get(f"{question}-suggestion"), about.get("score"), about.get("agent"))
    own = tuple(f"{q}{end}" for q in questions for end in ("", "-suggestion", "-suggestion-metadata"))
    fields = without(record, "external_id", "metadata", *own)
    metadata = record.get("metadata")
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except ValueError:
            metadata = {"metadata": metadata}
    return _made(fields, record.get("external_id"), _mapping(metadata), said, proposed, reading, [])


def _say(said: _Said, user: Any, question: str, value: Any, status: Any) -> None:  # noqa: ANN401 - raw JSON
    said.setdefault("" if user is None else str(user), {})[question] = (value, None if status is None else str(status))


def _made(
    fields: Mapping[str, Any],
    ident: Any,  # noqa: ANN401 - raw JSON
    metadata: Mapping[str, Any],
    said: _Said,
    proposed: Mapping[str, tuple[Any, Any, Any]],
    reading: Reading,
    notes: list[str],
) -> tuple[Given, ...]:
    column = text_column(fields)
    shown = fields[column]
    text = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
    turns = isinstance(shown, list) and all(isinstance(turn, Mapping) and "role" in turn for turn in shown)
    labels = []
    for user, answers in said.items():
        statuses = {status for _, status in answers.values()}
        if "draft" in statuses:
            notes.append("a draft is no answer: it is not read")
            continue
        status = "skipped" if "discarded" in statuses else "accepted"
        value = None
        if status == "accepted":
            value = _value({q: v for q, (v, _) in answers.items() if v is not None}, text, reading)
        if value is not None or status == "skipped":
            labels.append(GivenLabel(value, user or None, "human", "skipped" if status == "skipped" else "accepted"))
    by_agent: dict[str, dict[str, tuple[Any, Any]]] = {}
    for question, (value, score, agent) in proposed.items():
        if value is not None:
            by_agent.setdefault(str(agent or "Argilla suggestion"), {})[question] = (value, score)
    for agent, suggested in by_agent.items():
        value = _value({q: v for q, (v, _) in suggested.items()}, text, reading)
        scores = [sure for _, score in suggested.values() if (sure := in_unit(score)) is not None]
        labels.append(GivenLabel(value, agent, "teacher", confidence=min(scores) if scores else None))
    others = {**metadata, **{name: value for name, value in fields.items() if name != column}}
    unique = tuple(dict.fromkeys(notes))
    return (Given(shown if turns else text, ident, metadata=others, labels=tuple(labels), notes=unique),)


def _value(answers: Mapping[str, Any], text: str, reading: Reading) -> Any:  # noqa: ANN401 - a JSON value
    if len(answers) == 1:
        value = next(iter(answers.values()))
        if isinstance(value, list) and value and all(isinstance(v, Mapping) and "start" in v for v in value):
            return answer([span(text, v["start"], v["end"], v.get("label"))[0] for v in value], reading)
        if value == [] and reading.task.kind == "extraction":
            return answer([], reading)
    return answered({q: v if isinstance(v, list) else [v] for q, v in answers.items()}, reading)


def _read_legacy(record: RawRecord, reading: Reading) -> tuple[Given, ...]:
    inputs = record.get("inputs")
    fields = inputs if isinstance(inputs, Mapping) else {"text": record.get("text")}
    column = text_column(fields)
    text = str(fields[column])
    time = record.get("event_timestamp")
    time = time if isinstance(time, str) else None
    labels, by = [], record.get("annotation_agent")
    by = None if by is None else str(by)
    if record.get("status") == "Discarded":
        labels.append(GivenLabel(None, by, "human", "skipped", time=time))
    elif record.get("annotation") is not None:
        labels.append(GivenLabel(_legacy_value(record["annotation"], text, reading), by, "human", time=time))
    guesses = record.get("prediction") or ()
    if guesses:
        labels.append(_guess(guesses, str(record.get("prediction_agent") or "Argilla prediction"), text, reading))
    metadata = {**_mapping(record.get("metadata")), **without(fields, column)}
    return (Given(text, record.get("id"), metadata=metadata, labels=tuple(labels)),)


def _guess(guesses: Sequence[Any], agent: str, text: str, reading: Reading) -> GivenLabel:
    if all(_is_place(each) for each in guesses):
        value, scores = _legacy_value(guesses, text, reading), [in_unit(_at(each, 3)) for each in guesses]
        known = [score for score in scores if score is not None]
        return GivenLabel(value, agent, "teacher", confidence=min(known) if known else None)
    best = max(guesses, key=lambda each: in_unit(_at(each, 1)) or 0.0)
    return GivenLabel(_at(best, 0), agent, "teacher", confidence=in_unit(_at(best, 1)))


def _legacy_value(value: Any, text: str, reading: Reading) -> Any:  # noqa: ANN401 - raw JSON
    if (
        isinstance(value, list)
        and all(_is_place(each) for each in value)
        and (value or reading.task.kind == "extraction")
    ):
        return answer([span(text, each[1], each[2], each[0])[0] for each in value], reading)
    return answered({"annotation": value if isinstance(value, list) else [value]}, reading)


def _is_place(each: Any) -> bool:  # noqa: ANN401 - raw JSON
    return isinstance(each, list) and len(each) >= 3 and isinstance(each[0], str) and isinstance(each[1], int)


def _at(values: Any, place: int) -> Any:  # noqa: ANN401 - raw JSON
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise Rejected("bad_record", f"{str(values)[:60]!r} is no list")
    return values[place] if place < len(values) else None


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - raw JSON
    return value if isinstance(value, Mapping) else {}


ARGILLA = ImportFormat("argilla", "Argilla records", _is_object, _read_object, cannot="vectors")
ARGILLA_FLAT = ImportFormat("argilla-flat", "Argilla records, flat", _is_flat, _read_flat, cannot="vectors")
ARGILLA_FEEDBACK = ImportFormat("argilla-1-feedback", "Argilla 1 feedback", _is_feedback, _read_feedback)
ARGILLA_LEGACY = ImportFormat(
    "argilla-1", "Argilla 1 records", _is_legacy, _read_legacy, cannot="explanations, vectors"
)
