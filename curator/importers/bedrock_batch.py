"""Amazon Bedrock's batches: `recordId` with `modelInput`, and in results `modelOutput` or `error` beside it."""

from collections.abc import Mapping
from typing import Any

from curator.importers.anthropic_batch import asked, message
from curator.importers.batches import ended, failed, listed, mapping, need_id, number, word
from curator.importers.form import ImportFormat, RawRecord, Reading
from curator.importers.turns import as_turns, with_system
from curator.records import AttemptStatus, Given, GivenAttempt, Rejected

_STOP: Mapping[str, AttemptStatus] = {
    "max_tokens": "truncated",
    "length": "truncated",
    "content_filtered": "filtered",
    "guardrail_intervened": "filtered",
}


def fits(record: RawRecord) -> bool:
    """A request, with or without what came of it."""
    return "recordId" in record and isinstance(record.get("modelInput"), Mapping)


def read(record: RawRecord, _reading: Reading) -> tuple[Given, ...]:
    """The row and what came of the request."""
    ident = need_id(record.get("recordId"), "recordId")
    attempts: tuple[GivenAttempt, ...] = ()
    if record.get("error"):
        attempts = (failed(record["error"]),)
    elif isinstance(record.get("modelOutput"), Mapping):
        attempts = (_output(record["modelOutput"]),)
    return (Given(_turns(record["modelInput"]), ident, attempts=attempts, unless_there=True),)


def _turns(asked_for: Mapping[str, Any]) -> list[Any]:
    if "messages" in asked_for:
        system = asked_for.get("system")
        if isinstance(system, list):
            system = "\n".join(str(mapping(part).get("text", "")) for part in system)
        return asked({**asked_for, "system": system})
    prompt = word(asked_for.get("inputText")) or word(asked_for.get("prompt"))
    if prompt is None:
        raise Rejected("unread_request", f"modelInput has {', '.join(asked_for)[:80]}: neither messages nor a prompt")
    return with_system(as_turns(prompt), None)


def _output(raw: Mapping[str, Any]) -> GivenAttempt:
    if isinstance(raw.get("content"), list):  # a model of Anthropic's
        return message(raw)
    answer, stop = _answer(raw)
    usage = mapping(raw.get("usage"))
    return GivenAttempt(
        ended(_STOP.get((stop or "").lower(), "answered"), answer),
        word(raw.get("model")),
        answer=answer,
        finish_reason=stop,
        tokens_in=number(usage.get("inputTokens", raw.get("prompt_token_count", raw.get("inputTextTokenCount")))),
        tokens_out=number(usage.get("outputTokens", raw.get("generation_token_count"))),
    )


def _answer(raw: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The text and why it ended: of Nova, Llama, Titan and Mistral."""
    nova = mapping(mapping(raw.get("output")).get("message"))
    if nova:
        text = "".join(str(part["text"]) for part in map(mapping, listed(nova.get("content"))) if "text" in part)
        return text, word(raw.get("stopReason"))
    if isinstance(raw.get("generation"), str):
        return raw["generation"], word(raw.get("stop_reason"))
    for name in ("results", "outputs"):
        first = mapping(next(iter(listed(raw.get(name))), None))
        if first:
            return word(first.get("outputText") or first.get("text")), word(
                first.get("completionReason") or first.get("stop_reason")
            )
    choice = mapping(next(iter(listed(raw.get("choices"))), None))
    return word(mapping(choice.get("message")).get("content")), word(
        choice.get("finish_reason") or choice.get("stop_reason")
    )


BEDROCK_BATCH = ImportFormat("bedrock-batch", "Bedrock batch", fits, read)
