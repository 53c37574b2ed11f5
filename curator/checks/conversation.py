"""What may stand in any part of a row: its input, its system prompt, its tools and calls, and its answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from curator.checks.answer_faults import answer_faults
from curator.checks.hygiene import ANSWER, SYSTEM, TOOLS, Fault, RowPart, system_faults
from curator.checks.instruction_faults import instruction_faults
from curator.checks.private_data import personal_data, secrets
from curator.checks.query_faults import query_faults
from curator.records import FindingKind, Task


@dataclass(frozen=True, slots=True)
class Conversations:
    """The parts of some rows, each in the same order; None where a row has no such part.

    Attributes:
        inputs: What is said before the answer.
        systems: System prompts; empty where nobody has one.
        tools: The tools that a row brings and the calls in it, as JSON; empty where nobody has any.
        answers: The free answers; empty for a classification, whose answers are its labels.
    """

    inputs: Sequence[str]
    systems: Sequence[str | None] = ()
    tools: Sequence[str | None] = ()
    answers: Sequence[str | None] = ()

    def parts(self) -> list[tuple[RowPart, Sequence[str | None]]]:
        """Each part with its place."""
        return [("input", self.inputs), (SYSTEM, self.systems), (TOOLS, self.tools), (ANSWER, self.answers)]


def conversation_faults(rows: Conversations, task: Task, notes: list[str]) -> list[tuple[FindingKind, Fault]]:
    """Find secrets, personal data and what a student would learn to say by mistake, wherever it stands.

    Args:
        rows: All of it is trained on.
        task: What the rows are for; the dialect and the tables of SQL stand in it.
        notes: Gets what was taken for the task itself, in words.
    """
    faults = instruction_faults(rows.inputs, task.kind, notes) + system_faults(rows.systems)
    if rows.answers:
        faults += answer_faults(rows.inputs, rows.answers, task.kind, notes)
    if task.kind == "sql":
        faults += query_faults(rows.answers, task, notes)
    return [("format", fault) for fault in faults] + private_faults(rows)


def private_faults(rows: Conversations) -> list[tuple[FindingKind, Fault]]:
    """Find secrets and personal data in every part of the rows."""
    found: list[tuple[FindingKind, Fault]] = []
    for place, texts in rows.parts():
        found += [("secret", fault) for fault in secrets(texts, place)]
        found += [("personal_data", fault) for fault in personal_data(texts, place)]
    return found
