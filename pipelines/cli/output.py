"""What all commands share: the project, `--json`, and printing."""

import dataclasses
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from curator.errors import NotFoundError, RequestError
from curator.statistics import at_most
from curator.statistics import percent as percent_of
from pipelines.runtime import settings as project_settings
from pipelines.runtime.jobs import JOB_VARIABLE
from storage import jobs

_state: dict[str, Any] = {"json": False, "project": None}
_WENT_WELL = (0, 1, 3)  # done, the answer is no, not enough data for an answer


def configure(arguments: Sequence[str]) -> list[str]:
    """Take `--project DIR` and `--json` from anywhere in the arguments, and return the others."""
    _state.update(json=False, project=None)
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--json":
            _state["json"] = True
        elif word == "--project":
            _state["project"] = next(words, None)
            if _state["project"] is None:
                rest.append(word)  # click explains that the value is missing
        elif word.startswith("--project="):
            _state["project"] = word.partition("=")[2]
        else:
            rest.append(word)
    return rest


def more_to_come(more: bool) -> None:
    """Say whether the app's job goes on after this command: then a good answer is not yet the job's result."""
    _state["more"] = more


def as_json_wanted() -> bool:
    """Whether `--json` was given."""
    return bool(_state["json"])


def named_project() -> str | None:
    """The folder given by `--project`, else by CURATOR_PROJECT."""
    return _state["project"] or os.environ.get("CURATOR_PROJECT")


def settings() -> project_settings.Settings:
    """The project's settings.

    Raises:
        NotFoundError: There is no project.
    """
    return project_settings.load(project_settings.find_project(_state["project"]))


def settings_if_any() -> project_settings.Settings | None:
    """The project's settings; None outside of any project, for what can be judged without one.

    Raises:
        NotFoundError: A project was named that is none.
    """
    try:
        return settings()
    except NotFoundError:
        if named_project():
            raise
        return None


def plain(value: Any) -> Any:  # noqa: ANN401 - any report
    """Reports as JSON-ready values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float | int | str | bool) or value is None:
        return value
    return value.item() if hasattr(value, "item") else str(value)


def answer(report: Any, code: int = 0, *, text: str | None = None) -> int:  # noqa: ANN401 - any report
    """Print the report (JSON, or the text for a person) and return the exit code.

    In a job of the app the report is kept in the job's folder as well.
    """
    content = plain(report)
    folder = os.environ.get(JOB_VARIABLE)
    going_on = _state.get("more") and code in _WENT_WELL
    if folder and Path(folder).is_dir() and not going_on:
        jobs.write(Path(folder) / "result.json", {"exit_code": code, "result": content})
    if _state["json"]:
        sys.stdout.write(json.dumps(content, ensure_ascii=False) + "\n")
    elif text is not None:
        sys.stdout.write(text.rstrip("\n") + "\n")
    return code


def choose(value: str, allowed: Sequence[str], option: str) -> Any:  # noqa: ANN401 - a literal of the caller's
    """The value if it is allowed.

    Raises:
        RequestError: It is not.
    """
    if value not in allowed:
        msg = f"{option} {value!r} is unknown, expected {', '.join(allowed)}"
        raise RequestError(msg)
    return value


def counts(title: str, found: Mapping[str, int]) -> str:
    """`title: a 3, b 2`, or nothing."""
    return f"{title}: " + ", ".join(f"{name} {n:,}" for name, n in found.items()) if found else ""


def lines(*parts: str | None) -> str:
    """The parts that say something, one a line."""
    return "\n".join(p for p in parts if p)


def percent(value: float) -> str:
    """A rate for a person.

    >>> percent(0.0125)
    '1.2 %'
    """
    return percent_of(value)


def percent_at_most(bound: float) -> str:
    """An upper bound for a person, never rounded below it.

    >>> percent_at_most(0.0125)
    '1.25 %'
    """
    return at_most(bound)
