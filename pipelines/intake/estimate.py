"""What a labelling will take, said before it is paid for: requests, tokens, cost, time."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from curator.ports import TokenPrice
from curator.records import Attempt, Task
from pipelines.intake.requests import TeacherRequest

CHARACTERS_A_TOKEN = 4.0
"""Of English text under today's tokenizers; other scripts take more tokens."""
IMAGE_TOKENS = 1_000
"""Of an image of middling size."""
_ENOUGH = 20
"""Answers that were measured; of fewer the rule is the better guess."""
_ANSWER_TOKENS = 200
"""Of an answer of a kind whose length nobody knows before."""


@dataclass(frozen=True, slots=True)
class BillEstimate:
    """What is still to be asked, and what that will take.

    Attributes:
        requests: To send.
        rows: That they are for.
        tokens_in: Of all prompts.
        tokens_out: Of all answers.
        basis: How the tokens were estimated, in words.
        cost_usd: None where no price is known.
        price: As `TokenPrice` says it; None where none is known.
        seconds: None where no answer of this teacher was timed.
    """

    requests: int
    rows: int
    tokens_in: int
    tokens_out: int
    basis: str
    cost_usd: float | None
    price: TokenPrice | None
    seconds: float | None

    @property
    def each_usd(self) -> float | None:
        """Of one request; None where no price is known."""
        return None if self.cost_usd is None else self.cost_usd / max(1, self.requests)

    def sentence(self) -> str:
        """For a person who has to say yes."""
        cost = "cost unknown: no price of this model is known (--price-in and --price-out, or [prices] in curator.toml)"
        if self.cost_usd is not None and self.price is not None:
            cost = f"about {self.cost_usd:.4f} US dollars ({self.price.words()})"
        time = "" if self.seconds is None else f", about {_time(self.seconds)}"
        return (
            f"{self.requests:,} requests for {self.rows:,} rows: about {self.tokens_in:,} tokens in and "
            f"{self.tokens_out:,} out ({self.basis}), {cost}{time}"
        )


def estimate(
    todo: Sequence[TeacherRequest],
    task: Task,
    measured: Sequence[tuple[int, Attempt]],
    price: TokenPrice | None,
    concurrency: int,
) -> BillEstimate:
    """BillEstimate from what this teacher's answers took, else by rule.

    Args:
        todo: What is to be asked.
        task: Says how long an answer may be.
        measured: (characters of the prompt, what came of it) of requests that were answered.
        price: None where none is known.
        concurrency: Requests under way at once.
    """
    characters = sum(len(request.prompt) for request in todo)
    images = sum(len(request.images) for request in todo)
    timed = [x.latency_s for _, x in measured if x.latency_s is not None]
    counted = [(n, x.tokens_in, x.tokens_out) for n, x in measured if x.tokens_in and x.tokens_out is not None]
    if len(counted) >= _ENOUGH and not images:
        rate = sum(tokens for _, tokens, _ in counted) / max(1, sum(n for n, _, _ in counted))
        tokens_in = round(rate * characters)
        tokens_out = round(fmean(out for _, _, out in counted) * len(todo))
        basis = f"measured on {len(counted):,} answers of this teacher"
    else:
        tokens_in = round(characters / CHARACTERS_A_TOKEN + images * IMAGE_TOKENS)
        tokens_out = _answer_tokens(task) * len(todo)
        basis = f"by rule: {CHARACTERS_A_TOKEN:g} characters a token, {_answer_tokens(task)} tokens an answer"
    return BillEstimate(
        requests=len(todo),
        rows=sum(len(request.example_ids) for request in todo),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        basis=basis,
        cost_usd=None if price is None else price.of(tokens_in, tokens_out),
        price=price,
        seconds=fmean(timed) * len(todo) / concurrency if len(timed) >= _ENOUGH else None,
    )


def _answer_tokens(task: Task) -> int:
    if task.labels:
        return round(max(map(len, task.labels)) / CHARACTERS_A_TOKEN) + 8
    return _ANSWER_TOKENS


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5_400 else f"{seconds / 3600:.1f} hours"
