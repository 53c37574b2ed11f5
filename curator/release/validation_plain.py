"""Rows in which nothing can be wrong alone, told quickly: turns of plain text in order, written as we write them.

Of a large file nearly all rows are such. What is not surely one is read by every rule (`validation._Checker`), so this
may say None of any row and must never say that a row is plain in which a rule would find something.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from curator.text import as_seen

# Controls, half surrogates and line breaks stand as escapes or as themselves; marks of templates begin with `<` or `[`.
_ODD = re.compile(rb"[\x00-\x1f\x7f<]|\\[^\"\\/nt]|\[/?INST")
_TURNS = frozenset({"messages"})
_SIDES = frozenset({"prompt", "completion"})
PLACES: Mapping[frozenset[str], tuple[tuple[str, type], ...]] = {
    _TURNS: (("messages", list), ("messages[].role", str), ("messages[].content", str)),
    _SIDES: tuple(
        (f"{side}{place}", kind)
        for side in ("prompt", "completion")
        for place, kind in (("", list), ("[].role", str), ("[].content", str))
    ),
}
"""Keys of a plain row -> where its values stand, and what they are."""


class PlainRow(NamedTuple):
    """A row, and its input and answer as `RowChecker.sft` gives them."""

    row: dict[str, Any]
    prompt: Any
    answer: Any


def plain_row(line: bytes, keys: frozenset[str]) -> PlainRow | None:
    """The row of a line without its end, if it has these keys and nothing can be wrong with it alone; else None.

    Args:
        line: One line.
        keys: Of `PLACES`.
    """
    if _ODD.search(line):
        return None
    try:
        row = orjson.loads(line)
        if orjson.dumps(row) != line:  # a key that stands twice, a number that is none
            return None
    except ValueError:
        return None
    if type(row) is not dict or row.keys() != keys:
        return None
    if keys == _TURNS:
        turns = row["messages"]
        return PlainRow(row, turns[:-1], turns[-1]["content"]) if _in_order(turns) else None
    prompt, completion = row["prompt"], row["completion"]
    if type(prompt) is not list or type(completion) is not list or len(completion) != 1:
        return None
    return PlainRow(row, prompt, [as_seen(completion[0]["content"])]) if _in_order([*prompt, *completion]) else None


def _in_order(turns: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether they are texts of a system, if any, then user and assistant in turn, and the answer has no loose ends."""
    if type(turns) is not list or not all(map(_is_text, turns)):
        return False
    first = 1 if turns and turns[0]["role"] == "system" else 0
    roles = [turn["role"] for turn in turns[first:]]
    if not roles or len(roles) % 2 or roles != ["user", "assistant"] * (len(roles) // 2):
        return False
    answer: str = turns[-1]["content"]
    return answer == answer.strip()


def _is_text(turn: Any) -> bool:  # noqa: ANN401 - any JSON value
    return (
        type(turn) is dict
        and len(turn) == 2
        and type(turn.get("role")) is str
        and type(content := turn.get("content")) is str
        and bool(content.strip())
    )
