"""A teacher behind Anthropic's Messages API, through its own SDK (the extra `anthropic`)."""

import base64
import json
import re
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from curator.errors import RequestError, TeacherError
from curator.ports import RequestParameters, TeacherAnswer, TokenPrice
from pipelines.adapters.answer_form import AnswerForm
from pipelines.adapters.teacher_parts import asked_wait, image_bytes, lacks_package, masked, need_key

_PREFIX: Final = "anthropic:"
_MAX_TOKENS: Final = 4_096
"""Room for an answer; the API wants a number."""
_ENDS: Final[Mapping[str, Literal["answered", "refused", "truncated"]]] = {
    "end_turn": "answered",
    "stop_sequence": "answered",
    "refusal": "refused",
}
"""By the provider's word; any other end is an answer that is not whole."""
_IDENT: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_CACHED: Final = (1.25, 0.1)
"""Price of a prompt token that is written to the cache for five minutes, and of one that is read from it, in prompt
tokens (docs.claude.com, Prompt caching, Pricing)."""


class AnthropicTeacher:
    """Asks a Claude model, one request a row. The API takes no temperature: every draw is the model's own.

    Args:
        model: Its name with `anthropic:` before it.
        api_key: From ANTHROPIC_API_KEY.
        base_url: None is Anthropic itself.
        price: None where it is not known.
        form: The form of the answers.
        timeout_s: Seconds without a sign of the server, after which a request is given up.
    """

    offline: Literal[False] = False

    def __init__(
        self,
        model: str,
        *,
        api_key: str | None,
        base_url: str | None,
        price: TokenPrice | None = None,
        form: AnswerForm | None = None,
        timeout_s: float = 120.0,
    ) -> None:
        self._key = need_key(model, api_key, "ANTHROPIC_API_KEY")
        try:
            import anthropic
        except ImportError as error:
            raise lacks_package(model, "anthropic") from error
        self.name, self.price, self.form = model, price, form or AnswerForm()
        self._model = model.removeprefix(_PREFIX)
        self._client: Any = anthropic.Anthropic(api_key=self._key, base_url=base_url, max_retries=0, timeout=timeout_s)
        weakref.finalize(self, self._client.close)
        at = urlsplit(str(self._client.base_url))
        self.version = f"{at.hostname}{f':{at.port}' if at.port else ''}{at.path.rstrip('/')}"
        self._held = self.form.strict

    def parameters(self, sample: int) -> RequestParameters:  # noqa: ARG002 - the port's form
        """Nothing that a draw could differ by."""
        return {"max_tokens": _MAX_TOKENS}

    def _body(self, prompt: str, images: Sequence[str]) -> dict[str, Any]:
        """A request as the API gets it: what all rows share first, to be read from the cache, the row last."""
        shared = self.form.shared if prompt.startswith(self.form.shared) else ""
        content: list[dict[str, Any]] = []
        if shared:
            content.append({"type": "text", "text": shared, "cache_control": {"type": "ephemeral"}})
        content += [{"type": "text", "text": prompt[len(shared) :]}, *map(_image, images)]
        body: dict[str, Any] = {
            "model": self._model,
            "max_tokens": _MAX_TOKENS,
            "messages": [{"role": "user", "content": content}],
        }
        if self._held:
            body["output_config"] = {"format": {"type": "json_schema", "schema": dict(self.form.schema or {})}}
        return body

    def ask(
        self,
        prompt: str,
        *,
        sample: int,  # noqa: ARG002 - the port's form
        idempotency: str,
        images: Sequence[str] = (),
    ) -> TeacherAnswer:
        """Answer one prompt.

        Raises:
            TeacherError: A wrong key or model, or no credit left.
        """
        import anthropic

        started = time.perf_counter()
        while True:
            body, held = self._body(prompt, images), self._held
            try:
                response = self._client.messages.create(**body, extra_headers={"Idempotency-Key": idempotency})
                return self._read(response, time.perf_counter() - started)
            except anthropic.BadRequestError as error:
                if held and any(word in str(error) for word in ("output_config", "output_format", "schema")):
                    self._held = False  # the answer is checked all the same
                    continue
                return self._failure(error)
            except anthropic.AnthropicError as error:
                return self._failure(error)
            except ValueError as error:
                return TeacherAnswer("", status="failed", error=f"the server sent what is no message: {error}")

    def batch_line(
        self,
        ident: str,
        prompt: str,
        *,
        sample: int,  # noqa: ARG002 - the port's form
        images: Sequence[str] = (),
    ) -> str:
        """The request as one of `requests` of a message batch."""
        if _IDENT.fullmatch(ident) is None:
            msg = (
                f"Anthropic's batches take ids of 1 to 64 letters, digits, - and _, and row {ident[:80]!r} has another"
            )
            raise RequestError(msg)
        return json.dumps({"custom_id": ident, "params": self._body(prompt, images)}, ensure_ascii=False)

    def _failure(self, error: Exception) -> TeacherAnswer:
        import anthropic

        status, said = getattr(error, "status_code", None) or 0, masked(error, self._key)
        if status in (401, 402, 403, 404) or "credit balance" in said:
            msg = (
                f"teacher {self.name!r} at {self.version}: {said}; check the key, the model's name and what is left of "
                "the credit; a rerun asks only for what is missing"
            )
            raise TeacherError(msg) from None
        said = f"{type(error).__name__}: {said}"
        wait = asked_wait(getattr(getattr(error, "response", None), "headers", {}))
        if status in (429, 529):
            return TeacherAnswer("", status="failed", error=said, again="busy", wait_s=wait)
        if isinstance(error, anthropic.APITimeoutError):
            return TeacherAnswer("", status="failed", error=said, again="slow")
        if isinstance(error, anthropic.APIConnectionError) or status in (408, 409) or status >= 500:
            return TeacherAnswer("", status="failed", error=said, again="fault", wait_s=wait)
        return TeacherAnswer("", status="failed", error=said)

    def _read(self, message: Any, seconds: float) -> TeacherAnswer:  # noqa: ANN401 - a server may send anything
        try:
            text = "".join(block.text for block in message.content if block.type == "text")
            reason = str(message.stop_reason)
            usage = message.usage
            fresh, out = int(usage.input_tokens), int(usage.output_tokens)
        except (AttributeError, TypeError, ValueError):
            shown = masked(message, self._key)[:200]
            return TeacherAnswer("", status="failed", error=f"the server sent what is no message: {shown!r}")
        written = getattr(usage, "cache_creation_input_tokens", None) or 0
        read = getattr(usage, "cache_read_input_tokens", None) or 0
        paid = round(fresh + _CACHED[0] * written + _CACHED[1] * read)
        status: Literal["answered", "refused", "truncated", "empty"] = _ENDS.get(reason, "truncated")
        return TeacherAnswer(
            text,
            tokens_in=fresh + written + read,
            tokens_out=out,
            cost_usd=self.price.of(paid, out) if self.price else None,
            latency_s=seconds,
            status="empty" if status == "answered" and not text.strip() else status,
            finish_reason=reason,
        )


def _image(url: str) -> dict[str, Any]:
    found = image_bytes(url)
    if found is None:
        return {"type": "image", "source": {"type": "url", "url": url}}
    data = base64.b64encode(found[1]).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": found[0], "data": data}}
