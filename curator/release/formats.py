"""Release files: one canonical row for each training stage, and how each trainer wants it written.

Sources of the formats: tinker-cookbook 0.5.8 (`supervised/data.py`, `preference/preference_datasets.py`),
the OpenAI guides to supervised fine-tuning and direct preference optimization, the Together, Axolotl
and LLaMA-Factory documentation of chat datasets, TRL's "Dataset formats", mistral-finetune's README.
"""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import polars as pl

from curator.errors import DataError, RequestError
from curator.records import Split, ToolCallPart, answer_turn, read_exact, write_exact
from curator.release.carriage import FOUR, Carries, Turns, refusal, written
from curator.text import as_seen

Stage = Literal["sft", "dpo"]

_LINE_BREAKS = {text.encode(): f"\\u{ord(text):04x}".encode() for text in "\u0085\u2028\u2029"}


@dataclass(frozen=True, slots=True)
class SftRow:
    """One conversation to learn; its last turn is the answer. `tools` is a JSON array, or None.

    Raises:
        DataError: There is no user turn before the answer, the last turn is not the assistant's, or it is empty.
    """

    example_id: str
    messages: Turns
    tools: str | None = None

    def __post_init__(self) -> None:
        _check_prompt(self.example_id, self.messages[:-1])
        answer = self.messages[-1]
        calls = any(isinstance(part, ToolCallPart) for part in answer.parts)
        if answer.role != "assistant" or not (answer.text.strip() or calls):
            msg = f"SFT row of example {self.example_id}: the last turn must be a non-empty assistant answer"
            raise DataError(msg)


@dataclass(frozen=True, slots=True)
class DpoRow:
    """One prompt with a preferred and a rejected answer, each as a label has it; a tie cannot be written.

    Raises:
        DataError: The prompt is empty or ends with the assistant, an answer is empty, or both are the same.
    """

    example_id: str
    prompt: Turns
    chosen: str
    rejected: str
    tools: str | None = None

    def __post_init__(self) -> None:
        _check_prompt(self.example_id, self.prompt)
        if not self.chosen.strip() or not self.rejected.strip() or as_seen(self.chosen) == as_seen(self.rejected):
            msg = f"DPO row of example {self.example_id}: needs two non-empty answers that differ"
            raise DataError(msg)


def _check_prompt(example_id: str, prompt: Turns) -> None:
    if not prompt or prompt[-1].role in ("assistant", "system", "developer"):
        msg = f"row of example {example_id}: the prompt must end with a user or tool turn"
        raise DataError(msg)


@dataclass(frozen=True, slots=True)
class Format:
    """How one trainer wants its rows.

    Attributes:
        name: The name on the command line, and the folder in a release.
        carries: What it can say of a conversation.
        sft: A row's dictionary, in the order its keys are written.
        dpo: The same for preference rows; None where the trainer has no preference format.
        suffix: Of the files: `jsonl` or `parquet`.
    """

    name: str
    carries: Carries
    sft: Callable[[Carries, SftRow], dict[str, Any]]
    dpo: Callable[[Carries, DpoRow], dict[str, Any]] | None
    suffix: Literal["jsonl", "parquet"] = "jsonl"

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The training stages that this format can carry."""
        return ("sft",) if self.dpo is None else ("sft", "dpo")


def _answer(carries: Carries, row: DpoRow, value: str) -> dict[str, Any]:
    return written(carries, [answer_turn(value)], weighed=any(turn.weight is not None for turn in row.prompt))[0]


def _tools(row: SftRow | DpoRow) -> dict[str, Any]:
    return {} if row.tools is None else {"tools": read_exact(row.tools)}


def _messages(carries: Carries, row: SftRow) -> dict[str, Any]:
    return {"messages": written(carries, row.messages), **_tools(row)}


def chosen_is_a(row: DpoRow) -> bool:
    """Whether the chosen answer stands on side A, drawn by a hash of the pair.

    One fixed side would let a model that compares A with B learn the position instead.
    """
    name = "\x1f".join((row.example_id, row.chosen, row.rejected))
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[0] % 2 == 0


def _tinker_dpo(carries: Carries, row: DpoRow) -> dict[str, Any]:
    first = chosen_is_a(row)
    sides = (row.chosen, row.rejected) if first else (row.rejected, row.chosen)
    comparison = {
        "prompt_conversation": written(carries, row.prompt),
        "completion_A": [_answer(carries, row, sides[0])],
        "completion_B": [_answer(carries, row, sides[1])],
    }
    return {"comparison": comparison, "label": "A" if first else "B"}


def _openai_dpo(carries: Carries, row: DpoRow) -> dict[str, Any]:
    return {
        "input": {"messages": written(carries, row.prompt), **_tools(row)},
        "preferred_output": [_answer(carries, row, row.chosen)],
        "non_preferred_output": [_answer(carries, row, row.rejected)],
    }


def _trl_sft(carries: Carries, row: SftRow) -> dict[str, Any]:
    # With prompt and completion apart, TRL takes the loss on the answer alone.
    turns = written(carries, row.messages)
    return {"prompt": turns[:-1], "completion": turns[-1:], **_tools(row)}


def _trl_dpo(carries: Carries, row: DpoRow) -> dict[str, Any]:
    sides = {name: [_answer(carries, row, getattr(row, name))] for name in ("chosen", "rejected")}
    return {"prompt": written(carries, row.prompt), **sides, **_tools(row)}


def _message_dpo(carries: Carries, row: DpoRow) -> dict[str, Any]:
    sides = {name: _answer(carries, row, getattr(row, name)) for name in ("chosen", "rejected")}
    return {"messages": written(carries, row.prompt), **sides, **_tools(row)}


def _parquet_sft(carries: Carries, row: SftRow) -> dict[str, Any]:
    return {"example_id": row.example_id, **_messages(carries, row)}


def _parquet_dpo(carries: Carries, row: DpoRow) -> dict[str, Any]:
    return {
        "example_id": row.example_id,
        "prompt": written(carries, row.prompt),
        "chosen": row.chosen,
        "rejected": row.rejected,
    }


_ALL_ROLES = FOUR | {"developer", "function"}
_CALLS_AS_TEXT = Carries(parts=True, calls="text", weight="weight")

FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("tinker", Carries(), _messages, _tinker_dpo),
        Format(
            "openai",
            Carries(
                _ALL_ROLES, parts=True, calls="text", names=_ALL_ROLES, weight="weight", legacy=True, answering=True
            ),
            _messages,
            _openai_dpo,
        ),
        Format("together", _CALLS_AS_TEXT, _messages, _openai_dpo),
        Format("trl", Carries(calls="object", weight="last"), _trl_sft, _trl_dpo),
        Format("axolotl", Carries(parts=True, calls="text", weight="train"), _messages, _message_dpo),
        Format("llama-factory", Carries(FOUR - {"tool"}), _messages, _message_dpo),
        Format("mistral", Carries(calls="text", weight="weight", nine=True), _messages, None),
        Format("parquet", Carries(), _parquet_sft, _parquet_dpo, "parquet"),
    )
}

_TURNS_TYPE = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
_PARQUET_SCHEMAS: dict[Stage, dict[str, Any]] = {
    "sft": {"example_id": pl.String, "messages": _TURNS_TYPE},
    "dpo": {"example_id": pl.String, "prompt": _TURNS_TYPE, "chosen": pl.String, "rejected": pl.String},
}


def get_format(name: str) -> Format:
    """The format of that name.

    Raises:
        RequestError: There is none.
    """
    if name not in FORMATS:
        msg = f"no format {name!r}; choose from {', '.join(FORMATS)}"
        raise RequestError(msg)
    return FORMATS[name]


def encode(rows: Iterable[dict[str, Any]]) -> bytes:
    """JSON lines: UTF-8, keys in the given order, a line feed after each row, no blank line.

    The separators U+0085, U+2028 and U+2029 are escaped, so that readers which split on Unicode
    line breaks see the same rows.

    Raises:
        DataError: A row holds what JSON or UTF-8 cannot (a lone surrogate, a foreign type).
    """
    lines = []
    for number, row in enumerate(rows, start=1):
        line = _line(number, row)
        for raw, escaped in _LINE_BREAKS.items():
            line = line.replace(raw, escaped)
        lines.append(line + b"\n")
    return b"".join(lines)


def _line(number: int, row: dict[str, Any]) -> bytes:
    """The row as JSON: quickly, and where it holds numbers that `orjson` does not know, exactly."""
    try:
        return orjson.dumps(row)
    except orjson.JSONEncodeError:
        try:
            return write_exact(row).encode()
        except (TypeError, ValueError) as error:
            msg = f"row {number} cannot be written as JSON in UTF-8 ({error}); clean its text"
            raise DataError(msg) from error


def cannot_carry(format: str, row: SftRow | DpoRow) -> str | None:
    """Why the format cannot carry the row, as the end of "it cannot carry …"; None where it can.

    Raises:
        RequestError: The format is unknown.
    """
    carries = get_format(format).carries
    if isinstance(row, SftRow):
        return refusal(carries, row.messages, row.tools)
    sides = (answer_turn(row.chosen), answer_turn(row.rejected))
    return refusal(carries, (*row.prompt, *sides), row.tools)


def encode_parquet(rows: Sequence[dict[str, Any]], stage: Stage) -> bytes:
    """A Parquet table of the rows; the same rows give the same bytes under one polars version.

    Raises:
        DataError: A text is not valid Unicode.
    """
    try:
        table = pl.DataFrame(rows, schema=_PARQUET_SCHEMAS[stage], orient="row")
    except (UnicodeError, pl.exceptions.PolarsError) as error:
        msg = f"the {stage} rows cannot be written as Parquet ({error}); clean their texts"
        raise DataError(msg) from error
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression="zstd", statistics=True)
    return buffer.getvalue()


def parquet_lines(data: bytes) -> Iterator[bytes]:
    """The rows of a Parquet file as JSON lines, for the validator.

    Raises:
        DataError: The file is not a Parquet table.
    """
    try:
        table = pl.read_parquet(io.BytesIO(data))
    except (OSError, pl.exceptions.PolarsError) as error:
        msg = f"the file is not a readable Parquet table ({error})"
        raise DataError(msg) from error
    return (orjson.dumps(row, default=str) for row in table.iter_rows(named=True))


def render(format: str, stage: Stage, split: Split, rows: Sequence[SftRow] | Sequence[DpoRow]) -> tuple[str, bytes]:
    """One release file: its path inside the release, such as `tinker/sft/train.jsonl`, and its bytes.

    Raises:
        RequestError: The format is unknown, or has no such stage.
        DataError: A row is of the other stage, or cannot be written.
    """
    made = get_format(format)
    if stage not in made.stages:
        msg = f"format {format!r} has no {stage} files; it carries {', '.join(made.stages)}"
        raise RequestError(msg)
    dictionaries = [_dictionary(made, stage, row) for row in rows]
    data = encode_parquet(dictionaries, stage) if made.suffix == "parquet" else encode(dictionaries)
    return f"{format}/{stage}/{split}.{made.suffix}", data


def _dictionary(made: Format, stage: Stage, row: SftRow | DpoRow) -> dict[str, Any]:
    reason = cannot_carry(made.name, row)
    if reason is not None:
        msg = f"row of example {row.example_id}: format {made.name} cannot carry {reason}"
        raise DataError(msg)
    if stage == "sft" and isinstance(row, SftRow):
        return made.sft(made.carries, row)
    if stage == "dpo" and isinstance(row, DpoRow) and made.dpo is not None:
        return made.dpo(made.carries, row)
    msg = f"row of example {row.example_id} is a {type(row).__name__}, not of stage {stage}"
    raise DataError(msg)


def extra_files(format: str, name: str, files: Sequence[tuple[Stage, Split]]) -> dict[str, bytes]:
    """Files that a format needs beside its rows: LLaMA-Factory's `dataset_info.json`.

    Args:
        format: The format's name.
        name: The dataset's name; an entry is called `NAME_STAGE_SPLIT`.
        files: The stages and splits that were written.
    """
    if get_format(format).name != "llama-factory":
        return {}
    entries: dict[str, Any] = {}
    for stage, split in files:
        columns = {"messages": "messages"}
        entry: dict[str, Any] = {"file_name": f"{stage}/{split}.jsonl", "formatting": "sharegpt"}
        if stage == "dpo":
            entry["ranking"] = True
            columns |= {"chosen": "chosen", "rejected": "rejected"}
        entry["columns"] = columns
        entry["tags"] = {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        }
        entries[f"{name}_{stage}_{split}"] = entry
    data = orjson.dumps(entries, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    return {"llama-factory/dataset_info.json": data + b"\n"}
