"""Identities: what makes two rows, two texts, two people or two requests the same."""

import hashlib
import json
import math
import re
import unicodedata
from decimal import Decimal
from typing import Any

from curator.records.json_text import Number, read_exact
from curator.records.message import ImagePart, Message, OtherPart, Part, TextPart, ToolCallPart

_WHOLE = re.compile(r"([+-]?\d+)\.0+")
_LONGEST = 400
"""Digits of a number that is written out; 1e999999 stays as it was written."""

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def canonical_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    r"""JSON with sorted keys, no spaces, UTF-8, so that equal values have equal bytes.

    For hashes. What a person or a model reads is written by `json_text.write_exact`, which keeps the order of keys.

    >>> canonical_json({"b": 1, "a": "é"})
    b'{"a":"\xc3\xa9","b":1}'
    """
    return _CANONICAL.encode(value).encode()


def digest(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def short_id(prefix: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A readable id: the prefix and the first 16 hex digits of the digest.

    >>> short_id("f", ["a"]) == short_id("f", ["a"])
    True
    """
    return f"{prefix}_{digest(value)[:16]}"


def identity_text(value: Any) -> str | None:  # noqa: ANN401 - a raw cell of any type
    """The text of an id, a group, an annotator: one rule for every file format. None: there is none.

    1. Null, NaN and a text of white space alone are missing. The texts "nan", "None" and "NA" are texts.
    2. White space at the ends is no part of it.
    3. A number that is whole is its digits, all of them, however it was written: 1, 1.0, 1e0 and the text "1.0"
       (a column of whole numbers becomes one of decimals when one of them is missing) are "1". Any other number
       is itself without zeros at its end: 1.50 is "1.5".
    4. Everything else stays letter by letter: "007" is not "7", "Ana" is not "ana". True is "true".

    >>> [identity_text(x) for x in (1, 1.0, "1", "1 ", 0, False, " ", float("nan"), "007", "1.10")]
    ['1', '1', '1', '1', '0', 'false', None, None, '007', '1.10']

    Raises:
        ValueError: Bytes that are not UTF-8.
    """
    if value is None:
        return None
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return _number(value)
    text = str(value).strip()
    whole = _WHOLE.fullmatch(text)
    if whole is not None and str(int(whole[1])) == whole[1]:
        return whole[1]
    return text or None


def _number(value: float | Decimal) -> str | None:
    if math.isnan(value):
        return None
    exact = Decimal(value.text if isinstance(value, Number) else repr(value) if isinstance(value, float) else value)
    if not exact.is_finite() or abs(exact.adjusted()) > _LONGEST:
        return str(exact)
    if exact == exact.to_integral_value():
        return str(int(exact))
    return format(exact, "f").rstrip("0")


def example_id(dataset: str, external_id: str) -> str:
    """The id of a row that carries its own id."""
    return short_id("ex", ["external", dataset, external_id])


def row_external_id(source_file_hash: str, row_number: int, part: int = 0) -> str:
    """The external id of a row without one: its source file's hash and its row number (from 1).

    `part` (from 0) tells the rows of one line apart.

    >>> row_external_id("0123456789abcdef", 3), row_external_id("0123456789abcdef", 3, 1)
    ('0123456789ab:3', '0123456789ab:3.1')
    """
    return f"{source_file_hash[:12]}:{row_number}" + (f".{part}" if part else "")


def message_json(message: Message) -> dict[str, Any]:
    """The message as stored: role, typed parts, and the fields that it has."""
    made: dict[str, Any] = {"role": message.role, "parts": [_part_json(part) for part in message.parts]}
    for name in ("name", "tool_call_id", "weight", "extra"):
        value = getattr(message, name)
        if value is not None:
            made[name] = value
    return made


def _part_json(part: Part) -> dict[str, Any]:
    """What a plain part needs stays as it was in the first stores, so that equal content has an equal hash."""
    match part:
        case TextPart(text=text):
            made: dict[str, Any] = {"kind": "text", "text": text}
        case ImagePart(url=url):
            made = {"kind": "image", "url": url}
        case ToolCallPart(name=name, arguments=arguments):
            made = {"kind": "tool_call", "name": name, "arguments": arguments}
            made |= {"id": part.id} if part.id is not None else {}
            made |= {"form": part.form} if part.form != "text" else {}
            made |= {"legacy": True} if part.legacy else {}
        case OtherPart(content=content):
            return {"kind": "other", "content": content}
    return made | ({"extra": part.extra} if part.extra is not None else {})


def message_from_json(value: dict[str, Any]) -> Message:
    """The inverse of `message_json`."""
    rest = {key: value.get(key) for key in ("name", "tool_call_id", "weight", "extra")}
    return Message(value["role"], tuple(_part_from_json(part) for part in value["parts"]), **rest)


def _part_from_json(part: dict[str, Any]) -> Part:
    extra = part.get("extra")
    match part["kind"]:
        case "text":
            return TextPart(part["text"], extra)
        case "image":
            return ImagePart(part["url"], extra)
        case "other":
            return OtherPart(part["content"])
        case _:
            call = part.get("id"), part.get("form", "text"), part.get("legacy", False)
            return ToolCallPart(part["name"], part["arguments"], *call, extra)


def content_hash(messages: tuple[Message, ...], tools: str | None = None) -> str:
    """SHA-256 over the messages, and the tools that the model may call, in Unicode NFC: one content has one hash.

    The arguments of a call and the tools count by their value: neither the order of their keys nor whether they came
    as text or as an object makes another content.
    """
    content: list[Any] = [_hashed(message_json(message)) for message in messages]
    if tools is not None:
        content.append({"tools": by_value(tools)})
    return hashlib.sha256(unicodedata.normalize("NFC", canonical_json(content).decode()).encode()).hexdigest()


def _hashed(message: dict[str, Any]) -> dict[str, Any]:
    for part in message["parts"]:
        if part["kind"] == "tool_call" and ("id" in part or "form" in part):
            part["arguments"] = by_value(part["arguments"])
            part.pop("form", None)
    return message


def by_value(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a JSON text with exact numbers, or the text itself where it is no JSON."""
    try:
        return _exact(read_exact(text))
    except ValueError:
        return text


def _exact(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _exact(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_exact(each) for each in value]
    return {"number": value.text} if isinstance(value, Number) else value
