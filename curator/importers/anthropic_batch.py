"""Anthropic's message batches, and the messages that Amazon Bedrock's batches hold of the same models."""

from collections.abc import Mapping
from typing import Any

from curator.importers.batches import ended, failed, listed, mapping, need_id, number, word
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.turns import as_turns, with_system
from curator.records import AttemptStatus, Given, GivenAttempt

_STOP: Mapping[str, AttemptStatus] = {
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "refusal": "refused",
    "pause_turn": "truncated",
}


def _is_request(record: RawRecord) -> bool:
    return "custom_id" in record and isinstance(mapping(record.get("params")).get("messages"), list)


def _is_result(record: RawRecord) -> bool:
    return "custom_id" in record and isinstance(mapping(record.get("result")).get("type"), str)


def _read_request(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    params = record["params"]
    ident = need_id(record.get("custom_id"), "custom_id")
    return (Given(asked(params), ident, tools=params.get("tools") or None, unless_there=True),)


def asked(params: Mapping[str, Any]) -> list[Any]:
    """The turns of a request; its system prompt may be a text or a list of parts."""
    system = params.get("system")
    if isinstance(system, list):
        system = "\n".join(str(part.get("text", "")) if isinstance(part, Mapping) else str(part) for part in system)
    return with_system(as_turns(params.get("messages")), system)


def _read_result(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    ident, result = need_id(record.get("custom_id"), "custom_id"), mapping(record.get("result"))
    if result.get("type") == "succeeded":
        made = message(mapping(result.get("message")))
    else:
        error = result.get("error")
        made = failed(error if isinstance(error, Mapping) else str(result.get("type")))
    return (Given(None, ident, attempts=(made,)),)


def message(raw: Mapping[str, Any]) -> GivenAttempt:
    """The attempt that an assistant's message is."""
    parts = [mapping(part) for part in listed(raw.get("content"))]
    text = "".join(str(part["text"]) for part in parts if part.get("type") == "text" and part.get("text"))
    calls = [
        {
            "id": part.get("id"),
            "type": "function",
            "function": {"name": part.get("name"), "arguments": part.get("input")},
        }
        for part in parts
        if part.get("type") == "tool_use"
    ]
    answer: Any = {"role": "assistant", "content": text, "tool_calls": calls} if calls else text
    stop, usage = word(raw.get("stop_reason")), mapping(raw.get("usage"))
    return GivenAttempt(
        ended(_STOP.get(stop or "", "answered"), answer),
        word(raw.get("model")),
        answer=answer or None,
        finish_reason=stop,
        request_id=word(raw.get("id")),
        tokens_in=number(usage.get("input_tokens")),
        tokens_out=number(usage.get("output_tokens")),
    )


ANTHROPIC_BATCH = ImportFormat("anthropic-batch", "Anthropic batch results", _is_result, _read_result, after=True)
ANTHROPIC_REQUESTS = ImportFormat("anthropic-batch-requests", "Anthropic batch requests", _is_request, _read_request)
