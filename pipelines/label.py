"""Rows without an answer -> the teacher -> labels. Each answer is kept at once; a rerun asks only for the rest."""

from collections import Counter
from dataclasses import dataclass

import polars as pl

from curator.errors import DataError
from curator.ids import digest
from curator.ports import Progress, Teacher, TeacherAnswer
from curator.prompting import build_prompt, parse_answer
from curator.tasks import Task
from curator.types import Label
from storage import audit, datasets, examples, labels
from storage.store import Store

BATCH = 200


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
    """
    task = datasets.task_of(store, datasets.require(store, config.dataset))
    rows = examples.frame(store, config.dataset).select("example_id", "text", "content_hash")
    done = labels.done_requests(store, config.dataset)
    wanted = [
        (request_key(task, teacher, row["content_hash"], row["example_id"], sample), sample, row)
        for sample in range(config.samples)
        for row in rows.iter_rows(named=True)
    ]
    todo = [w for w in wanted if w[0] not in done][: config.limit]
    labeled, failed, cost, stopped = 0, Counter[str](), 0.0, False
    for start in range(0, len(todo), BATCH):
        if config.budget_usd is not None and cost >= config.budget_usd and not teacher.offline:
            stopped = True
            break
        made, reasons, spent = _batch(todo[start : start + BATCH], task, store, teacher, config.dataset)
        labeled, cost = labeled + made, cost + spent
        failed.update(reasons)
        progress(start + len(todo[start : start + BATCH]), len(todo))
    if labeled:
        audit.note(store, actor=teacher.name, action="label", subject=config.dataset, labeled=labeled, cost_usd=cost)
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
    batch: list[tuple[str, int, dict[str, str]]], task: Task, store: Store, teacher: Teacher, dataset: str
) -> tuple[int, Counter[str], float]:
    """Ask, parse and keep one batch: labels made, failures by reason, US dollars."""
    if not teacher.offline:
        labels.intend(store, dataset, f"label:{teacher.name}", [key for key, _, _ in batch])
    made: list[Label] = []
    reasons: Counter[str] = Counter()
    spent = 0.0
    by_sample = pl.Series([sample for _, sample, _ in batch]).unique().to_list()
    for sample in by_sample:
        part = [b for b in batch if b[1] == sample]
        texts = [row["text"] for _, _, row in part]
        answers = teacher.answer([build_prompt(task, text) for text in texts], texts, sample=sample)
        for (key, _, row), answer in zip(part, answers, strict=True):
            spent += answer.cost_usd or 0.0
            try:
                made.append(_label(row["example_id"], task, teacher, key, sample, answer))
            except DataError as error:
                reasons[str(error)[:80]] += 1
    labels.add(store, dataset, made)
    return len(made), reasons, spent


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
