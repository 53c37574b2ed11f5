"""Contestants answer the same rows in turns while the clock runs; nothing of it is kept but the seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from curator.errors import RequestError
from curator.evaluation import TimedAnswers, timed
from curator.ports import Progress, Sampler

_Turns = Sequence[dict[str, str]]
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class TimingConfig:
    """How to time.

    Attributes:
        answers: Answers of each contestant at each load.
        concurrency: Requests under way at once in the second measurement; the first has one.
    """

    answers: int = 100
    concurrency: int = 8

    def __post_init__(self) -> None:
        if self.answers < ROUNDS or self.concurrency < 1:
            msg = f"timing: expected at least {ROUNDS} answers and a concurrency of at least 1, got {self}"
            raise RequestError(msg)


@dataclass(frozen=True, slots=True)
class Timed:
    """Who is timed: its name, what samples, which checkpoint (None: none), the conversations, and their room."""

    name: str
    sampler: Sampler
    model_path: str | None
    conversations: Sequence[_Turns]
    max_tokens: int
    room_for: tuple[str, ...]


def time_answers(
    config: TimingConfig, who: Sequence[Timed], *, progress: Progress = lambda _done, _total: None
) -> tuple[TimedAnswers, ...]:
    """Time each contestant, one request at a time and then at the stated concurrency.

    At the start of each turn as many answers are left out as are under way at once: they wait for what is not loaded
    yet. The contestants take turns, in the other order every second round, so that a machine that slows down slows down
    all of them. The first token is timed as an answer of one token.

    Raises:
        TrainerError: A server failed.
    """
    loads = sorted({1, config.concurrency})
    whole: dict[tuple[str, int], list[float]] = {(each.name, load): [] for each in who for load in loads}
    first: dict[tuple[str, int], list[float]] = {key: [] for key in whole}
    size, done, total = -(-config.answers // ROUNDS), 0, len(loads) * ROUNDS * len(who)
    for load in loads:
        for turn in range(ROUNDS):
            for each in who if turn % 2 == 0 else tuple(reversed(who)):
                key = (each.name, load)
                rows = _rows(each.conversations, turn * size, size, load)
                sampler = each.sampler.at_once(load)
                whole[key] += _seconds(each, sampler, rows, each.max_tokens, each.room_for)[load:]
                first[key] += _seconds(each, sampler, rows, 1, ())[load:]
                done += 1
                progress(done, total)
    return tuple(
        timed(name, load, first[name, load], whole[name, load], warm_up=ROUNDS * load, rounds=ROUNDS)
        for name, load in whole
    )


def _rows(conversations: Sequence[_Turns], start: int, size: int, warm_up: int) -> list[_Turns]:
    """The next rows, after some for the warm-up; from the start again where there are too few."""
    return [conversations[(start + k) % len(conversations)] for k in range(-warm_up, size)]


def _seconds(
    who: Timed, sampler: Sampler, rows: Sequence[_Turns], max_tokens: int, room_for: tuple[str, ...]
) -> list[float]:
    made = sampler.sample(
        rows,
        model_path=who.model_path,
        max_tokens=max_tokens,
        room_for=room_for,
        temperature=0.0,
        progress=lambda _done, _total: None,
    )
    return [each.latency_s for each in made]
