"""Google's batches: the Gemini API's (`key` with `request` or `response`) and Vertex AI's (both in one line)."""

from collections.abc import Mapping
from typing import Any

from curator.importers.batches import ended, failed, listed, mapping, need_id, number, word
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.turns import with_system
from curator.records import AttemptStatus, Given, GivenAttempt, Rejected

_FINISH: Mapping[str, AttemptStatus] = {
    "MAX_TOKENS": "truncated",
    **dict.fromkeys(
        ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY"), "filtered"
    ),
    **dict.fromkeys(("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"), "unparsable"),
}


def _is_request(record: RawRecord) -> bool:
    return (
        "key" in record
        and "response" not in record
        and isinstance(mapping(record.get("request")).get("contents"), list)
    )


def _is_result(record: RawRecord) -> bool:
    if "key" not in record:
        return False
    answered = mapping(record.get("response"))
    return bool({"candidates", "promptFeedback", "prompt_feedback", "usageMetadata"} & set(answered)) or (
        isinstance(record.get("error"), Mapping) and not {"input", "text", "messages", "request"} & set(record)
    )


def _is_vertex(record: RawRecord) -> bool:
    asked = mapping(record.get("request"))
    return "contents" in asked and "response" in record and ("status" in record or "processed_time" in record)


def _read_request(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    ident = need_id(record.get("key"), "key")
    return (Given(_turns(record["request"]), ident, unless_there=True),)


def _read_result(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    ident = need_id(record.get("key"), "key")
    answer = mapping(record.get("response"))
    made = (failed(record.get("error") or "no response"),) if record.get("error") or not answer else _answers(answer)
    return (Given(None, ident, attempts=made),)


def _read_vertex(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    request, response = record["request"], mapping(record.get("response"))
    marks = mapping(request.get("labels"))
    ident = record.get("key") or record.get("custom_id") or marks.get("custom_id") or marks.get("id")
    wrong = word(record.get("status"))
    time = word(record.get("processed_time"))
    made = (failed(wrong or "no response", time=time),) if wrong or not response else _answers(response, time)
    return (Given(_turns(request), ident, attempts=made, unless_there=True),)


def _turns(request: Mapping[str, Any]) -> list[Any]:
    """The turns of a request.

    Raises:
        Rejected: A part is no text, function call or its response.
    """
    system = mapping(request.get("system_instruction") or request.get("systemInstruction"))
    turns = [_turn(mapping(content)) for content in listed(request.get("contents"))]
    return with_system(turns, _text(listed(system.get("parts"))) or None)


def _turn(content: Mapping[str, Any]) -> dict[str, Any]:
    role = "assistant" if content.get("role") == "model" else "user"
    parts, calls = listed(content.get("parts")), []
    for part in parts:
        call = mapping(mapping(part).get("functionCall") or mapping(part).get("function_call"))
        if call:
            calls.append({"id": call.get("id"), "type": "function",
                          "function": {"name": call.get("name"), "arguments": call.get("args", {})}})  # fmt: skip
        elif not isinstance(mapping(part).get("text"), str):
            kinds = ", ".join(mapping(part)) or str(part)[:40]
            raise Rejected("unread_part", f"a part of the request is {kinds}; only texts and function calls are read")
    turn: dict[str, Any] = {"role": role, "content": _text(parts)}
    return turn | ({"tool_calls": calls} if calls else {})


def _text(parts: Any) -> str:  # noqa: ANN401 - raw JSON
    """What the parts say, thoughts left out."""
    return "".join(p["text"] for p in parts if isinstance(mapping(p).get("text"), str) and not p.get("thought"))


def _answers(response: Mapping[str, Any], time: str | None = None) -> tuple[GivenAttempt, ...]:
    usage = mapping(response.get("usageMetadata") or response.get("usage_metadata"))
    model = word(response.get("modelVersion") or response.get("model_version"))
    request = word(response.get("responseId") or response.get("response_id"))
    tokens_in = number(usage.get("promptTokenCount", usage.get("prompt_token_count")))
    tokens_out = number(usage.get("candidatesTokenCount", usage.get("candidates_token_count")))
    blocked = mapping(response.get("promptFeedback") or response.get("prompt_feedback"))
    why = word(blocked.get("blockReason") or blocked.get("block_reason"))
    candidates = listed(response.get("candidates"))
    if not candidates:
        status: AttemptStatus = "filtered" if why else "empty"
        return (GivenAttempt(status, model, finish_reason=why, tokens_in=tokens_in, request_id=request, time=time),)
    made = []
    for place, raw in enumerate(candidates):
        content, finish = (
            mapping(mapping(raw).get("content")),
            word(mapping(raw).get("finishReason", raw.get("finish_reason"))),
        )
        turn = _turn({**content, "role": "model"})
        answer: Any = turn if turn.get("tool_calls") else turn["content"]
        made.append(
            GivenAttempt(
                ended(_FINISH.get(finish or "", "answered"), answer),
                model,
                answer=answer or None,
                finish_reason=finish,
                tokens_in=None if place else tokens_in,
                tokens_out=None if place else tokens_out,
                time=time,
                request_id=request,
                sample=place,
            )
        )
    return tuple(made)


GEMINI_BATCH = ImportFormat("gemini-batch", "Gemini batch results", _is_result, _read_result, after=True)
GEMINI_REQUESTS = ImportFormat("gemini-batch-requests", "Gemini batch requests", _is_request, _read_request)
VERTEX_BATCH = ImportFormat("vertex-batch", "Vertex AI batch results", _is_vertex, _read_vertex, by_content=True)
