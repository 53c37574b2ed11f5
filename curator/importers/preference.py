r"""Pairs of a preferred and a rejected answer, as trainers have them.

TRL (explicit and implicit prompt), OpenAI and Together (`preferred_output`), HH (`\n\nHuman: … \n\\nAssistant: …`),
LLaMA-Factory (a conversation or an instruction beside `chosen` and `rejected`), ms-swift (`rejected_response`,
`rejected_messages`), UltraFeedback binarized, and Curator's own releases.
"""

import re
from collections.abc import Mapping
from typing import Any

from curator.importers.alpaca import asked as asked_alpaca
from curator.importers.answers import against, as_chat, is_answer, last_answer, shared
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.turns import as_turns, is_turns, rest, tools_in, with_system
from curator.records import Given, GivenComparison, Rejected, speaker_of

_PROMPTS = ("prompt", "messages", "conversations", "question", "query", "input", "text")
_SIDES = ("chosen", "rejected")
_MODELS = {side: (f"{side}_model", f"{side}-model", f"{side}_source") for side in _SIDES}
_SPEECH = re.compile(r"(?:^|\n\n)(Human|Assistant): ?")


def fits(record: RawRecord) -> bool:
    """Two answers of which one is said to be better."""
    if is_turns(record.get("messages")):
        turn = record["messages"][-1]
        swift = isinstance(record.get("rejected_response"), str) or is_turns(record.get("rejected_messages"))
        if swift and isinstance(turn, Mapping) and speaker_of(turn) == "assistant":
            return True
    nested = record.get("input")
    if isinstance(nested, Mapping) and is_turns(nested.get("messages")):
        return all(is_answer(record.get(name)) for name in ("preferred_output", "non_preferred_output"))
    return all(is_answer(record.get(side)) for side in _SIDES)


def read(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    """The prompt, and the comparison of its two answers."""
    turns, chosen, rejected, taken = _parts(record)
    named = {side: next((n for n in _MODELS[side] if isinstance(record.get(n), str)), None) for side in _SIDES}
    better, worse = (str(record[name]) if name else side for side, name in named.items())
    nested = record.get("input")
    tools = nested.get("tools") if isinstance(nested, Mapping) else record.get("tools")
    models = [name for name in named.values() if name]
    return (
        Given(
            input=with_system(turns, record.get("system")),
            tools=tools_in(tools),
            metadata=rest(record, *taken, *models, "system", "tools"),
            comparisons=(GivenComparison(chosen, rejected, "a", better, worse),),
        ),
    )


def _parts(record: RawRecord) -> tuple[list[Any], Any, Any, tuple[str, ...]]:
    """The prompt's turns, the two answers, and the columns that they stand in."""
    nested = record.get("input")
    if "preferred_output" in record and isinstance(nested, Mapping):
        turns = as_chat(nested.get("messages"))
        sides = ("preferred_output", "non_preferred_output")
        return turns, *(against(turns, record[side]) for side in sides), ("input", *sides)
    if "rejected_response" in record or "rejected_messages" in record:
        return _swift(record)
    if isinstance(record.get("instruction"), str):
        turns = asked_alpaca({**record, "system": None})
        return turns, *_against(turns, record), ("instruction", "input", "history", *_SIDES)
    name = next((name for name in _PROMPTS if record.get(name) not in (None, "", [])), None)
    if name is not None:
        turns = as_turns(record[name]) if isinstance(record[name], str) else as_chat(record[name])
        return turns, *_against(turns, record), (name, *_SIDES)
    if isinstance(record["chosen"], str):
        return *_dialogue(record["chosen"], record["rejected"]), _SIDES
    return *shared(record["chosen"], record["rejected"]), _SIDES


def _against(turns: list[Any], record: RawRecord) -> tuple[Any, Any]:
    return against(turns, record["chosen"]), against(turns, record["rejected"])


def _swift(record: RawRecord) -> tuple[list[Any], Any, Any, tuple[str, ...]]:
    """ms-swift: the conversation ends in the preferred answer, and the rejected one stands beside it."""
    turns = as_chat(record["messages"])
    taken = ("messages", "rejected_response", "rejected_messages")
    if record.get("rejected_messages") not in (None, []):
        return *shared(turns, record["rejected_messages"]), taken
    return turns[:-1], last_answer(turns[-1:]), record["rejected_response"], taken


def _dialogue(chosen: str, rejected: Any) -> tuple[list[Any], Any, Any]:  # noqa: ANN401 - raw JSON
    """HH: two transcripts that begin alike.

    Raises:
        Rejected: They are no transcripts, so that nothing says what was asked.
    """
    sides = [_speeches(text) for text in (chosen, rejected) if isinstance(text, str)]
    if len(sides) != 2 or not all(sides):
        detail = "chosen and rejected are texts without a prompt; expected a column `prompt`, or Human: and Assistant:"
        raise Rejected("no_prompt", detail)
    return shared(*sides)


def _speeches(text: str) -> list[Any]:
    cut = list(_SPEECH.finditer(text))
    ends = [*(match.start() for match in cut[1:]), len(text)] if cut else []
    return [
        {"role": "user" if match[1] == "Human" else "assistant", "content": text[match.end() : end].strip()}
        for match, end in zip(cut, ends, strict=True)
    ]


PREFERENCE = ImportFormat("preference", "preference pairs (chosen and rejected)", fits, read, by_content=True)
