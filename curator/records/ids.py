"""Identities: what makes two rows, two texts or two requests the same."""

import hashlib
import json
import unicodedata
from typing import Any

from curator.records.types import ImagePart, Message, TextPart, ToolCallPart


def canonical_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    r"""JSON with sorted keys, no spaces, UTF-8, so that equal values have equal bytes.

    >>> canonical_json({"b": 1, "a": "é"})
    b'{"a":"\xc3\xa9","b":1}'
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def digest(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def short_id(prefix: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A readable id: the prefix and the first 16 hex digits of the digest.

    >>> short_id("f", ["a"]) == short_id("f", ["a"])
    True
    """
    return f"{prefix}_{digest(value)[:16]}"


def example_id(dataset: str, external_id: str) -> str:
    """The id of a row that carries its own id."""
    return short_id("ex", ["external", dataset, external_id])


def row_external_id(source_file_hash: str, row_number: int) -> str:
    """The external id of a row without one: its source file's hash and its row number (from 1)."""
    return f"{source_file_hash[:12]}:{row_number}"


def message_json(message: Message) -> dict[str, Any]:
    """The message as stored: role and typed parts."""
    parts: list[dict[str, Any]] = []
    for part in message.parts:
        match part:
            case TextPart(text=text):
                parts.append({"kind": "text", "text": text})
            case ImagePart(url=url):
                parts.append({"kind": "image", "url": url})
            case ToolCallPart(name=name, arguments=arguments):
                parts.append({"kind": "tool_call", "name": name, "arguments": arguments})
    return {"role": message.role, "parts": parts}


def message_from_json(value: dict[str, Any]) -> Message:
    """The inverse of `message_json`."""
    made: list[TextPart | ImagePart | ToolCallPart] = []
    for part in value["parts"]:
        match part["kind"]:
            case "text":
                made.append(TextPart(part["text"]))
            case "image":
                made.append(ImagePart(part["url"]))
            case _:
                made.append(ToolCallPart(part["name"], part["arguments"]))
    return Message(value["role"], tuple(made))


def content_hash(messages: tuple[Message, ...]) -> str:
    """SHA-256 over the messages in Unicode NFC, so that one text has one hash."""
    return hashlib.sha256(
        unicodedata.normalize("NFC", canonical_json([message_json(m) for m in messages]).decode()).encode()
    ).hexdigest()
