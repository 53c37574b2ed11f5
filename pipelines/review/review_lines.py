"""One line of a file of reviews, as a JSON object or as the cells of a table, to what `review import` takes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from curator.errors import DataError
from curator.records import ReviewTask, identity_text

KEYS = {"task_id", "reviewer", "verdict", "value", "blind", "seconds", "note", "adjudicates"}
TASK_KEYS = {"external_id", "stream", "stratum", "inclusion_probability"}
"""What a task carries as `plan` lists it: a file of reviews may be the list of tasks, filled in."""
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Refused(DataError):
    """A line that cannot be taken: a countable reason and a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """What a line says, each value as it stands there: `answers` checks it. None or False where it says nothing."""

    task_id: str
    reviewer: Any = None
    verdict: Any = None
    value: Any = None
    blind: Any = False
    seconds: Any = None
    note: Any = None
    adjudicates: Any = False
    external_id: str | None = None

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "ReviewLine":
        """Of a record with known keys; others are left aside."""
        known = {key: value for key, value in record.items() if key in KEYS | {"external_id"}}
        return cls(**{**known, "task_id": str(known.get("task_id"))})


@dataclass(slots=True)
class LineReader:
    """Reads lines about the tasks of one plan.

    Attributes:
        tasks: By id.
        ignored: Keys that are not read, with the lines that have them.
        elsewhere: Whether lines come from another tool, which showed no label: where a task hides it they are blind.
    """

    tasks: Mapping[str, ReviewTask]
    ignored: Counter[str] = field(default_factory=Counter)
    elsewhere: bool = False
    _of_row: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for task in self.tasks.values():
            self._of_row.setdefault(task.external_id, []).append(task.id)

    def line(self, record: Mapping[str, Any]) -> ReviewLine:
        """The line with the keys that are known, cells of a table as what they say, and the task's id.

        One that says a value and no verdict accepts the label under review, or edits it.

        Raises:
            Refused: It names no row of the plan, or a row that is asked about twice.
        """
        unknown = [str(key) for key in record if key not in KEYS | TASK_KEYS]
        self.ignored.update(unknown)
        made = {key: value for key, value in record.items() if key in KEYS | TASK_KEYS and value not in ("", None)}
        for name in ("blind", "adjudicates"):
            said = made.get(name)
            made[name] = _FLAGS.get(said.strip().lower(), said) if isinstance(said, str) else made.get(name, False)
        if isinstance(made.get("seconds"), str):
            made["seconds"] = _number(made["seconds"])
        if "external_id" in made:
            made["external_id"] = identity_text(made["external_id"])
        if "task_id" not in made and "external_id" in made:
            made["task_id"] = self._task_of(str(made["external_id"]))
        line = ReviewLine.of(made)
        asked = self.tasks.get(line.task_id)
        if asked is not None and line.verdict is None and line.value is not None:
            line = replace(line, verdict="accept" if line.value == asked.proposed else "edit")
        return replace(line, blind=asked.blind) if self.elsewhere and asked is not None else line

    def _task_of(self, external: str) -> str:
        found = self._of_row.get(external, [])
        if len(found) == 1:
            return found[0]
        if not found:
            raise Refused("unknown_row", f"row {external!r} is not of this spot-check")
        raise Refused("which_task", f"row {external!r} is asked about {len(found)} times; say which by `task_id`")

    def notes(self) -> tuple[str, ...]:
        """What was not read, in sentences."""
        known = ", ".join(sorted(KEYS))
        return tuple(
            f"key {key!r} is not read ({n:,} {'line' if n == 1 else 'lines'}); known are {known}"
            for key, n in self.ignored.items()
        )


def _number(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None
