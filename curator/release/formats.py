"""How each trainer wants its rows written, and the files of a release.

Sources of the formats: tinker-cookbook 0.5.8 (`supervised/data.py`, `preference/preference_datasets.py`),
the OpenAI guides to supervised fine-tuning and direct preference optimization, the Together, Axolotl, torchtune,
ms-swift and LLaMA-Factory documentation of chat datasets, TRL's "Dataset formats", mistral-finetune's README.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from curator.errors import DataError, RequestError
from curator.records import Message, Split, answer_turn, read_exact
from curator.release import layout_one
from curator.release.carriage import FOUR, Carries, Needs, calls_of, needs, refusal, spoken, written
from curator.release.encoding import encode, encode_parquet, look
from curator.release.rows import DpoRow, Format, SftRow, Stage, chosen_is_a

LAYOUT = 2
"""Of a release that is made now. Version 1 is written again where a version of that day is rebuilt."""


def _answer(carries: Carries, needed: Needs, value: str) -> dict[str, Any]:
    return written(carries, [answer_turn(value)], needed)[0]


def _tools(row: SftRow | DpoRow, *, as_text: bool = False) -> dict[str, Any]:
    return {} if row.tools is None else {"tools": row.tools if as_text else read_exact(row.tools)}


def _messages(carries: Carries, row: SftRow, needed: Needs) -> dict[str, Any]:
    return {"messages": written(carries, row.messages, needed, answers=True), **_tools(row)}


def _tinker_dpo(carries: Carries, row: DpoRow, needed: Needs) -> dict[str, Any]:
    first = chosen_is_a(row)
    sides = (row.chosen, row.rejected) if first else (row.rejected, row.chosen)
    comparison = {
        "prompt_conversation": written(carries, row.prompt, needed),
        "completion_A": [_answer(carries, needed, sides[0])],
        "completion_B": [_answer(carries, needed, sides[1])],
    }
    return {"comparison": comparison, "label": "A" if first else "B"}


def _openai_dpo(carries: Carries, row: DpoRow, needed: Needs) -> dict[str, Any]:
    return {
        "input": {"messages": written(carries, row.prompt, needed), **_tools(row)},
        "preferred_output": [_answer(carries, needed, row.chosen)],
        "non_preferred_output": [_answer(carries, needed, row.rejected)],
    }


def _trl_sft(carries: Carries, row: SftRow, needed: Needs) -> dict[str, Any]:
    # With prompt and completion apart, TRL takes the loss on the answer alone.
    turns = written(carries, row.messages, needed)
    return {"prompt": turns[:-1], "completion": turns[-1:], **_tools(row)}


def _trl_dpo(carries: Carries, row: DpoRow, needed: Needs) -> dict[str, Any]:
    sides = {name: [_answer(carries, needed, getattr(row, name))] for name in ("chosen", "rejected")}
    return {"prompt": written(carries, row.prompt, needed), **sides, **_tools(row)}


def _kto(carries: Carries, row: DpoRow, needed: Needs) -> list[dict[str, Any]]:
    prompt = written(carries, row.prompt, needed)
    return [
        {"prompt": prompt, "completion": [_answer(carries, needed, value)], "label": good, **_tools(row)}
        for value, good in ((row.chosen, True), (row.rejected, False))
    ]


def _message_dpo(carries: Carries, row: DpoRow, needed: Needs) -> dict[str, Any]:
    sides = {name: _answer(carries, needed, getattr(row, name)) for name in ("chosen", "rejected")}
    return {"messages": written(carries, row.prompt, needed), **sides, **_tools(row)}


def _torchtune_dpo(carries: Carries, row: DpoRow, needed: Needs) -> dict[str, Any]:
    prompt = written(carries, row.prompt, needed)
    return {name: [*prompt, _answer(carries, needed, getattr(row, name))] for name in ("chosen", "rejected")}


_ROLE, _FROM = ("role", "content"), ("from", "value")
SPEECH: Mapping[str, tuple[tuple[str, str], Mapping[str, str]]] = {
    "llama-factory": (_ROLE, {"tool": "observation", "call": "function_call"}),
    "ms-swift": (_ROLE, {"tool": "tool_response", "call": "tool_call"}),
    "sharegpt": (_FROM, {"system": "system", "user": "human", "assistant": "gpt"}),
}
"""The keys of a turn, and what a role is called, where calls and results are speech; a role not named is itself."""


def _speech(format: str, turns: Sequence[Message]) -> list[dict[str, Any]]:
    (who, what), names = SPEECH[format]
    return spoken(turns, names, who, what)


def _llama_sft(_carries: Carries, row: SftRow, _needed: Needs) -> dict[str, Any]:
    return {"messages": _speech("llama-factory", row.messages), **_tools(row, as_text=True)}


def _llama_dpo(_carries: Carries, row: DpoRow, _needed: Needs) -> dict[str, Any]:
    chosen, rejected = _speech("llama-factory", [answer_turn(row.chosen), answer_turn(row.rejected)])
    prompt = _speech("llama-factory", row.prompt)
    return {"messages": prompt, "chosen": chosen, "rejected": rejected, **_tools(row, as_text=True)}


def _swift_sft(_carries: Carries, row: SftRow, needed: Needs) -> dict[str, Any]:
    turns = _speech("ms-swift", row.messages)
    if needed.masked:
        for said in turns:
            if said["role"] in ("assistant", "tool_call"):
                said["loss"] = said is turns[-1]
    return {"messages": turns, **_tools(row, as_text=True)}


def _swift_dpo(_carries: Carries, row: DpoRow, _needed: Needs) -> dict[str, Any]:
    turns = _speech("ms-swift", (*row.prompt, answer_turn(row.chosen)))
    # As turns: a text at the top of a row is a number to some readers where it is made of digits.
    return {"messages": turns, "rejected_messages": _speech("ms-swift", (*row.prompt, answer_turn(row.rejected)))} | (
        _tools(row, as_text=True)
    )


def _sharegpt_sft(_carries: Carries, row: SftRow, _needed: Needs) -> dict[str, Any]:
    return {"conversations": _speech("sharegpt", row.messages)}


def _sharegpt_dpo(_carries: Carries, row: DpoRow, _needed: Needs) -> dict[str, Any]:
    chosen, rejected = _speech("sharegpt", [answer_turn(row.chosen), answer_turn(row.rejected)])
    return {"conversations": _speech("sharegpt", row.prompt), "chosen": chosen, "rejected": rejected}


def _parquet_sft(carries: Carries, row: SftRow, needed: Needs) -> dict[str, Any]:
    messages = written(carries, row.messages, needed, answers=True)
    return {"example_id": row.example_id, "messages": messages, **_tools(row, as_text=True)}


def _parquet_dpo(carries: Carries, row: DpoRow, needed: Needs) -> dict[str, Any]:
    return {"example_id": row.example_id, **_trl_dpo(carries, row, needed), **_tools(row, as_text=True)}


_ALL_ROLES = FOUR | {"developer", "function"}
_CALLS = Carries(parts="any", calls="text", mask="weight")
_OPENAI = replace(_CALLS, roles=_ALL_ROLES, names=_ALL_ROLES, legacy=True, answering=True)
_SPOKEN = Carries(calls="object", names=frozenset(), spoken=True)
_SHARED = Carries(FOUR - {"tool"}, names=frozenset(), spoken=True)
_TRL = Carries(calls="object", mask="last")

FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("tinker", Carries(mask="trainable"), _messages, _tinker_dpo),
        Format("openai", _OPENAI, _messages, _openai_dpo),
        Format("together", _CALLS, _messages, _openai_dpo),
        Format("trl", _TRL, _trl_sft, _trl_dpo, guessed=True),
        Format("axolotl", replace(_CALLS, parts="all", mask="train"), _messages, _message_dpo, guessed=True),
        Format("llama-factory", replace(_SPOKEN, mask="config"), _llama_sft, _llama_dpo, guessed=True),
        Format("mistral", Carries(calls="text", mask="weight", nine=True), _messages, None),
        Format("parquet", replace(_CALLS, roles=_ALL_ROLES, parts="all", names=_ALL_ROLES), _parquet_sft, _parquet_dpo,
               suffix="parquet"),
        Format("ms-swift", replace(_SPOKEN, mask="loss"), _swift_sft, _swift_dpo, guessed=True),
        Format("torchtune", Carries(FOUR - {"tool"}), _messages, _torchtune_dpo, guessed=True),
        Format("kto", _TRL, None, _kto, guessed=True, rows_of_pair=2),
        Format("sharegpt", _SHARED, _sharegpt_sft, _sharegpt_dpo, guessed=True),
    )
}  # fmt: skip


def get_format(name: str, layout: int = LAYOUT) -> Format:
    """The format of that name.

    Raises:
        RequestError: There is none.
    """
    formats = FORMATS if layout > 1 else layout_one.FIRST_FORMATS
    if name not in formats:
        msg = f"no format {name!r}; choose from {', '.join(formats)}"
        raise RequestError(msg)
    return formats[name]


def cannot_carry(format: str, row: SftRow | DpoRow, layout: int = LAYOUT) -> str | None:
    """Why the format cannot carry the row, as the end of "it cannot carry …"; None where it can.

    Raises:
        RequestError: The format is unknown.
    """
    carries = get_format(format, layout).carries
    refuse = refusal if layout > 1 else layout_one.refusal
    if isinstance(row, SftRow):
        return refuse(carries, row.messages, row.tools)
    sides = (answer_turn(row.chosen), answer_turn(row.rejected))
    if layout == 1:
        return refuse(carries, (*row.prompt, *sides), row.tools)
    # Preferences train their answers alone, and what the assistant said before needs no field; torchtune trains both.
    judged = carries if format == "torchtune" else replace(carries, mask=carries.mask or "last")
    return next((why for side in sides if (why := refuse(judged, (*row.prompt, side), row.tools)) is not None), None)


Rows = Sequence[SftRow] | Sequence[DpoRow]


def render(format: str, stage: Stage, split: Split, rows: Rows, layout: int = LAYOUT) -> tuple[str, bytes]:
    """One release file: its path inside the release, such as `tinker/sft/train.jsonl`, and its bytes.

    Raises:
        RequestError: The format is unknown, or has no such stage.
        DataError: A row is of the other stage, or cannot be written.
    """
    ((path, data),) = render_format(format, {(stage, split): rows}, layout).items()
    return path, data


def render_format(format: str, files: Mapping[tuple[Stage, Split], Rows], layout: int = LAYOUT) -> dict[str, bytes]:
    """The files of one format: JSON lines, or all of them Parquet where its reader would take texts for dates.

    All of one kind, since `datasets` has one reader for the files of a folder.

    Raises:
        RequestError: The format is unknown, or has no such stage.
        NoTableError: The files have to be Parquet, and what rows say of tools has no common table: `says_of_tools`.
        DataError: A row is of the other stage, or cannot be written.
    """
    made = get_format(format, layout)
    lines = {key: _dictionaries(made, key[0], rows, layout) for key, rows in files.items()}
    if layout == 1 and made.suffix == "parquet":
        return {_path(made, key): layout_one.encode_parquet(rows, key[0]) for key, rows in lines.items()}
    if made.suffix == "jsonl":
        written = {_path(made, key): encode(rows) for key, rows in lines.items()}
        if not made.guessed or not any(look(data).dates for data in written.values()):
            return written
        made = replace(made, suffix="parquet")
    return {_path(made, key): encode_parquet(rows) for key, rows in lines.items()}


def says_of_tools(row: SftRow | DpoRow) -> bool:
    """Whether it has tools or calls one: objects of any keys, of which a table has to make columns."""
    return row.tools is not None or any(calls_of(turn) for turn in _conversation(row))


def _path(made: Format, key: tuple[Stage, Split]) -> str:
    return f"{made.name}/{key[0]}/{key[1]}.{made.suffix}"


def _dictionaries(made: Format, stage: Stage, rows: Rows, layout: int) -> list[dict[str, Any]]:
    if stage not in made.stages:
        msg = f"format {made.name!r} has no {stage} files; it carries {', '.join(made.stages)}"
        raise RequestError(msg)
    for row in rows:
        _check(made, stage, row, layout)
    needed = needs((_conversation(row), row.tools) for row in rows)
    writer: Any = made.sft if stage == "sft" else made.dpo
    write = partial(writer, made.carries)
    if stage == "dpo" and made.rows_of_pair > 1:
        return [line for row in rows for line in write(row, needed)]
    return [write(row, needed) for row in rows]


def _conversation(row: SftRow | DpoRow) -> tuple[Message, ...]:
    return (
        row.messages if isinstance(row, SftRow) else (*row.prompt, answer_turn(row.chosen), answer_turn(row.rejected))
    )


def _check(made: Format, stage: Stage, row: SftRow | DpoRow, layout: int) -> None:
    if isinstance(row, SftRow) != (stage == "sft"):
        msg = f"row of example {row.example_id} is a {type(row).__name__}, not of stage {stage}"
        raise DataError(msg)
    reason = cannot_carry(made.name, row, layout)
    if reason is not None:
        msg = f"row of example {row.example_id}: format {made.name} cannot carry {reason}"
        raise DataError(msg)
