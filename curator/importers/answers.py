"""Answers as files hold them beside a prompt: a text, one turn, or turns that may begin with the prompt."""

from collections.abc import Mapping, Sequence
from typing import Any

from curator.errors import DataError
from curator.importers.turns import is_turns
from curator.records import Rejected, as_chat_turn, speaker_of


def is_answer(value: Any) -> bool:  # noqa: ANN401 - raw JSON
    """Whether it is a text, a turn, or a list of turns."""
    return isinstance(value, str) or is_turn(value) or is_turns(value) or is_turns(value, "from", "value")


def is_turn(value: Any) -> bool:  # noqa: ANN401 - raw JSON
    """Whether it is one turn."""
    return isinstance(value, Mapping) and ("role" in value or {"from", "value"} <= set(value))


def as_chat(value: Any) -> list[Any]:  # noqa: ANN401 - raw JSON
    """One turn or several as chat turns.

    Raises:
        Rejected: It is neither.
    """
    turns = [value] if is_turn(value) else value
    if not isinstance(turns, list) or not turns:
        raise Rejected("bad_messages", f"{str(value)[:60]!r} is no turn and no list of turns")
    try:
        return [as_chat_turn(t, f"turn {n}") if isinstance(t, Mapping) else t for n, t in enumerate(turns)]
    except DataError as error:
        raise Rejected("bad_messages", str(error)) from error


def last_answer(turns: Sequence[Any]) -> Any:  # noqa: ANN401 - raw JSON
    """The one turn that is the answer, as a text where it is nothing more.

    Raises:
        Rejected: There is none, or there are several, so that no one answer can be compared.
    """
    if len(turns) != 1:
        detail = f"an answer of {len(turns)} turns cannot be compared: Curator compares one turn with one turn"
        raise Rejected("several_turns", detail)
    if not isinstance(turns[0], Mapping) or speaker_of(turns[0]) != "assistant":
        raise Rejected("bad_messages", f"the answer {str(turns[0])[:60]!r} is no turn of the assistant")
    return as_chat(turns)[0]


def against(prompt: Sequence[Any], value: Any) -> Any:  # noqa: ANN401 - raw JSON
    """The answer to a prompt: without the prompt's turns, where the file repeats them before it.

    Raises:
        Rejected: As `last_answer`.
    """
    if isinstance(value, str):
        return value
    turns = as_chat(value)
    asked = [turn for turn in prompt if not _sets(turn)]
    for begin in (list(prompt), asked):
        if begin and len(turns) > len(begin) and _same(turns[: len(begin)], begin):
            turns = turns[len(begin) :]
            break
    return last_answer(turns)


def shared(one: Any, other: Any) -> tuple[list[Any], Any, Any]:  # noqa: ANN401 - raw JSON
    """The turns with which two conversations begin alike, and the answer that ends each.

    Raises:
        Rejected: They share nothing, or differ in more than the last turn.
    """
    first, second = as_chat(one), as_chat(other)
    same = 0
    while same < min(len(first), len(second)) - 1 and _same(first[same : same + 1], second[same : same + 1]):
        same += 1
    if not same:
        raise Rejected("no_prompt", "the two conversations share no prompt: they differ from the first turn on")
    return first[:same], last_answer(first[same:]), last_answer(second[same:])


def _sets(turn: Any) -> bool:  # noqa: ANN401 - raw JSON
    return isinstance(turn, Mapping) and turn.get("role") in ("system", "developer")


def _same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return [_said(turn) for turn in one] == [_said(turn) for turn in other]


def _said(turn: Any) -> Any:  # noqa: ANN401 - raw JSON
    return {k: v for k, v in turn.items() if v is not None} if isinstance(turn, Mapping) else turn
