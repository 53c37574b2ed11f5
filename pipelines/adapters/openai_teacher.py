"""A teacher behind any OpenAI-compatible server (OpenAI itself, vLLM, Ollama, llama.cpp, Together …)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from curator.errors import RequestError, TeacherError
from curator.ports import TeacherAnswer

LATER_DRAWS = 0.7
"""Temperature of draws after the first, which is greedy."""


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """US dollars for a million tokens, as the user gave them."""

    tokens_in: float
    tokens_out: float

    def of(self, tokens_in: int | None, tokens_out: int | None) -> float | None:
        """What one request cost; None where the server counts no tokens."""
        if tokens_in is None or tokens_out is None:
            return None
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / 1_000_000


class OpenAITeacher:
    """Asks a chat model, one request a row. The SDK retries rate limits and server errors itself.

    Args:
        model: Its name on the server.
        base_url: The server; None is OpenAI.
        api_key: None for a server of one's own.
        price: None where it is not known.
    """

    offline: Literal[False] = False

    def __init__(
        self, model: str, *, base_url: str | None, api_key: str | None, price: TokenPrice | None = None
    ) -> None:
        import openai

        if not api_key and not base_url:
            msg = f"teacher {model!r} needs OPENAI_API_KEY, or a server of your own in OPENAI_BASE_URL"
            raise RequestError(msg)
        self.name, self.price = model, price
        self._client = openai.OpenAI(api_key=api_key or "none", base_url=base_url, max_retries=6, timeout=60)
        at = urlsplit(str(self._client.base_url))
        self.version = f"{at.hostname}{f':{at.port}' if at.port else ''}{at.path.rstrip('/')}"

    def parameters(self, sample: int) -> Mapping[str, object]:
        """The first draw is greedy, later ones are sampled."""
        return {"temperature": 0.0 if sample == 0 else LATER_DRAWS}

    def ask(self, prompt: str, *, sample: int, idempotency: str) -> TeacherAnswer:
        """Answer one prompt.

        Raises:
            TeacherError: A wrong key, address or model.
        """
        import openai

        started = time.perf_counter()
        try:
            response: Any = self._client.chat.completions.create(
                model=self.name,
                messages=[{"role": "user", "content": prompt}],
                temperature=0.0 if sample == 0 else LATER_DRAWS,
                extra_headers={"Idempotency-Key": idempotency},
            )
        except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
            msg = (
                f"teacher {self.name!r} at {self.version}: {error}; "
                "check the key, the model's name and the address; a rerun asks only for what is missing"
            )
            raise TeacherError(msg) from error
        except openai.OpenAIError as error:
            return TeacherAnswer("", status="failed", error=f"{type(error).__name__}: {error}")
        except ValueError as error:  # what the server sent is no JSON
            return TeacherAnswer("", status="failed", error=f"the server sent what is no completion: {error}")
        return self._read(response, time.perf_counter() - started)

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
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost_usd=self.price.of(tokens_in, tokens_out) if self.price else None,
            latency_s=seconds,
            status=status,
            finish_reason=reason,
        )
