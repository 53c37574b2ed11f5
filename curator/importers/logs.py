"""Requests and responses of a running system: OpenAI-style lines, stored completions, and tables with feedback.

What users said decides: an approved answer is a label of production, a rejected one is a rejected answer and no label.
An answer of which nobody said anything is an answered request, and a label of the model that gave it. One that was cut,
refused or failed is a request with its status, and never an answer.
"""

from collections.abc import Mapping
from typing import Any

from curator.importers.answers import as_chat
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.judged import COLUMNS, judged_by, label_of, status_of
from curator.importers.turns import as_turns, is_turns, rest, tools_in, with_system
from curator.records import AttemptStatus, Given, GivenAttempt, GivenLabel, Rejected, identity_text

_REQUESTS = ("request", "input", "inputs", "body")
_RESPONSES = ("response", "output", "outputs", "completion")
_ASKED = ("input", "prompt", "question", "query", "text", "messages", "user_input", "user_message")
_SAID = ("output", "response", "answer", "completion", "reply", "model_output", "assistant_message")
_TIMES = ("created_at", "timestamp", "time", "created", "start_time", "startTime")
_ENDS: Mapping[str, AttemptStatus] = {
    "length": "truncated",
    "max_tokens": "truncated",
    "content_filter": "filtered",
    "refusal": "refused",
}


def body(value: Any) -> Any:  # noqa: ANN401 - raw JSON
    """What a request or a response holds, without the envelope of the transport."""
    inner = value.get("body") if isinstance(value, Mapping) else None
    return inner if isinstance(inner, Mapping) else value


def _call(record: RawRecord) -> tuple[str, str] | None:
    """The columns of the request and the response, where they are those of a chat."""
    for asked in _REQUESTS:
        request = body(record.get(asked))
        if isinstance(request, Mapping) and is_turns(request.get("messages")):
            for said in _RESPONSES:
                response = body(record.get(said))
                if isinstance(response, Mapping) and ("choices" in response or "error" in response):
                    return asked, said
    return None


def fits(record: RawRecord) -> bool:
    """A request with its messages beside a response with its choices."""
    return _call(record) is not None


def read(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    """The request's messages, and the response as it was judged."""
    asked, said = _call(record) or ("", "")
    request, response = body(record[asked]), body(record[said])
    return (_given(record, request, response, (asked, said)),)


def fits_stored(record: RawRecord) -> bool:
    """A chat completion object with its choices and the messages that it answers."""
    return is_turns(record.get("choices"), "message") and _stored_input(record) is not None


def read_stored(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    """The messages, and the completion."""
    name = _stored_input(record) or ""
    answer = {key: record.get(key) for key in ("choices", "model", "usage", "id", "created")}
    kept = {key: value for key, value in record.items() if key not in (*answer, "object", "usage")}
    return (
        _given(
            {**kept, "id": record.get("id")},
            {"messages": record[name], "tools": record.get("tools")},
            answer,
            (name, "tools"),
        ),
    )


def _stored_input(record: RawRecord) -> str | None:
    return next((n for n in ("messages", "input", "request_messages") if is_turns(record.get(n))), None)


def _given(record: RawRecord, request: Mapping[str, Any], response: Mapping[str, Any], taken: tuple[str, ...]) -> Given:
    choices = response.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
    column = judged_by(record)
    status = None if column is None else status_of(record[column])
    when = next((record[n] for n in _TIMES if record.get(n) is not None), response.get("created"))
    made = attempt(first, response, None if when is None else str(when))
    labels: tuple[GivenLabel, ...] = ()
    attempts: tuple[GivenAttempt, ...] = (made,)
    if status is not None and made.status == "answered":
        labels, attempts = (label_of(made.answer, status, time=made.time),), ()
    settings = {f"request.{k}": v for k, v in request.items() if k not in ("messages", "tools", "stream", "system")}
    used = response.get("usage")
    about = {"model": made.model, "usage": used} if not attempts else {}
    return Given(
        input=with_system(as_chat(request["messages"]), request.get("system")),
        id=record.get("id") or record.get("request_id") or response.get("id"),
        time=when,
        tools=tools_in(request.get("tools")),
        metadata={**rest(record, *taken, "id", *_TIMES, column or ""), **settings, **about},
        labels=labels,
        attempts=attempts,
        notes=_unread(record, column),
    )


def attempt(choice: Mapping[str, Any], response: Mapping[str, Any], when: str | None) -> GivenAttempt:
    """The first choice of a response as a request with its end."""
    message = choice.get("message")
    finish = choice.get("finish_reason")
    status: AttemptStatus = _ENDS.get(str(finish), "answered")
    error = response.get("error")
    if isinstance(message, Mapping) and message.get("refusal"):
        status, error = "refused", error or message["refusal"]
    if not isinstance(message, Mapping):
        status = "failed"
    elif status == "answered" and not (message.get("content") or message.get("tool_calls")):
        status = "empty"
    usage = response.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    said = (
        {k: v for k, v in message.items() if k not in ("refusal", "annotations", "audio") or v}
        if isinstance(message, Mapping)
        else None
    )
    return GivenAttempt(
        status=status,
        model=identity_text(response.get("model")),
        answer=said,
        finish_reason=None if finish is None else str(finish),
        error=None if error is None else str(error),
        tokens_in=usage.get("prompt_tokens", usage.get("input_tokens")),
        tokens_out=usage.get("completion_tokens", usage.get("output_tokens")),
        time=when,
        request_id=identity_text(response.get("id")),
    )


def _unread(record: RawRecord, column: str | None) -> tuple[str, ...]:
    said = [name for name in COLUMNS if record.get(name) is not None and name != column]
    return (
        ()
        if column or not said
        else (f"{said[0]} says neither good nor bad: it is kept as metadata and judges nothing",)
    )


def fits_table(record: RawRecord) -> bool:
    """An input, an answer, and a column of feedback that says good or bad."""
    return _table(record) is not None and judged_by(record) is not None


def read_table(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    """The row; its answer is a label, or a rejected answer.

    Raises:
        Rejected: It has no input.
    """
    found = _table(record)
    if found is None:
        raise Rejected("missing_input", f"no input and answer among {', '.join(list(record)[:12])}")
    asked, said = found
    column = judged_by(record)
    label = label_of(record[said], None if column is None else status_of(record[column]))
    turns = as_turns(record[asked]) if isinstance(record[asked], str) else as_chat(record[asked])
    return (
        Given(
            input=with_system(turns, record.get("system")),
            tools=tools_in(record.get("tools")),
            metadata=rest(record, asked, said, column or "", "system", "tools"),
            labels=(label,),
            notes=_unread(record, column),
        ),
    )


def _table(record: RawRecord) -> tuple[str, str] | None:
    asked = next((n for n in _ASKED if isinstance(record.get(n), str) or is_turns(record.get(n))), None)
    said = next((n for n in _SAID if isinstance(record.get(n), str) and n != asked), None)
    return (asked, said) if asked and said else None


OPENAI_LOG = ImportFormat("openai-log", "requests and responses of a running system", fits, read)
STORED = ImportFormat("stored-completions", "stored completions", fits_stored, read_stored)
FEEDBACK = ImportFormat("feedback", "answers with feedback", fits_table, read_table, table=True)
