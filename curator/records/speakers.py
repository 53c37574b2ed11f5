"""What formats call who speaks, and the formats in which a call of a tool is a turn of its own.

ShareGPT says `from` and `value`; LLaMA-Factory (`function_call`, `observation`) and ms-swift (`tool_call`,
`tool_response`) write calls as JSON in a turn's text.
"""

from collections.abc import Mapping
from typing import Any

from curator.errors import DataError
from curator.records.json_text import read_exact
from curator.records.message import MESSAGE_ROLES, MessageRole

_ROLES: Mapping[str, MessageRole] = {
    "human": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "observation": "tool",
    "tool_response": "tool",
    "function_call": "assistant",
    "tool_call": "assistant",
    **{role: role for role in MESSAGE_ROLES},
}
RawTurn = dict[str, Any]
"""A turn as a file has it."""
_CALLS = frozenset({"function_call", "tool_call"})


def speaker_of(turn: Mapping[str, Any]) -> str | None:
    """The role of who speaks in a turn, under any format's name; a name that no format has stays, and None is none."""
    said = turn.get("role")
    if said is None and "value" in turn:
        said = turn.get("from")
    return None if said is None else _ROLES.get(str(said), str(said))


def as_chat_turn(turn: Mapping[str, Any], place: str) -> RawTurn:
    """A turn in any format's words as `role` and `content`, with the calls of a turn that is one as `tool_calls`.

    Raises:
        DataError: The text of a call is no JSON.
    """
    said = {key: value for key, value in turn.items() if value is not None}
    if said.get("role") in MESSAGE_ROLES:
        return said
    if "role" not in said and {"from", "value"} <= set(said):
        said = {"role": said.pop("from"), "content": said.pop("value"), **said}
    if "role" not in said:
        return said
    called, said["role"] = str(said["role"]), speaker_of(said)
    if called not in _CALLS or said.get("tool_calls"):
        return said
    text = said.pop("content", None)
    try:
        calls = read_exact(text) if isinstance(text, str) else text
    except (DataError, ValueError) as error:
        msg = f"{place}: a {called} holds {str(text)[:40]!r}, expected the call as JSON: {error}"
        raise DataError(msg) from error
    return {**said, "tool_calls": calls if isinstance(calls, list) else [calls]}
