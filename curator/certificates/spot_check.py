"""A spot-check as it is read for judging, and how far its review had come at some moment."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from curator.errors import NotFoundError
from curator.records import Plan, Task, in_train


@dataclass(frozen=True, slots=True)
class ReviewProgress:
    """How far the review of a plan's audit rows had come; a review that was taken back is one all the same.

    A row counts as reviewed by whichever plan's task it was, as in the certificate. All moments are seqs.

    Attributes:
        drawn: When the plan was stored.
        first: The first review of one of the plan's own tasks, or None.
        last: The last review of its rows; 0 without any.
        tasks: Audit rows.
        reviewed: Those that somebody has reviewed.
        covered: When the last of the reviewed rows was first reviewed, or None.
    """

    drawn: int
    first: int | None = None
    last: int = 0
    tasks: int = 0
    reviewed: int = 0
    covered: int | None = None

    @property
    def finished(self) -> bool:
        """Whether somebody has reviewed every audit row."""
        return self.tasks == self.reviewed

    @property
    def begun(self) -> float:
        """When the review began, infinity where it has not.

        That is the first review of the plan's own tasks, and without any the moment when the tasks of others had
        covered all its rows.
        """
        moments = [] if self.first is None else [float(self.first)]
        if self.tasks and self.finished:
            moments.append(float(max(self.covered or 0, self.drawn)))
        return min(moments, default=math.inf)


@dataclass(frozen=True, slots=True)
class SpotCheck:
    """One plan with all that judging it needs, as of one moment.

    Attributes:
        plan: What was drawn, and what for.
        task: The dataset's task definition now: its target and confidence bind every plan.
        task_drawn: The definition when the plan was drawn.
        rows: The population as drawn; columns as in `curator.certificates.certify`.
        audit: The audit rows, in the random order of the plan.
        labels: Each row of the dataset with its label as of the moment; columns as in `certify`, and `split` and
            `requested_split`.
        reviewers: Who reviewed tasks of the plan until then, once for each review.
    """

    plan: Plan
    task: Task
    task_drawn: Task
    rows: pl.DataFrame
    audit: tuple[str, ...]
    labels: pl.DataFrame
    reviewers: tuple[str, ...]

    @property
    def train(self) -> pl.DataFrame:
        """The rows of `labels` that train."""
        return self.labels.filter(in_train())

    @property
    def drawn_from(self) -> frozenset[str]:
        """The rows that the plan was drawn from."""
        return frozenset(self.rows["example_id"])

    @property
    def open_rows(self) -> frozenset[str]:
        """Those of them that nobody had settled before the draw."""
        return frozenset(self.rows.filter(pl.col("stratum") != "known")["example_id"])

    @property
    def redefined(self) -> Task | None:
        """The task as it was when the plan was drawn, if what is right by it was defined anew since; else None."""
        return self.task_drawn if self.task_drawn.says_right() != self.task.says_right() else None


@dataclass(frozen=True, slots=True)
class SpotChecks:
    """The spot-checks of one dataset. Frames are large, so `read` brings those of one plan when they are asked for.

    Attributes:
        dataset: The dataset.
        task: Its task definition now.
        plans: All its plans, newest first.
        as_of: Reviews and labels after this seq do not count; None for now.
        progress: By plan id, as of then; plans without audit rows may be missing.
        read: A plan as of a seq, or now (None). The same arguments give the same record.
    """

    dataset: str
    task: Task
    plans: tuple[Plan, ...]
    as_of: int | None
    progress: Mapping[str, ReviewProgress]
    read: Callable[[Plan, int | None], SpotCheck]

    def plan(self, ident: str) -> Plan:
        """A plan of the dataset by its id.

        Raises:
            NotFoundError: The dataset has no such plan.
        """
        for each in self.plans:
            if each.id == ident:
                return each
        msg = f"no plan {ident!r} of dataset {self.dataset!r}; `curator dataset show` lists the plans of a dataset"
        raise NotFoundError(msg)

    def progress_of(self, plan: Plan) -> ReviewProgress:
        """How far a plan is."""
        return self.progress.get(plan.id, ReviewProgress(plan.seq))

    def attempts(self, labeler: str) -> tuple[Plan, ...]:
        """The certify plans of one labeler's labels that people have begun to review, in that order.

        The order of the reviews counts, not that of the draws: who draws several plans and reviews them one after the
        other, in whichever order, spends confidence from one to the next.
        """
        same = [p for p in self.plans if p.purpose == "certify" and p.labeler == labeler]
        begun = [p for p in same if self.progress_of(p).begun < math.inf]
        return tuple(sorted(begun, key=lambda p: (self.progress_of(p).begun, p.seq)))
