"""A teacher behind any OpenAI-compatible server (OpenAI itself, vLLM, Ollama, llama.cpp, Together …)."""

import json
import logging
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from curator.errors import RequestError, TeacherError
from curator.ports import RequestParameters, TeacherAnswer, TokenPrice
from pipelines.adapters.answer_form import AnswerForm, label_confidence
from pipelines.adapters.teacher_parts import asked_wait, masked

LATER_DRAWS = 0.7
"""Temperature of draws after the first, which is greedy."""
_FORMATS: Final = ("json_schema", "json_object")
"""How an answer's form is asked for, the strictest first; a server that takes neither is told in words alone."""
_log = logging.getLogger("curator.teacher")


class OpenAITeacher:
    """Asks a chat model, one request a row. Whether a request is sent once more is its caller's to decide.

    What a server does not take (a form of the answer, log-probabilities, a temperature) is left out from then on, and
    said once: the request is the same, the answer is checked as it always is.

    Args:
        model: Its name on the server.
        base_url: The server; None is OpenAI.
        api_key: None for a server of one's own.
        price: None where it is not known.
        form: The form of the answers; None for any text.
        timeout_s: Seconds without a sign of the server, after which a request is given up.
    """

    offline: Literal[False] = False

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None,
        api_key: str | None,
        price: TokenPrice | None = None,
        form: AnswerForm | None = None,
        timeout_s: float = 120.0,
    ) -> None:
        import openai

        if not api_key and not base_url:
            msg = f"teacher {model!r} needs OPENAI_API_KEY, or a server of your own in OPENAI_BASE_URL"
            raise RequestError(msg)
        self.name, self.price, self.form = model, price, form or AnswerForm()
        self._client = openai.OpenAI(api_key=api_key or "none", base_url=base_url, max_retries=0, timeout=timeout_s)
        weakref.finalize(self, self._client.close)  # its connections end with it
        at = urlsplit(str(self._client.base_url))
        self.version = f"{at.hostname}{f':{at.port}' if at.port else ''}{at.path.rstrip('/')}"
        self._refused: set[str] = set()
        self._key = api_key

    def parameters(self, sample: int) -> RequestParameters:
        """The first draw is greedy, later ones are sampled."""
        return {"temperature": 0.0 if sample == 0 else LATER_DRAWS}

    def _body(self, prompt: str, sample: int, images: Sequence[str] = ()) -> dict[str, Any]:
        """A request as the server gets it."""
        content: Any = prompt
        if images:
            content = [{"type": "text", "text": prompt}]
            content += [{"type": "image_url", "image_url": {"url": url}} for url in images]
        body = {"model": self.name, "messages": [{"role": "user", "content": content}], **self.parameters(sample)}
        for kind in _FORMATS:
            if self.form.schema is not None and kind not in self._refused:
                body["response_format"] = _format(kind, self.form)
                break
        if self.form.labels:
            body["logprobs"] = True
        return {name: value for name, value in body.items() if name not in self._refused}

    def ask(self, prompt: str, *, sample: int, idempotency: str, images: Sequence[str] = ()) -> TeacherAnswer:
        """Answer one prompt.

        Raises:
            TeacherError: A wrong key, address or model, or no credit left.
        """
        import openai

        started = time.perf_counter()
        while True:
            body = self._body(prompt, sample, images)
            try:
                response: Any = self._client.chat.completions.create(
                    **body, extra_headers={"Idempotency-Key": idempotency}
                )
                return self._read(response, time.perf_counter() - started)
            except openai.BadRequestError as error:
                if not self._leave_out(body, error):
                    return TeacherAnswer(
                        "", status="failed", error=f"{type(error).__name__}: {masked(error, self._key)}"
                    )
            except openai.OpenAIError as error:
                return self._failure(error)
            except ValueError as error:  # what the server sent is no JSON
                return TeacherAnswer("", status="failed", error=f"the server sent what is no completion: {error}")

    def batch_line(self, ident: str, prompt: str, *, sample: int, images: Sequence[str] = ()) -> str:
        """The request as a line of a batch file; vLLM's `run-batch` and others read it too."""
        body = self._body(prompt, sample, images)
        line = {"custom_id": ident, "method": "POST", "url": "/v1/chat/completions", "body": body}
        return json.dumps(line, ensure_ascii=False)

    def _leave_out(self, body: Mapping[str, Any], error: Exception) -> bool:
        """Whether a request was refused for something that it can do without, which is left out from now on."""
        said = f"{getattr(error, 'param', '') or ''} {error}"
        kind = body.get("response_format", {}).get("type", "")
        if kind and any(word in said for word in ("response_format", "json_schema", "json_object", "schema")):
            refused = kind
        else:
            refused = next((name for name in ("logprobs", "temperature") if name in body and name in said), "")
        if not refused:
            return False
        if refused not in self._refused:
            self._refused.add(refused)
            _log.warning("curator: %s takes no %s; it is asked without", self.name, refused)
        return True

    def _failure(self, error: Exception) -> TeacherAnswer:
        import openai

        status, told = getattr(error, "status_code", None), masked(error, self._key)
        if status in (401, 403, 404) or getattr(error, "code", None) == "insufficient_quota":
            msg = (
                f"teacher {self.name!r} at {self.version}: {told}; check the key, the model's name, the address and "
                "what is left of the credit; a rerun asks only for what is missing"
            )
            raise TeacherError(msg) from error
        said = f"{type(error).__name__}: {told}"
        if status == 429:
            return TeacherAnswer("", status="failed", error=said, again="busy", wait_s=asked_wait(_headers(error)))
        if isinstance(error, openai.APITimeoutError):
            return TeacherAnswer("", status="failed", error=said, again="slow")
        if isinstance(error, openai.APIConnectionError) or status in (408, 409) or (status or 0) >= 500:
            return TeacherAnswer("", status="failed", error=said, again="fault", wait_s=asked_wait(_headers(error)))
        return TeacherAnswer("", status="failed", error=said)

    def _read(self, response: Any, seconds: float) -> TeacherAnswer:  # noqa: ANN401 - a server may send anything
        try:
            choice = response.choices[0]
            message, reason = choice.message, choice.finish_reason
        except (AttributeError, IndexError, TypeError):
            shown = str(response)[:200]
            return TeacherAnswer("", status="failed", error=f"the server sent what is no completion: {shown!r}")
        usage = response.usage
        tokens_in, tokens_out = (usage.prompt_tokens, usage.completion_tokens) if usage else (None, None)
        text, refusal = message.content or "", getattr(message, "refusal", None)
        status: Literal["answered", "refused", "truncated", "filtered", "empty"] = "answered"
        if refusal:
            status, text = "refused", text or refusal
        elif reason == "length":
            status = "truncated"
        elif reason == "content_filter":
            status = "filtered"
        elif not text.strip():
            status = "empty"
        return TeacherAnswer(
            text,
            confidence=label_confidence(_tokens(choice), text, self.form.labels),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost_usd=self.price.of(tokens_in, tokens_out) if self.price else None,
            latency_s=seconds,
            status=status,
            finish_reason=reason,
        )


def _format(kind: str, form: AnswerForm) -> dict[str, Any]:
    if kind == "json_object":
        return {"type": kind}
    return {"type": kind, "json_schema": {"name": "answer", "strict": form.strict, "schema": form.schema}}


def _headers(error: Exception) -> Mapping[str, str]:
    found: Mapping[str, str] = getattr(getattr(error, "response", None), "headers", {})
    return found


def _tokens(choice: Any) -> list[tuple[str, float]]:  # noqa: ANN401 - a server may send anything
    """The answer's tokens with their log-probabilities; empty where the server gives none."""
    try:
        return [(str(each.token), float(each.logprob)) for each in choice.logprobs.content]
    except (AttributeError, TypeError, ValueError):
        return []
