"""Rows without an answer -> the teacher -> labels. A batch is kept at once; a rerun asks only for the rest."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from curator.errors import DataError, RequestError, TeacherError
from curator.ports import Progress, Teacher, TeacherAnswer
from curator.records import Label, Task, build_prompt, digest, parse_answer
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import datasets, examples, labels
from storage.engine.store import Appended, Connection, Store

BATCH = 200
PAID_BATCH = 32
"""Requests of a real teacher between two writes: at most so many paid answers are lost if we are killed."""


@dataclass(frozen=True, slots=True)
class LabelConfig:
    """What to label."""

    dataset: str
    samples: int = 1
    limit: int | None = None
    budget_usd: float | None = None


@dataclass(frozen=True, slots=True)
class LabelReport:
    """What was asked, answered and refused. `failed` counts answers that hold no valid label, by reason."""

    dataset: str
    labeler: str
    labeled: int
    already: int
    failed: int
    by_reason: dict[str, int]
    cost_usd: float
    stopped_by_budget: bool


def run(
    config: LabelConfig, store: Store, teacher: Teacher, *, progress: Progress = lambda _done, _total: None
) -> LabelReport:
    """Label what this teacher has not labelled yet under today's task definition.

    Raises:
        TeacherError: The teacher failed; what it answered before is kept.
        RequestError: A budget was set, and the teacher does not say what its answers cost.
    """
    acting.require("ingest")
    task = datasets.task_of(store, datasets.require(store, config.dataset))
    since = store.seq()
    rows = examples.frame(store, config.dataset).select("example_id", "text", "shown", "content_hash")
    done = labels.done_requests(store, config.dataset)
    wanted = [
        (request_key(task, teacher, row["content_hash"], row["example_id"], sample), sample, row)
        for sample in range(config.samples)
        for row in rows.iter_rows(named=True)
    ]
    todo = [w for w in wanted if w[0] not in done][: config.limit]
    labeled, failed, cost, stopped = 0, Counter[str](), 0.0, False
    size = BATCH if teacher.offline else PAID_BATCH
    for start in range(0, len(todo), size):
        if config.budget_usd is not None and cost >= config.budget_usd and not teacher.offline:
            stopped = True
            break
        batch = todo[start : start + size]
        made, reasons, spent = _batch(batch, task, store, teacher, config.dataset, since)
        labeled, cost = labeled + made, cost + (spent or 0.0)
        failed.update(reasons)
        progress(start + len(batch), len(todo))
        if config.budget_usd is not None and spent is None and not teacher.offline:
            msg = (
                f"teacher {teacher.name!r} does not say what its answers cost, so --budget cannot be kept; "
                f"{labeled} labels were made and are kept; use --limit N instead"
            )
            raise RequestError(msg)
    return LabelReport(
        dataset=config.dataset,
        labeler=teacher.name,
        labeled=labeled,
        already=len(wanted) - len([w for w in wanted if w[0] not in done]),
        failed=failed.total(),
        by_reason=dict(failed),
        cost_usd=cost,
        stopped_by_budget=stopped,
    )


def request_key(task: Task, teacher: Teacher, content_hash: str, example_id: str, sample: int) -> str:
    """What makes two requests the same: task definition, teacher and its version, input, row and draw."""
    return digest([task.content_hash, teacher.name, teacher.version, content_hash, example_id, sample])


def _batch(
    batch: list[tuple[str, int, dict[str, str]]], task: Task, store: Store, teacher: Teacher, dataset: str, since: int
) -> tuple[int, Counter[str], float | None]:
    """Ask, parse and keep one batch: labels made, failures by reason, US dollars (None: the teacher does not say)."""
    if not teacher.offline:
        labels.intend(store, dataset, f"label:{teacher.name}", [key for key, _, _ in batch])
    made: list[Label] = []
    reasons: Counter[str] = Counter()
    costs: list[float] = []
    failure: TeacherError | None = None
    for sample in dict.fromkeys(sample for _, sample, _ in batch):
        part = [b for b in batch if b[1] == sample]
        texts = [row["text"] for _, _, row in part]
        try:
            prompts = [build_prompt(task, row["shown"]) for _, _, row in part]
            answers = dict(enumerate(teacher.answer(prompts, texts, sample=sample)))
        except TeacherError as error:
            answers, failure = dict(error.answered), error
        for place, answer in answers.items():
            key, _, row = part[place]
            costs += [] if answer.cost_usd is None else [answer.cost_usd]
            try:
                made.append(_label(row["example_id"], task, teacher, key, sample, answer))
            except DataError as error:
                reasons[str(error)[:80]] += 1
        if failure is not None:
            break
    _keep(store, dataset, teacher.name, made, costs, since)
    if failure is not None:
        raise failure
    return len(made), reasons, sum(costs) if costs else None


def _keep(store: Store, dataset: str, teacher: str, made: list[Label], costs: list[float], since: int) -> None:
    """Append a batch of labels with the event that tells of them, and of what was paid even where nothing came."""
    about: dict[str, Any] = {"actor": acting.actor(), "action": "label", "subject": dataset, "teacher": teacher}
    paid = iter([sum(costs)])  # by the whole batch: it is told with its first block

    def told(connection: Connection, what: Appended) -> None:
        audit.append(connection, what, labeled=what.added, cost_usd=next(paid, 0.0), **about)

    labels.add(store, dataset, made, since=since, told=told)
    if left := next(paid, 0.0):
        audit.note(store, labeled=0, cost_usd=left, **about)


def _label(example_id: str, task: Task, teacher: Teacher, key: str, sample: int, answer: TeacherAnswer) -> Label:
    return Label(
        example_id=example_id,
        labeler=teacher.name,
        kind="teacher",
        value=parse_answer(task, answer.text),
        task_hash=task.content_hash,
        version=teacher.version,
        sample=sample,
        confidence=answer.confidence,
        request_key=key,
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        cost_usd=answer.cost_usd,
        latency_s=answer.latency_s,
    )
