"""Turns of a conversation in the forms that chat formats share."""

from collections.abc import Mapping, Sequence
from typing import Any

from curator.errors import DataError
from curator.importers.form import RawRecord
from curator.records import GivenLabel, Rejected, answer_text, read_exact, read_turn, unmasked


def is_turns(value: Any, *keys: str) -> bool:  # noqa: ANN401 - raw JSON
    """Whether it is a list of objects of which the first has these keys, `role` unless told."""
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], Mapping)
        and all(key in value[0] for key in keys or ("role",))
    )


def as_turns(prompt: Any) -> list[Any]:  # noqa: ANN401 - raw JSON
    """A prompt as turns: a text is the user's.

    Raises:
        Rejected: It is neither a text nor a list.
    """
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    if isinstance(prompt, list):
        return list(prompt)
    raise Rejected("bad_messages", f"the prompt is {type(prompt).__name__}, expected a text or a list of turns")


def with_system(turns: list[Any], system: Any) -> list[Any]:  # noqa: ANN401 - raw JSON
    """The turns behind a system prompt, where there is one that they do not have."""
    if system in (None, "") or (turns and isinstance(turns[0], Mapping) and turns[0].get("role") == "system"):
        return turns
    return [{"role": "system", "content": system}, *turns]


def answered(turns: Sequence[Any]) -> tuple[list[Any], tuple[GivenLabel, ...]]:
    """The turns before the answer, and the answer as a label where the last turn is the assistant's.

    Raises:
        Rejected: The last turn cannot be read, or is not to be trained.
    """
    if not turns:
        raise Rejected("bad_messages", "the conversation has no turns")
    turns = unmasked(turns)
    try:
        last = read_turn(turns[-1], f"messages[{len(turns) - 1}]")
    except DataError as error:
        raise Rejected("bad_messages", str(error)) from error
    if last.role != "assistant":
        return list(turns), ()
    if last.weight == 0:
        raise Rejected("untrained_answer", "the last turn has weight 0, so that the row would train nothing")
    return list(turns[:-1]), (GivenLabel(answer_text(last)),)


def tools_in(raw: Any) -> Any:  # noqa: ANN401 - raw JSON
    """The tools: a list, or its JSON text; None where there are none.

    Raises:
        Rejected: Something stands there that is no list of tools.
    """
    if raw in (None, "", []):
        return None
    value = raw
    if isinstance(raw, str):
        try:
            value = read_exact(raw)
        except (DataError, ValueError) as error:
            raise Rejected("bad_tools", f"`tools` is no JSON: {error}") from error
    if value == []:
        return None
    if isinstance(value, list) and all(isinstance(tool, Mapping) for tool in value):
        return value
    raise Rejected("bad_tools", f"`tools` is {str(raw)[:60]!r}, expected a list of objects")


def rest(record: RawRecord, *taken: str) -> RawRecord:
    """What of a record has no place of its own, as metadata."""
    return {key: value for key, value in record.items() if key not in taken}
