"""An answer as the text that labels, reviews and decisions hold, and as the turn that it is.

Nearly every answer is a text, and stays it letter by letter. An answer that is more (a call of a tool, a part that is
no text) is the JSON of its turn, beginning with its role; people see and correct it in that form.
"""

from dataclasses import replace

from curator.errors import DataError
from curator.records.chat_json import read_turn, write_turn
from curator.records.json_text import json_form, read_exact, write_exact
from curator.records.message import Message, Part, TextPart, ToolCallPart
from curator.text import as_seen

_OPENING = '{"role":"assistant",'


def answer_text(turn: Message) -> str:
    """The text that stands for the assistant's turn.

    >>> answer_text(Message("assistant", (TextPart("Checking."), ToolCallPart("find", "{}"))))[:48]
    '{"role":"assistant","content":"Checking.","tool_'
    """
    turn = replace(turn, weight=None)
    if not turn.parts and turn == Message("assistant", ()):
        return ""
    return turn.text if turn.plain else write_exact(write_turn(turn))


def answer_turn(value: str) -> Message:
    """The assistant's turn for an answer; the inverse of `answer_text`."""
    if value.startswith(_OPENING):
        try:
            return read_turn(read_exact(value))
        except (DataError, ValueError):
            pass  # a text that only begins like a turn
    return Message("assistant", (TextPart(value),))


def answer_seen(value: str) -> str:
    """One text for all answers of which a model sees the same (`curator.text.as_seen`).

    Calls of tools are the same where their names and arguments are: how arguments were written in a file, and the ids
    that a server gave, say nothing.
    """
    if not value.startswith(_OPENING):
        return as_seen(value)
    turn = answer_turn(value)
    if not any(isinstance(part, ToolCallPart) for part in turn.parts):
        return as_seen(value)
    return write_exact(write_turn(replace(turn, parts=tuple(_seen(part) for part in turn.parts))))


def _seen(part: Part) -> Part:
    match part:
        case TextPart(text=text):
            return replace(part, text=as_seen(text))
        case ToolCallPart(arguments=arguments):
            try:
                arguments = json_form(arguments)
            except (DataError, ValueError):
                arguments = as_seen(arguments)
            return replace(part, arguments=arguments, form="text", id=None)
        case _:
            return part


def is_call(value: str) -> bool:
    """Whether the answer calls a tool."""
    return any(isinstance(part, ToolCallPart) for part in answer_turn(value).parts)
