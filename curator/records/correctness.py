"""Whether an answer is the right one, by kind of task."""

from curator.records.json_text import same_json
from curator.records.task import Task
from curator.text import squeeze


def is_right(task: Task, answer: str, truth: str) -> bool:
    """Exact match after what does not matter: white space at the ends; for JSON, the order of keys.

    A classification must name the label and nothing else. SQL and text are compared after Unicode
    normalisation and with runs of white space as one space.
    """
    match task.kind:
        case "classification":
            return answer.strip() == truth
        case "extraction":
            try:
                return same_json(answer, truth)
            except ValueError:
                return False
        case "sql":
            return squeeze(answer).rstrip("; ") == squeeze(truth).rstrip("; ")
        case "text":
            return squeeze(answer) == squeeze(truth)


def valid_answer(task: Task, answer: str) -> str | None:
    """The answer as a label where it is one, else None; used for scores by class."""
    text = answer.strip()
    return text if task.kind != "classification" or text in task.labels else None


def as_first_said(task: Task, value: str, first: str | None) -> str:
    """The value, in the spelling of an earlier answer where both are the same JSON: to agree is no correction."""
    if task.kind != "extraction" or first is None or value == first:
        return value
    try:
        return first if same_json(value, first) else value
    except ValueError:
        return value
