"""What batch files of all providers have in common: a request becomes turns, a result an attempt with its status.

A result is joined to its row by the id that the request was given, never by its place: providers answer in any order.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from curator.importers.form import RawRecord
from curator.records import AttemptStatus, GivenAttempt, Rejected

_THINKING = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL)
NOT_TOLD = "request_failed"


def mapping(value: Any) -> RawRecord:  # noqa: ANN401 - raw JSON
    """An object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> Sequence[Any]:  # noqa: ANN401 - raw JSON
    """A list, or an empty one."""
    return value if isinstance(value, list) else ()


def number(value: Any) -> int | None:  # noqa: ANN401 - raw JSON
    """A count, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def word(value: Any) -> str | None:  # noqa: ANN401 - raw JSON
    """A text that says something, or None."""
    return value if isinstance(value, str) and value else None


def failed(
    error: Any,  # noqa: ANN401 - raw JSON
    *,
    model: str | None = None,
    request: str | None = None,
    time: str | None = None,
) -> GivenAttempt:
    """An attempt that brought no answer, with the provider's kind and words."""
    return GivenAttempt("failed", model, error=error_words(error), request_id=request, time=time)


def error_words(error: Any) -> str:  # noqa: ANN401 - raw JSON
    """The kind of an error and what was said of it, in one line.

    >>> error_words({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})
    'overloaded_error: busy'
    >>> error_words({"code": "batch_expired", "message": "too late"})
    'batch_expired: too late'
    """
    if isinstance(error, str):
        return error or NOT_TOLD
    inner = mapping(error)
    while isinstance(inner.get("error"), Mapping):
        inner = inner["error"]
    kinds = ("code", "type", "status", "errorCode")
    kind = next((str(inner[name]) for name in kinds if inner.get(name) not in (None, "")), None)
    said = next((str(inner[name]) for name in ("message", "errorMessage", "detail") if inner.get(name)), None)
    return ": ".join(part for part in (kind, said) if part) or NOT_TOLD


def ended(status: AttemptStatus, answer: Any) -> AttemptStatus:  # noqa: ANN401 - a text or a turn
    """`answered` with nothing in it is `empty`."""
    return (
        "empty"
        if status == "answered" and (answer is None or (isinstance(answer, str) and not answer.strip()))
        else status
    )


def final(text: str) -> str:
    r"""An answer without the thinking that a model without a parser writes before it.

    >>> final("<think>late?</think>\n\ndelivery")
    'delivery'
    """
    return _THINKING.sub("", text, count=1)


def need_id(value: Any, name: str) -> str:  # noqa: ANN401 - raw JSON
    """The id that joins a request and its result.

    Raises:
        Rejected: There is none.
    """
    if value in (None, ""):
        raise Rejected("missing_id", f"the record has no `{name}`, so that nothing says which row it is about")
    return str(value)
