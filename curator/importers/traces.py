"""Traces: runs of LangSmith and observations of Langfuse, with what people and users said of them.

Runs and observations that are no call of a model (a chain, a tool, a span) are read where they have an input and an
answer in words; what else they hold is kept as metadata.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from curator.importers.answers import as_chat, is_turn
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.judged import label_of, status_of
from curator.importers.turns import as_turns, is_turns, rest, tools_in
from curator.records import (
    AttemptStatus,
    Given,
    GivenAttempt,
    GivenLabel,
    OpinionStatus,
    Rejected,
    identity_text,
    write_exact,
)

_LANGCHAIN = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool", "function": "function"}
_SMITH = ("inputs", "outputs")
_FEEDBACK = ("feedback", "feedback_stats")
_TEXTS = ("input", "question", "query", "prompt", "text", "output", "answer", "response", "content", "result")


def fits_smith(record: RawRecord) -> bool:
    """Inputs and outputs as objects, of a run or of an example."""
    return all(isinstance(record.get(name), Mapping) for name in _SMITH)


def read_smith(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    """The run's inputs, and its outputs as they were judged."""
    inputs, outputs = record["inputs"], record["outputs"]
    turns = _turns(inputs)
    answer = _answer(outputs)
    told = record.get("feedback")
    status, note = _said(told if isinstance(told, list) else _stats(record.get("feedback_stats")))
    extra = record.get("extra")
    invoked = extra.get("invocation_params") if isinstance(extra, Mapping) else None
    invoked = invoked if isinstance(invoked, Mapping) else {}
    tokens = [record.get(name) for name in ("prompt_tokens", "completion_tokens")]
    when = record.get("end_time") or record.get("start_time")
    asked = _attempt(invoked.get("model") or invoked.get("model_name"), tokens, when, record.get("error"))
    tools = inputs["tools"] if isinstance(inputs.get("tools"), list) else invoked.get("tools")
    run = any(record.get(name) is not None for name in ("run_type", "trace_id", "start_time", "feedback"))
    example = Given(input=turns, labels=() if answer is None else (GivenLabel(answer),))
    made = _row(turns, answer, (status, note), asked) if run else example
    about = rest(record, *_SMITH, "id", "start_time")
    more = {"id": record.get("id"), "time": record.get("start_time"), "tools": tools_in(tools), "metadata": about}
    return (replace(made, **more),)


def fits_fuse(record: RawRecord) -> bool:
    """An input and an output, and what only Langfuse names: a trace, a session, or the kind of observation."""
    told = any(name in record for name in ("traceId", "trace_id", "sessionId", "session_id", "observations", "scores"))
    known = str(record.get("type")).upper() in ("GENERATION", "SPAN", "EVENT", "AGENT", "TOOL", "CHAIN")
    return record.get("input") is not None and "output" in record and (told or known)


def read_fuse(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    """The observation's input, and its output with its scores."""
    status, note = _said(record.get("scores"))
    usage = record.get("usageDetails") or record.get("usage") or {}
    usage = usage if isinstance(usage, Mapping) else {}
    tokens = [usage.get("input", usage.get("promptTokens")), usage.get("output", usage.get("completionTokens"))]
    when = record.get("endTime") or record.get("startTime") or record.get("timestamp")
    error = record.get("statusMessage") if record.get("level") == "ERROR" else None
    given = record["input"]
    tools = given.get("tools") if isinstance(given, Mapping) else None
    asked = _attempt(record.get("model"), tokens, when, error)
    made = _row(_turns(given), _answer(record.get("output")), (status, note), asked)
    began = record.get("startTime") or record.get("timestamp")
    about = rest(record, "input", "output", "id", "startTime", "timestamp")
    return (replace(made, id=record.get("id"), time=began, tools=tools_in(tools), metadata=about),)


def _row(
    turns: list[Any],
    answer: Any,  # noqa: ANN401 - raw JSON
    said: tuple[OpinionStatus | None, str | None],
    asked: GivenAttempt,
) -> Given:
    """What a trace says of its answer: a label where it was judged, else a request with its end."""
    status, note = said
    end: AttemptStatus = "failed" if asked.error else "empty" if answer in (None, "") else "answered"
    if status is not None and end == "answered":
        return Given(input=turns, labels=(label_of(answer, status, note=note, time=asked.time),))
    return Given(input=turns, attempts=(replace(asked, status=end, answer=answer),))


def _attempt(model: Any, tokens: Sequence[Any], when: Any, error: Any) -> GivenAttempt:  # noqa: ANN401 - raw JSON
    counts = [n if isinstance(n, int) else None for n in tokens]
    return GivenAttempt(
        "answered",
        identity_text(model),
        error=str(error) if error else None,
        tokens_in=counts[0],
        tokens_out=counts[1],
        time=None if when is None else str(when),
    )


def _turns(value: Any) -> list[Any]:  # noqa: ANN401 - raw JSON
    """The turns of an input: messages in one of the forms that these tools write, or one text.

    Raises:
        Rejected: It holds neither.
    """
    if isinstance(value, str):
        return as_turns(value)
    if isinstance(value, list):
        return [_turn(each) for each in (value[0] if value and isinstance(value[0], list) else value)]
    if isinstance(value, Mapping):
        for name in ("messages", "input", "chat_history"):
            if isinstance(value.get(name), list) and value[name]:
                return _turns(value[name])
        texts = [value[name] for name in _TEXTS if isinstance(value.get(name), str)]
        if texts:
            return as_turns(texts[0])
        sole = [each for each in value.values() if isinstance(each, str)]
        if len(value) == 1 and sole:
            return as_turns(sole[0])
    raise Rejected("missing_input", f"the input {str(value)[:80]!r} holds no messages and no one text")


def _turn(raw: Any) -> Any:  # noqa: ANN401 - raw JSON
    """One turn; LangChain's serialised messages as the chat turns that they are."""
    if not isinstance(raw, Mapping) or is_turn(raw):
        return as_chat(raw)[0] if isinstance(raw, Mapping) else raw
    inner = raw.get("kwargs") or raw.get("data") or raw
    kind = inner.get("type") or raw.get("type")
    if isinstance(raw.get("id"), list):
        kind = str(raw["id"][-1]).removesuffix("Chunk").removesuffix("Message").lower()
    turn: dict[str, Any] = {"role": _LANGCHAIN.get(str(kind), str(kind)), "content": inner.get("content")}
    more = inner.get("additional_kwargs")
    if isinstance(more, Mapping) and more.get("tool_calls"):
        turn["tool_calls"] = more["tool_calls"]
    elif inner.get("tool_calls"):
        turn["tool_calls"] = [
            {"id": c.get("id"), "type": "function", "function": {"name": c.get("name"), "arguments": c.get("args", {})}}
            for c in inner["tool_calls"]
        ]
    for name in ("tool_call_id", "name"):
        if inner.get(name):
            turn[name] = inner[name]
    return turn


def _answer(value: Any) -> Any:  # noqa: ANN401 - raw JSON
    """The answer in an output: a turn, a text, or the JSON that it is; None where there is none."""
    if value is None or isinstance(value, str):
        return value
    if is_turns(value):
        return value[-1]
    if not isinstance(value, Mapping):
        return value
    if is_turn(value):
        return value
    generated = _generated(value)
    if generated is not None:
        return generated
    for name in ("messages", "output", "message"):
        inner = value.get(name)
        if isinstance(inner, list) and inner:
            return _turn(inner[-1])
        if isinstance(inner, Mapping):
            return _turn(inner)
    if "kwargs" in value or value.get("type") in _LANGCHAIN:
        return _turn(value)
    texts = [value[name] for name in _TEXTS if isinstance(value.get(name), str)]
    if texts and len(value) == 1:
        return texts[0]
    return write_exact(dict(value)) if value else None


def _generated(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - raw JSON
    """The first of the answers that a model gave at once, where the output holds several."""
    choices = value.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
        return choices[0].get("message")
    generations = value.get("generations")
    while isinstance(generations, list) and generations:
        generations = generations[0]
    if not isinstance(generations, Mapping):
        return None
    return _turn(generations["message"]) if generations.get("message") else generations.get("text")


def _said(told: Any) -> tuple[OpinionStatus | None, str | None]:  # noqa: ANN401 - raw JSON
    """What people said: bad where anybody says so, good where somebody does; and their words."""
    found: list[OpinionStatus] = []
    notes: list[str] = []
    for each in told if isinstance(told, Iterable) and not isinstance(told, str | Mapping) else ():
        if not isinstance(each, Mapping):
            continue
        raw = next((each[n] for n in ("score", "value", "stringValue") if each.get(n) is not None), None)
        status = status_of(raw)
        found += [status] if status else []
        notes += [str(each["comment"])] if each.get("comment") else []
    status = "rejected" if "rejected" in found else "accepted" if found else None
    return status, "; ".join(notes) or None


def _stats(stats: Any) -> list[Any]:  # noqa: ANN401 - raw JSON
    """LangSmith's summary of feedback: an average of 0 or 1 is what all said."""
    if not isinstance(stats, Mapping):
        return []
    return [{"score": one.get("avg")} for one in stats.values() if isinstance(one, Mapping)]


LANGSMITH = ImportFormat("langsmith", "runs of LangSmith", fits_smith, read_smith)
LANGFUSE = ImportFormat("langfuse", "observations of Langfuse", fits_fuse, read_fuse)
