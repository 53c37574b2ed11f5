"""What trainers ask of tool calls, of their results and of turns that are kept out of training."""

from collections.abc import Iterator, Sequence
from typing import Any

from curator.errors import DataError
from curator.records import read_exact

ANSWERED_CALLS = frozenset({"openai"})
"""Formats whose service refuses a result without its call, and arguments that are no JSON text."""

TYPED_PARTS = frozenset({"openai", "together", "axolotl", "mistral", "parquet"})
"""Formats whose turns may hold a list of parts."""

_UNTRAINED = {"openai": ("weight", 0), "together": ("weight", 0), "mistral": ("weight", 0), "axolotl": ("train", False)}
"""The field and the value by which a format keeps a turn of the assistant out of training."""


def bad_calls(message: dict[str, Any], *, texts_only: bool) -> Iterator[str]:
    """The places of tool calls that no trainer can read: no function's name, or arguments that are no JSON.

    Args:
        message: A turn.
        texts_only: Arguments must be JSON as a text; else an object is taken too.
    """
    calls = message.get("tool_calls")
    if calls is not None and not isinstance(calls, list):
        yield "tool_calls"
    for index, call in enumerate(calls if isinstance(calls, list) else []):
        place = f"tool_calls[{index}]"
        if not isinstance(call, dict):
            yield place
            continue
        if texts_only and not isinstance(call.get("id"), str):
            yield f"{place}.id"
        # Mistral and TRL take a call that stands without its `function` too.
        yield from _bad_function(
            call.get("function", call if "name" in call else None), f"{place}.function", texts_only
        )
    if (legacy := message.get("function_call")) is not None:
        yield from _bad_function(legacy, "function_call", texts_only)


def _bad_function(function: Any, place: str, texts_only: bool) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if not isinstance(function, dict):
        yield place
        return
    if not isinstance(function.get("name"), str) or not function["name"].strip():
        yield f"{place}.name"
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        if not is_json(arguments):
            yield f"{place}.arguments"
    elif texts_only or (arguments is not None and not isinstance(arguments, dict)):
        yield f"{place}.arguments"


def bad_parts(content: Sequence[Any], *, images: bool) -> Iterator[int]:
    """The indices of parts that are neither a text nor, where images may stand, an image by its address."""
    for index, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        image = part.get("image_url") if kind == "image_url" else None
        url = image.get("url") if isinstance(image, dict) else image
        if not (kind == "text" and isinstance(part.get("text"), str)) and not (images and isinstance(url, str)):
            yield index


def misplaced(messages: Sequence[Any]) -> list[int]:
    """The indices of tool results that follow neither a call nor another result."""
    found: list[int] = []
    before: Any = None
    for index, message in enumerate(messages):
        if isinstance(message, dict) and message.get("role") == "tool":
            called = isinstance(before, dict) and (before.get("role") == "tool" or bool(before.get("tool_calls")))
            if not called:
                found.append(index)
        before = message
    return found


def is_json(text: str) -> bool:
    """Whether a text is JSON that every reader reads alike: no NaN, and no key twice in one object."""
    try:
        read_exact(text)
    except (ValueError, DataError):
        return False
    return True


def orphans(messages: Sequence[Any]) -> list[int]:
    """The indices of tool results that answer no call of the turns before them."""
    found: list[int] = []
    ids: set[str] = set()
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            continue
        if message.get("role") == "tool":
            answered = message.get("tool_call_id")
            if not isinstance(answered, str) or answered not in ids:
                found.append(index)
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else []:
            if isinstance(call, dict) and isinstance(call.get("id"), str):
                ids.add(call["id"])
    return found


def untrained(format: str, messages: Sequence[Any]) -> bool:
    """Whether the format keeps every turn of the assistant out of training."""
    key, off = _UNTRAINED.get(format, ("", None))
    given = [each for each in messages if isinstance(each, dict) and each.get("role") == "assistant"]
    return bool(key and given) and all(key in each and each[key] == off for each in given)
