"""Sampling through the Tinker protocol. Use it from `pipelines.adapters.tinker`."""

import time
from collections.abc import Sequence
from functools import partial
from threading import Semaphore
from typing import TYPE_CHECKING, Any, cast

from curator.errors import CuratorError
from curator.ports import Completion, Progress
from pipelines.adapters.tinker_reach import LOCAL_RENDERER, check_reachable
from pipelines.adapters.tinker_server.launch import LocalTinker
from pipelines.adapters.tinker_train import renderer_name_for, translate

if TYPE_CHECKING:
    from concurrent.futures import Future

ROOM_TO_END = 8
"""Tokens beside the longest answer: the stop sequence, and white space or a thinking block that the renderer adds."""


class TinkerSampler:
    """Implements `curator.ports.Sampler` with the official client.

    Args:
        base_model: A model name of the service, or the folder of the local base model.
        base_url: The server; None is `TINKER_BASE_URL`, else the service.
        renderer_name: None takes the cookbook's recommendation (`qwen3_instruct` for the local student).
        local: The server is Curator's own.
        concurrency: Requests in flight; the local server answers those that wait together.
    """

    def __init__(
        self,
        base_model: str,
        *,
        base_url: str | None,
        renderer_name: str | None = None,
        local: bool = False,
        concurrency: int = 64,
    ) -> None:
        self.base_model = base_model
        self.base_url = base_url
        self.renderer_name = renderer_name or (LOCAL_RENDERER if local else None)
        self.local = local
        self.concurrency = concurrency

    def at_once(self, requests: int) -> "TinkerSampler":
        """The same sampler with so many requests in flight."""
        return TinkerSampler(
            self.base_model,
            base_url=self.base_url,
            renderer_name=self.renderer_name,
            local=self.local,
            concurrency=requests,
        )

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

        Args:
            conversations: Messages with `role` and `content`; the last is the user's.
            model_path: A sampler path of a checkpoint; None is the base model.
            max_tokens: Longest answer.
            room_for: Answers that have to fit: the limit is raised to the longest under the model's own tokenizer.
            temperature: 0 is greedy.
            progress: Called with (answers, conversations); from the client's threads.

        Returns:
            Texts without stop sequence. Latency is the time a request took from its submission, in seconds:
            with many in flight it includes waiting for one another.

        Raises:
            TrainerError: The server cannot be reached or refused.
        """
        if not conversations:
            return []
        check_reachable(self.base_url)
        try:
            return self._sample(conversations, model_path, (max_tokens, room_for), temperature, progress)
        except CuratorError:
            raise
        except Exception as error:
            raise translate(error, self.base_url, doing="sampling") from error

    def _sample(
        self,
        conversations: Sequence[Sequence[dict[str, str]]],
        model_path: str | None,
        limit: tuple[int, Sequence[str]],
        temperature: float,
        progress: Progress,
    ) -> list[Completion]:
        import tinker

        service = tinker.ServiceClient(base_url=self.base_url, api_key=LocalTinker.api_key if self.local else None)
        try:
            answers = self._ask(service, conversations, model_path, limit, temperature, progress)
        except BaseException:
            service.close("errored").result()
            raise
        service.close("success").result()
        return answers

    def _ask(
        self,
        service: Any,  # noqa: ANN401  the client's types load PyTorch
        conversations: Sequence[Sequence[dict[str, str]]],
        model_path: str | None,
        limit: tuple[int, Sequence[str]],
        temperature: float,
        progress: Progress,
    ) -> list[Completion]:
        import tinker
        from tinker_cookbook import renderers
        from tinker_cookbook.tokenizer_utils import get_tokenizer

        base = None if model_path else self.base_model
        client = service.create_sampling_client(model_path=model_path, base_model=base).result()
        # A checkpoint may come from another base model than ours; its own tokenizer is the right one.
        model = client.get_base_model()
        tokenizer = get_tokenizer(model)
        renderer = renderers.get_renderer(renderer_name_for(model, self.renderer_name), tokenizer)
        room = [len(tokenizer.encode(text, add_special_tokens=False)) + ROOM_TO_END for text in limit[1]]
        params = tinker.SamplingParams(
            max_tokens=max([limit[0], *room]), temperature=temperature, stop=renderer.get_stop_sequences()
        )
        slots, ended, seconds = Semaphore(self.concurrency), [0], [0.0] * len(conversations)

        def note(row: int, started: float, _: "Future[Any]") -> None:
            seconds[row] = time.perf_counter() - started
            ended[0] += 1  # callbacks all run on the client's one loop thread
            slots.release()
            progress(ended[0], len(conversations))

        requests: list[tuple[int, Future[Any]]] = []
        for row, conversation in enumerate(conversations):
            prompt = renderer.build_generation_prompt(cast(Any, list(conversation)))
            slots.acquire()
            future = client.sample(prompt=prompt, num_samples=1, sampling_params=params).future()
            requests.append((prompt.length, future))
            future.add_done_callback(partial(note, row, time.perf_counter()))
        answers = []
        for row, (tokens_in, future) in enumerate(requests):
            sequence = future.result().sequences[0]
            message, _ = renderer.parse_response(sequence.tokens)
            text, cut = renderers.get_text_content(message), sequence.stop_reason == "length"
            answers.append(Completion(text, seconds[row], tokens_in, len(sequence.tokens), cut))
        return answers
