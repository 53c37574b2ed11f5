"""Whether an answer is the right one, and whether two answers are the same, by kind of task."""

import re

from curator.records.answers import answer_seen
from curator.records.json_text import json_form
from curator.records.sql import query_form
from curator.records.task import Task

_SQL = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*(?:\n|$))|\s+""")
"""A quoted text, a name or a comment, which stay as they are, or white space, which is one space."""


def is_right(task: Task, answer: str, truth: str) -> bool:
    """Whether both are one answer (`answer_form`); a classification must name the label and nothing else."""
    if task.kind == "extraction" and not (_is_json(answer) and _is_json(truth)):
        return False
    return answer_form(task, answer) == answer_form(task, truth)


def answer_form(task: Task, answer: str) -> str:
    """One text for all answers that are the same.

    JSON is compared by its value: neither the order of keys nor the spelling of a number counts, nor the order in
    an array that the schema calls a set (`uniqueItems`). Text is compared by
    what a model sees of it (`curator.text.as_seen`): an indentation or a superscript is another answer. SQL is compared
    by its structure (`sql.query_form`): neither spaces, case of names, aliases nor the order of conditions count.
    What is no JSON or no query stands for itself.

    >>> from curator.records.task import make_task
    >>> answer_form(make_task({"name": "t", "kind": "sql"}), "select  'a  b' ;")
    "SELECT 'a  b'"
    """
    match task.kind:
        case "extraction":
            return json_form(answer, task.schema) if _is_json(answer) else answer
        case "sql":
            form = query_form(answer, task.dialect)
            return form if form is not None else _SQL.sub(lambda found: found[1] or " ", answer).strip().rstrip("; ")
        case "text":
            return answer_seen(answer)
        case _:
            return answer.strip()


def _is_json(text: str) -> bool:
    try:
        json_form(text)
    except ValueError:
        return False
    return True


def as_first_said(task: Task, value: str, *before: str | None) -> str:
    """The value, in the spelling of an earlier answer where both are the same: to agree is no correction.

    The same is what `answer_form` says: equal JSON, SQL of one structure, a text that a model sees alike.
    """
    if task.kind == "classification" or value in before or (task.kind == "extraction" and not _is_json(value)):
        return value
    form = answer_form(task, value)
    return next((first for first in before if first is not None and answer_form(task, first) == form), value)
