"""Rows without an answer -> the teacher -> labels. No answered request is sent again, whatever happens."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from curator.errors import DataError, RequestError
from curator.ports import OfflineTeacher, Progress, Teacher
from curator.records import Label, Task, digest
from pipelines.intake import label_paid
from pipelines.intake.estimate import BillEstimate
from pipelines.intake.label_event import keep
from pipelines.intake.label_made import label_of
from pipelines.runtime import acting
from storage.dataset import datasets, examples, labels
from storage.engine.store import Store

FREE_BATCH = 200


@dataclass(frozen=True, slots=True)
class LabelConfig:
    """What to label, and how.

    Attributes:
        dataset: Its name.
        samples: Answers for each row.
        limit: At most so many requests.
        budget_usd: US dollars after which no more is asked; needs a teacher whose price is known.
        concurrency: Requests under way at once.
        retry: Ask again where an earlier request ended so.
        estimate_only: Say what is left to ask and what that will take; ask and write nothing.
        batch: Write what is left to ask into this new file, in the provider's batch form, and ask nothing.
        agree: Is told what a paid teacher's answers will take before the first is asked, and says whether to ask.
    """

    dataset: str
    samples: int = 1
    limit: int | None = None
    budget_usd: float | None = None
    concurrency: int = 8
    retry: tuple[str, ...] = ()
    agree: Callable[[BillEstimate], bool] = lambda _estimate: True
    batch: Path | None = None
    estimate_only: bool = False


@dataclass(frozen=True, slots=True)
class LabelReport:
    """What was asked, answered and refused.

    Attributes:
        dataset: Its name.
        labeler: The teacher.
        labeled: Labels made.
        already: Labels that were there.
        failed: Answers of this run that hold no valid label, and requests without an answer.
        by_reason: Those, by what was wrong.
        cost_usd: Of this run; None where no price is known.
        stopped_by_budget: Whether requests were left for it.
        by_status: Requests of this run by what came of them.
        unasked: Requests that ended without a label in an earlier run, by status: asked again with `retry`.
        kept: Labels made from answers that an earlier run had paid.
        estimate: What was still to be asked when the run began, and what that was expected to take; None if nothing.
        declined: Whether nothing was asked because whoever pays said no.
        busy: How often the server said that there are too many requests (429).
        slowest_pace: Fewest requests at once that it was asked with for that; None where it was never slowed down.
        batched: Requests that were written to a batch file.
    """

    dataset: str
    labeler: str
    labeled: int
    already: int
    failed: int
    by_reason: dict[str, int]
    cost_usd: float | None
    stopped_by_budget: bool
    by_status: dict[str, int] = field(default_factory=dict)
    unasked: dict[str, int] = field(default_factory=dict)
    kept: int = 0
    estimate: BillEstimate | None = None
    declined: bool = False
    busy: int = 0
    slowest_pace: int | None = None
    batched: int = 0


def run(
    config: LabelConfig, store: Store, teacher: Teacher, *, progress: Progress = lambda _done, _total: None
) -> LabelReport:
    """Label what this teacher has not labelled yet under today's task definition.

    Raises:
        TeacherError: The teacher cannot be asked; what it answered is kept.
        RequestError: A budget was set, and no price is known.
        StoreBusyError: Another process has been asking this teacher about this dataset for too long.
    """
    acting.require("ingest")
    task = datasets.task_of(store, datasets.require(store, config.dataset))
    if config.batch is not None and config.samples > 1:
        msg = "a batch file holds one request for a row: write it without --samples"
        raise RequestError(msg)
    if teacher.offline:
        if config.batch is not None or config.estimate_only:
            msg = (
                f"teacher {teacher.name!r} labels here, at no cost: no estimate, no batch; name another with --teacher"
            )
            raise RequestError(msg)
        return _offline(config, store, task, teacher, progress)
    wish = label_paid.Wish(
        config.dataset,
        config.samples,
        config.limit,
        config.budget_usd,
        config.concurrency,
        config.retry,
        config.agree,
        config.batch,
        config.estimate_only,
    )
    done = label_paid.label(wish, store, task, teacher, progress)
    return LabelReport(
        dataset=config.dataset,
        labeler=teacher.name,
        labeled=done.labeled,
        already=done.already,
        failed=done.reasons.total(),
        by_reason=dict(done.reasons),
        cost_usd=done.cost_usd,
        stopped_by_budget=done.stopped,
        by_status=dict(done.statuses),
        unasked=dict(done.unasked),
        kept=done.kept,
        estimate=done.estimate,
        declined=done.declined,
        busy=done.busy,
        slowest_pace=done.slowest_pace,
        batched=done.batched,
    )


def _offline(config: LabelConfig, store: Store, task: Task, teacher: OfflineTeacher, progress: Progress) -> LabelReport:
    since = store.seq()
    rows = examples.frame(store, config.dataset).select("example_id", "text", "content_hash")
    rules = datasets.same_rules(store, config.dataset, task)
    given = labels.newest_requests(store, config.dataset, teacher.name, teacher.version)
    done = {example for (example, _), (_, under) in given.items() if under in rules}
    wanted = [
        (digest([task.content_hash, teacher.name, teacher.version, row["content_hash"], row["example_id"], 0]), row)
        for row in rows.iter_rows(named=True)
    ]
    missing = [each for each in wanted if each[1]["example_id"] not in done]
    todo = missing[: config.limit]
    reasons, labeled = Counter[str](), 0
    for start in range(0, len(todo), FREE_BATCH):
        batch = todo[start : start + FREE_BATCH]
        made: list[Label] = []
        for (key, row), answer in zip(batch, teacher.answer([row["text"] for _, row in batch]), strict=True):
            try:
                made.append(label_of(row["example_id"], task, teacher, key, 0, answer))
            except DataError as error:
                reasons[str(error)[:80]] += 1
        keep(store, config.dataset, teacher.name, made, 0.0, since)
        labeled += len(made)
        progress(start + len(batch), len(todo))
    return LabelReport(
        config.dataset, teacher.name, labeled, len(wanted) - len(missing), reasons.total(), dict(reasons), 0.0, False
    )
