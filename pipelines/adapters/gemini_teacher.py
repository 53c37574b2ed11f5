"""A teacher behind Google's Gemini API, through its own SDK (the extra `gemini`)."""

import json
import mimetypes
import time
import weakref
from collections.abc import Sequence
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from curator.errors import TeacherError
from curator.ports import RequestParameters, TeacherAnswer, TokenPrice
from pipelines.adapters.answer_form import AnswerForm
from pipelines.adapters.teacher_parts import asked_wait, image_bytes, lacks_package, masked, need_key

_PREFIX: Final = "gemini:"
_ADDRESS: Final = "https://generativelanguage.googleapis.com"
_DRAWN: Final = 0.7
_FILTERED: Final = (
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "MODEL_ARMOR",
)
"""Ends by which the service holds an answer back; any other but STOP is an answer that is not whole."""


class GeminiTeacher:
    """Asks a Gemini model, one request a row.

    Args:
        model: Its name with `gemini:` before it.
        api_key: From GEMINI_API_KEY, else GOOGLE_API_KEY.
        base_url: None is Google itself.
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
        self._key = need_key(model, api_key, "GEMINI_API_KEY")
        try:
            from google import genai
            from google.genai import types
        except ImportError as error:
            raise lacks_package(model, "gemini") from error
        self.name, self.price, self.form = model, price, form or AnswerForm()
        self._model = model.removeprefix(_PREFIX)
        options = types.HttpOptions(base_url=base_url or _ADDRESS, timeout=round(timeout_s * 1000))
        self._client: Any = genai.Client(api_key=self._key, vertexai=False, http_options=options)
        weakref.finalize(self, self._client.close)
        at = urlsplit(base_url or _ADDRESS)
        self.version = f"{at.hostname}{f':{at.port}' if at.port else ''}{at.path.rstrip('/')}"
        self._held = self.form.schema is not None

    def parameters(self, sample: int) -> RequestParameters:
        """The first draw is greedy, later ones are sampled."""
        return {"temperature": 0.0 if sample == 0 else _DRAWN}

    def ask(self, prompt: str, *, sample: int, idempotency: str, images: Sequence[str] = ()) -> TeacherAnswer:
        """Answer one prompt.

        Raises:
            TeacherError: A wrong key or model.
        """
        from google.genai import errors, types

        started = time.perf_counter()
        parts = [types.Part.from_text(text=prompt), *map(_image, images)]
        while True:
            held = self._held
            config: dict[str, Any] = {**self.parameters(sample)}
            config["http_options"] = {"headers": {"Idempotency-Key": idempotency}}
            if held:
                config |= {"response_mime_type": "application/json", "response_json_schema": self.form.schema}
            try:
                response = self._client.models.generate_content(model=self._model, contents=parts, config=config)
                return self._read(response, time.perf_counter() - started)
            except errors.APIError as error:
                if held and error.code == 400 and "schema" in str(error).lower():
                    self._held = False  # the answer is checked all the same
                    continue
                return self._failure(error)
            except Exception as error:
                return self._unheard(error)

    def batch_line(self, ident: str, prompt: str, *, sample: int, images: Sequence[str] = ()) -> str:
        """The request as a line of a batch file of the Gemini API."""
        parts = [{"text": prompt}, *(each.to_json_dict() for each in map(_image, images))]
        config = dict(self.parameters(sample))
        if self._held:
            config |= {"response_mime_type": "application/json", "response_json_schema": self.form.schema}
        request = {"contents": [{"role": "user", "parts": parts}], "generation_config": config}
        return json.dumps({"key": ident, "request": request}, ensure_ascii=False)

    def _unheard(self, error: Exception) -> TeacherAnswer:
        """What a request without a readable answer comes to.

        The SDK brings a client of its own, so that the names of its errors are known and their classes are not.
        """
        kinds = {kind.__name__ for kind in type(error).__mro__}
        said = f"{type(error).__name__}: {masked(error, self._key)}"
        if "TimeoutException" in kinds:
            return TeacherAnswer("", status="failed", error=said, again="slow")
        if "TransportError" in kinds or isinstance(error, OSError):
            return TeacherAnswer("", status="failed", error=said, again="fault")
        if isinstance(error, ValueError):
            return TeacherAnswer("", status="failed", error=f"the server sent what is no answer: {said}")
        raise error

    def _failure(self, error: Any) -> TeacherAnswer:  # noqa: ANN401 - of an optional package
        said = masked(error, self._key)
        if error.code in (401, 403, 404) or "API_KEY_INVALID" in said:
            msg = (
                f"teacher {self.name!r} at {self.version}: {said}; check the key and the model's name; "
                "a rerun asks only for what is missing"
            )
            raise TeacherError(msg) from None
        again: Literal["busy", "fault"] | None = "busy" if error.code == 429 else None
        if error.code in (408, 409) or error.code >= 500:
            again = "fault"
        wait = asked_wait(getattr(error.response, "headers", {}))
        return TeacherAnswer("", status="failed", error=f"{type(error).__name__}: {said}", again=again, wait_s=wait)

    def _read(self, response: Any, seconds: float) -> TeacherAnswer:  # noqa: ANN401 - a server may send anything
        usage = response.usage_metadata
        tokens_in = usage.prompt_token_count if usage else None
        tokens_out = None if usage is None else (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
        measured: dict[str, Any] = {
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "cost_usd": self.price.of(tokens_in, tokens_out) if self.price else None,
            "latency_s": seconds,
        }
        blocked = getattr(response.prompt_feedback, "block_reason", None)
        if not response.candidates:
            if blocked is None:
                shown = masked(response, self._key)[:200]
                return TeacherAnswer("", status="failed", error=f"the server sent what is no answer: {shown!r}")
            return TeacherAnswer("", status="filtered", finish_reason=_word(blocked), **measured)
        candidate = response.candidates[0]
        parts = (candidate.content.parts if candidate.content else None) or []
        text = "".join(part.text for part in parts if part.text and not part.thought)
        reason = _word(candidate.finish_reason)
        status: Literal["answered", "truncated", "filtered", "empty"] = "truncated"
        if reason in _FILTERED:
            status = "filtered"
        elif reason == "STOP":
            status = "answered" if text.strip() else "empty"
        return TeacherAnswer(text, status=status, finish_reason=reason, **measured)


def _word(value: Any) -> str:  # noqa: ANN401 - an enum, or a word that it does not know
    return str(getattr(value, "value", value))


def _image(url: str) -> Any:  # noqa: ANN401 - of an optional package
    from google.genai import types

    found = image_bytes(url)
    if found is not None:
        return types.Part.from_bytes(data=found[1], mime_type=found[0])
    return types.Part.from_uri(file_uri=url, mime_type=mimetypes.guess_type(url)[0] or "image/jpeg")
