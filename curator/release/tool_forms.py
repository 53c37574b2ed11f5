"""Labelled rows as the files that annotation tools take in, so that nobody is locked in here."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curator.records import Task, own_names, write_exact


@dataclass(frozen=True, slots=True)
class ToolRow:
    """A row with its label now.

    Attributes:
        id: The row's own id.
        text: Its input.
        value: The label in force.
        model: The labeler that is no person whose label it is; None where people said it.
        confidence: Of that model, or None.
        columns: Group, split, time and metadata, as far as the row has them.
    """

    id: str
    text: str
    value: str
    model: str | None
    confidence: float | None
    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolForm:
    """How one tool takes rows in.

    Attributes:
        name: On the command line.
        suffix: Of its file.
        lines: Whether each row is a line; else the file is a list.
        reserved: Names that a column of a person's may not have there.
        record: One row.
        note: What whoever takes the file in should know.
    """

    name: str
    suffix: str
    lines: bool
    reserved: Collection[str]
    record: Callable[[ToolRow, Task], Any]
    note: str

    def names(self, columns: Sequence[str]) -> dict[str, str]:
        """The name of each column there."""
        plain = own_names(columns)
        return {c: f"metadata.{n}" if n.strip() in self.reserved or n.startswith("_") else n for c, n in plain.items()}

    def body(self, rows: Sequence[ToolRow], task: Task) -> str:
        """The file's text."""
        made = [write_exact(self.record(row, task)) for row in rows]
        return "".join(f"{line}\n" for line in made) if self.lines else "[\n" + ",\n".join(made) + "\n]\n"


def label_studio(row: ToolRow, task: Task) -> Any:  # noqa: ANN401 - a JSON value
    """A task of Label Studio: people's label as an annotation, a model's as a prediction."""
    choice = task.kind == "classification"
    value = {"choices": [row.value]} if choice else {"text": [row.value]}
    result = [{"from_name": "label", "to_name": "text", "type": "choices" if choice else "textarea", "value": value}]
    said: dict[str, Any] = {"data": {"id": row.id, "text": row.text, **row.columns}}
    if row.model is None:
        return said | {"annotations": [{"result": result, "was_cancelled": False}]}
    score = {} if row.confidence is None else {"score": row.confidence}
    return said | {"predictions": [{"model_version": row.model, "result": result, **score}]}


def argilla(row: ToolRow, _task: Task) -> Any:  # noqa: ANN401 - a JSON value
    """A record of Argilla 2. A response needs the id of one of its users, so that each label is a suggestion."""
    suggestion = {"value": row.value, "score": row.confidence, "agent": row.model or "people"}
    return {
        "id": row.id,
        "fields": {"text": row.text},
        "metadata": dict(row.columns),
        "suggestions": {"label": suggestion},
        "responses": {},
        "vectors": {},
        "status": "pending",
    }


def prodigy(row: ToolRow, task: Task) -> Any:  # noqa: ANN401 - a JSON value
    """An accepted answer of Prodigy: a choice, or a text in `user_input`."""
    made: dict[str, Any] = {"text": row.text, "meta": {"id": row.id, **row.columns}}
    if task.kind == "classification":
        options = [{"id": name, "text": name} for name in task.labels]
        made |= {"options": options, "accept": [row.value], "_view_id": "choice"}
    else:
        made |= {"user_input": row.value, "_view_id": "text_input"}
    return made | {"answer": "accept", "_annotator_id": row.model or "people"}


def doccano(row: ToolRow, _task: Task) -> Any:  # noqa: ANN401 - a JSON value
    """A line of doccano, for a classification or for sequence to sequence."""
    return {"id": row.id, "text": row.text, "label": [row.value], **row.columns}


def label_config(task: Task) -> str:
    """The labelling interface that Label Studio needs for these tasks."""
    if task.kind != "classification":
        return '<View><Text name="text" value="$text"/><TextArea name="label" toName="text"/></View>'
    choices = "".join(f"<Choice value={json.dumps(name, ensure_ascii=False)}/>" for name in task.labels)
    return f'<View><Text name="text" value="$text"/><Choices name="label" toName="text">{choices}</Choices></View>'


_DOCCANO = ("data", "labels", "cats", "entities", "relations", "Comments", "annotation_approver")
TOOL_FORMS: Mapping[str, ToolForm] = {
    form.name: form
    for form in (
        ToolForm(
            "label-studio",
            ".json",
            False,
            (),
            label_studio,
            "who labelled is not written: Label Studio takes annotations of its own users alone",
        ),
        ToolForm(
            "argilla",
            ".json",
            False,
            (),
            argilla,
            "each label is a suggestion: a response needs the id of one of Argilla's users",
        ),
        ToolForm(
            "prodigy", ".jsonl", True, ("score",), prodigy, "`prodigy db-in DATASET FILE` takes it as accepted answers"
        ),
        ToolForm(
            "doccano",
            ".jsonl",
            True,
            _DOCCANO,
            doccano,
            "other columns become doccano's metadata, and an exported row has them among its own again",
        ),
    )
}
