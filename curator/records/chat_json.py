"""Chat turns as files have them, `{"role": …, "content": …, "tool_calls": […]}`, to records and back, losing nothing.

`write_turn(read_turn(raw))` says what `raw` said. Three spellings are brought to one: a text as the only part of a
list becomes the text, a call that stands without its `function` gets it, and fields whose value is null go, as a
Parquet file has them in every struct.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from curator.errors import DataError
from curator.records.ids import identity_text
from curator.records.json_text import read_exact, write_exact
from curator.records.message import (
    MESSAGE_ROLES,
    ImagePart,
    Message,
    OtherPart,
    Part,
    TextPart,
    ToolCallPart,
)
from curator.records.speakers import as_chat_turn, speaker_of

MASKS = ("train", "trainable", "loss")
"""Flags by which trainers (Axolotl, tinker-cookbook, ms-swift) say whether a turn is trained."""


def unmasked(turns: Sequence[Any]) -> list[Any]:
    """Turns without trainers' flags, where these say what holds anyway: the answer at the end is trained, and no other.

    What they say beside that becomes the turn's weight: 0 for an answer that is not trained, 1 for an earlier one that
    is.
    """
    if not any(isinstance(turn, Mapping) and any(name in turn for name in MASKS) for turn in turns):
        return list(turns)
    return [_unmasked(turn, last=number == len(turns)) for number, turn in enumerate(turns, start=1)]


def _unmasked(turn: Any, *, last: bool) -> Any:  # noqa: ANN401 - raw JSON
    said = [turn[name] for name in MASKS if isinstance(turn.get(name), bool)] if isinstance(turn, Mapping) else []
    if not said:
        return turn
    rest = {key: value for key, value in turn.items() if key not in MASKS or not isinstance(value, bool)}
    if speaker_of(rest) != "assistant" or said[0] == last or rest.get("weight") is not None:
        return rest
    return {**rest, "weight": int(said[0])}


def read_turns(raw: Sequence[Any]) -> tuple[Message, ...]:
    """The turns of a conversation.

    Raises:
        DataError: A turn cannot be read; the message says which (`messages[2]`) and why.
    """
    return tuple(read_turn(turn, f"messages[{number}]") for number, turn in enumerate(raw))


def read_turn(raw: Any, place: str = "message") -> Message:  # noqa: ANN401 - raw JSON
    """One turn; `place` names it in an error.

    Raises:
        DataError: It is no object, its role is unknown, or a field has a form that means nothing.
    """
    if not isinstance(raw, dict) and not isinstance(raw, Mapping):  # the look-up of an abstract class is slow
        msg = f"{place}: {str(raw)[:40]!r} is no turn, expected an object with role and content"
        raise DataError(msg)
    fields = as_chat_turn(raw, place)
    role = fields.pop("role", None)
    if len(fields) == 1 and role in MESSAGE_ROLES and isinstance(said := fields.get("content"), str):
        return Message(role, (TextPart(said),))  # most turns
    if role not in MESSAGE_ROLES:
        msg = f"{place}: role {str(role)[:40]!r} is unknown, expected {', '.join(MESSAGE_ROLES)}"
        raise DataError(msg)
    parts = [*_content(fields.pop("content", None), place), *_calls(fields, place)]
    return Message(
        role=role,
        parts=tuple(parts),
        name=identity_text(fields.pop("name", None)),
        tool_call_id=identity_text(fields.pop("tool_call_id", None)),
        weight=_weight(fields.pop("weight", None), place),
        extra=_extra(fields, place),
    )


def _content(content: Any, place: str) -> list[Part]:  # noqa: ANN401 - raw JSON
    if content is None:
        return []
    if isinstance(content, bytes):
        content = _decoded(content, place)
    if isinstance(content, str):
        return [TextPart(content)]
    if isinstance(content, Sequence):
        return [_part(part, f"{place}.content[{number}]") for number, part in enumerate(content)]
    msg = f"{place}.content is {type(content).__name__}, expected text or a list of parts"
    raise DataError(msg)


def _decoded(raw: bytes, place: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        msg = f"{place} is not UTF-8 (byte {error.start})"
        raise DataError(msg) from error


def _part(raw: Any, place: str) -> Part:  # noqa: ANN401 - raw JSON
    if isinstance(raw, str):
        return TextPart(raw)
    if not isinstance(raw, Mapping) or not raw:
        msg = f"{place} is {str(raw)[:40]!r}, expected text or an object"
        raise DataError(msg)
    part = {key: value for key, value in raw.items() if value is not None}
    kind = part.get("type")
    if isinstance(part.get("text"), str) and kind in (None, "text"):
        return TextPart(part.pop("text"), _extra(part, place, "type"))
    image = part.get("image_url") if kind in (None, "image_url") else None
    if isinstance(image, str):
        return ImagePart(image, _extra({**part, "image_url": ""}, place, "type", "image_url"))
    if isinstance(image, Mapping) and isinstance(image.get("url"), str) and set(part) <= {"type", "image_url"}:
        rest = {key: value for key, value in image.items() if value is not None and key != "url"}
        return ImagePart(image["url"], _extra(rest, place))
    return OtherPart(_json(part, place))


def _calls(fields: dict[str, Any], place: str) -> list[Part]:
    calls, legacy = fields.pop("tool_calls", None) or [], fields.pop("function_call", None)
    if not isinstance(calls, Sequence) or isinstance(calls, str):
        msg = f"{place}.tool_calls is {type(calls).__name__}, expected a list"
        raise DataError(msg)
    made: list[Part] = [_call(call, f"{place}.tool_calls[{number}]") for number, call in enumerate(calls)]
    if legacy is not None:
        made.append(_call(legacy, f"{place}.function_call", legacy=True))
    return made


def _call(raw: Any, place: str, *, legacy: bool = False) -> ToolCallPart:  # noqa: ANN401 - raw JSON
    call = {key: value for key, value in raw.items() if value is not None} if isinstance(raw, Mapping) else {}
    function = call.get("function", call)
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(name, str) or not name:
        msg = f"{place} names no function, expected {{id, type, function: {{name, arguments}}}}"
        raise DataError(msg)
    arguments = function.get("arguments", "")
    rest = {key: value for key, value in {**call, **function}.items() if key != "function" and value is not None}
    if call.get("type") == "function":
        rest.pop("type")
    return ToolCallPart(
        name=name,
        arguments=arguments if isinstance(arguments, str) else _json(arguments, place),
        id=identity_text(call.get("id")),
        form="text" if isinstance(arguments, str) else "object",
        legacy=legacy,
        extra=_extra(rest, place, "name", "arguments", "id"),
    )


def _weight(raw: Any, place: str) -> int | None:  # noqa: ANN401 - raw JSON
    if raw is None:
        return None
    if isinstance(raw, int | float) and raw in (0, 1):
        return int(raw)
    msg = f"{place}.weight is {str(raw)[:40]!r}, expected 0 or 1"
    raise DataError(msg)


def _extra(fields: Mapping[str, Any], place: str, *known: str) -> str | None:
    rest = {key: value for key, value in fields.items() if key not in known}
    return _json(rest, place) if rest else None


def _json(value: Any, place: str) -> str:  # noqa: ANN401 - raw JSON
    try:
        return write_exact(value)
    except (TypeError, ValueError) as error:
        msg = f"{place} is not JSON: {error}"
        raise DataError(msg) from error


def write_turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The turns as files have them."""
    return [write_turn(message) for message in messages]


def write_turn(message: Message) -> dict[str, Any]:
    """One turn: `role`, `content` where it has any, then the fields that it has."""
    calls = [part for part in message.parts if isinstance(part, ToolCallPart)]
    content = [part for part in message.parts if not isinstance(part, ToolCallPart)]
    made: dict[str, Any] = {"role": message.role}
    if message.name is not None:
        made["name"] = message.name
    made["content"] = _written_content(content)
    if current := [_written_call(call) for call in calls if not call.legacy]:
        made["tool_calls"] = current
    for call in calls:
        if call.legacy:
            made["function_call"] = _written_call(call)["function"]
    if message.tool_call_id is not None:
        made["tool_call_id"] = message.tool_call_id
    if message.weight is not None:
        made["weight"] = message.weight
    return made | (read_exact(message.extra) if message.extra is not None else {})


def _written_content(parts: Sequence[Part]) -> str | list[dict[str, Any]] | None:
    if not parts:
        return None
    if len(parts) == 1 and isinstance(parts[0], TextPart) and parts[0].extra is None:
        return parts[0].text
    return [_written_part(part) for part in parts]


def _written_part(part: Part) -> dict[str, Any]:
    rest: dict[str, Any] = {}
    if not isinstance(part, OtherPart) and part.extra is not None:
        rest = read_exact(part.extra)
    match part:
        case TextPart(text=text):
            return {"type": "text", "text": text, **rest}
        case ImagePart(url=url):
            return {"type": "image_url", "image_url": {"url": url, **rest}}
        case OtherPart(content=content):
            return dict(read_exact(content))
        case ToolCallPart():
            return _written_call(part)


def _written_call(call: ToolCallPart) -> dict[str, Any]:
    arguments = call.arguments if call.form == "text" else read_exact(call.arguments)
    made: dict[str, Any] = {} if call.id is None else {"id": call.id}
    rest = {} if call.extra is None else read_exact(call.extra)
    return made | {"type": "function", "function": {"name": call.name, "arguments": arguments}} | rest
