"""What each format can carry of a conversation, and how it writes it. What it cannot carry, it refuses with a reason.

Sources: the OpenAI guide to supervised fine-tuning (`weight`, `name`, `tools`), Together's and Axolotl's documentation
of chat datasets (tool calls with arguments as text), TRL's "Dataset formats" (arguments as an object), the README of
mistral-finetune (`weight`, ids of nine characters), LLaMA-Factory's ShareGPT form, and the renderers of
tinker-cookbook 0.5.8, which want calls as objects that no JSON file holds.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from curator.records import ImagePart, Message, OtherPart, TextPart, ToolCallPart, read_exact, shown_text, write_turn
from curator.release.validation_calls import is_json, orphans

Turns = tuple[Message, ...]

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
        parts: Content may be a list of texts and images.
        calls: How the arguments of a tool call are written; None where the format has no tools.
        names: Roles whose turns may have a name.
        weight: The field that keeps a turn out of training; "last" where earlier turns are never trained; None where
            the format trains every turn of the assistant.
        nine: Ids of calls must have nine letters or digits.
        legacy: `function_call`, the older form of a call, can be written.
        answering: A tool's result must answer a call of a turn before it.
    """

    roles: frozenset[str] = FOUR
    parts: bool = False
    calls: Literal["text", "object"] | None = None
    names: frozenset[str] = frozenset({"tool"})
    weight: Literal["weight", "train", "last"] | None = None
    nine: bool = False
    legacy: bool = False
    answering: bool = False


def refusal(carries: Carries, turns: Turns, tools: str | None) -> str | None:
    """Why the format cannot carry a conversation (its answer included), or None where it can."""
    if tools is not None and carries.calls is None:
        return "tools that the model may call"
    for turn in turns:
        reason = _turn_refusal(carries, turn)
        if reason is not None:
            return reason
    if carries.weight is None and any(turn.weight == 0 for turn in turns):
        return "a turn with weight 0, which it would train"
    if carries.weight in ("weight", "train") and all(t.weight == 0 for t in turns if t.role == "assistant"):
        return "a conversation in which no turn is trained (weight 0 everywhere)"
    if carries.answering and orphans(written(carries, turns)):
        return "the result of a tool call that no turn before it makes"
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
    if carries.calls == "object" and not isinstance(_object(call.arguments), dict):
        return "arguments of a tool call that are no JSON object"
    return None


def _object(arguments: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return read_exact(arguments)
    except ValueError:
        return None


def written(carries: Carries, turns: Sequence[Message], *, weighed: bool = False) -> list[dict[str, Any]]:
    """The turns as the format has them; `refusal` was asked before.

    Args:
        carries: What the format can say.
        turns: The turns.
        weighed: Other turns of the conversation have weights: the assistant's turns without one say that they count.
    """
    weighed = weighed or any(turn.weight is not None for turn in turns)
    return [_written(carries, turn, weighed=weighed) for turn in turns]


def _written(carries: Carries, turn: Message, *, weighed: bool) -> dict[str, Any]:
    made = write_turn(turn)
    weight = made.pop("weight", None)
    if turn.role == "assistant" and weighed and carries.weight in ("weight", "train"):
        counts = 1 if weight is None else weight
        made[carries.weight] = counts if carries.weight == "weight" else bool(counts)
    calls = [call for call in turn.parts if isinstance(call, ToolCallPart)]
    for call, out in zip([c for c in calls if not c.legacy], made.get("tool_calls", []), strict=True):
        out["function"]["arguments"] = _object(call.arguments) if carries.calls == "object" else call.arguments
    for call in calls:
        if call.legacy:
            made["function_call"]["arguments"] = call.arguments
    return made
