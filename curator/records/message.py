"""A turn of a conversation with all that it came with.

Shapes that a reader of files fills, and that every step after it keeps:

- `Message.parts` in the order they stood: text, image, tool call, and `OtherPart` for whatever else (sound, a
  thinking block, a file), word for word as JSON text.
- `Message.name`, `tool_call_id` and `weight` where the turn had them; any other field of the turn is in `extra`.
- A field whose value is null is a field that is not there: a Parquet file fills every struct with nulls.
"""

from dataclasses import dataclass
from typing import Literal, get_args

MessageRole = Literal["system", "developer", "user", "assistant", "tool", "function"]
MESSAGE_ROLES: tuple[MessageRole, ...] = get_args(MessageRole)
SETTING_ROLES: frozenset[str] = frozenset({"system", "developer"})
"""Roles that set the scene: their texts are no part of `Example.text`."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """Plain text; `extra` holds other fields of the part (such as `cache_control`) as one JSON object."""

    text: str
    extra: str | None = None
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image by reference (an address, a path or a data URL), never decoded by the core.

    `extra` holds what else the part said (such as `detail`), as one JSON object.
    """

    url: str
    extra: str | None = None
    kind: Literal["image"] = "image"


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    """A call of a tool.

    Attributes:
        name: The tool's name.
        arguments: As JSON text: word for word where they came as text, else written with the order of their keys.
        id: The call's id, which the tool's turn names in `tool_call_id`.
        form: Whether the arguments came as text or as an object, so that they can go out as they came.
        legacy: It stood in `function_call`, not in `tool_calls`.
        extra: Other fields of the call (not of type `function`, an index), as one JSON object.
    """

    name: str
    arguments: str
    id: str | None = None
    form: Literal["text", "object"] = "text"
    legacy: bool = False
    extra: str | None = None
    kind: Literal["tool_call"] = "tool_call"


@dataclass(frozen=True, slots=True)
class OtherPart:
    """A part that Curator does not look into, as the JSON text that it was."""

    content: str
    kind: Literal["other"] = "other"


Part = TextPart | ImagePart | ToolCallPart | OtherPart


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat.

    Attributes:
        role: Who speaks.
        parts: What is said, in order. Tool calls stand after the content.
        name: The speaker's own name, or the tool's.
        tool_call_id: Which call the turn answers.
        weight: 0 where the turn is not to be trained, 1 where it is said to be; None where nothing is said.
        extra: Fields of the turn that have no place above, as one JSON object.
    """

    role: MessageRole
    parts: tuple[Part, ...]
    name: str | None = None
    tool_call_id: str | None = None
    weight: int | None = None
    extra: str | None = None

    @property
    def text(self) -> str:
        """The text parts, joined by new lines."""
        return "\n".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def plain(self) -> bool:
        """Whether the turn is its role and one text, and nothing more."""
        return self == Message(self.role, self.parts) and (
            len(self.parts) == 1 and isinstance(self.parts[0], TextPart) and self.parts[0].extra is None
        )
