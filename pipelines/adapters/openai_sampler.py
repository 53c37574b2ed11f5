"""Answers of any OpenAI-compatible server (OpenAI itself, vLLM, Ollama, llama.cpp, Together …) as a contestant's."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from curator.errors import DataError, RequestError, TeacherError, without_password
from curator.ports import Completion, Progress

_BYTES_A_TOKEN = 1
"""A label has at most as many tokens as bytes under any tokenizer; the server's own is not known here."""
_ROOM_TO_END = 8


class OpenAISampler:
    """Implements `curator.ports.Sampler` for a model that is named, not trained here.

    Args:
        model: Its name on the server.
        base_url: The server; None is OpenAI.
        api_key: None for a server of one's own.
        concurrency: Requests under way at once.
    """

    def __init__(self, model: str, *, base_url: str | None, api_key: str | None, concurrency: int = 8) -> None:
        if not api_key and not base_url:
            msg = f"endpoint {model!r} needs OPENAI_API_KEY, or a server of your own: openai:{model}@http://HOST/v1"
            raise RequestError(msg)
        self.base_model, self.base_url, self.concurrency = model, base_url, concurrency
        self._key = api_key

    def at_once(self, requests: int) -> "OpenAISampler":
        """The same sampler with so many requests under way at once."""
        return OpenAISampler(self.base_model, base_url=self.base_url, api_key=self._key, concurrency=requests)

    def sample(
        self,
        conversations: Sequence[Sequence[dict[str, str]]],
        *,
        model_path: str | None,
        max_tokens: int,
        room_for: Sequence[str] = (),
        temperature: float = 0.0,
        progress: Progress,
    ) -> list[Completion]:
        """Answer each conversation, in order.

        Raises:
            RequestError: A checkpoint is asked for.
            TeacherError: The server cannot be reached, refuses, or sends what is no answer.
        """
        import openai

        if model_path is not None:
            msg = f"endpoint {self.base_model!r} has no checkpoints"
            raise RequestError(msg)
        room = [len(text.encode()) * _BYTES_A_TOKEN + _ROOM_TO_END for text in room_for]
        most, done, lock = max([max_tokens, *room]), [0], threading.Lock()
        with openai.OpenAI(api_key=self._key or "none", base_url=self.base_url, max_retries=6, timeout=120) as client:

            def one(conversation: Sequence[dict[str, str]]) -> Completion:
                made = self._ask(client, conversation, most, temperature)
                with lock:
                    done[0] += 1
                    progress(done[0], len(conversations))
                return made

            with ThreadPoolExecutor(self.concurrency) as pool:
                return list(pool.map(one, conversations))

    def _limit(self, most: int) -> dict[str, int]:
        """OpenAI's newer models refuse the older name of the limit, and some servers of one's own know no other."""
        return {"max_completion_tokens" if self.base_url is None else "max_tokens": most}

    def _ask(
        self,
        client: Any,  # noqa: ANN401 - the SDK is imported on use
        conversation: Sequence[dict[str, str]],
        most: int,
        temperature: float,
    ) -> Completion:
        import openai

        where = f"endpoint {self.base_model!r} at {without_password(str(client.base_url))}"
        started = time.perf_counter()
        try:
            said: Any = client.chat.completions.create(
                model=self.base_model,
                messages=[dict(turn) for turn in conversation],
                temperature=temperature,
                **self._limit(most),
            )
            seconds = time.perf_counter() - started
            choice, usage = said.choices[0], said.usage
            text = str(choice.message.content or "")
            tokens = (int(usage.prompt_tokens), int(usage.completion_tokens)) if usage else (0, 0)
        except openai.OpenAIError as error:
            msg = (
                f"{where}: {type(error).__name__}: {error}; check the key, the model's name and the address, then rerun"
            )
            raise TeacherError(msg) from error
        except (AttributeError, IndexError, TypeError, ValueError, DataError) as error:
            msg = f"{where} sent what is no completion: {error}"
            raise TeacherError(msg) from error
        return Completion(text, seconds, *tokens, cut=choice.finish_reason == "length")
