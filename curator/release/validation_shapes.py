"""The forms beside `messages` that trainers document: rows of plain texts, ShareGPT's turns, prompts that are implied.

Sources: TRL's "Dataset formats" (language modeling, prompt and completion, implicit prompt), LLaMA-Factory's
"Data Preparation" (Alpaca, ShareGPT, pre-training), Together's "Data preparation" (instruction and generic text data).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PlainShape:
    """A row of plain texts.

    Attributes:
        texts: Keys that must hold a text with something in it.
        maybe: Keys that may be missing, null or empty, and else hold a text.
        answer: The key that is the answer; None where the text is one piece.
    """

    texts: tuple[str, ...]
    maybe: tuple[str, ...] = ()
    answer: str | None = None


_TEXT = PlainShape(("text",))
_PROMPTED = PlainShape(("prompt", "completion"), (), "completion")
_ALPACA = PlainShape(("instruction", "output"), ("input", "system"), "output")
_SHAPES: dict[str, tuple[PlainShape, ...]] = {
    "trl": (_PROMPTED, _TEXT),
    "together": (_PROMPTED, _TEXT),
    "llama-factory": (_ALPACA, _TEXT),
}

SHAREGPT_ROLES: Mapping[str, str] = {
    "human": "user",
    "gpt": "assistant",
    "system": "system",
    "observation": "user",  # stands where the user would
    "function_call": "assistant",
}
"""Who speaks in a ShareGPT turn, as LLaMA-Factory alternates them."""


def plain_shape(format: str, row: Mapping[str, Any]) -> PlainShape | None:
    """The form of plain texts that a row without messages has for a format, or None.

    TRL's prompt and completion may be messages too, and are no plain texts then.
    """
    if {"messages", "conversations"} & set(row):
        return None
    for shape in _SHAPES.get(format, ()):
        if shape.texts[0] in row and not (format == "trl" and any(isinstance(row.get(k), list) for k in shape.texts)):
            return shape
    return None


def shape_of(format: str, row: Mapping[str, Any]) -> str:
    """The name of a row's form, equal for rows that one reading of a trainer takes."""
    shape = plain_shape(format, row)
    if shape is not None:
        return shape.texts[0]
    if format == "llama-factory" and "conversations" in row:
        turns = row["conversations"]
        return "from" if isinstance(turns, list) and turns and isinstance(turns[0], dict) and "from" in turns[0] else ""
    return ""


def said(message: Any) -> Any:  # noqa: ANN401 - any JSON value
    """What a turn says, under either name; None where it is no turn."""
    if not isinstance(message, dict):
        return None
    return message.get("content") if "role" in message else message.get("value", message.get("content"))


def implicit_prompt(row: Mapping[str, Any]) -> int:
    """How many turns, or letters, chosen and rejected begin with in common; 0 where they are no two of a kind."""
    one, other = row.get("chosen"), row.get("rejected")
    if not (isinstance(one, str) and isinstance(other, str)) and not (
        isinstance(one, list) and isinstance(other, list)
    ):
        return 0
    shared = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        shared += 1
    return shared
