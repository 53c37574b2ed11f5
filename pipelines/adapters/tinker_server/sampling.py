"""Samples and scores many requests at once, with one cache of keys and values for the batch."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from pipelines.adapters.tinker_server.checkpoints import RefusedError
from pipelines.adapters.tinker_server.model import Cache, Student, by_length, pad

_TOKEN_BUDGET = 8192
"""Padded prompt tokens in one batch: enough to fill a core, little memory."""


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """One request to sample; `samples` answers to one prompt.

    `top_k` -1 and `top_p` 1 switch those filters off; temperature 0 is greedy.
    `score_last` is the number of prompt tokens to score, None for none.
    """

    prompt: tuple[int, ...]
    samples: int = 1
    max_tokens: int | None = None
    temperature: float = 1.0
    top_k: int = -1
    top_p: float = 1.0
    seed: int | None = None
    stop_tokens: frozenset[int] = frozenset()
    stop_texts: tuple[str, ...] = ()
    score_last: int | None = None


@dataclass(slots=True)
class Answer:
    """One answer (`number` of its request) while it grows; `stopped` tells a stop sequence from the length limit."""

    request: int
    number: int
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class SampleResult:
    """The answers to one request and the log-probabilities of its prompt (NaN where not asked)."""

    sequences: list[Answer]
    prompt_logprobs: list[float] | None


def check(request: SampleRequest, student: Student) -> None:
    """Refuse a request that the student cannot serve.

    Raises:
        RefusedError: With what was wrong.
    """
    limit = student.shape.max_position_embeddings
    if not request.prompt:
        raise RefusedError("the prompt has no tokens")
    if len(request.prompt) + 1 > limit:
        raise RefusedError(f"the prompt has {len(request.prompt)} tokens; this student reads at most {limit - 1}")
    if min(request.prompt) < 0 or max(request.prompt) >= student.shape.vocab_size:
        raise RefusedError(f"the prompt has a token outside 0..{student.shape.vocab_size - 1}: another tokenizer?")
    if request.samples < 1 or request.temperature < 0:
        raise RefusedError("num_samples must be at least 1 and temperature at least 0")


@torch.inference_mode()
def sample(student: Student, tokenizer: Tokenizer, requests: Sequence[SampleRequest]) -> list[SampleResult]:
    """Answer every request, in order. Requests must have passed `check`.

    Answers do not depend on which requests share the batch, up to rounding in the last float bits.
    """
    sequences = [Answer(at, number) for at, request in enumerate(requests) for number in range(request.samples)]
    scores: dict[int, list[float]] = {}
    for group in by_length([requests[answer.request].prompt for answer in sequences], _TOKEN_BUDGET):
        answers = [sequences[row] for row in group]
        _sample_group(student, tokenizer, [requests[answer.request] for answer in answers], answers, scores)
    return [
        SampleResult([sequence for sequence in sequences if sequence.request == number], scores.get(number))
        for number in range(len(requests))
    ]


def _sample_group(
    student: Student,
    tokenizer: Tokenizer,
    requests: list[SampleRequest],
    sequences: list[Answer],
    scores: dict[int, list[float]],
) -> None:
    """Fill `sequences` in place, row by row the answer to `requests`."""
    limit = student.shape.max_position_embeddings
    room = [min(r.max_tokens if r.max_tokens is not None else limit, limit - len(r.prompt)) for r in requests]
    at = torch.tensor([len(request.prompt) - 1 for request in requests])
    cache = Cache(student.shape, len(requests), int(at.max()) + 1 + max(room)) if max(room) > 1 else None
    hidden = student.model(pad([request.prompt for request in requests]), cache)
    for row, request in enumerate(requests):
        if request.score_last is not None and sequences[row].request not in scores:
            scores[sequences[row].request] = _prompt_logprobs(student, hidden[row], request)
    logits = student.lm_head(hidden[torch.arange(len(requests)), at])
    generators = [_generator(request, answer) for request, answer in zip(requests, sequences, strict=True)]
    live = [row for row in range(len(requests)) if room[row] > 0]
    if len(live) < len(requests):
        logits, at = logits[live], at[live]
        if cache is not None:
            cache.keep(torch.tensor(live, dtype=torch.long))
    while live:
        chosen = _choose(logits, [requests[row] for row in live], [generators[row] for row in live])
        logprobs = F.log_softmax(logits, -1).gather(1, chosen[:, None])[:, 0].tolist()
        staying = []
        for place, row in enumerate(live):
            sequence = sequences[row]
            sequence.tokens.append(int(chosen[place]))
            sequence.logprobs.append(logprobs[place])
            sequence.stopped = _stops(sequence.tokens, requests[row], tokenizer)
            if not sequence.stopped and len(sequence.tokens) < room[row]:
                staying.append(place)
        if not staying or cache is None:
            break
        keep = torch.tensor(staying)
        if len(staying) < len(live):
            cache.keep(keep)
        live = [live[place] for place in staying]
        at = at[keep] + 1
        logits = student.lm_head(student.model(chosen[keep][:, None], cache, at)[:, 0])


def _prompt_logprobs(student: Student, hidden: Tensor, request: SampleRequest) -> list[float]:
    """Log-probability of each prompt token given those before it; NaN for the first and the unasked."""
    length = len(request.prompt)
    logprobs = F.log_softmax(student.lm_head(hidden[: length - 1]), -1)
    scored = logprobs.gather(1, torch.tensor(request.prompt[1:], dtype=torch.long)[:, None])[:, 0].tolist()
    asked = min(request.score_last or 0, length - 1)
    return [float("nan")] * (length - asked) + scored[len(scored) - asked :]


def _generator(request: SampleRequest, answer: Answer) -> torch.Generator | None:
    if request.temperature == 0:
        return None
    generator = torch.Generator()
    if request.seed is None:
        generator.seed()
    else:
        generator.manual_seed(request.seed * 1_000_003 + answer.number)  # the answers to one prompt differ
    return generator


def _choose(logits: Tensor, requests: list[SampleRequest], generators: list[torch.Generator | None]) -> Tensor:
    """Pick the next token of each row: [B]."""
    chosen = logits.argmax(-1)
    for row, (request, generator) in enumerate(zip(requests, generators, strict=True)):
        if generator is None:
            continue
        scaled = logits[row] / request.temperature
        if 0 < request.top_k < len(scaled):
            scaled = scaled.masked_fill(scaled < scaled.topk(request.top_k).values[-1], float("-inf"))
        if request.top_p < 1:
            ordered, order = scaled.softmax(-1).sort(descending=True)
            # A token goes when those before it already hold top_p of the mass; the first always stays.
            scaled = scaled.clone()
            scaled[order[(ordered.cumsum(-1) - ordered) >= max(request.top_p, 1e-9)]] = float("-inf")
        chosen[row] = torch.multinomial(scaled.softmax(-1), 1, generator=generator)[0]
    return chosen


def _stops(tokens: list[int], request: SampleRequest, tokenizer: Tokenizer) -> bool:
    if tokens[-1] in request.stop_tokens:
        return True
    if not request.stop_texts:
        return False
    text = tokenizer.decode(tokens, skip_special_tokens=False)
    return any(stop in text for stop in request.stop_texts)
