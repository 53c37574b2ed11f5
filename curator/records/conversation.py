"""A whole conversation as one text for people, and as what comparing must not overlook.

`Example.text` is what is said, without the system prompt: it is compared for likeness and embedded. Beside it stand

- `shown_text`: everything, as a transcript; for cards, reviewers and teachers;
- `context_key`: everything but what is said. Two rows are the same input only where this is equal as well.

Both are None for a row that is one plain user turn, as most rows are.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from curator.records.ids import by_value, canonical_json
from curator.records.message import (
    SETTING_ROLES,
    ImagePart,
    Message,
    OtherPart,
    Part,
    TextPart,
    ToolCallPart,
)

_DATA_URL = re.compile(r"data:([\w.+/-]*)[;,]")


def said_text(messages: Sequence[Message]) -> str:
    """What is said by anyone but the system: `Example.text`."""
    return "\n".join(m.text for m in messages if m.role not in SETTING_ROLES).strip()


def _is_one_plain_turn(messages: Sequence[Message], tools: str | None) -> bool:
    return not messages or (len(messages) == 1 and messages[0].role == "user" and messages[0].plain and tools is None)


def shown_text(messages: Sequence[Message], tools: str | None = None) -> str | None:
    r"""The conversation as a person reads it; None where that is the text alone.

    >>> print(shown_text([Message("system", (TextPart("Be short."),)), Message("user", (TextPart("Hi"),))]))
    system: Be short.
    <BLANKLINE>
    user: Hi
    """
    if _is_one_plain_turn(messages, tools):
        return None
    said = [f"tools: {tools}"] if tools is not None else []
    return "\n\n".join([*said, *map(_turn, messages)])


def _turn(message: Message) -> str:
    who = message.role + (f" ({message.name})" if message.name is not None else "")
    who += f" [to call {message.tool_call_id}]" if message.tool_call_id is not None else ""
    who += f" [weight {message.weight}]" if message.weight is not None else ""
    body = "\n".join(_part(part) for part in message.parts)
    return f"{who}: {body}" + (f"\n[also {message.extra}]" if message.extra is not None else "")


def _part(part: Part) -> str:
    match part:
        case TextPart(text=text):
            return text
        case ImagePart(url=url, extra=extra):
            return f"[image {_short_url(url)}{'' if extra is None else ' ' + extra}]"
        case ToolCallPart(name=name, arguments=arguments):
            return f"[calls {name}{'' if part.id is None else ' as ' + part.id}: {arguments}]"
        case OtherPart(content=content):
            return f"[{content}]"


def _short_url(url: str) -> str:
    """An address as it is; a data URL, which may be long, by its type and its hash."""
    found = _DATA_URL.match(url)
    if found is None or len(url) <= 200:
        return url
    return f"data:{found[1]}, SHA-256 {hashlib.sha256(url.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def context_key(messages: Sequence[Message], tools: str | None = None) -> str | None:
    """A hash of all that an input is beside what is said: the system prompt, who speaks, images, calls, tools.

    White space and Unicode forms of a system prompt do not count, nor do the ids of calls, which are drawn by chance,
    and the weights, which are about training.
    """
    if _is_one_plain_turn(messages, tools):
        return None
    content: list[Any] = [_key(message) for message in messages]
    if tools is not None:
        content.append({"tools": by_value(tools)})
    return hashlib.sha256(unicodedata.normalize("NFC", canonical_json(content).decode()).encode()).hexdigest()[:32]


def _key(message: Message) -> list[Any]:
    parts: list[Any] = []
    for part in message.parts:
        match part:
            case TextPart(text=text) if message.role in SETTING_ROLES:
                parts.append(" ".join(text.split()))
            case ImagePart(url=url):
                parts.append({"image": url})
            case ToolCallPart(name=name, arguments=arguments):
                parts.append({"call": [name, by_value(arguments)]})
            case OtherPart(content=content):
                parts.append({"other": by_value(content)})
            case _:
                pass
    return [message.role, message.name, parts]
