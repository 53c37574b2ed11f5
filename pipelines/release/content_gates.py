"""What goes out, read whole: the gates about secrets, and about personal data and faulty answers."""

from collections.abc import Sequence

import polars as pl

from curator.checks import Conversations, conversation_faults, private_faults
from curator.duplicates import shared_templates, template_forms
from curator.records import EVALUATED, FindingKind, Task
from curator.release import ReleaseGate, Template, content_gate, personal_gate, secrets_gate, template_gate
from pipelines.release.version_content import VersionContent
from storage.dataset import examples


def gates(content: VersionContent, task: Task) -> list[ReleaseGate]:
    """The gates about every part of the rows that go out: input, system prompt, tools and calls, answer, pairs."""
    rows = pl.concat(content.rows.values())
    texts, messages = rows["text"].to_list(), rows["messages"].to_list()
    systems = [examples.system_of(each) for each in messages]
    calls = [examples.calls_of(each, tools) for each, tools in zip(messages, rows["tools"].to_list(), strict=True)]
    answers = [] if task.kind == "classification" else rows["value"].to_list()
    sfts = conversation_faults(Conversations(texts, systems, calls, answers), task, [])
    found: dict[FindingKind, dict[str, list[str]]] = {"secret": {}, "personal_data": {}, "format": {}}
    names = rows["external_id"].to_list()
    for kind, fault in sfts:
        what = fault.rule if kind == "format" else f"{fault.rule} in the {fault.place}"
        found[kind].setdefault(what, []).extend(names[row] for row in fault.rows)
    for kind, what, ids in _rejected(content, task):
        found[kind].setdefault(what, []).extend(ids)
    return [secrets_gate(found["secret"]), personal_gate(found["personal_data"]), content_gate(found["format"])]


def templates(content: VersionContent) -> ReleaseGate:
    """The gate about held-out rows made as train rows are: splits that the data brought keep no templates apart."""
    rows = pl.concat([frame.select("text", "context", split=pl.lit(name)) for name, frame in content.rows.items()])
    held = [name for name in EVALUATED if name in content.rows and content.rows[name].height]
    forms = shared_templates(template_forms(rows["text"].to_list())) if held else []
    made: dict[str, list[Template | None]] = {name: [] for name in content.rows}
    for name, form, context in zip(rows["split"], forms, rows["context"], strict=bool(held)):
        made[name].append(None if form is None else (form, context))
    return template_gate(made["train"], {name: made[name] for name in reversed(held)})


def _rejected(content: VersionContent, task: Task) -> Sequence[tuple[FindingKind, str, list[str]]]:
    """Secrets and personal data in the rejected answers of pairs; the chosen ones are the answers."""
    pairs = [] if task.kind == "classification" else [pair for pairs in content.pairs.values() for pair in pairs]
    faults = private_faults(Conversations([], answers=[pair.rejected for pair in pairs]))
    return [
        (kind, f"{fault.rule} in the rejected answer", [content.names[pairs[row].example_id] for row in fault.rows])
        for kind, fault in faults
    ]
