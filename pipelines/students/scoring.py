"""One contestant's answers as scores: read by the one parser, run where they are queries, measured by kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curator.errors import DataError
from curator.evaluation import ContestantScore, Executed, Measured, latency, measure
from curator.records import Task, parse_answer
from pipelines.students.contestants import Contestant
from pipelines.students.items import TestItems

Execute = Callable[[Sequence[str], Sequence[str | None]], list[Executed]]
"""Runs true queries and answers, and says for each answer whether it gave the same rows."""


def read_answer(task: Task, said: str) -> str | None:
    """What a contestant said as a value of the task, by the rules that the teacher's answers are read by, or None."""
    try:
        return parse_answer(task, said)
    except DataError:
        return None


@dataclass(frozen=True, slots=True)
class ReadAnswers:
    """A contestant's answers in the order of the items.

    Attributes:
        frame: answer, latency_s, tokens_in, tokens_out, cost_usd, cut; one a row.
        values: The answers as values of the task; None where one is none.
        measured: What they are worth.
    """

    frame: pl.DataFrame
    values: tuple[str | None, ...]
    measured: Measured

    @property
    def right_N(self) -> NDArray[np.bool_]:
        """Whether each is right."""
        return self.measured.right_N

    @property
    def scores_N(self) -> NDArray[np.float64]:
        """What comparisons are made on, 0..1."""
        return self.measured.scores_N


def read_answers(items: TestItems, frame: pl.DataFrame, *, seed: int, execute: Execute | None) -> ReadAnswers:
    """Read and measure a contestant's answers.

    Args:
        items: What was asked.
        frame: The answers, in the items' order.
        seed: Of the resampling.
        execute: Runs queries on the sample database, where there is one.
    """
    task, truth = items.task, items.answers
    values = [read_answer(task, said) for said in frame["answer"]]
    loose = replace(task, schema=None) if task.kind == "extraction" and task.schema is not None else None
    measured = measure(
        task,
        truth,
        values,
        items.groups_N,
        seed=seed,
        name=items.measure,
        readable=None if loose is None else [read_answer(loose, said) for said in frame["answer"]],
        executed=None if execute is None else execute(truth, values),
    )
    return ReadAnswers(frame, tuple(values), measured)


def score(items: TestItems, contestant: Contestant, given: ReadAnswers, in_flight: int | None) -> ContestantScore:
    """What a report says of one contestant."""
    timed, cost = given.frame["latency_s"].drop_nulls().to_list(), given.frame["cost_usd"].drop_nulls()
    cut_N, measured = given.frame["cut"].to_numpy(), given.measured
    n, right, missing = len(given.values), int(given.right_N.sum()), items.truth.rows - len(given.values)
    return ContestantScore(
        n=n,
        accuracy=measured.metrics[0],
        invalid=sum(value is None and not cut for value, cut in zip(given.values, cut_N, strict=True)),
        latency=latency(timed) if timed else None,
        tokens_in=int(given.frame["tokens_in"].sum() or 0),
        tokens_out=int(given.frame["tokens_out"].sum() or 0),
        cost_usd=float(cost.sum()) if cost.len() else None,
        run=contestant.run.id if contestant.run else None,
        kind=contestant.kind,
        macro_f1=next((m for m in measured.metrics if m.name == "macro_f1"), None),
        per_class=measured.per_class,
        cut=int(cut_N.sum()),
        whole_split=(right / (n + missing), (right + missing) / (n + missing)) if missing > 0 else None,
        in_flight=in_flight if timed and contestant.labeler is None else None,
        metrics=measured.metrics,
        per_field=measured.per_field,
        confusion=measured.confusion,
    )
