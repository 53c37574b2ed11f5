"""The first layout of releases, whose versions are made again to the byte: `versions rebuild` needs its rules.

It wrote the turns of the assistant before the answer as trained where nothing was said about them, preferences in
Parquet with plain texts, and no format of a later day. Nothing here is for a new version.
"""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from curator.errors import DataError
from curator.records import Message, ToolCallPart, answer_turn, read_exact, write_turn
from curator.release.carriage import FOUR, Carries, Turns, read_arguments, unsaid
from curator.release.rows import DpoRow, Format, SftRow, Stage, chosen_is_a
from curator.release.validation_calls import orphans

_ALL_ROLES = FOUR | {"developer", "function"}
_LIST = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
_SCHEMAS: dict[Stage, dict[str, Any]] = {
    "sft": {"example_id": pl.String, "messages": _LIST},
    "dpo": {"example_id": pl.String, "prompt": _LIST, "chosen": pl.String, "rejected": pl.String},
}


def refusal(carries: Carries, turns: Turns, tools: str | None) -> str | None:
    """What `curator.release.carriage.refusal` is, by the rules of the first layout."""
    if (reason := unsaid(carries, turns, tools)) is not None:
        return reason
    if carries.mask is None and any(turn.weight == 0 for turn in turns):
        return "a turn with weight 0, which it would train"
    if carries.mask in ("weight", "train") and all(t.weight == 0 for t in turns if t.role == "assistant"):
        return "a conversation in which no turn is trained (weight 0 everywhere)"
    if carries.answering and orphans(_written(carries, turns)):
        return "the result of a tool call that no turn before it makes"
    return None


def encode_parquet(rows: Sequence[dict[str, Any]], stage: Stage) -> bytes:
    """The rows as the first layout wrote them.

    Raises:
        DataError: A text is not valid Unicode.
    """
    try:
        table = pl.DataFrame(rows, schema=_SCHEMAS[stage], orient="row")
    except (UnicodeError, pl.exceptions.PolarsError) as error:
        msg = f"the {stage} rows cannot be written as Parquet ({error}); clean their texts"
        raise DataError(msg) from error
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression="zstd", statistics=True)
    return buffer.getvalue()


def _written(carries: Carries, turns: Sequence[Message], *, weighed: bool = False) -> list[dict[str, Any]]:
    weighed = weighed or any(turn.weight is not None for turn in turns)
    return [_turn(carries, turn, weighed=weighed) for turn in turns]


def _turn(carries: Carries, turn: Message, *, weighed: bool) -> dict[str, Any]:
    made = write_turn(turn)
    weight = made.pop("weight", None)
    if turn.role == "assistant" and weighed and carries.mask in ("weight", "train"):
        counts = 1 if weight is None else weight
        made[carries.mask] = counts if carries.mask == "weight" else bool(counts)
    calls = [call for call in turn.parts if isinstance(call, ToolCallPart)]
    for call, out in zip([c for c in calls if not c.legacy], made.get("tool_calls", []), strict=True):
        out["function"]["arguments"] = read_arguments(call.arguments) if carries.calls == "object" else call.arguments
    for call in calls:
        if call.legacy:
            made["function_call"]["arguments"] = call.arguments
    return made


def _answer(carries: Carries, row: DpoRow, value: str) -> dict[str, Any]:
    return _written(carries, [answer_turn(value)], weighed=any(turn.weight is not None for turn in row.prompt))[0]


def _tools(row: SftRow | DpoRow) -> dict[str, Any]:
    return {} if row.tools is None else {"tools": read_exact(row.tools)}


def _messages(carries: Carries, row: SftRow, _needed: object) -> dict[str, Any]:
    return {"messages": _written(carries, row.messages), **_tools(row)}


def _tinker_dpo(carries: Carries, row: DpoRow, _needed: object) -> dict[str, Any]:
    first = chosen_is_a(row)
    sides = (row.chosen, row.rejected) if first else (row.rejected, row.chosen)
    comparison = {
        "prompt_conversation": _written(carries, row.prompt),
        "completion_A": [_answer(carries, row, sides[0])],
        "completion_B": [_answer(carries, row, sides[1])],
    }
    return {"comparison": comparison, "label": "A" if first else "B"}


def _openai_dpo(carries: Carries, row: DpoRow, _needed: object) -> dict[str, Any]:
    return {
        "input": {"messages": _written(carries, row.prompt), **_tools(row)},
        "preferred_output": [_answer(carries, row, row.chosen)],
        "non_preferred_output": [_answer(carries, row, row.rejected)],
    }


def _trl_sft(carries: Carries, row: SftRow, _needed: object) -> dict[str, Any]:
    turns = _written(carries, row.messages)
    return {"prompt": turns[:-1], "completion": turns[-1:], **_tools(row)}


def _trl_dpo(carries: Carries, row: DpoRow, _needed: object) -> dict[str, Any]:
    sides = {name: [_answer(carries, row, getattr(row, name))] for name in ("chosen", "rejected")}
    return {"prompt": _written(carries, row.prompt), **sides, **_tools(row)}


def _message_dpo(carries: Carries, row: DpoRow, _needed: object) -> dict[str, Any]:
    sides = {name: _answer(carries, row, getattr(row, name)) for name in ("chosen", "rejected")}
    return {"messages": _written(carries, row.prompt), **sides, **_tools(row)}


def _parquet_sft(carries: Carries, row: SftRow, needed: object) -> dict[str, Any]:
    return {"example_id": row.example_id, **_messages(carries, row, needed)}


def _parquet_dpo(carries: Carries, row: DpoRow, _needed: object) -> dict[str, Any]:
    return {
        "example_id": row.example_id,
        "prompt": _written(carries, row.prompt),
        "chosen": row.chosen,
        "rejected": row.rejected,
    }


_CALLS = Carries(parts="any", calls="text", mask="weight")
_OPENAI = replace(_CALLS, roles=_ALL_ROLES, names=_ALL_ROLES, legacy=True, answering=True)
FIRST_FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("tinker", Carries(), _messages, _tinker_dpo),
        Format("openai", _OPENAI, _messages, _openai_dpo),
        Format("together", _CALLS, _messages, _openai_dpo),
        Format("trl", Carries(calls="object", mask="last"), _trl_sft, _trl_dpo),
        Format("axolotl", replace(_CALLS, mask="train"), _messages, _message_dpo),
        Format("llama-factory", Carries(FOUR - {"tool"}), _messages, _message_dpo),
        Format("mistral", Carries(calls="text", mask="weight", nine=True), _messages, None),
        Format("parquet", Carries(), _parquet_sft, _parquet_dpo, suffix="parquet"),
    )
}
