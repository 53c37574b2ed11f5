"""`prompt` and `completion`: as texts (OpenAI's old form, Together) or as turns (TRL's conversational form)."""

from typing import Any

from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.turns import answered, as_turns, is_turns, rest, tools_in, with_system
from curator.records import Given, GivenLabel, Rejected

_FIELDS = ("prompt", "completion", "system", "tools")


def fits(record: RawRecord) -> bool:
    """One of them is turns, or a system prompt stands beside two texts; two texts alone are columns like others."""
    both = [record.get(name) for name in ("prompt", "completion")]
    more = any(is_turns(value) for value in both) or isinstance(record.get("system"), str)
    return more and all(_is_said(value) for value in both) and not isinstance(record.get("label"), bool)


def _is_said(value: Any) -> bool:  # noqa: ANN401 - raw JSON
    return isinstance(value, str) or is_turns(value)


def read(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    """The prompt, and the completion as its answer.

    Raises:
        Rejected: The completion is several turns, of which not the last alone can be the answer.
    """
    turns = with_system(as_turns(record["prompt"]), record.get("system"))
    asked, labels = completed(turns, record["completion"])
    return (Given(input=asked, tools=tools_in(record.get("tools")), metadata=rest(record, *_FIELDS), labels=labels),)


def completed(turns: list[Any], completion: Any) -> tuple[list[Any], tuple[GivenLabel, ...]]:  # noqa: ANN401 - raw JSON
    """The turns before the answer, and the answer: a text, or turns of which the last is the assistant's.

    Raises:
        Rejected: It is something else.
    """
    if isinstance(completion, str):
        return turns, (GivenLabel(completion),)
    asked, labels = answered([*turns, *as_turns(completion)])
    if not labels:
        raise Rejected("bad_messages", "the completion does not end with the assistant's turn")
    return asked, labels


PROMPT_COMPLETION = ImportFormat("prompt-completion", "prompts with completions", fits, read)
