"""A teacher behind any OpenAI-compatible server (OpenAI itself, vLLM, Ollama, llama.cpp, Together …)."""

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from curator.errors import RequestError, TeacherError
from curator.ports import TeacherAnswer

CONCURRENCY = 8


class OpenAITeacher:
    """Asks a chat model, one request a row. The SDK retries rate limits and server errors itself."""

    version = "1"
    offline = False

    def __init__(self, model: str, *, base_url: str | None, api_key: str | None) -> None:
        import openai

        if not api_key and not base_url:
            msg = f"teacher {model!r} needs OPENAI_API_KEY, or a server of your own in OPENAI_BASE_URL"
            raise RequestError(msg)
        self.name = model
        self._client = openai.OpenAI(api_key=api_key or "none", base_url=base_url, max_retries=6, timeout=60)

    def answer(self, prompts: Sequence[str], texts: Sequence[str], *, sample: int = 0) -> list[TeacherAnswer]:
        """Answer each prompt; draws after the first are sampled at temperature 0.7.

        Raises:
            TeacherError: The server could not be reached or refused; it carries the answers that came before.
        """
        del texts
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            asked = [pool.submit(self._one, prompt, sample) for prompt in prompts]
            wait(asked, return_when=FIRST_EXCEPTION)
            if any(a.done() and a.exception() is not None for a in asked):
                pool.shutdown(cancel_futures=True)  # what is under way is paid for: wait for it, ask no more
        ended = {place: a for place, a in enumerate(asked) if not a.cancelled()}
        failures = [error for a in ended.values() if (error := a.exception()) is not None]
        if not failures:
            return [a.result() for a in asked]
        answered = {place: a.result() for place, a in ended.items() if a.exception() is None}
        if isinstance(failures[0], TeacherError):
            raise TeacherError(str(failures[0]), answered) from failures[0]
        raise failures[0]

    def _one(self, prompt: str, sample: int) -> TeacherAnswer:
        import openai

        started = time.perf_counter()
        try:
            response = self._client.chat.completions.create(
                model=self.name,
                messages=[{"role": "user", "content": prompt}],
                temperature=0.0 if sample == 0 else 0.7,
            )
        except openai.OpenAIError as error:
            msg = (
                f"teacher {self.name!r} at {self._client.base_url}: {error}; "
                "check the key, the model's name and the address; a rerun asks only for what is missing"
            )
            raise TeacherError(msg) from error
        usage = response.usage
        return TeacherAnswer(
            response.choices[0].message.content or "",
            tokens_in=usage.prompt_tokens if usage else None,
            tokens_out=usage.completion_tokens if usage else None,
            latency_s=time.perf_counter() - started,
        )
