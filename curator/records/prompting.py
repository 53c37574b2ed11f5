"""The teacher's prompt, and what it answered."""

import json
import re

from curator.errors import DataError
from curator.records.task import Task, TaskExample

_FINAL = re.compile(r"final answer\s*:\s*(.+)", re.IGNORECASE)
_TAG = r"(?:think|thinking|thought|reasoning|seed:think)"
_THOUGHT = re.compile(rf"\s*<{_TAG}>.*?</{_TAG}>", re.DOTALL | re.IGNORECASE)
_UNOPENED = re.compile(rf"(?:(?!<{_TAG}>).)*?</{_TAG}>", re.DOTALL | re.IGNORECASE)
"""Thoughts whose first mark stood in the prompt, as some models' templates have it."""
_ANY_MARK = re.compile(r"</?(?:think|thinking|seed:think)>", re.IGNORECASE)
_FENCE = re.compile(r"```(?:json|sql)?\s*\n(.*?)```", re.DOTALL)


def build_prompt(task: Task, text: str) -> str:
    """The whole prompt for one row: the rubric, the labels or schema, how to answer, and the text.

    A rubric that holds `{text}` is used as it is, with the text put there.
    """
    if "{text}" in task.rubric:
        return task.rubric.replace("{text}", text)
    parts = [task.rubric.strip()] if task.rubric.strip() else []
    match task.kind:
        case "classification":
            lines = [f"- {name}: {meaning}" if meaning else f"- {name}" for name, meaning in task.labels.items()]
            parts.append("Labels:\n" + "\n".join(lines))
            parts.append('Answer with one line: "Final Answer: LABEL".')
        case "extraction":
            parts.append("Answer with one JSON object and nothing else.")
            if task.schema is not None:
                parts.append("Schema:\n" + json.dumps(task.schema, ensure_ascii=False, indent=1))
        case "sql":
            if task.database:
                parts.append("Database:\n" + task.database)
            elif task.schema is not None:
                parts.append("Tables and their columns:\n" + json.dumps(task.schema, ensure_ascii=False, indent=1))
            said = "" if task.dialect is None else f" in the dialect {task.dialect}"
            parts.append(f"Answer with one SQL query{said} and nothing else.")
        case "text":
            pass
    if task.edge_cases:
        parts.append("Hard cases:\n" + "\n".join(f"- {each}" for each in task.edge_cases))
    parts += [_example(task, each) for each in task.examples]
    parts.append("Text:\n" + text)
    return "\n\n".join(parts)


def _example(task: Task, example: TaskExample) -> str:
    """An example as it would be asked and answered."""
    answer = f"Final Answer: {example.output}" if task.kind == "classification" else example.output
    why = f"Because: {example.why}\n" if example.why else ""
    return f"Example:\n{example.input}\n{why}{answer}"


def prompt_hash_source(task: Task) -> str:
    """The prompt with an empty text: what two labels must share to have been made by the same prompt."""
    return build_prompt(task, "")


def _after_thought(answer: str) -> str:
    """The answer without the thinking block that it begins with.

    Raises:
        DataError: The block never ends (the answer was cut before it began), or there is one inside the answer.
    """
    thought = _THOUGHT.match(answer) or _UNOPENED.match(answer)
    text = answer[thought.end() :].strip() if thought is not None else answer.strip()
    if (mark := _ANY_MARK.search(text)) is not None:
        where = "ends inside its thinking block" if mark.start() == 0 else "holds a thinking block"
        msg = f"the answer {where}: give it more room for tokens, or turn its thinking off"
        raise DataError(msg)
    return text


def parse_answer(task: Task, answer: str) -> str:
    """The value in a model's answer. What it thought before it, in a block of its own, is no part of it.

    Raises:
        DataError: There is none, or it does not fit the task.

    """
    text = _after_thought(answer)
    # A text is its own answer, whatever it holds: a fence or a "final answer" inside belongs to it.
    final = _FINAL.findall(text) if task.kind != "text" else []
    if final:
        text = final[-1].strip().strip("\"'`*. ")
    elif task.kind != "text" and (fenced := _FENCE.search(text)) is not None:
        text = fenced.group(1).strip()
    if task.kind == "classification" and text not in task.labels:
        bare = text.strip("\"'`*. ")
        same = [name for name in task.labels if name.lower() == bare.lower()]
        text = same[0] if len(same) == 1 else bare
    if not text:
        msg = "the teacher's answer is empty"
        raise DataError(msg)
    return task.check_value(text)
