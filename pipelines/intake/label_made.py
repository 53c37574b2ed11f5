"""What a teacher's answer is kept as: a label of a row, an attempt, and an answer again."""

from curator.ports import Teacher, TeacherAnswer
from curator.records import Attempt, AttemptStatus, Label, Task, parse_answer
from pipelines.intake.requests import TeacherRequest


def label_of(example_id: str, task: Task, teacher: Teacher, key: str, sample: int, answer: TeacherAnswer) -> Label:
    """The label in an answer.

    Raises:
        DataError: There is none, or it does not fit the task.
    """
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


def attempt_of(
    example_id: str,
    request: TeacherRequest,
    answer: TeacherAnswer,
    status: AttemptStatus,
    error: str | None,
    teacher: Teacher,
) -> Attempt:
    """The record of a request that ended: what came of it, with the raw answer and what it took."""
    return Attempt(
        example_id,
        request.key,
        status,
        model=teacher.name,
        answer=answer.text or None,
        finish_reason=answer.finish_reason,
        error=error,
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        sample=request.sample,
        latency_s=answer.latency_s,
        cost_usd=answer.cost_usd,
        confidence=answer.confidence,
    )


def answer_of(last: Attempt) -> TeacherAnswer:
    """An answer that was paid before; what it cost is told with the attempt, and is no cost of a label made now."""
    measured = (last.confidence, last.tokens_in, last.tokens_out)
    return TeacherAnswer(last.answer or "", *measured, latency_s=last.latency_s)
