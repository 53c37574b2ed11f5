"""OpenAI's batch files, which vLLM's `run-batch` and others write too: requests, and results of chat or responses."""

from collections.abc import Mapping
from typing import Any

from curator.importers.asked import moment
from curator.importers.batches import ended, failed, final, listed, mapping, need_id, number, word
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.turns import as_turns, with_system
from curator.records import AttemptStatus, Given, GivenAttempt, Rejected

_FINISH: Mapping[str, AttemptStatus] = {"length": "truncated", "content_filter": "filtered"}


def _is_request(record: RawRecord) -> bool:
    return "custom_id" in record and isinstance(record.get("body"), Mapping) and "url" in record


def _is_result(record: RawRecord) -> bool:
    return "custom_id" in record and "response" in record and "error" in record


def _read_request(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    body, ident = record["body"], need_id(record.get("custom_id"), "custom_id")
    if "messages" in body:
        turns = as_turns(body["messages"])
    elif "input" in body:
        turns = with_system([_turn(each) for each in as_turns(body["input"])], body.get("instructions"))
    else:
        raise Rejected("unread_request", f"a request to {str(record['url'])[:60]} is neither chat nor responses")
    return (Given(turns, ident, tools=body.get("tools") or None, unless_there=True),)


def _turn(raw: Any) -> Any:  # noqa: ANN401 - raw JSON
    """An item of a response's input as a turn: its parts are called otherwise."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("content"), list):
        return raw
    names = {"input_text": "text", "output_text": "text"}
    parts = [
        {**part, "type": names.get(str(part.get("type")), part.get("type"))} if isinstance(part, Mapping) else part
        for part in raw["content"]
    ]
    return {**{name: value for name, value in raw.items() if name != "type"}, "content": parts}


def _read_result(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    ident = need_id(record.get("custom_id"), "custom_id")
    response = mapping(record.get("response"))
    request = word(response.get("request_id")) or word(record.get("id"))
    body = mapping(response.get("body"))
    code = number(response.get("status_code")) or 0
    if record.get("error") or code >= 400 or not body:
        error = record.get("error") or body or f"status {code or 'unknown'}, and no body"
        return (Given(None, ident, attempts=(failed(error, model=word(body.get("model")), request=request),)),)
    made = _response(body, request) if body.get("object") == "response" else _chat(body, request)
    return (Given(None, ident, attempts=made),)


def _chat(body: Mapping[str, Any], request: str | None) -> tuple[GivenAttempt, ...]:
    usage, made = mapping(body.get("usage")), []
    tokens = number(usage.get("prompt_tokens")), number(usage.get("completion_tokens"))
    for place, choice in enumerate(listed(body.get("choices"))):
        message, finish = mapping(mapping(choice).get("message")), word(mapping(choice).get("finish_reason"))
        answer, refusal = _answer(message), word(message.get("refusal"))
        status: AttemptStatus = "refused" if refusal else _FINISH.get(finish or "", "answered")
        made.append(
            GivenAttempt(
                ended(status, answer),
                word(body.get("model")),
                answer=refusal or answer,
                finish_reason=finish,
                request_id=request,
                time=moment(body.get("created")),
                sample=place,
                tokens_in=None if place else tokens[0],
                tokens_out=None if place else tokens[1],
            )
        )
    return tuple(made) or (failed("the answer has no choices", model=word(body.get("model")), request=request),)


def _answer(message: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a text, or a turn where there is more
    if message.get("tool_calls") or message.get("function_call"):
        kept = ("role", "content", "tool_calls", "function_call")
        return {name: message[name] for name in kept if message.get(name)} | {"role": "assistant"}
    content = message.get("content")
    return final(content) if isinstance(content, str) else content


def _response(body: Mapping[str, Any], request: str | None) -> tuple[GivenAttempt, ...]:
    texts, refusals, calls = [], [], []
    for item in listed(body.get("output")):
        kind = mapping(item).get("type")
        if kind == "function_call":
            function = {"name": item.get("name"), "arguments": item.get("arguments")}
            calls.append({"id": item.get("call_id"), "type": "function", "function": function})
        for part in listed(mapping(item).get("content")) if kind == "message" else ():
            if mapping(part).get("type") == "refusal":
                refusals.append(str(part.get("refusal")))
            elif isinstance(mapping(part).get("text"), str):
                texts.append(part["text"])
    text = final("".join(texts))
    answer: Any = {"role": "assistant", "content": text, "tool_calls": calls} if calls else text
    reason = word(mapping(body.get("incomplete_details")).get("reason"))
    state, usage = word(body.get("status")), mapping(body.get("usage"))
    status: AttemptStatus = "answered"
    if state in ("failed", "cancelled") or body.get("error"):
        return (failed(body.get("error") or str(state), model=word(body.get("model")), request=request),)
    if refusals:
        status, answer = "refused", "\n".join(refusals)
    elif state == "incomplete":
        status = "filtered" if reason == "content_filter" else "truncated"
    return (
        GivenAttempt(
            ended(status, answer),
            word(body.get("model")),
            answer=answer,
            finish_reason=reason or state,
            request_id=request,
            time=moment(body.get("created_at")),
            tokens_in=number(usage.get("input_tokens")),
            tokens_out=number(usage.get("output_tokens")),
        ),
    )


OPENAI_BATCH = ImportFormat("openai-batch", "batch results (OpenAI, vLLM)", _is_result, _read_result, after=True)
OPENAI_REQUESTS = ImportFormat("openai-batch-requests", "batch requests (OpenAI, vLLM)", _is_request, _read_request)
