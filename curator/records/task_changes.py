"""What differs between two definitions of a task, for people."""

import difflib
import json
from dataclasses import dataclass
from typing import Any, Final

from curator.records.task import Task

_LONG: Final = 80
"""Characters; a value that is longer, or has lines, is shown as a diff."""


@dataclass(frozen=True, slots=True)
class TaskChange:
    """One part of a definition that is not as it was.

    Attributes:
        part: `rubric`, `max_error` …, or `label NAME`.
        before: As text; None where it was not there.
        after: As text; None where it is gone.
    """

    part: str
    before: str | None
    after: str | None

    def sentence(self) -> str:
        """The change for a person; a long text as a unified diff of its lines."""
        if self.before is None:
            return f"{self.part} added: {self.after}"
        if self.after is None:
            return f"{self.part} removed: {self.before}"
        if max(len(self.before), len(self.after)) <= _LONG and "\n" not in self.before + self.after:
            return f"{self.part}: {self.before} -> {self.after}"
        lines = difflib.unified_diff(self.before.splitlines(), self.after.splitlines(), lineterm="", n=1)
        shown = [line for line in lines if not line.startswith(("---", "+++"))]
        return "\n".join([f"{self.part}:", *(f"  {line}" for line in shown)])


def task_changes(before: Task, after: Task) -> tuple[TaskChange, ...]:
    """The parts that differ, labels one by one.

    >>> from curator.records.task import make_task
    >>> [c.sentence() for c in task_changes(make_task({"name": "t", "labels": ["a", "b"]}),
    ...                                     make_task({"name": "t", "labels": ["a", "b", "c"], "max_error": 0.1}))]
    ['label c added: (no definition)', 'max_error added: 0.1']
    """
    old, new = before.as_json(), after.as_json()
    changes = [
        TaskChange(f"label {name}", _defined(old["labels"], name), _defined(new["labels"], name))
        for name in dict.fromkeys([*old["labels"], *new["labels"]])
        if old["labels"].get(name) != new["labels"].get(name)
    ]
    if not changes and list(old["labels"]) != list(new["labels"]):
        changes.append(TaskChange("order of labels", ", ".join(old["labels"]), ", ".join(new["labels"])))
    for part in dict.fromkeys([*old, *new]):
        if part != "labels" and old.get(part) != new.get(part):
            changes.append(TaskChange(part, _text(old.get(part)), _text(new.get(part))))
    return tuple(changes)


def _defined(labels: dict[str, str], name: str) -> str | None:
    return None if name not in labels else labels[name] or "(no definition)"


def _text(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    if value is None or value in ("", [], {}):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
