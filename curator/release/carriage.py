"""What each format can carry of a conversation, and how it writes it. What it cannot carry, it refuses with a reason.

Of a conversation the last turn is the answer that people labelled and certified; the turns of the assistant before it
belong to the input and nobody did. So no format trains them: the row says so in the format's own field (`mask`), the
trainer's configuration that stands beside the files does, or the row is refused.

Sources: the OpenAI guide to supervised fine-tuning (`weight`, `name`, `tools`), Together's and Axolotl's documentation
of chat datasets (tool calls with arguments as text), TRL's "Dataset formats" (arguments as an object), the README of
mistral-finetune (`weight`, ids of nine characters), LLaMA-Factory's ShareGPT form (calls and their results as turns of
their own), ms-swift's "Custom dataset" (`loss`), and the renderers of tinker-cookbook 0.5.8, which take `trainable` and
want calls as objects that no JSON file holds.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from curator.records import (
    ImagePart,
    Message,
    OtherPart,
    TextPart,
    ToolCallPart,
    read_exact,
    shown_text,
    write_exact,
    write_turn,
    write_turns,
)
from curator.release.validation_calls import is_json, orphans

Turns = tuple[Message, ...]
Turn = dict[str, Any]
"""A turn as a file has it."""

Mask = Literal["weight", "train", "loss", "trainable", "last", "config"]
_FIELDS: Mapping[str, type[int] | type[bool]] = {"weight": int, "train": bool, "loss": bool, "trainable": bool}
"""The fields by which a turn says whether it is trained, and what they hold."""
FOUR = frozenset({"system", "user", "assistant", "tool"})
_NINE = re.compile(r"[A-Za-z0-9]{9}")


def turns_of(*said: tuple[str, str]) -> Turns:
    """Plain turns from (role, text)."""
    return tuple(Message(role, (TextPart(text),)) for role, text in said)  # type: ignore[arg-type]


def as_prompt(turns: Turns) -> Turns:
    """The turns of an input as a model is asked.

    An input that ends with the assistant's turn is a conversation to judge, and no chat can go on after it with the
    verdict as another turn of the assistant: it goes out as one turn of the user that holds the whole conversation.
    """
    if turns and turns[-1].role == "assistant":
        return (Message("user", (TextPart(shown_text(turns) or ""),)),)
    return turns


@dataclass(frozen=True, slots=True)
class Carries:
    """What a format can say.

    Attributes:
        roles: Who may speak.
        parts: Content may be a list of texts and images, of any turn, or of all turns of a file alike.
        calls: How the arguments of a tool call are written; None where the format has no tools.
        names: Roles whose turns may have a name.
        mask: How a turn of the assistant before the answer is kept out of training. A field of the turn: `weight` (0 or
            1), `train` and `loss` (false or true), `trainable` (the same, on every turn of the file). "last": the
            trainer takes the loss on the answer alone. "config": it does with the configuration beside the files.
            None: it cannot be kept out, and the row is refused.
        nine: Ids of calls must have nine letters or digits.
        legacy: `function_call`, the older form of a call, can be written.
        answering: A tool's result must answer a call of a turn before it.
        spoken: Calls and results are turns that speak in turn, without ids: one call or more, then one result.
    """

    roles: frozenset[str] = FOUR
    parts: Literal["any", "all"] | None = None
    calls: Literal["text", "object"] | None = None
    names: frozenset[str] = frozenset({"tool"})
    mask: Mask | None = None
    nine: bool = False
    legacy: bool = False
    answering: bool = False
    spoken: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """What the rows of one file need together, so that each has the fields that any has.

    Attributes:
        masked: A conversation has turns of the assistant before its answer.
        parts: A turn's content is a list of parts; then every turn's is.
        tools: A conversation has tools, or a turn calls one or answers a call.
    """

    masked: bool = False
    parts: bool = False
    tools: bool = False


def needs(conversations: Iterable[tuple[Turns, str | None]]) -> Needs:
    """What conversations (the turns, their answer last, and their tools) need together."""
    masked = parts = tools = False
    for turns, offered in conversations:
        masked = masked or has_earlier_answer(turns)
        parts = parts or any(in_parts(turn) for turn in turns)
        tools = tools or offered is not None or any(turn.tool_call_id or calls_of(turn) for turn in turns)
    return Needs(masked, parts, tools)


def has_earlier_answer(turns: Turns) -> bool:
    """Whether the assistant speaks before the answer."""
    return any(turn.role == "assistant" for turn in turns[:-1])


def calls_of(turn: Message) -> list[ToolCallPart]:
    """The calls of a turn."""
    return [part for part in turn.parts if isinstance(part, ToolCallPart)]


def in_parts(turn: Message) -> bool:
    """Whether the content is a list of parts in a file."""
    content = [part for part in turn.parts if not isinstance(part, ToolCallPart)]
    return len(content) > 1 or any(not isinstance(part, TextPart) or part.extra is not None for part in content)


def refusal(carries: Carries, turns: Turns, tools: str | None) -> str | None:
    """Why the format cannot carry a conversation (its answer included), or None where it can."""
    reason = unsaid(carries, turns, tools)
    if reason is not None:
        return reason
    if carries.mask is None and has_earlier_answer(turns):
        return "a turn of the assistant before the answer, which it would train"
    if carries.spoken and (reason := _unspoken(turns)) is not None:
        return reason
    if carries.answering and orphans(write_turns(turns)):
        return "the result of a tool call that no turn before it makes"
    return None


def unsaid(carries: Carries, turns: Turns, tools: str | None) -> str | None:
    """What of the tools or of a single turn the format has no words for, or None."""
    if tools is not None and carries.calls is None:
        return "tools that the model may call"
    for turn in turns:
        reason = _turn_refusal(carries, turn)
        if reason is not None:
            return reason
    return None


def _unspoken(turns: Turns) -> str | None:
    """Why turns cannot alternate as speech does, with calls and their results among them."""
    spoken = [turn for turn in turns if turn.role != "system"]
    for number, turn in enumerate(spoken):
        if calls_of(turn) and turn.text:
            return "text beside a tool call"
        expected = ("assistant",) if number % 2 else ("user", "tool")
        if turn.role not in expected:
            return "turns that do not alternate (from user or tool to assistant)"
        if turn.role == "tool" and (not number or len(calls_of(spoken[number - 1])) != 1):
            return "the results of several tool calls, or of none"
    return None


def _turn_refusal(carries: Carries, turn: Message) -> str | None:
    if turn.role not in carries.roles:
        return f"the role {turn.role}"
    if turn.name is not None and turn.role not in carries.names:
        return f"the name of a speaker ({turn.role})"
    if turn.extra is not None:
        return f"the field {next(iter(read_exact(turn.extra)))} of a turn"
    if turn.tool_call_id is not None and carries.calls is None:
        return "the result of a tool call"
    content = [part for part in turn.parts if not isinstance(part, ToolCallPart)]
    if len(content) > 1 and not carries.parts:
        return "content in several parts"
    for part in turn.parts:
        if isinstance(part, OtherPart):
            return f"a part of type {read_exact(part.content).get('type')}"
        if isinstance(part, ImagePart) and not carries.parts:
            return "an image"
        if isinstance(part, TextPart) and part.extra is not None:
            return f"the field {next(iter(read_exact(part.extra)))} of a text part"
        if isinstance(part, ToolCallPart) and (reason := _call_refusal(carries, part)) is not None:
            return reason
    if carries.nine and turn.tool_call_id is not None and not _NINE.fullmatch(turn.tool_call_id):
        return "the id of a tool call that is not nine letters or digits"
    return None


def _call_refusal(carries: Carries, call: ToolCallPart) -> str | None:
    if carries.calls is None:
        return "a tool call"
    if call.legacy and not carries.legacy:
        return "a function_call (the older form of a tool call)"
    if call.extra is not None:
        return f"the field {next(iter(read_exact(call.extra)))} of a tool call"
    if carries.nine and not _NINE.fullmatch(call.id or ""):
        return "the id of a tool call that is not nine letters or digits"
    if carries.calls == "text" and not is_json(call.arguments):
        return "arguments of a tool call that are no JSON"
    if carries.calls == "object" and not isinstance(read_arguments(call.arguments), dict):
        return "arguments of a tool call that are no JSON object"
    return None


def read_arguments(arguments: str) -> Any:  # noqa: ANN401 - any JSON value
    """The arguments of a call as JSON; None where they are none."""
    try:
        return read_exact(arguments)
    except ValueError:
        return None


def written(carries: Carries, turns: Sequence[Message], needed: Needs, *, answers: bool = False) -> list[Turn]:
    """The turns as the format has them; `refusal` was asked before.

    Args:
        carries: What the format can say.
        turns: The turns.
        needed: What the rows of the file need together.
        answers: The last turn is the answer to learn, so that turns say what is trained.
    """
    made = [_written(carries, turn, needed) for turn in turns]
    masked = has_earlier_answer(tuple(turns)) if carries.mask == "weight" else needed.masked
    field = carries.mask or ""
    if answers and masked and field in _FIELDS:
        for turn, out in zip(turns, made, strict=True):
            if turn.role == "assistant" or field == "trainable":
                out[field] = _FIELDS[field](out is made[-1])
    return made


def _written(carries: Carries, turn: Message, needed: Needs) -> dict[str, Any]:
    made = write_turn(turn)
    made.pop("weight", None)
    calls = calls_of(turn)
    for call, out in zip([c for c in calls if not c.legacy], made.get("tool_calls", []), strict=True):
        out["function"]["arguments"] = read_arguments(call.arguments) if carries.calls == "object" else call.arguments
    for call in calls:
        if call.legacy:
            made["function_call"]["arguments"] = call.arguments
    if needed.parts and carries.parts == "all" and isinstance(made["content"], str):
        made["content"] = [{"type": "text", "text": made["content"]}]
    return made


def spoken(turns: Sequence[Message], names: Mapping[str, str], who: str, what: str) -> list[Turn]:
    """The turns with calls and results as speech of their own.

    Args:
        turns: The turns; `refusal` of a format that is `spoken` was asked before.
        names: What a role is called, and a `call`; a role that is not named is itself.
        who: The key of the speaker.
        what: The key of what is said.
    """
    made = []
    for turn in turns:
        calls = [{"name": call.name, "arguments": read_arguments(call.arguments)} for call in calls_of(turn)]
        role = names["call"] if calls else names.get(turn.role, turn.role)
        made.append({who: role, what: write_exact(calls[0] if len(calls) == 1 else calls) if calls else turn.text})
    return made
